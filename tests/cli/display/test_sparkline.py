from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.cli.display.sparkline import merged, sparkline


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        ([], ""),
        ([0, 0, 0], "▁▁▁"),
        ([5], "█"),
        ([0, 1, 2, 3, 4, 5, 6, 7], "▁▂▃▄▅▆▇█"),
        ([0, 1, 1_000_000], "▁▂█"),
    ],
)
def test_only_nothing_is_drawn_as_nothing(values: list[int], drawn: str) -> None:
    assert sparkline(values) == drawn


def test_neighbours_are_added_up_where_there_is_no_room() -> None:
    assert merged([1] * 30, 7) == [5] * 6
    assert merged([1, 2, 3], 2) == [3, 3]
    assert merged([1, 2, 3], None) == [1, 2, 3]
    assert sparkline([1, 0, 0, 0, 7, 7], width=3) == "▂▁█"


@given(st.lists(st.integers(0, 10**20), max_size=200), st.integers(1, 40))
def test_it_fits_and_keeps_the_order_of_sizes(values: list[int], width: int) -> None:
    kept = merged(values, width)
    drawn = sparkline(values, width=width)
    assert len(drawn) == len(kept) <= width
    assert sum(kept) == sum(values)
    assert all((block == "▁") is (value == 0) for block, value in zip(drawn, kept, strict=True))
    assert sorted(range(len(kept)), key=lambda place: (kept[place], place)) == sorted(
        range(len(kept)), key=lambda place: (drawn[place], kept[place], place)
    )
