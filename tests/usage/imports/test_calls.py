from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.usage.imports.calls import USUAL, Calls, columns, shape_of
from fased_litellm.usage.rows import COLUMNS


def test_a_shape_says_which_columns_a_call_has() -> None:
    assert shape_of((1, 2, 3, 4, 5, 6, None, None, None)) == USUAL
    assert columns(USUAL)[-6:] == (
        "cost_pico",
        "input_cost_pico",
        "output_cost_pico",
        "cache_read_cost_pico",
        "cache_write_cost_pico",
        "latency_ms",
    )
    assert columns(shape_of((None,) * 6 + (None, "r1", "timeout")))[-2:] == ("response_id", "cause")
    assert columns(0)[-1] == "feed"
    assert set(columns(0b111111111)) <= set(COLUMNS)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([0, USUAL, 1]), st.integers())))
def test_of_calls_with_one_id_the_last_one_counts(added: list[tuple[str, int, int]]) -> None:
    calls = Calls()
    wanted: dict[str, tuple[int, int]] = {}
    for identity, shape, number in added:
        calls.add(shape, (identity, number, *[0] * (len(columns(shape)) - 2)))
        wanted[identity] = (shape, number)
    found: dict[str, tuple[int, int]] = {}
    for shape, values in calls.by_shape.items():
        rows: list[tuple[Any, ...]] = list(zip(*[iter(values)] * len(columns(shape)), strict=True))
        assert not found.keys() & {row[0] for row in rows}
        found |= {row[0]: (shape, row[1]) for row in rows}
    assert found == wanted
    assert len(calls) == len(wanted)
