"""``fased usage`` alone: the window on one screen. Pure: an overview and a terminal make lines."""

from __future__ import annotations

from collections.abc import Sequence

from ....formatting import tokens
from ....usage.query.overview import GroupRow, Overview, Ranking
from ....usage.query.timeseries import size
from ...display import text
from ...display.sparkline import sparkline
from ...display.table import Column, TableLayout, cut
from ...display.terminal import Terminal
from ...output import ORIGINS

_LINES = 23
"""What a screen of 24 lines leaves above the prompt."""
_WIDTH = 120
"""What names are cut for where there is no terminal."""
_ROOMY = 100
_NUMBERS, _NUMBERS_AND_BAR, _SHORTEST_NAME = 52, 69, 20
"""What numbers, a sparkline and a short bar take; what they take with a long one, from ``_ROOMY`` on; names at least."""
_TREND = 14
"""The most blocks of a row's sparkline."""
_WIDE = 78
"""From this width on, rows have room for one."""
_ORIGINS = {str(origin): words for origin, words in ORIGINS.items()}
_TITLES = {"model": "Model", "agent": "Agent", "session": "Session"}


def lines(overview: Overview, terminal: Terminal) -> list[str]:
    """The screen.

    Args:
        overview: with at least one call.
        terminal: what it is shown on. On a higher one there are more rows.
    """
    report = overview.report
    head = [
        f"Usage, {text.period(report.from_ms, report.to_ms, report.zone)}",
        text.summary(report.totals, terminal.width),
    ]
    if spread := text.spread_line(overview.spread, terminal):
        head.append(spread)
    unpriced = text.unpriced(report, terminal)
    rankings = [overview.models, overview.agents, overview.sessions]
    parts = [*(len(ranking.rows) for ranking in rankings), len(overview.failures)]
    # Each part has a line between it and the one above, and one of titles; the last line says where the rest is.
    fixed = len(head) + 2 * len(rankings) + (1 + len(unpriced) if unpriced else 0) + (2 if parts[-1] else 0) + 1
    *shown, failed = allot(parts, (terminal.height - 1 if terminal.height else _LINES) - fixed)
    found = [*head, *_rankings(overview, rankings, shown, terminal)]
    if unpriced:
        found += ["", *unpriced]
    if failed:
        found += ["", *_failures(overview, failed, terminal)]
    if hidden := [ranking.by for ranking, rows in zip(rankings, shown, strict=True) if ranking.groups > rows]:
        others = f" (or {', '.join(hidden[1:])})" if hidden[1:] else ""
        found.append(terminal.paint(f"→ All of them: fased usage --by {hidden[0]}{others}", "dim"))
    return [terminal.line(line) for line in found]


def allot(wanted: Sequence[int], lines: int) -> list[int]:
    """How many rows each part gets: one of its own at least, the others in turns."""
    given = [min(number, 1) for number in wanted]
    left = lines - sum(given)
    while left > 0 and (waiting := [place for place, number in enumerate(wanted) if given[place] < number]):
        for place in waiting[:left]:
            given[place] += 1
        left -= len(waiting)
    return given


def _rankings(overview: Overview, rankings: Sequence[Ranking], shown: Sequence[int], terminal: Terminal) -> list[str]:
    """The parts as one table, so that the numbers of all stand in the same columns and bars can be compared."""
    rows = [row for ranking, number in zip(rankings, shown, strict=True) for row in ranking.rows[:number]]
    titles = [_title(ranking, number) for ranking, number in zip(rankings, shown, strict=True)]
    totals = [row.totals for row in rows]
    width = terminal.width or _WIDTH
    widest = max(width - (_NUMBERS if width < _ROOMY else _NUMBERS_AND_BAR), _SHORTEST_NAME)
    columns = [
        Column(max(titles, key=len), [cut(_name(row, terminal), widest) for row in rows]),
        Column("Calls", [f"{part.calls:,}" for part in totals], right=True),
        Column("Failed", [f"{part.failed:,}" for part in totals], right=True, spare=1, colour="bad"),
        Column("Tokens", [tokens(part.total_tokens) for part in totals], right=True, spare=2),
        Column("Cost", [text.short_cost(part) for part in totals], right=True),
    ]
    if not any(part.failed for part in totals):
        del columns[2]
    spread = overview.spread
    if len(spread.times) > 1 and (terminal.width is None or terminal.width >= _WIDE):
        per = f"Per {spread.per}" if len(spread.times) <= _TREND else "Trend"
        columns.append(Column(per, [sparkline(row.trend, width=_TREND) for row in rows], spare=3, colour="bar"))
    layout = TableLayout(columns, terminal)
    sizes = [size(part, by_cost=spread.by_cost) for part in totals]
    largest = max(sizes, default=0)
    found: list[str] = []
    place = 0
    for number, title in zip(shown, titles, strict=True):
        found += ["", layout.titles(title) if not place else terminal.paint(title, "title")]
        for _ in range(number):
            found.append(layout.row(place, sizes[place] / largest if largest else 0.0))
            place += 1
    return found


def _title(ranking: Ranking, shown: int) -> str:
    return _TITLES[ranking.by] + (f", {shown} of {ranking.groups:,}" if ranking.groups > shown else "")


def _name(row: GroupRow, terminal: Terminal) -> str:
    name = terminal.name(row.name or "-")
    return f"{terminal.name(row.label)} · {name}" if row.label else name


def _failures(overview: Overview, shown: int, terminal: Terminal) -> list[str]:
    some = overview.failures[:shown]
    more = f", {shown} of {len(overview.failures)}" if len(overview.failures) > shown else ""
    zone = overview.report.zone
    columns = [
        Column(f"Failures{more}", [terminal.name(failure.cause) for failure in some]),
        Column("Calls", [f"{failure.calls:,}" for failure in some], right=True, colour="bad"),
        Column("Newest", [text.moment(failure.newest_ms, zone) for failure in some]),
        Column("Where", [_ORIGINS.get(failure.origin or "", "-") for failure in some], spare=2),
        Column("Model", [terminal.name(failure.model or "-") for failure in some], spare=1),
    ]
    layout = TableLayout(columns, terminal, bars=False)
    return [layout.titles(), *(layout.row(number) for number in range(len(some)))]
