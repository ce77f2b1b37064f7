from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.usage.money import from_pico, to_number, to_pico


@pytest.mark.parametrize(
    ("usd", "pico"),
    [
        ("0", 0),
        ("0.00065", 650_000_000),
        ("0.000000000001", 1),
        ("0.0000000000005", 0),  # half to even
        ("0.0000000000015", 2),
        ("0.00000000000051", 1),
        ("1000000", 10**18),
        ("1E+3", 10**15),
    ],
)
def test_dollars_become_whole_pico_dollars(usd: str, pico: int) -> None:
    assert to_pico(Decimal(usd)) == pico


@given(st.integers(0, 10**18))
def test_pico_dollars_come_back_exactly(pico: int) -> None:
    assert to_pico(from_pico(pico)) == pico


@given(st.lists(st.decimals(0, 10, places=12), max_size=30))
def test_sums_are_exact_in_any_order(costs: list[Decimal]) -> None:
    assert from_pico(sum(map(to_pico, costs))) == sum(costs, Decimal(0))


def test_a_number_for_json_reads_as_people_write_it() -> None:
    assert repr(to_number(650_000_000)) == "0.00065"
