"""Tokens in whichever way they are written: input + cached + output are the total."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.proxy.counting import MOST, NONE, counted
from fased_litellm.proxy.tokens import TokenUsage, merged_usage, token_usage
from tests.usage.imports.transcripts.test_numbers import anything

# Input, output, cache read, cache write, reasoning.
SPELLINGS: list[tuple[dict[str, Any], tuple[int, int, int, int, int]]] = [
    ({"input": 900, "output": 120, "cacheRead": 100, "cacheWrite": 7, "totalTokens": 1127}, (900, 120, 100, 7, 0)),
    ({"input": 900, "output": 120}, (900, 120, 0, 0, 0)),
    ({"inputTokens": 1, "outputTokens": 2}, (1, 2, 0, 0, 0)),
    # Anthropic: the cached ones are apart.
    (
        {"input_tokens": 1, "output_tokens": 2, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 4},
        (1, 2, 3, 4, 0),
    ),
    ({"input": 5, "cache_read": 1, "cache_write": 2}, (5, 0, 1, 2, 0)),
    ({"input": 5, "cached_tokens": 4}, (5, 0, 4, 0, 0)),
    ({"input": 5, "prompt_tokens_details": {"cached_tokens": 4}}, (5, 0, 4, 0, 0)),
    ({"input": 5, "cacheRead": 0, "cache_read_input_tokens": 4}, (5, 0, 4, 0, 0)),  # the first that is above 0
    # OpenAI: the cached ones are inside.
    ({"promptTokens": 5, "completionTokens": 6}, (5, 6, 0, 0, 0)),
    ({"prompt_tokens": 5, "completion_tokens": 6, "total_tokens": 11}, (5, 6, 0, 0, 0)),
    (
        {
            "prompt_tokens": 2459,
            "completion_tokens": 23,
            "total_tokens": 2482,
            "prompt_tokens_details": {"cached_tokens": 2455},
        },
        (4, 23, 2455, 0, 0),
    ),
    ({"prompt_tokens": 2459, "completion_tokens": 23, "cached_tokens": 2455}, (4, 23, 2455, 0, 0)),
    (
        {
            "prompt_tokens": 2459,
            "completion_tokens": 23,
            "prompt_cache_hit_tokens": 2455,
            "prompt_cache_miss_tokens": 4,
            "total_tokens": 2482,
        },
        (4, 23, 2455, 0, 0),
    ),
    ({"promptTokens": 9, "completionTokens": 1, "promptTokensDetails": {"cachedTokens": 4}}, (5, 1, 4, 0, 0)),
    ({"input_tokens": 9, "output_tokens": 1, "input_tokens_details": {"cached_tokens": 4}}, (5, 1, 4, 0, 0)),
    (
        {
            "prompt_tokens": 100,
            "completion_tokens": 5,
            "cache_read_input_tokens": 60,
            "cache_creation_input_tokens": 30,
        },
        (10, 5, 60, 30, 0),
    ),
    # The total tells which way it is, whatever the spelling.
    ({"input": 2459, "output": 23, "cacheRead": 2455, "totalTokens": 2482}, (4, 23, 2455, 0, 0)),
    ({"prompt_tokens": 4, "completion_tokens": 23, "cached_tokens": 2455, "total_tokens": 2482}, (4, 23, 2455, 0, 0)),
    ({"prompt_tokens": 4, "completion_tokens": 23, "cached_tokens": 2455}, (4, 23, 2455, 0, 0)),  # it cannot be inside
    (
        {
            "prompt_tokens": 70,
            "completion_tokens": 5,
            "total_tokens": 105,
            "prompt_tokens_details": {"cached_tokens": 60},
            "cache_creation_input_tokens": 30,
        },
        (10, 5, 60, 30, 0),
    ),
    # Reasoning is in the output,
    ({"prompt_tokens": 32, "completion_tokens": 103, "reasoning_tokens": 94, "total_tokens": 135}, (32, 103, 0, 0, 94)),
    (
        {"prompt_tokens": 1, "completion_tokens": 9, "completion_tokens_details": {"reasoning_tokens": 9}},
        (1, 9, 0, 0, 9),
    ),
    ({"input": 32, "output": 103, "reasoning": 94, "totalTokens": 135}, (32, 103, 0, 0, 94)),
    ({"input": 32, "output": 103, "reasoningTokens": 94, "totalTokens": 135}, (32, 103, 0, 0, 94)),
    (
        {"input_tokens": 32, "output_tokens": 103, "output_tokens_details": {"reasoning_tokens": 94}},
        (32, 103, 0, 0, 94),
    ),
    # or beside it: it is more than the output, or the total says so.
    (
        {
            "prompt_tokens": 32,
            "completion_tokens": 9,
            "total_tokens": 135,
            "completion_tokens_details": {"reasoning_tokens": 94},
        },
        (32, 103, 0, 0, 94),
    ),
    (
        {
            "prompt_tokens": 32,
            "completion_tokens": 9,
            "total_tokens": 41,
            "completion_tokens_details": {"reasoning_tokens": 94},
        },
        (32, 103, 0, 0, 94),
    ),
    ({"prompt_tokens": 32, "completion_tokens": 9, "reasoning_tokens": 94}, (32, 103, 0, 0, 94)),
    ({"prompt_tokens": 32, "completion_tokens": 100, "total_tokens": 226, "reasoning_tokens": 94}, (32, 194, 0, 0, 94)),
    ({"input": 2, "output": 100, "cacheRead": 30, "totalTokens": 226, "reasoning": 94}, (2, 194, 30, 0, 94)),
    (
        {"prompt_tokens": 32, "completion_tokens": 9, "cached_tokens": 30, "total_tokens": 135, "reasoning_tokens": 94},
        (2, 103, 30, 0, 94),
    ),
    # What makes no sense is none.
    ({"input": -50, "output": 10}, (0, 10, 0, 0, 0)),
    ({"input": 3.0, "output": 2.9}, (3, 2, 0, 0, 0)),
    ({"input": True, "output": "12", "cacheRead": None, "cacheWrite": [4]}, (0, 0, 0, 0, 0)),
    ({"input": 1e400, "output": float("nan"), "cacheRead": 10**15}, (0, 0, 0, 0, 0)),
    ({}, (0, 0, 0, 0, 0)),
]


@pytest.mark.parametrize(("usage", "expected"), SPELLINGS)
def test_spellings(usage: dict[str, Any], expected: tuple[int, ...]) -> None:
    found = counted(usage)
    assert found[:5] == expected
    assert found.total == sum(expected[:4])
    assert found.problem is None


@pytest.mark.parametrize(("usage", "expected"), SPELLINGS)
def test_replies_of_a_proxy_are_counted_the_same_way(usage: dict[str, Any], expected: tuple[int, ...]) -> None:
    assert token_usage(usage) == (TokenUsage(*expected) if usage else None)


@pytest.mark.parametrize(
    ("usage", "total", "problem"),
    [
        (
            {"total": 50, "totalTokens": 77, "input": 1},
            1,
            "tokens do not add up: 1 input + 0 cached + 0 output are 1, not 50",
        ),
        (
            {"prompt_tokens": 9, "cached_tokens": 3, "total_tokens": 20},
            9,
            "6 input + 3 cached + 0 output are 9, not 20",
        ),
        ({"totalTokens": 77}, 0, "only the sum of its tokens is known: 77"),
    ],
)
def test_a_total_that_is_another_one_is_told(usage: dict[str, Any], total: int, problem: str) -> None:
    found = counted(usage)
    assert found.total == total
    assert found.problem is not None
    assert problem in found.problem


counts = st.integers(0, 10**6)


@given(counts, counts, counts, counts, counts, st.booleans(), st.booleans(), st.sampled_from(["", "sum", "short"]))
def test_however_a_call_is_written_down(
    fresh: int, output: int, read: int, write: int, reasoning: int, openai: bool, beside: bool, total: str
) -> None:
    """A call of which the tokens are known, in one of the ways that say enough."""
    reasoning = min(reasoning, output)
    shown = output - reasoning if beside else output
    usage: dict[str, Any] = {"completion_tokens": shown, "completion_tokens_details": {"reasoning_tokens": reasoning}}
    if openai:
        usage |= {"prompt_tokens": fresh + read + write, "prompt_tokens_details": {"cached_tokens": read}}
        usage |= {"cache_creation_input_tokens": write}
    else:
        usage |= {"input": fresh, "cacheRead": read, "cacheWrite": write}
    if total == "sum":
        usage["total_tokens"] = fresh + read + write + output
    elif beside and not reasoning > shown:
        return  # nobody can tell
    elif total == "short":
        usage["total_tokens"] = fresh + read + write + shown
    found = counted(usage)
    assert found.total == fresh + output + read + write
    assert found.problem is None
    if not (total and (fresh < read + write or reasoning)):  # another reading has the same sum
        assert found[:5] == (fresh, output, read, write, reasoning)


@given(anything)
def test_nothing_makes_it_stumble(value: Any) -> None:
    found = counted(value)
    assert all(type(number) is int and number >= 0 for number in found)
    assert found.total == sum(found[:4])
    spelled = dict.fromkeys(
        ("input", "prompt_tokens", "output", "cacheRead", "cached_tokens", "reasoning", "total"), value
    )
    assert counted(spelled).total >= 0
    assert counted(None) == counted([]) == counted("x") == NONE


def test_a_usage_may_be_any_mapping() -> None:
    inner = MappingProxyType({"cached_tokens": 4})
    assert counted(MappingProxyType({"prompt_tokens": 5, "prompt_tokens_details": inner})) == (1, 0, 4, 0, 0, 0)


@pytest.mark.parametrize("details", ["text", 5, True, ["cached_tokens"]])
def test_details_that_are_no_object_tell_nothing(details: Any) -> None:
    assert counted({"prompt_tokens": 5, "prompt_tokens_details": details}) == (5, 0, 0, 0, 0, 0)


def test_written_tokens_may_stand_in_the_details_alone() -> None:
    assert counted({"prompt_tokens": 10, "prompt_tokens_details": {"cache_write_tokens": 3}}) == (7, 0, 0, 3, 0, 0)


def test_the_total_shows_that_both_kinds_of_cached_tokens_are_inside() -> None:
    assert counted({"input": 10, "cacheRead": 3, "cacheWrite": 2, "total": 10}) == (5, 0, 3, 2, 0, 10)


@pytest.mark.parametrize(("number", "tokens"), [(MOST, MOST), (MOST + 1, 0)])
def test_the_most_that_is_a_count(number: int, tokens: int) -> None:
    assert counted({"input": number}).input == tokens


def test_details_in_two_pieces_of_a_stream_are_put_together() -> None:
    first = {"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": 4}}
    then = {"prompt_tokens_details": {"audio_tokens": 1}}
    assert merged_usage(first, then)["prompt_tokens_details"] == {"cached_tokens": 4, "audio_tokens": 1}
    assert merged_usage({"prompt_tokens_details": 7}, then)["prompt_tokens_details"] == {"audio_tokens": 1}
