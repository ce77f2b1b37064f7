"""Tables with bars, fitted to the width of the terminal.

Plain text, made here: importing and running rich's tables takes longer than all the rest of ``fased usage``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

_GAP = "  "
_BAR = 24
_SHORTEST_BAR = 6
_SHORTEST_TEXT = 8
_EIGHTHS = " ▏▎▍▌▋▊▉█"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title and its cells.

    Attributes:
        right: set right, as numbers are. Such a column is never cut.
        spare: how soon it is left out where the terminal is narrow; 0 is never, higher goes first.
    """

    title: str
    cells: Sequence[str]
    right: bool = False
    spare: int = 0

    @property
    def width(self) -> int:
        return max(cell_len(cell) for cell in (self.title, *self.cells))


def render(columns: Sequence[Column], shares: Sequence[float], width: int | None) -> list[str]:
    """Lay a table out.

    Args:
        columns: all with the same number of cells; names are to be made ``printable`` before.
        shares: length of each row's bar, from 0 to 1.
        width: columns of the terminal, None for as wide as it gets (not a terminal).

    Returns:
        The lines, with the titles first and no blanks at their ends.
    """
    kept = list(columns)
    while width is not None and _total(kept) > width and any(column.spare for column in kept):
        kept.remove(max(kept, key=lambda column: column.spare))
    widths = [column.width for column in kept]
    while width is not None and sum(widths) + len(_GAP) * (len(kept) - 1) > width:
        texts = [place for place, column in enumerate(kept) if not column.right]
        widest = max(texts, key=lambda place: widths[place], default=None)
        if widest is None or widths[widest] <= _SHORTEST_TEXT:
            break
        widths[widest] -= 1
    room = _BAR if width is None else width - sum(widths) - len(_GAP) * len(kept)
    lines = [_line([column.title for column in kept], kept, widths)]
    for row, share in enumerate(shares):
        text = _line([column.cells[row] for column in kept], kept, widths)
        lines.append(text + _GAP + bar(share, min(room, _BAR)) if room >= _SHORTEST_BAR else text)
    return [line.rstrip() for line in lines]


def bar(share: float, width: int) -> str:
    """A bar of ``share`` (0 to 1) of ``width`` characters, in steps of an eighth; whatever is not 0 can be seen."""
    eighths = round(min(max(share, 0.0), 1.0) * width * 8)
    if share > 0:
        eighths = max(eighths, 1)
    full, rest = divmod(eighths, 8)
    return _EIGHTHS[8] * full + (_EIGHTHS[rest] if rest else "")


def printable(text: str) -> str:
    """A name from elsewhere, without what could steer a terminal."""
    return text if text.isprintable() else "".join(char if char.isprintable() else "�" for char in text)


def _total(columns: Sequence[Column]) -> int:
    return sum(column.width for column in columns) + len(_GAP) * (len(columns) - 1)


def _line(cells: Sequence[str], columns: Sequence[Column], widths: Sequence[int]) -> str:
    parts = []
    for cell, column, width in zip(cells, columns, widths, strict=True):
        length = cell_len(cell)
        if length > width:
            parts.append(_cut(cell, width))
        else:
            blanks = " " * (width - length)
            parts.append(blanks + cell if column.right else cell + blanks)
    return _GAP.join(parts)


def _cut(text: str, width: int) -> str:
    """Both ends of a name: session keys have the same beginning."""
    tail = text[len(text) // 2 :]
    while cell_len(tail) > width // 2:
        tail = tail[1:]
    return set_cell_size(text, width - 1 - cell_len(tail)) + "…" + tail
