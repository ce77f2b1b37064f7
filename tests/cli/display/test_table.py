from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from fased_litellm.cli.display.table import Column, TableLayout, bar, cut, length, render
from fased_litellm.cli.display.terminal import Terminal
from fased_litellm.visible import lines, one_line

names = st.text(st.sampled_from("ab:日本́語🙂"), max_size=40)


@given(st.lists(names, min_size=1, max_size=5), st.integers(10, 60))
def test_a_table_with_one_name_fits_any_width(cells: list[str], width: int) -> None:
    lines = render([Column("Session", cells)], [0.5] * len(cells), width)
    assert len(lines) == len(cells) + 1
    assert max(map(cell_len, lines)) <= width


def test_both_ends_of_a_long_name_are_shown() -> None:
    lines = render([Column("S", ["agent:main:telegram:direct:42"])], [0.0], 16)
    assert lines[1] == "agent:m…irect:42"


def test_wide_characters_are_cut_by_their_width() -> None:
    lines = render([Column("S", ["日本語の長い名前のセッション"])], [0.0], 12)
    assert lines[1] == "日本 …ション"
    assert cell_len(lines[1]) == 12


def test_numbers_are_never_cut_but_left_out_in_order() -> None:
    columns = [
        Column("Name", ["a" * 20]),
        Column("Calls", ["123"], right=True),
        Column("First", ["1234567"], right=True, spare=2),
        Column("Second", ["7654321"], right=True, spare=1),
    ]
    assert render(columns, [0.0], None) == [
        "Name                  Calls    First   Second",
        "aaaaaaaaaaaaaaaaaaaa    123  1234567  7654321",
    ]
    assert render(columns, [0.0], 40) == [
        "Name                  Calls   Second",
        "aaaaaaaaaaaaaaaaaaaa    123  7654321",
    ]
    assert render(columns, [0.0], 16) == ["Name       Calls", "aaaa…aaaa    123"]


@pytest.mark.parametrize(
    ("share", "drawn"), [(0, ""), (0.0001, "▏"), (0.5, "██"), (0.53, "██▏"), (1, "████"), (2, "████"), (-1, "")]
)
def test_a_bar_shows_whatever_is_not_nothing(share: float, drawn: str) -> None:
    assert bar(share, 4) == drawn


def test_control_characters_are_shown_as_such() -> None:
    assert one_line("a\x1b[31m\r\nb") == "a�[31m��b"
    assert one_line("日本 語") == "日本 語"


def test_colour_is_put_around_what_is_shown_and_moves_nothing() -> None:
    columns = [Column("Name", ["a", "b"]), Column("Failed", ["3", "0"], right=True, colour="bad")]
    plain = TableLayout(columns, Terminal(width=40))
    coloured = TableLayout(columns, Terminal(width=40, colour=True))
    assert lines(coloured.titles(), colour=True) == f"\x1b[1m{plain.titles()}\x1b[0m"
    assert lines(coloured.row(0, 0.5), colour=True) == "a          \x1b[31m3\x1b[0m  \x1b[36m████████████\x1b[0m"
    assert coloured.row(1) == plain.row(1) == "b          0"


def test_marks_without_width_take_none() -> None:
    assert length("שלום\u200e") == 4
    assert cut("שלום\u200e", 4) == "שלום\u200e"
    lines = render([Column("Name", ["שלום\u200e", "abcd"]), Column("N", ["1", "2"], right=True)], [0, 0], None)
    assert lines[1:] == ["שלום\u200e  1", "abcd  2"]


@given(names, st.integers(0, 30))
def test_what_is_cut_fits(name: str, width: int) -> None:
    assert length(cut(name, width)) <= width


def test_what_matters_least_makes_room_for_bars() -> None:
    columns = [
        Column("Name", ["a"]),
        Column("Much", ["123456"], right=True, spare=3),
        Column("Spare", ["123456"], right=True, spare=4),
    ]
    assert render(columns, [1.0], 28) == ["Name    Much   Spare", "a     123456  123456  ██████"]
    assert render(columns, [1.0], 27) == ["Name    Much", "a     123456  █████████████"]
    assert render(columns, [1.0], 13) == ["Name    Much", "a     123456"]
