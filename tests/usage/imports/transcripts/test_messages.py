from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.usage.imports.calls import columns
from fased_litellm.usage.imports.prices import PriceTable
from fased_litellm.usage.imports.transcripts.messages import Messages
from tests.usage.imports.node import T0, asked, header, reply, tool_result, usage
from tests.usage.imports.transcripts.test_numbers import anything

BUCKET = T0 // 900_000


def take(*lines: Any, **options: Any) -> Messages:
    messages = Messages(PriceTable({}), otherwise_ms=5, **options)
    for line in lines:
        messages.take(line, json.dumps(line).encode())
    return messages


def calls(messages: Messages) -> list[dict[str, Any]]:
    found = []
    for shape, values in messages.calls.by_shape.items():
        for call in zip(*[iter(values)] * len(columns(shape)), strict=True):
            named = dict(zip(columns(shape), call, strict=True))
            assert named.pop("feed") == 0
            names = messages.names[named.pop("dimension")]
            found.append({**named, **dict(zip(("provider", "model", "status", "served"), names, strict=True))})
    return found


def test_a_reply_is_a_call() -> None:
    messages = take(header("s1"), asked("u1", T0), reply("a1", T0 + 2100, durationMs=2100, responseId="chatcmpl-7"))
    assert calls(messages) == [
        {
            "call_id": "a1",
            "started_at_ms": T0 + 2100,
            "input_tokens": 900,
            "output_tokens": 120,
            "cache_read_tokens": 100,
            "cache_write_tokens": 0,
            "total_tokens": 1120,
            "cost_source": "transcript",
            "cost_pico": 4_530_000_000,
            "input_cost_pico": 2_700_000_000,
            "output_cost_pico": 1_800_000_000,
            "cache_read_cost_pico": 30_000_000,
            "cache_write_cost_pico": 0,
            "latency_ms": 2100,
            "response_id": "chatcmpl-7",
            "provider": "litellm",
            "model": "team-sonnet",
            "status": "ok",
            "served": None,
        }
    ]
    assert messages.activity == {BUCKET: [1, 1, 0, 0, 0]}
    assert (messages.first_ms, messages.last_ms, messages.billed) == (T0, T0 + 2100, True)


@pytest.mark.parametrize(
    ("changes", "status", "cause"),
    [
        ({"stopReason": "stop"}, "ok", None),
        ({"stopReason": "toolUse"}, "ok", None),
        ({"stopReason": None}, "ok", None),
        ({"stopReason": ["odd"]}, "ok", None),
        ({"stopReason": "error", "errorMessage": "overloaded"}, "error", None),
        ({"stopReason": "stop", "errorMessage": "overloaded"}, "error", None),
        ({"stopReason": "stop", "errorMessage": ""}, "ok", None),
        ({"stopReason": "aborted", "errorMessage": "aborted"}, "cancelled", None),
        ({"stopReason": "timeout"}, "error", "timeout"),
    ],
)
def test_the_status_of_a_call(changes: dict[str, Any], status: str, cause: str | None) -> None:
    (found,) = calls(take(reply("a1", **changes)))
    assert (found["status"], found.get("cause")) == (status, cause)


@pytest.mark.parametrize(
    ("changes", "latency"),
    [
        ({"durationMs": 2100}, 2100),
        ({"durationMs": 2100.5, "timestamp": T0 - 7}, 2100.5),
        ({"durationMs": 0}, 0),
        ({"timestamp": T0 - 1500}, 1500),
        ({"timestamp": T0}, None),
        ({"timestamp": T0 + 9}, None),
        ({"timestamp": T0 - 50_000_000}, None),  # more than twelve hours
        ({"durationMs": 50_000_000}, None),
        ({"durationMs": -4}, None),
        ({"durationMs": "fast", "timestamp": "noon"}, None),
        ({"durationMs": True}, None),
    ],
)
def test_how_long_a_reply_took(changes: dict[str, Any], latency: float | None) -> None:
    (found,) = calls(take(reply("a1", **changes)))
    assert found.get("latency_ms") == latency


def test_a_reply_that_no_model_made_is_a_message_alone() -> None:
    nothing = usage(input=0, output=0, cacheRead=0, cacheWrite=0, totalTokens=0, total_cost=0)
    mirrored = reply("a1", provider="fased", model="delivery-mirror", usage=nothing)
    messages = take(mirrored, reply("a2", usage=nothing))
    assert [call["call_id"] for call in calls(messages)] == ["a2"]
    assert messages.activity == {BUCKET: [0, 2, 0, 0, 0]}
    assert not messages.billed


