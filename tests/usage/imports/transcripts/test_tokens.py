from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.proxy.counting import counted
from fased_litellm.usage.imports.transcripts.tokens import NOTHING, Used, _used, of_message, of_run, of_store
from tests.usage.imports.transcripts.test_numbers import anything


def test_a_message_as_the_agent_writes_it() -> None:
    usage = {"input": 900, "output": 120, "cacheRead": 100, "cacheWrite": 7, "totalTokens": 1127, "cost": {}}
    assert of_message(usage) == Used((900, 120, 100, 7, 1127))
    assert of_message({**usage, "reasoning": 70}) == Used((900, 120, 100, 7, 1127), 70)
    assert of_message({**usage, "reasoning": 130, "totalTokens": 1257}) == Used((900, 250, 100, 7, 1257), 130)


def test_the_total_is_the_sum_of_the_parts() -> None:
    """Whatever else is written down; that is said."""
    used = of_message({"input": 900, "output": 120, "totalTokens": 1500})
    assert used.tokens == (900, 120, 0, 0, 1020)
    assert used.problem == "tokens do not add up: 900 input + 0 cached + 120 output are 1020, not 1500"


def test_where_only_a_total_is_known_it_is_kept() -> None:
    assert of_message({"totalTokens": 77}) == Used((0, 0, 0, 0, 77), 0, "only the sum of its tokens is known: 77")


_KEYS = (
    *("input", "output", "cacheRead", "cacheWrite", "totalTokens", "cost"),
    *("total", "input_tokens", "cache_read", "reasoning", "reasoningTokens", "prompt_tokens_details"),
)


@given(st.dictionaries(st.sampled_from(_KEYS), st.integers(-1, 3) | st.integers() | st.none() | st.booleans()))
def test_the_usual_spelling_is_no_special_case(usage: dict[str, Any]) -> None:
    assert of_message(usage) == _used(counted(usage))


@given(anything)
def test_nothing_makes_them_stumble(value: Any) -> None:
    for found in (of_message(value), of_run(value)):
        assert len(found.tokens) == 5
        assert all(type(number) is int and number >= 0 for number in (*found.tokens, found.reasoning))


def test_no_usage() -> None:
    assert of_message(None) == of_message("much") == of_message({}) == of_run([]) == NOTHING


def test_tokens_of_a_run() -> None:
    usage = {"input_tokens": 9, "output_tokens": 2, "cache_read_tokens": 3, "cache_write_tokens": 4, "total_tokens": 99}
    assert of_run(usage) == Used((9, 2, 3, 4, 18))  # its total is what the context held
    assert of_run({"prompt_tokens": 9, "completion_tokens": 2, "prompt_cache_hit_tokens": 5}) == Used((4, 2, 5, 0, 11))
    assert of_run({"total_tokens": 99}) == Used((0, 0, 0, 0, 99), 0, "only the sum of its tokens is known: 99")


def test_counters_of_a_store_leave_out_its_total() -> None:
    entry = {"inputTokens": 9, "outputTokens": 2, "cacheRead": 3, "cacheWrite": 4, "totalTokens": 50_000}
    assert of_store(entry) == (9, 2, 3, 4, 18)
    assert of_store({"totalTokens": 50_000}) == (0, 0, 0, 0, 0)
