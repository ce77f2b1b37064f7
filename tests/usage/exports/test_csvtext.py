from __future__ import annotations

import csv
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.usage.exports.csvtext import cell, row

FORMULAS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", " \t\r\n@x", '=HYPERLINK("http://x","y")', "=cmd|' /C calc'!A0",
    "\uff1d1", "\uff0b1", "\uff0d1", "\uff20x", "\tx", "\rx", "-", "- x",
]  # fmt: skip
texts = st.text(st.sampled_from("=+-@\t\r\n \",';a1|!\uff1d") | st.characters(codec="utf-8"), max_size=12)


def parsed(text: str) -> list[str]:
    (found,) = csv.reader(StringIO(text + "\n", newline=""))
    return found


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_is_a_formula(text: str) -> None:
    assert parsed(cell(text)) == [f"'{text}"]


@pytest.mark.parametrize(
    "text", ["plain", "a=b", "a-b", "agent:main:main", "1", "'quoted", " x", "日本", "2026-11-22T00:00:00.000Z"]
)
def test_what_is_harmless_is_left_as_it_is(text: str) -> None:
    assert cell(text) == text


@given(texts)
def test_whatever_a_name_is_it_comes_back_and_calculates_nothing(text: str) -> None:
    if not text:
        return
    (found,) = parsed(cell(text))
    assert found in (text, f"'{text}")
    assert found.lstrip(" \t\r\n")[:1] not in tuple("=+-@\uff1d\uff0b\uff0d\uff20")
    assert found[:1] not in ("\t", "\r")


@given(st.lists(texts.filter(bool) | st.integers(-5, 10**20) | st.none(), min_size=1, max_size=5))
def test_a_row_has_its_cells(cells: list[str | int | None]) -> None:
    if cells == [None]:
        return  # an empty line, which is no row for a reader
    found = parsed(row(cells))
    assert len(found) == len(cells)
    for value, read in zip(cells, found, strict=True):
        assert read in ("" if value is None else str(value), f"'{value}")


def test_quotes_stand_only_where_they_are_needed() -> None:
    assert row(["a", "b,c", 'd"e', "f\ng", "h\ri", None, 0, -1]) == 'a,"b,c","d""e","f\ng","h\ri",,0,-1'
