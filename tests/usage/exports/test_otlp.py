"""OTLP: the form that its JSON encoding asks for, and sums against the report."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from fased_litellm.usage.exports.calls import calls, host
from fased_litellm.usage.exports.otlp import provider_name
from fased_litellm.usage.exports.otlp_metrics import metrics
from fased_litellm.usage.exports.otlp_spans import PER_LINE, documents
from fased_litellm.usage.money import to_pico
from fased_litellm.usage.query.report import build
from fased_litellm.usage.query.totals import Totals
from fased_litellm.usage.record import UsageRecord
from tests.usage.exports.history import WEEK, history
from tests.usage.samples import DAY_MS, START_MS, records, sample

KNOWN: dict[str, Any] = {"stringValue": str, "intValue": str, "doubleValue": (int, float)}


def as_metrics(chosen: Iterable[UsageRecord]) -> tuple[dict[str, Any], Totals]:
    with history(chosen) as connection:
        text = "".join(
            metrics(connection, WEEK).document(from_ms=WEEK.from_ms, to_ms=WEEK.to_ms, instance=host(connection))
        )
        totals = build(connection, WEEK).totals
    (resource,) = json.loads(text)["resourceMetrics"]
    (scope,) = resource["scopeMetrics"]
    check_resource(resource, scope)
    found = {metric["name"]: metric for metric in scope["metrics"]}
    assert len(found) == len(scope["metrics"])
    return found, totals


def as_spans(chosen: Iterable[UsageRecord]) -> list[dict[str, Any]]:
    with history(chosen) as connection:
        text = "".join(documents(calls(connection, WEEK), instance=host(connection)))
    return list(spans(text))


def spans(text: str) -> Iterator[dict[str, Any]]:
    for line in text.splitlines():
        (resource,) = json.loads(line)["resourceSpans"]
        (scope,) = resource["scopeSpans"]
        check_resource(resource, scope)
        assert len(scope["spans"]) <= PER_LINE
        yield from scope["spans"]


def check_resource(resource: dict[str, Any], scope: dict[str, Any]) -> None:
    about = values(resource["resource"])
    assert about["service.name"] == "fased"
    assert re.fullmatch("[0-9a-f]{32}", about["service.instance.id"])
    assert scope["scope"]["name"] == "fased_litellm.usage"
    assert scope["schemaUrl"].startswith("https://opentelemetry.io/schemas/")


def values(holder: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for attribute in holder["attributes"]:
        assert set(attribute) == {"key", "value"}
        ((kind, value),) = attribute["value"].items()
        assert isinstance(value, KNOWN[kind])
        assert attribute["key"] not in found
        found[attribute["key"]] = int(value) if kind == "intValue" else value
    return found


def points(metric: dict[str, Any]) -> list[dict[str, Any]]:
    (data,) = (metric[kind] for kind in ("histogram", "sum") if kind in metric)
    assert data["aggregationTemporality"] == 2
    for point in data["dataPoints"]:
        assert int(point["startTimeUnixNano"]) == WEEK.from_ms * 10**6
        assert int(point["timeUnixNano"]) == WEEK.to_ms * 10**6
    return list(data["dataPoints"])


def test_the_metrics_of_two_calls() -> None:
    found, _ = as_metrics(
        [
            sample("1", input_tokens=10, cache_read_tokens=5, cache_write_tokens=1, latency_ms=640.0),
            sample(
                "2", input_tokens=16, output_tokens=4096, latency_ms=700.0, status="error", cause="timeout", cost=None
            ),
        ]
    )
    assert set(found) == {
        "gen_ai.client.token.usage", "gen_ai.client.operation.duration",
        "fased.usage.calls", "fased.usage.cost", "fased.usage.unpriced_calls",
    }  # fmt: skip
    usage = found["gen_ai.client.token.usage"]
    assert usage["unit"] == "{token}"
    by_kind = {values(point)["gen_ai.token.type"]: point for point in points(usage)}
    assert values(by_kind["input"]) == {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "litellm", "gen_ai.request.model": "default",
        "gen_ai.response.model": "openai/gpt-5.5", "gen_ai.agent.id": "main", "gen_ai.token.type": "input",
    }  # fmt: skip
    inputs = by_kind["input"]
    assert inputs["explicitBounds"] == [
        1,
        4,
        16,
        64,
        256,
        1024,
        4096,
        16384,
        65536,
        262144,
        1048576,
        4194304,
        16777216,
        67108864,
    ]
    assert inputs["bucketCounts"] == ["0", "0", "2", *["0"] * 12]  # 16 belongs to the bucket that ends with 16
    assert (inputs["count"], inputs["sum"], inputs["min"], inputs["max"]) == ("2", 32, 16, 16)
    outputs = by_kind["output"]
    assert outputs["bucketCounts"][3] == outputs["bucketCounts"][6] == "1"
    durations = found["gen_ai.client.operation.duration"]
    assert durations["unit"] == "s"
    by_error = {values(point).get("error.type"): point for point in points(durations)}
    assert (by_error[None]["sum"], by_error["timeout"]["sum"]) == (0.64, 0.7)
    assert by_error[None]["explicitBounds"][:7] == [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64]
    assert by_error[None]["bucketCounts"][6] == by_error["timeout"]["bucketCounts"][7] == "1"


@settings(max_examples=20)
@given(st.lists(records(), max_size=25))
def test_the_metrics_add_up_to_the_report(chosen: list[UsageRecord]) -> None:
    found, totals = as_metrics(chosen)
    if not totals.calls:
        assert found == {}
        return
    sums = {name: found[f"fased.usage.{name}"] for name in ("calls", "cost", "unpriced_calls")}
    assert sum(int(point["asInt"]) for point in points(sums["calls"])) == totals.calls
    assert sum(int(point["asInt"]) for point in points(sums["unpriced_calls"])) == totals.unpriced_calls
    cost = sum(to_pico(Decimal(str(point["asDouble"]))) for point in points(sums["cost"]))
    assert abs(cost - totals.cost_pico) <= len(chosen)  # a float has 16 digits, a cost may have 18
    assert all(metric["sum"]["isMonotonic"] for metric in sums.values())
    tokens = {"input": 0, "output": 0}
    for point in points(found["gen_ai.client.token.usage"]) if "gen_ai.client.token.usage" in found else ():
        tokens[values(point)["gen_ai.token.type"]] += point["sum"]
        assert sum(map(int, point["bucketCounts"])) == int(point["count"])
        assert len(point["bucketCounts"]) == len(point["explicitBounds"]) + 1
    assert tokens["input"] == totals.input_tokens + totals.cache_read_tokens + totals.cache_write_tokens
    assert tokens["output"] == totals.output_tokens


def test_the_span_of_a_call() -> None:
    (span,) = as_spans(
        [
            sample(
                "c1", START_MS + 5, latency_ms=1500.25, time_to_first_token_ms=120.0, cache_read_tokens=4, reasoning_tokens=3,
                response_id="chatcmpl-1", requested_model="litellm/first", role="coding", http_status=200,
            )
        ]
    )  # fmt: skip
    assert re.fullmatch("[0-9a-f]{32}", span["traceId"])
    assert re.fullmatch("[0-9a-f]{16}", span["spanId"])
    assert (span["name"], span["kind"], "status" in span) == ("chat default", 3, False)
    assert int(span["startTimeUnixNano"]) == (START_MS + 5) * 10**6
    assert int(span["endTimeUnixNano"]) == (START_MS + 5) * 10**6 + 1_500_250_000
    assert values(span) == {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "litellm", "gen_ai.request.model": "default",
        "gen_ai.response.model": "openai/gpt-5.5", "gen_ai.response.id": "chatcmpl-1",
        "gen_ai.response.time_to_first_chunk": 0.12, "gen_ai.conversation.id": "s1", "gen_ai.agent.id": "main",
        "gen_ai.usage.input_tokens": 14, "gen_ai.usage.output_tokens": 20, "gen_ai.usage.cache_read.input_tokens": 4,
        "gen_ai.usage.reasoning.output_tokens": 3, "http.response.status_code": 200, "fased.call.id": "c1",
        "fased.call.status": "ok", "fased.task": "digest", "fased.channel": "telegram", "fased.source": "cli",
        "fased.role": "coding", "fased.requested_model": "litellm/first", "fased.cost.usd": 0.00065,
    }  # fmt: skip


def test_what_was_imported_has_the_time_of_its_reply() -> None:
    with history([sample("c1", START_MS + 5000, latency_ms=1500.0)]) as connection:
        connection.execute("UPDATE call SET feed = 1")
        (span,) = spans("".join(documents(calls(connection, WEEK), instance=host(connection))))
    assert int(span["startTimeUnixNano"]) == (START_MS + 3500) * 10**6
    assert int(span["endTimeUnixNano"]) == (START_MS + 5000) * 10**6


def test_failures_are_errors_and_what_was_left_is_none() -> None:
    found = as_spans(
        [
            sample("1", status="error", cause="key-expired", cost=None),
            sample("2", START_MS + 1, status="interrupted"),
            sample("3", START_MS + 2, status="cancelled"),
        ]
    )
    assert [span.get("status") for span in found] == [
        {"code": 2, "message": "key-expired"}, {"code": 2, "message": "interrupted"}, None
    ]  # fmt: skip
    assert [values(span).get("error.type") for span in found] == ["key-expired", "interrupted", None]


def test_spans_come_in_lines_each_a_document_and_have_their_ids_for_ever() -> None:
    chosen = [sample(str(number), START_MS + number % 7 * DAY_MS) for number in range(PER_LINE + 3)]
    first, second = as_spans(chosen), as_spans(reversed(chosen))
    assert len(first) == len({(span["traceId"], span["spanId"]) for span in first}) == PER_LINE + 3
    assert {span["traceId"] for span in first} == {span["traceId"] for span in second}
    starts = [int(span["startTimeUnixNano"]) for span in first]
    assert starts == sorted(starts)
    assert as_spans([]) == []


def test_names_are_those_of_opentelemetry_where_it_has_some() -> None:
    assert [provider_name(name) for name in ("litellm", "mistral", "xai", "openai", "")] == [
        "litellm", "mistral_ai", "x_ai", "openai", "unknown"
    ]  # fmt: skip


def test_a_call_without_names_has_no_empty_attributes() -> None:
    (span,) = as_spans([UsageRecord("c", START_MS)])
    assert span["name"] == "chat"
    assert values(span) == {
        "gen_ai.operation.name": "chat", "gen_ai.provider.name": "unknown", "gen_ai.usage.input_tokens": 0,
        "gen_ai.usage.output_tokens": 0, "fased.call.id": "c", "fased.call.status": "ok",
    }  # fmt: skip


def test_names_that_look_like_keys_are_hidden_and_odd_ones_are_no_harm() -> None:
    key = "sk-test-1234567890abcdef"
    odd = 'a"b\\\n\x00\u2028received=abc'
    (span,) = as_spans([sample(key, model=odd, agent=key, session=key, response_id=key, requested_model=key)])
    assert "1234567890" not in json.dumps(span)
    assert values(span)["gen_ai.request.model"].startswith('a"b\\\n\x00\u2028received=')
    found, _ = as_metrics([sample(key, model=odd, agent=key, latency_ms=1.0)])
    assert "1234567890" not in json.dumps(found)
