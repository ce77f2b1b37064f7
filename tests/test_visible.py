from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm import visible

STEERING = [
    *(
        "\x1b]52;c;aGk=\x07",
        "\x1b]0;title\x07",
        "\x1b[2J\x1b[H",
        "\x9b2J",
        "\x9d0;x\x9c",
        "\x1bc",
        "\x1b[8m",
        "\x1b[31;1m",
    ),
    *("\u202e", "\u2066", "\u200f", "\u061c", "\u2028", "\u2029", "\r", "\b", "\x7f", "\x00", "\x0b", "\x0c", "\x85"),
]


@pytest.mark.parametrize("text", STEERING)
def test_nothing_steers_a_terminal(text: str) -> None:
    for shown in (visible.one_line(f"a{text}b"), visible.lines(f"a{text}b"), visible.lines(f"a{text}b", colour=True)):
        assert shown.isprintable()
        assert visible.MARK in shown


def test_what_is_read_stays() -> None:
    text = "Grüße, 東京\n\tand שלום 🎉"
    assert visible.lines(text) == text
    assert visible.lines("one\r\ntwo") == "one\ntwo"
    assert visible.one_line("one\ntwo") == f"one{visible.MARK}two"
    assert visible.one_line("pay\u200bpal") == "paypal"


def test_only_our_own_colours_are_left() -> None:
    text = visible.styled("Title", "1") + " of \x1b[31mothers\x1b[0m"
    assert visible.line(text, colour=True) == "\x1b[1mTitle\x1b[0m of �[31mothers�[0m"
    assert visible.line(text) == "Title of �[31mothers�[0m"


def test_no_name_begins_a_line() -> None:
    for end in ("\n", "\r\n", "\r", "\u2028", "\x85", "\x0b"):
        assert visible.line(f"Model a{end}Key: stolen") == "Model a�Key: stolen"


@given(st.text())
def test_any_text_is_safe(text: str) -> None:
    assert visible.one_line(text).isprintable()
    for colour in (False, True):
        assert all(char.isprintable() or char in "\n\t\u200e" for char in visible.lines(text, colour=colour))
        assert all(char.isprintable() or char in "\t\u200e" for char in visible.line(text, colour=colour))


@given(st.recursive(st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))
def test_json_means_the_same_and_steers_nothing(value: object) -> None:
    document = visible.escaped(json.dumps(value, indent=2, ensure_ascii=False))
    assert json.loads(document) == value
    assert all(char.isprintable() or char == "\n" for char in document)