def test_tools_and_errors_are_counted() -> None:
    content = [
        {"type": "text", "text": "…"},
        {"type": "toolCall", "id": "1", "name": "exec", "arguments": {}},
        {"type": "toolCall", "id": "2", "name": "exec", "arguments": {}},
        {"type": "tool_use", "id": "3", "name": " read ", "input": {}},
        {"type": "ToolCall", "id": "4"},
        {"type": ["odd"]},
        "odd",
        None,
    ]
    results = [{"type": "tool_result"}, {"type": "tool_result", "is_error": True}]
    messages = take(
        reply("a1", content=content),
        tool_result("t1"),
        tool_result("t2", error=True),
        {"type": "message", "message": {"role": "user", "content": results}},
        reply("a2", stopReason="error"),
    )
    assert messages.activity == {BUCKET: [1, 2, 4, 4, 3]}
    assert messages.tools == {(BUCKET, "exec"): 2, (BUCKET, "read"): 1, (BUCKET, "unknown"): 1}


def test_the_time_of_a_message() -> None:
    late = reply("a2", T0 + 900_000)
    del late["timestamp"], late["message"]["timestamp"]
    known = reply("a1", T0)
    known["timestamp"] = "odd"
    assert [call["started_at_ms"] for call in calls(take(late))] == [5]
    assert [call["started_at_ms"] for call in calls(take(header("s1", T0 + 7), late))] == [T0 + 7]
    assert [call["started_at_ms"] for call in calls(take(known, late))] == [T0, T0]


def test_a_message_without_an_id_is_named_by_its_line() -> None:
    lines = [reply(None), reply(None), reply(None, T0 + 1), reply("a\nb"), reply("x" * 200), reply("")]
    found = {call["call_id"] for call in calls(take(*lines))}
    assert len(found) == 5
    assert all(name.startswith("#") and len(name) == 25 for name in found)


def test_of_two_lines_with_one_id_the_later_counts() -> None:
    messages = take(reply("a1", usage=usage(output=1)), reply("a1", usage=usage(output=2, total_cost=0)), reply("a2"))
    assert sorted((call["call_id"], call["output_tokens"]) for call in calls(messages)) == [("a1", 2), ("a2", 120)]
    assert len(messages.calls) == 2


def test_names_from_the_line_where_the_message_has_none() -> None:
    line = reply("a1", provider=None, model=None, usage=None)
    line |= {"provider": "other", "model": "m2", "usage": usage(output=7)}
    (found,) = calls(take(line))
    assert (found["provider"], found["model"], found["output_tokens"]) == ("other", "m2", 7)
    (served,) = calls(take(reply("a1", responseModel="openai/gpt-5.5")))
    assert served["served"] == "openai/gpt-5.5"


def test_names_are_not_mixed_up() -> None:
    messages = take(
        reply("a1"),
        reply("a2", model=" team-sonnet "),
        reply("a3", model=7),
        reply("a4", errorMessage="x"),
        reply("a5"),
        reply("a6", model=["odd"]),
        {**reply("a7", model=None), "model": "m7"},
        {**reply("a8", model=None), "model": "m8"},
    )
    assert {call["call_id"]: (call["model"], call["status"]) for call in calls(messages)} == {
        "a1": ("team-sonnet", "ok"),
        "a2": ("team-sonnet", "ok"),
        "a3": (None, "ok"),
        "a4": ("team-sonnet", "error"),
        "a5": ("team-sonnet", "ok"),
        "a6": (None, "ok"),
        "a7": ("m7", "ok"),
        "a8": ("m8", "ok"),
    }


def test_what_was_counted_before_is_not_counted_again() -> None:
    messages = take(asked("u1", T0), reply("a1", T0 + 1), asked("u2", T0 + 2), seen_until_ms=T0 + 1)
    assert messages.activity == {BUCKET: [1, 0, 0, 0, 0]}
    assert len(messages.calls) == 1  # calls are known by their ids


def test_other_lines_are_passed_over() -> None:
    messages = take(
        header("s1"),
        {"type": "model_change", "id": "m", "provider": "litellm", "modelId": "x"},
        {"type": "custom", "data": {"message": 5}},
        {"message": "text"},
        {"message": {"role": "system"}},
        {"message": {"role": 5}},
        {"message": {"role": ["assistant"]}},
        {"message": {}},
        {},
    )
    assert (len(messages.calls), messages.activity, messages.first_ms) == (0, {}, None)


@pytest.mark.parametrize("value", [[], 7, "text", None, True])
def test_what_is_no_object_is_bad(value: Any) -> None:
    with pytest.raises(ValueError, match="not an object"):
        take(value)


_KEYS = ("role", "usage", "provider", "model", "stopReason", "errorMessage", "content", "timestamp", "durationMs")


@given(
    st.fixed_dictionaries(
        {"message": st.dictionaries(st.sampled_from(_KEYS), anything | st.just("assistant"))},
        optional={"id": anything, "timestamp": anything, "usage": anything, "model": anything},
    )
)
def test_nothing_makes_it_stumble(line: dict[str, Any]) -> None:
    messages = Messages(PriceTable({}), otherwise_ms=5)
    messages.take(line, b"")
    for call in calls(messages):
        assert all(value is not None for name, value in call.items() if name not in ("provider", "model", "served"))
        assert 0 <= call["total_tokens"] < 2**53
