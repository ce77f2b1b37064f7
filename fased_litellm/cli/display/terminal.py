"""What stdout can show: its size, whether it shows colour, and whether it has more characters than ASCII."""

from __future__ import annotations

import os
import shutil
import sys
from typing import Literal, NamedTuple

from ...redaction import redact
from ...visible import one_line, styled

Colour = Literal["title", "bar", "bad", "warning", "dim"]
_CODES: dict[Colour, str] = {"title": "1", "bar": "36", "bad": "31", "warning": "33", "dim": "2"}

_DRAWN = "▏▎▍▌▋▊▉█▁▂▃▄▅▆▇…≥·→�"
_ASCII = "...#####_.:-=+*~>|>?"
_TO_ASCII = str.maketrans(_DRAWN, _ASCII)
_LEFT_TO_RIGHT = "\u200e"
_SCREEN = (80, 24)


class Terminal(NamedTuple):
    """What the lines of an answer are made for.

    Attributes:
        width: columns; None where a line may be as long as it gets.
        height: lines; None where there is no screen.
        colour: whether to colour.
        ascii: whether only ASCII can be shown.
        shown: whether this is a terminal, which may have its own view of right-to-left text.
        dumb: whether it cannot move its cursor, or is none.
    """

    width: int | None = None
    height: int | None = None
    colour: bool = False
    ascii: bool = False
    shown: bool = False
    dumb: bool = True

    def paint(self, text: str, colour: Colour) -> str:
        """``text`` in a colour. For words of our own alone: a key at the edge of an escape sequence is not found by redaction."""
        return styled(text, _CODES[colour]) if self.colour and text else text

    def name(self, text: str) -> str:
        """A name from elsewhere, without secrets and without what could steer or confuse a terminal.

        Invisible joiners are left out, since terminals do not agree on their width. Behind right-to-left text stands a mark
        on a terminal, so that the numbers of its row keep their places.
        """
        text = one_line(redact(text))
        if self.ascii:
            return "".join(character if character.isascii() else "?" for character in text)
        return text + _LEFT_TO_RIGHT if self.shown and not text.isascii() and _right_to_left(text) else text

    def raw(self, text: str) -> str:
        """A text for other programs: as it is, unless a terminal shows it, which no name in it may steer."""
        return one_line(text) if self.shown else text

    def line(self, text: str) -> str:
        """A whole line as this terminal can show it: where it has ASCII alone, bars and marks in ASCII of the same width."""
        return text.translate(_TO_ASCII) if self.ascii else text


def detect() -> Terminal:
    """What stdout is. ``COLUMNS`` and ``LINES`` count more than what the system says; ``NO_COLOR`` is honoured."""
    shown = sys.stdout.isatty()
    dumb = not shown or os.environ.get("TERM", "dumb") == "dumb"
    size = shutil.get_terminal_size(_SCREEN)
    return Terminal(
        width=size.columns if shown or os.environ.get("COLUMNS") else None,
        height=size.lines if shown or os.environ.get("LINES") else None,
        colour=not dumb and not os.environ.get("NO_COLOR"),
        ascii=not _draws(sys.stdout.encoding or "ascii"),
        shown=shown,
        dumb=dumb,
    )


def _right_to_left(text: str) -> bool:
    from unicodedata import bidirectional

    return any(bidirectional(character) in ("R", "AL") for character in text)


def _draws(encoding: str) -> bool:
    try:
        _DRAWN.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
