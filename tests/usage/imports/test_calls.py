from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.usage.imports.calls import ALWAYS, TOTAL, Calls, columns
from fased_litellm.usage.store.rows import COLUMNS

USUAL = (1, 2, 3, 4, 5, 6, None, None, None, None)
NAMED = (1, 2, 3, 4, 5, 6, None, "r1", None, None)


def columns_of(perhaps: tuple[Any, ...]) -> tuple[str, ...]:
    calls = Calls()
    calls.add(("a", *[0] * (len(ALWAYS) - 1)), perhaps)
    ((shape, values),) = calls.by_shape.items()
    assert values[len(ALWAYS) :] == [value for value in perhaps if value is not None]
    return columns(shape)[len(ALWAYS) :]


def test_a_shape_says_which_columns_a_call_has() -> None:
    parts = ("cost_pico", "input_cost_pico", "output_cost_pico", "cache_read_cost_pico", "cache_write_cost_pico")
    assert columns_of(USUAL) == (*parts, "latency_ms")
    assert columns_of(NAMED) == (*parts, "latency_ms", "response_id")
    assert columns_of((None,) * 6 + (None, "r1", "timeout", None)) == ("response_id", "cause")
    assert columns_of((None,) * 10) == ()
    assert columns_of((None,) * 9 + (7,)) == ("reasoning_tokens",)
    assert columns_of((1, None, None, None, None, 0, "note", None, None, 7)) == (
        "cost_pico",
        "latency_ms",
        "price_note",
        "reasoning_tokens",
    )
    assert set(columns(0b1111111111)) <= set(COLUMNS)


PERHAPS = (USUAL, NAMED, (None,) * 10, (1, *(None,) * 9))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(PERHAPS), st.integers(0, 2))))
def test_of_calls_with_one_id_the_last_one_counts(added: list[tuple[str, tuple[Any, ...], int]]) -> None:
    """But not one without tokens after one that has some."""
    calls = Calls()
    wanted: dict[str, tuple[int, int]] = {}
    for identity, perhaps, total in added:
        call: list[Any] = [identity, *[0] * (len(ALWAYS) - 1)]
        call[TOTAL] = total
        calls.add(tuple(call), perhaps)
        if total or not wanted.get(identity, (0, 0))[1]:
            wanted[identity] = (sum(1 << place for place, value in enumerate(perhaps) if value is not None), total)
    found: dict[str, tuple[int, int]] = {}
    for shape, values in calls.by_shape.items():
        rows: list[tuple[Any, ...]] = list(zip(*[iter(values)] * len(columns(shape)), strict=True))
        assert not found.keys() & {row[0] for row in rows}
        found |= {row[0]: (shape, row[TOTAL]) for row in rows}
    assert found == wanted
    assert len(calls) == len(wanted)
