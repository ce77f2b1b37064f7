"""CSV as Fased's usage page writes it: LF rows, quotes only where they are needed, and no cell that a spreadsheet calculates.

Fact: Fased's ``ui/src/ui/views/usage-query.ts`` (``csvEscape``, ``toCsvRow``); the guard against formulas is that of later
OpenClaw releases.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

# Spreadsheets pass over blanks before a formula, and take the wide forms of East Asian keyboards for it as well.
_FORMULA = re.compile(r"[\t\r]|[ \t\r\n]*[=+\-@\uff0b\uff0d\uff1d\uff20]")
_QUOTED = re.compile(r'[",\r\n]')

Cell = str | int | None


def row(cells: Iterable[Cell]) -> str:
    """One row without its line break. A number is written as it is, None as nothing."""
    return ",".join(map(cell, cells))


def cell(value: Cell) -> str:
    """One cell, a text with ``'`` before it where a spreadsheet would take it for a formula."""
    if value is None:
        return ""
    if isinstance(value, int):
        return str(value)
    text = f"'{value}" if _FORMULA.match(value) else value
    if _QUOTED.search(text):
        doubled = text.replace('"', '""')
        return f'"{doubled}"'
    return text
