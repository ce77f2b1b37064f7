"""A line that is decoded in one step gives what its value gives, whatever may stand in it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fased_litellm.usage.costs.config_prices import Written
from fased_litellm.usage.imports.prices import PriceTable
from fased_litellm.usage.imports.transcripts import fields
from fased_litellm.usage.imports.transcripts.jsonlines import plain
from fased_litellm.usage.imports.transcripts.messages import Messages
from tests.usage.imports.node import T0, asked, header, reply, tool_result, usage
from tests.usage.imports.transcripts.test_messages import calls
from tests.usage.imports.transcripts.test_numbers import anything

PRICES: Written = {
    "litellm/team-sonnet": (["3", "15", "0.3", "3.75"], "config models.providers.litellm.models[0].cost")
}


NOTHING = {**usage(total_cost=0), **dict.fromkeys(("input", "output", "cacheRead", "cacheWrite", "totalTokens"), 0)}


def read(lines: list[bytes], *, quick: bool) -> tuple[Any, ...]:
    prices = PriceTable(PRICES)
    messages = Messages(prices, otherwise_ms=5, seen_until_ms=T0 + 2)
    problems = []
    for number, line in enumerate(lines):
        if quick and decoded(messages, line):
            continue
        try:
            messages.take(plain(line), line)
        except ValueError as error:
            problems.append((number, str(error)))
    found = {call["call_id"]: call for call in calls(messages)}
    counts = messages.activity, messages.tools, messages.first_ms, messages.last_ms, messages.billed, messages.now_ms
    return found, messages.names, counts, problems


def decoded(messages: Messages, line: bytes) -> bool:
    """Take in a line that can be decoded in one step; False, and nothing is taken in, for any other."""
    before = len(messages.calls), messages.now_ms, str(messages.activity)
    try:
        problem = messages.take(fields.decode(line), line)
    except (ValueError, RecursionError):
        assert before == (len(messages.calls), messages.now_ms, str(messages.activity))
        return False
    return problem is None or True


def taken(line: dict[str, Any]) -> bool:
    return decoded(Messages(PriceTable({}), otherwise_ms=5), json.dumps(line).encode())


@pytest.mark.parametrize(
    "line",
    [
        header("s1"),
        {"type": "model_change", "id": "m", "parentId": None, "timestamp": "2026-11-22T03:00:00.000Z", "modelId": "x"},
        asked("u1"),
        asked("u1", text="…" * 5000),
        {**asked("u1"), "message": {"role": "user", "content": "as a text"}},
        tool_result("t1"),
        tool_result("t1", error=True),
        reply("a1", durationMs=2100),
        reply("a1", timestamp=T0 - 1500),
        reply("a1", durationMs=2100, stopReason="toolUse", responseId="chatcmpl-7", responseModel="openai/gpt-5.5"),
        reply("a1", durationMs=2100, usage=usage(total_cost=0)),
        reply("a1", durationMs=2100, usage=usage(reasoning=0), responseId="chatcmpl-7"),
        reply("a1", durationMs=2100, usage=usage(reasoning=120)),
        reply("a1", durationMs=2100, usage=NOTHING, stopReason="error", errorMessage="400 too long"),
        reply("a1", durationMs=2100, usage=NOTHING, stopReason="aborted"),
        reply("a1", durationMs=9, content=[{"type": "toolCall", "id": "1", "name": "exec", "arguments": {"a": [1]}}]),
        reply("a\nb", durationMs=9),
        reply("x" * 129, durationMs=9),
        reply("a1"),
        reply("a1", durationMs=0),
        reply("a1", timestamp=T0),
        reply("a1", durationMs=9.5),
        reply("a1", durationMs=9, stopReason="timeout"),
        reply("a1", durationMs=9, errorMessage="overloaded"),
        reply("a1", durationMs=9, usage=usage(totalTokens=0)),
        reply("a1", durationMs=9, usage=usage(totalTokens=1121)),
        reply("a1", durationMs=9, usage=usage(reasoning=121)),
        reply("a1", durationMs=9, usage=NOTHING, provider=" openclaw ", model="gateway-injected"),
        {**asked("u1"), "message": {"role": "user", "content": [{"type": "tool_result", "is_error": True}]}},
    ],
)
def test_what_nearly_all_lines_are_like_is_taken(line: dict[str, Any]) -> None:
    assert taken(line)


REAL = (Path(__file__).parents[2] / "data" / "agents.jsonl").read_bytes().splitlines()
"""Lines as the coding agent 0.80.3 wrote them, which Fased runs, and its upstream 2026.2.26 and 2026.9.6; without their texts."""


@pytest.mark.parametrize("line", REAL)
def test_lines_that_real_agents_wrote_are_taken(line: bytes) -> None:
    assert taken(json.loads(line))
    assert read([line], quick=True) == read([line], quick=False)


@pytest.mark.parametrize(
    "line",
    [
        {},
        {**header("s1"), "message": "text"},
        {**header("s1"), "timestamp": T0},
        {**asked("u1"), "timestamp": None},
        {**header("s1"), "timestamp": "2026-11-22T03:00:00.000"},  # without a zone
        {**header("s1"), "timestamp": "1969-12-31T23:59:59.000Z", "message": {"role": "user"}},
        {**reply("a1"), "durationMs": 9},
        {**reply("a1"), "id": 7},
        reply("a1", durationMs="9"),
        reply("a1", durationMs=9, usage=usage(inputTokens=7)),
        reply("a1", durationMs=9, usage=usage(input=-1)),
        reply("a1", durationMs=9, usage=usage(input=True)),
        reply("a1", durationMs=9, usage=usage(total_cost=-0.1)),
        reply("a1", durationMs=9, usage=usage(total_cost=10_001)),
        reply("a1", durationMs=9, usage=usage(total_cost=None)),
        reply("a1", durationMs=9, usage=None),
        reply("a1", durationMs=9, model=None),
        reply("a1", durationMs=9, provider=" "),
        reply("a1", content=[{"type": "tool_use", "name": "exec"}]),
        {**header("s1"), "message": {"role": "system"}},
        {**header("s1"), "message": {"role": "tool"}},
    ],
)
def test_what_needs_another_look_is_left(line: dict[str, Any]) -> None:
    assert not taken(line)


EDGES: st.SearchStrategy[Any] = st.sampled_from(
    [
        0,
        -1,
        1,
        0.5,
        1e4,
        1e4 + 1,
        10**12,
        10**12 + 1,
        2**63,
        2**64,
        1e300,
        "",
        " ",
        "-",
        "timeout",
        "error",
        "stop",
        " x ",
        " fased ",
        "delivery-mirror",
        "aborted",
        "x" * 200,
        "é",
        "\ud800",
        "\x7f",
        None,
        True,
        False,
        [],
        {},
        [{"type": "tool_result", "is_error": True}],
        [{"type": "ToolCall ", "name": " exec "}, {"type": "tool_use"}, {"type": "text"}],
        [{"type": 5}],
        ["text"],
        "2026-11-22T03:00:00.0009999Z",
        "2026-11-22T03:00:00.9999995Z",
        "2026-11-22t03:00:00.99999949999+00:30",
        "2026-11-22T03:00:00.999999499999999999999z",
        "9999-12-31T23:59:59.9999999Z",
        "2026-11-22T03:00:00,0009999Z",
        "2026-11-22T03:14:59.999Z",
        "2026-11-22 03:00:00+02:00",
        "2026-11-22",
        "1969-12-31T00:00:00Z",
        "9999-12-31T23:59:59.999Z",
        "0001-01-01T00:00:00+23:00",
    ]
)
PLACES = st.sampled_from(
    [
        *(("message", "usage", "cost", name) for name in ("total", "input", "output", "cacheRead", "cacheWrite")),
        *(("message", "usage", name) for name in ("input", "output", "cacheRead", "cacheWrite", "totalTokens", "cost")),
        *(
            ("message", "usage", name)
            for name in ("total", "inputTokens", "cached_tokens", "reasoning", "prompt_tokens")
        ),
        *(("message", name) for name in ("role", "content", "provider", "model", "usage", "stopReason", "timestamp")),
        *(("message", name) for name in ("responseModel", "responseId", "errorMessage", "durationMs", "isError")),
        *((name,) for name in ("id", "timestamp", "message", "durationMs", "usage", "provider", "model", "type")),
    ]
)
BASES = st.builds(
    lambda make, number: make(number),
    st.sampled_from(
        [
            lambda number: reply(f"a{number}", T0 + number, durationMs=number + 1),
            lambda number: reply(f"a{number}", T0 + number * 400_000, timestamp=T0 - 5, responseId=f"r{number}"),
            lambda number: reply(f"a{number}", T0 - number, durationMs=7, usage=usage(total_cost=0, output=number)),
            lambda number: reply(
                f"a{number}", T0, durationMs=7, usage=usage(reasoning=number * 40), responseId=f" r{number} "
            ),
            lambda number: reply(
                f"a{number}", T0, durationMs=7, usage=usage(output=number, totalTokens=1000 + number), responseId="\t"
            ),
            lambda number: reply(f"a{number}", T0 + number, stopReason="error", errorMessage="overloaded", model="m2"),
            lambda number: reply(f"a{number}", T0, durationMs=9, stopReason="aborted", usage=dict(NOTHING)),
            lambda number: reply(f"a{number}", T0, durationMs=9, provider="openclaw", usage=dict(NOTHING)),
            lambda number: asked(f"u{number}", T0 + number),
            lambda number: tool_result(f"t{number}", T0 + number, error=number % 2 == 0),
            lambda number: header(f"s{number}", T0 + number),
        ]
    ),
    st.integers(0, 5),
)


@st.composite
def lines(draw: st.DrawFn) -> bytes:
    """A line as the Node agent writes it, or with odd values in some of its places, or damaged."""
    line = json.loads(json.dumps(draw(BASES)))
    for _ in range(draw(st.integers(0, 3))):
        *path, name = draw(PLACES)
        at: Any = line
        for step in path:
            at = at.get(step) if isinstance(at, dict) else None
        if isinstance(at, dict):
            if draw(st.integers(0, 3)):
                at[name] = draw(EDGES | anything)
            else:
                at.pop(name, None)
    data = bytearray(json.dumps(line, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass"))
    if not draw(st.integers(0, 9)):
        at_byte = draw(st.integers(0, len(data) - 1))
        data[at_byte : at_byte + draw(st.integers(0, 2))] = draw(st.binary(max_size=2))
    return bytes(data).replace(b"\n", b" ") + b"\n"


@settings(max_examples=400)
@given(st.lists(lines(), max_size=12))
def test_both_ways_give_the_same(written: list[bytes]) -> None:
    assert read(written, quick=True) == read(written, quick=False)


def test_numbers_are_the_same_to_the_last_digit() -> None:
    amounts = [0.1 + 0.2, 1e-12, 4.9e-13, 5e-13, 1.5e-12, 9999.999999999999, 0.000123456789, 3, 1e-300]
    written = [
        json.dumps(reply(f"a{number}", durationMs=1, usage=usage(total_cost=amount))).encode()
        for number, amount in enumerate(amounts)
    ]
    assert read(written, quick=True) == read(written, quick=False)
