from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.usage.imports.tokens import _spelled, of_message, of_run, of_store
from tests.usage.imports.test_numbers import anything


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        (
            {"input": 900, "output": 120, "cacheRead": 100, "cacheWrite": 7, "totalTokens": 1127},
            (900, 120, 100, 7, 1127),
        ),
        ({"input": 900, "output": 120}, (900, 120, 0, 0, 1020)),
        ({"inputTokens": 1, "outputTokens": 2}, (1, 2, 0, 0, 3)),
        (
            {"input_tokens": 1, "output_tokens": 2, "cache_read_input_tokens": 3, "cache_creation_input_tokens": 4},
            (1, 2, 3, 4, 10),
        ),
        ({"promptTokens": 5, "completionTokens": 6}, (5, 6, 0, 0, 11)),
        ({"prompt_tokens": 5, "completion_tokens": 6, "total_tokens": 11}, (5, 6, 0, 0, 11)),
        ({"input": 5, "cache_read": 1, "cache_write": 2}, (5, 0, 1, 2, 8)),
        ({"input": 5, "cached_tokens": 4}, (5, 0, 4, 0, 9)),
        ({"input": 5, "prompt_tokens_details": {"cached_tokens": 4}}, (5, 0, 4, 0, 9)),
        ({"input": 5, "cacheRead": 0, "cache_read_input_tokens": 4}, (5, 0, 4, 0, 9)),  # the first that is above 0
        (
            {"input": 0, "inputTokens": 7, "output": 1, "cacheRead": 0, "cacheWrite": 0, "totalTokens": 8},
            (7, 1, 0, 0, 8),
        ),
        ({"input": -50, "output": 10}, (0, 10, 0, 0, 10)),
        ({"totalTokens": 77}, (0, 0, 0, 0, 77)),
        ({"total": 50, "totalTokens": 77, "input": 1}, (1, 0, 0, 0, 50)),
        ({"input": 3.0, "output": 2.9}, (3, 2, 0, 0, 5)),
        ({"input": True, "output": "12", "cacheRead": None, "cacheWrite": [4]}, (0, 0, 0, 0, 0)),
        ({"input": 1e400, "output": float("nan"), "cacheRead": 10**15}, (0, 0, 0, 0, 0)),
        ({}, (0, 0, 0, 0, 0)),
        (None, (0, 0, 0, 0, 0)),
        ("much", (0, 0, 0, 0, 0)),
    ],
)
def test_tokens_of_a_message(usage: Any, expected: tuple[int, ...]) -> None:
    assert of_message(usage) == expected


_KEYS = ("input", "output", "cacheRead", "cacheWrite", "totalTokens", "cost", "total", "input_tokens", "cache_read")


@given(st.dictionaries(st.sampled_from(_KEYS), st.integers(-1, 3) | st.integers() | st.none() | st.booleans()))
def test_the_usual_spelling_is_no_special_case(usage: dict[str, Any]) -> None:
    assert of_message(usage) == _spelled(usage)


@given(anything)
def test_nothing_makes_them_stumble(value: Any) -> None:
    for found in (of_message(value), of_run(value)):
        assert len(found) == 5
        assert all(type(number) is int and number >= 0 for number in found)


def test_tokens_of_a_run() -> None:
    usage = {"input_tokens": 9, "output_tokens": 2, "cache_read_tokens": 3, "cache_write_tokens": 4, "total_tokens": 99}
    assert of_run(usage) == (9, 2, 3, 4, 18)
    assert of_run({"total_tokens": 99}) == (0, 0, 0, 0, 99)


def test_counters_of_a_store_leave_out_its_total() -> None:
    entry = {"inputTokens": 9, "outputTokens": 2, "cacheRead": 3, "cacheWrite": 4, "totalTokens": 50_000}
    assert of_store(entry) == (9, 2, 3, 4, 18)
    assert of_store({"totalTokens": 50_000}) == (0, 0, 0, 0, 0)
