"""The strict grammar of numbers that others wrote."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.numerals import decimal, typed, whole

LOOSE = [
    "1_0",
    "+1",
    "NaN",
    "nan",
    "Infinity",
    "inf",
    "1e999999",
    "٣",
    "１２",
    "²",
    "Ⅷ",
    "0x10",
    "1\n",
    "\u00a01",
    "",
    " ",
]
"""What Python's own readers take, or some of them."""


@pytest.mark.parametrize("text", [*LOOSE, ".5", "5.", "9" * 61])
def test_no_number_of_a_program(text: str) -> None:
    assert decimal(text) is None


@pytest.mark.parametrize("text", [*LOOSE, "-1", "1e3", "1.2.3", "1,5", ".", "9" * 20])
def test_no_number_that_a_person_types(text: str) -> None:
    assert typed(text) is None


@pytest.mark.parametrize("text", [*LOOSE, "1.0", "1e3", "9" * 19])
def test_no_whole_number(text: str) -> None:
    assert whole(text) is None


@pytest.mark.parametrize(("text", "number"), [("5", "5"), ("5.", "5"), (".5", "0.5"), ("007.50", "7.5"), (" 2\t", "2")])
def test_a_number_that_a_person_types(text: str, number: str) -> None:
    assert typed(text) == Decimal(number)


@given(st.integers(-(10**17), 10**17))
def test_whole_numbers_are_read_as_they_are_written(number: int) -> None:
    assert whole(str(number)) == number
    assert decimal(str(number)) == number


@given(st.text(max_size=8))
def test_what_is_read_is_written_in_ascii(text: str) -> None:
    for read in (decimal, typed, whole):
        if read(text) is not None:
            assert set(text) <= set("0123456789.-+eE \t")
