from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.errors import SpendError
from fased_litellm.proxy.client import JsonResponse, ProxyClient
from fased_litellm.proxy.management.spend import parse, spend_rows
from fased_litellm.proxy.management.spendreport import BY, summed
from tests.servers import FaultServers, answer_json

START = 1_795_305_600_000  # 2026-11-22T00:00:00Z
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def raw(number: int, at_ms: int, **changes: Any) -> dict[str, Any]:
    moment = (EPOCH + timedelta(milliseconds=at_ms)).isoformat(timespec="milliseconds")
    return {
        "request_id": f"r{number}",
        "litellm_call_id": f"c{number}",
        "startTime": moment,
        "endTime": moment,
        "spend": 1.5e-05,
        "total_tokens": 128,
        "prompt_tokens": 120,
        "completion_tokens": 8,
        "model": "openai/gpt-4o-mini",
        "model_group": "upstream",
        "status": "success",
        "request_tags": ["agent:main", "User-Agent: x"],
        "metadata": {"usage_object": {"prompt_tokens_details": {"cached_tokens": 100}}},
        **changes,
    }


class StandIn(ProxyClient):
    """Answers as the route does, from rows in memory."""

    def __init__(self, rows: list[dict[str, Any]]) -> None:
        self.rows = sorted(rows, key=lambda row: str(row["startTime"]))
        self.asked: list[dict[str, str]] = []

    def get_json(self, path: str, params: Any = None, **_: Any) -> JsonResponse:
        assert path == "/spend/logs/v2"
        self.asked.append(dict(params))
        begin, end = (datetime.fromisoformat(params[name]).replace(tzinfo=UTC) for name in ("start_date", "end_date"))
        found = [row for row in self.rows if begin <= datetime.fromisoformat(row["startTime"]) <= end]
        size, page = int(params["page_size"]), int(params["page"])
        pages = -(-len(found) // size)
        body = {"data": found[(page - 1) * size : page * size], "total": len(found), "total_pages": pages}
        return JsonResponse(200, {}, body)


@given(
    st.lists(st.integers(-2000, 7_200_000), max_size=40),
    st.integers(0, 3_600_000),
    st.integers(1, 3_600_000),
    st.integers(1, 3),
    st.integers(1, 5),
)
def test_each_row_of_the_window_comes_once(times: list[int], begin: int, length: int, page: int, deepest: int) -> None:
    proxy = StandIn([raw(number, START + at) for number, at in enumerate(times)])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("fased_litellm.proxy.management.spend._PAGE", page)
        patch.setattr("fased_litellm.proxy.management.spend._DEEPEST", deepest)
        found = [row.call_id for row in spend_rows(proxy, START + begin, START + begin + length)]
    expected = [f"c{number}" for number, at in enumerate(times) if begin <= at < begin + length]
    assert sorted(found) == sorted(expected)


def test_filters_go_to_the_proxy(fault_server: FaultServers) -> None:
    server = fault_server([answer_json(200, {"data": [], "total": 0, "total_pages": 0})])
    with ProxyClient(server.url, "sk-test-k", allow_private_network=True) as client:
        assert list(spend_rows(client, START, START + 1000, {"api_key": "ab" * 32})) == []
    asked = parse_qs(urlsplit(server.requests[0].split()[1].decode()).query)
    assert asked["api_key"] == ["ab" * 32]
    assert (asked["start_date"], asked["end_date"]) == (["2026-11-22 00:00:00"], ["2026-11-22 00:00:01"])


@pytest.mark.parametrize(
    ("status", "body", "trouble"),
    [
        (401, {"error": {"message": "Prisma Client is not initialized"}}, "no-database"),
        (
            401,
            {"error": {"message": "Authentication Error, Only proxy admin can be used to see it. Your role=unknown"}},
            "not-allowed",
        ),
        (403, {"detail": "Service-account keys cannot query user analytics."}, "not-allowed"),
        (404, {"detail": "Not Found"}, "too-old"),
    ],
)
def test_refusals_are_explained(fault_server: FaultServers, status: int, body: Any, trouble: str) -> None:
    server = fault_server([answer_json(status, body)])
    with (
        ProxyClient(server.url, "sk-test-k", allow_private_network=True) as client,
        pytest.raises(SpendError) as caught,
    ):
        list(spend_rows(client, START, START + 1000))
    assert caught.value.trouble == trouble


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["usage_object", "error_information"]), inner)
    ),
)


@given(st.dictionaries(st.sampled_from(list(raw(1, START))), json_values))
def test_a_row_of_nonsense_is_read_or_passed_over(changes: dict[str, Any]) -> None:
    row = parse({**raw(1, START), **changes})
    assert row is None or (row.spend >= 0 and row.total_tokens >= 0 and row.call_id)
    json.dumps(changes)


def test_a_row_as_the_proxy_tells_it() -> None:
    row = parse(raw(1, START, spend=0.0006500000000000001, agent_id="ops"))
    assert row is not None
    assert (row.call_id, row.request_id, row.spend, row.cache_read_tokens) == ("c1", "r1", Decimal("0.00065"), 100)
    assert (row.tag("agent"), row.tag("task"), row.agent_id) == ("main", None, "ops")


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b", None]), st.sampled_from(["success", "failure"]), st.integers(0, 5)),
        max_size=30,
    )
)
def test_groups_add_up_to_the_totals(rows: list[tuple[str | None, str, int]]) -> None:
    parsed = [
        row
        for number, (model, status, spend) in enumerate(rows)
        if (row := parse(raw(number, START, model_group=model, status=status, spend=spend))) is not None
    ]
    report = summed(iter(parsed), ["model", "day", "status"])
    for name in report.groups:
        groups = report.ordered(name)
        assert sum(sums.requests for _, sums in groups) == report.totals.requests == len(rows)
        assert (
            sum((sums.spend for _, sums in groups), Decimal(0))
            == report.totals.spend
            == sum(spend for *_, spend in rows)
        )
    only = summed(iter(parsed), [], {"status": "failure"})
    assert only.totals.requests == sum(status == "failure" for _, status, _ in rows)


def test_tags_of_litellm_are_left_out() -> None:
    row = parse(raw(1, START))
    assert row is not None
    assert BY["tag"](row) == ("agent:main",)
