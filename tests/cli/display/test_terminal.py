from __future__ import annotations

import io
import sys

import pytest

from fased_litellm.cli.display.terminal import Terminal, detect
from fased_litellm.visible import one_line

SCREEN = Terminal(width=80, height=24, colour=True, shown=True, dumb=False)


class Stream(io.TextIOWrapper):
    def __init__(self, encoding: str, *, terminal: bool) -> None:
        super().__init__(io.BytesIO(), encoding=encoding)
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "LINES", "NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)


def found(
    monkeypatch: pytest.MonkeyPatch, *, encoding: str = "utf-8", terminal: bool = True, **variables: str
) -> Terminal:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "stdout", Stream(encoding, terminal=terminal))
    return detect()


def test_colour_is_for_terminals_that_have_it_and_users_who_want_it(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(monkeypatch, TERM="xterm").colour
    assert found(monkeypatch, TERM="xterm").shown
    assert not found(monkeypatch, TERM="xterm", NO_COLOR="1").colour
    monkeypatch.delenv("NO_COLOR")
    assert not found(monkeypatch, TERM="dumb").colour
    assert found(monkeypatch, TERM="dumb").dumb
    assert not found(monkeypatch, TERM="xterm", terminal=False).colour


def test_what_is_no_terminal_has_no_width_unless_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    pipe = found(monkeypatch, terminal=False)
    assert (pipe.width, pipe.height) == (None, None)
    pipe = found(monkeypatch, terminal=False, COLUMNS="72", LINES="40")
    assert (pipe.width, pipe.height) == (72, 40)


@pytest.mark.parametrize(
    ("encoding", "ascii_only"),
    [("utf-8", False), ("utf-16", False), ("ascii", True), ("latin-1", True), ("cp437", True)],
)
def test_an_encoding_without_blocks_gets_ascii(
    monkeypatch: pytest.MonkeyPatch, encoding: str, ascii_only: bool
) -> None:
    assert found(monkeypatch, encoding=encoding).ascii is ascii_only


def test_bars_and_marks_have_their_width_in_ascii() -> None:
    line = "▏▎▍▌▋▊▉█▁▂▃▄▅▆▇…≥·→�"
    plain = Terminal(ascii=True).line(line)
    assert plain.isascii()
    assert len(plain) == len(line)
    assert Terminal().line(line) == line
    assert Terminal(ascii=True).name("日本x") == "??x"


def test_names_are_shown_harmlessly() -> None:
    assert SCREEN.name("a\x1b[31m\r\n\x00\x7f\x9b\u202eb") == "a�[31m������b"
    assert SCREEN.name("sk-test-1234567890abcdef") == "***"
    assert SCREEN.name("👨\u200d👩\ufe0f") == "👨👩"
    assert one_line("plain") == "plain"


def test_a_right_to_left_name_keeps_the_numbers_behind_it_in_place() -> None:
    assert SCREEN.name("agent:שלום") == "agent:שלום\u200e"
    assert SCREEN.name("日本") == "日本"
    assert Terminal().name("שלום") == "שלום"  # in a file, it is the name alone


def test_a_table_for_programs_is_as_it_is_unless_a_terminal_shows_it() -> None:
    assert Terminal().raw("a\x1b[2J,1") == "a\x1b[2J,1"
    assert SCREEN.raw("a\x1b[2J,1") == "a�[2J,1"
