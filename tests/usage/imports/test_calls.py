from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.usage.imports.calls import NAMED, TOTAL, USUAL, Calls, columns, shaped
from fased_litellm.usage.store.rows import COLUMNS


def test_a_shape_says_which_columns_a_call_has() -> None:
    assert shaped((1, 2, 3, 4, 5, 6, None, None, None, None))[0] == USUAL
    assert shaped((1, 2, 3, 4, 5, 6, None, "r1", None, None))[0] == NAMED
    assert columns(USUAL)[-6:] == (
        "cost_pico",
        "input_cost_pico",
        "output_cost_pico",
        "cache_read_cost_pico",
        "cache_write_cost_pico",
        "latency_ms",
    )
    assert columns(shaped((None,) * 6 + (None, "r1", "timeout"))[0])[-2:] == ("response_id", "cause")
    assert columns(0)[-1] == "feed"
    assert columns(shaped((None,) * 9 + (7,))[0])[-1] == "reasoning_tokens"
    assert set(columns(0b1111111111)) <= set(COLUMNS)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([0, USUAL, NAMED, 1]), st.integers(0, 2))))
def test_of_calls_with_one_id_the_last_one_counts(added: list[tuple[str, int, int]]) -> None:
    """But not one without tokens after one that has some."""
    calls = Calls()
    wanted: dict[str, tuple[int, int]] = {}
    for identity, shape, total in added:
        call: list[Any] = [identity, *[0] * (len(columns(shape)) - 1)]
        call[TOTAL] = total
        calls.add(shape, tuple(call))
        if total or not wanted.get(identity, (0, 0))[1]:
            wanted[identity] = (shape, total)
    found: dict[str, tuple[int, int]] = {}
    for shape, values in calls.by_shape.items():
        rows: list[tuple[Any, ...]] = list(zip(*[iter(values)] * len(columns(shape)), strict=True))
        assert not found.keys() & {row[0] for row in rows}
        found |= {row[0]: (shape, row[TOTAL]) for row in rows}
    assert found == wanted
    assert len(calls) == len(wanted)
