"""A measured figure, what was aimed at, and tables of them."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of a table.

    Attributes:
        what: what was measured.
        value: in ``unit``; None where it was not measured, and ``note`` says why.
        unit: ``ms``, ``s``, ``MB``, ``KiB`` or ``×``.
        best: the smallest of the repeated measurements, in ``unit``.
        limit: the most that it is to be, in ``unit``; None for peers and for what is shown for comparison.
        ratio: the value beside what it is compared with.
        note: a word to it.
    """

    what: str
    value: float | None
    unit: str
    best: float | None = None
    limit: float | None = None
    ratio: float | None = None
    note: str = ""

    @property
    def verdict(self) -> str:
        """``ok`` or ``missed`` where there is a limit."""
        if self.limit is None or self.value is None:
            return ""
        return "ok" if self.value <= self.limit else "missed"


@dataclass(frozen=True, slots=True)
class Section:
    """A table with its heading and how its figures were taken."""

    title: str
    how: str
    figures: Sequence[Figure]


@dataclass(frozen=True, slots=True)
class Table:
    """A table of another form: its own headings, and cells that are text already.

    Attributes:
        missed: what in it is not as it is to be, for the list at the end of the run.
    """

    title: str
    how: str
    headings: Sequence[str]
    cells: Sequence[Sequence[str]]
    missed: Sequence[str] = ()


Part = Section | Table
"""What a measurement gives."""

HEADINGS = ("what", "median", "best", "ratio", "target", "", "note")


def repeated(
    what: str,
    times: Sequence[float],
    unit: str,
    *,
    limit: float | None = None,
    ratio: float | None = None,
    note: str = "",
) -> Figure:
    """The figure for repeated measurements: their median and their minimum."""
    return Figure(what, statistics.median(times), unit, min(times), limit, ratio, note)


def rows(section: Section) -> list[tuple[str, ...]]:
    """The cells of a section's table, without its heading."""
    return [
        (
            figure.what,
            _amount(figure.value, figure.unit),
            _amount(figure.best, figure.unit),
            _amount(figure.ratio, "×"),
            f"≤ {_amount(figure.limit, figure.unit)}" if figure.limit is not None else "",
            figure.verdict,
            figure.note,
        )
        for figure in section.figures
    ]


def missed(part: Part) -> list[str]:
    """What is not as it was aimed at."""
    if isinstance(part, Table):
        return list(part.missed)
    return [figure.what for figure in part.figures if figure.verdict == "missed"]


def as_text(section: Part) -> str:
    """A section for a terminal."""
    table = [*_table(section)]
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    return "\n".join([f"{section.title}", f"  {section.how}", *(f"  {line}" for line in lines)])


def as_markdown(section: Part) -> str:
    """A section for the documentation."""
    head, *body = _table(section)
    shown = [column for column in range(len(head)) if column == 0 or any(row[column] for row in body)]
    lines = [f"## {section.title}", "", section.how, ""]
    lines.append("| " + " | ".join(head[column] for column in shown) + " |")
    lines.append("|" + "|".join("---" if column == 0 or head[column] == "note" else "---:" for column in shown) + "|")
    lines += ["| " + " | ".join(row[column] for column in shown) + " |" for row in body]
    return "\n".join(lines)


def _table(part: Part) -> list[Sequence[str]]:
    return [part.headings, *part.cells] if isinstance(part, Table) else [HEADINGS, *rows(part)]


def _amount(value: float | None, unit: str) -> str:
    if value is None:
        return ""
    digits = 2 if unit in ("×", "s") or abs(value) < 10 else 0
    return f"{value:,.{digits}f} {unit}" if unit != "×" else f"{value:.{digits}f} ×"
