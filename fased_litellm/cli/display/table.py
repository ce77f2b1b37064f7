"""Tables with bars, fitted to the width of the terminal.

Plain text, made here: importing and running rich's tables takes longer than all the rest of ``fased usage``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len, set_cell_size

from .terminal import Colour, Terminal

__all__ = ["Column", "TableLayout", "bar", "cut", "length", "render"]

_GAP = "  "
_BAR = 24
_SHORTEST_BAR = 6
_BEFORE_BARS = 4
"""Columns that are so much spare are left out before bars are."""
_SHORTEST_TEXT = 8
_EIGHTHS = " ▏▎▍▌▋▊▉█"


class Column(NamedTuple):
    """A column: its title and its cells.

    Attributes:
        right: set right, as numbers are. Such a column is never cut.
        spare: how soon it is left out where the terminal is narrow; 0 is never, higher goes first.
        colour: of its cells, all but ``0``.
    """

    title: str
    cells: Sequence[str]
    right: bool = False
    spare: int = 0
    colour: Colour | None = None

    @property
    def width(self) -> int:
        return max(map(length, (self.title, *self.cells)))


class TableLayout:
    """Columns, and how wide each is.

    Args:
        columns: all with the same number of cells; names are to be ``Terminal.name``.
        terminal: what they are shown on.
        bars: whether a bar may follow each row.
    """

    def __init__(self, columns: Sequence[Column], terminal: Terminal, *, bars: bool = True) -> None:
        width = terminal.width
        kept = list(columns)
        least = len(_GAP) + _SHORTEST_BAR if bars else 0
        while width is not None:
            spare = max(kept, key=lambda column: column.spare)
            if _total(kept) + (least if spare.spare >= _BEFORE_BARS else 0) <= width or not spare.spare:
                break
            kept.remove(spare)
        widths = [column.width for column in kept]
        while width is not None and sum(widths) + len(_GAP) * (len(kept) - 1) > width:
            texts = [place for place, column in enumerate(kept) if not column.right]
            widest = max(texts, key=lambda place: widths[place], default=None)
            if widest is None or widths[widest] <= _SHORTEST_TEXT:
                break
            widths[widest] -= 1
        self._columns, self._widths, self._terminal = kept, widths, terminal
        room = _BAR if width is None else min(width - sum(widths) - len(_GAP) * len(kept), _BAR)
        self._bar = room if bars and room >= _SHORTEST_BAR else 0

    def titles(self, first: str | None = None) -> str:
        """The line of titles; ``first`` in place of that of the first column."""
        titles = [column.title for column in self._columns]
        if first is not None:
            titles[0] = first
        cells = zip(self._columns, self._widths, titles, strict=True)
        return self._terminal.paint(
            _GAP.join(_set(text, column, width) for column, width, text in cells).rstrip(), "title"
        )

    def row(self, number: int, share: float = 0.0) -> str:
        """A row, with a bar for its share (0 to 1), and without blanks at its end."""
        parts = []
        for column, width in zip(self._columns, self._widths, strict=True):
            text = column.cells[number]
            padded = _set(text, column, width)
            if column.colour and text not in ("", "0"):
                shown = padded.strip()
                padded = padded.replace(shown, self._terminal.paint(shown, column.colour))
            parts.append(padded)
        if self._bar:
            parts.append(self._terminal.paint(bar(share, self._bar), "bar"))
        return _GAP.join(parts).rstrip()


def render(columns: Sequence[Column], shares: Sequence[float], terminal: Terminal | int | None) -> list[str]:
    """A whole table.

    Args:
        columns: as for ``TableLayout``.
        shares: length of each row's bar, from 0 to 1.
        terminal: what it is shown on, or its width alone, None for as wide as it gets.

    Returns:
        The lines, with the titles first.
    """
    layout = TableLayout(columns, terminal if isinstance(terminal, Terminal) else Terminal(width=terminal))
    return [layout.titles(), *(layout.row(number, share) for number, share in enumerate(shares))]


def bar(share: float, width: int) -> str:
    """A bar of ``share`` (0 to 1) of ``width`` characters, in steps of an eighth; whatever is not 0 can be seen."""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    if share > 0:
        eighths = max(eighths, 1)
    full, rest = divmod(eighths, 8)
    return _EIGHTHS[8] * full + (_EIGHTHS[rest] if rest else "")


def length(text: str) -> int:
    """How many columns of a terminal a text takes."""
    found: int = cell_len(text)
    return found


def cut(text: str, width: int) -> str:
    """A text of at most ``width`` columns: both ends of a longer one, since session keys have the same beginning."""
    if length(text) <= width:
        return text
    if width < 1:
        return ""
    tail = text[len(text) // 2 :]
    while length(tail) > width // 2:
        tail = tail[1:]
    return set_cell_size(text, width - 1 - length(tail)) + "…" + tail


def _total(columns: Sequence[Column]) -> int:
    return sum(column.width for column in columns) + len(_GAP) * (len(columns) - 1)


def _set(text: str, column: Column, width: int) -> str:
    text = cut(text, width)
    blanks = " " * (width - length(text))
    return blanks + text if column.right else text + blanks
