"""How usage spreads over the hours, days or months of a window: what a sparkline is drawn from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple

from .calendar.timezones import DAY_MS, UTC_ZONE
from .dialect import SQLITE, Connection, Dialect
from .periods import PeriodNames
from .planner import HOUR_MS, Grain
from .query import DAY, HOUR, MONTH, Query
from .report import build
from .totals import Totals

LONGEST_BY_DAY = 92
"""Windows of more days than that are told apart by months."""


class Spread(NamedTuple):
    """Sizes over time.

    Attributes:
        per: ``hour``, ``day`` or ``month``.
        times: every one of the window, in order, as reports name it; of a long window, from the first with calls on.
        sizes: one for each.
        by_cost: whether they are costs, in 10⁻¹² USD; tokens otherwise, where nothing has a price.
    """

    per: str
    times: tuple[str, ...]
    sizes: tuple[int, ...]
    by_cost: bool

    def of(self, parts: Iterable[tuple[str | None, Totals]]) -> tuple[int, ...]:
        """The sizes of some of the calls, from what they sum up to in each time."""
        places = {name: place for place, name in enumerate(self.times)}
        sizes = [0] * len(places)
        for time, totals in parts:
            sizes[places[time or ""]] += size(totals, by_cost=self.by_cost)
        return tuple(sizes)


def size(totals: Totals, *, by_cost: bool) -> int:
    """How large a part is drawn: its cost in 10⁻¹² USD, or its tokens."""
    return totals.cost_pico if by_cost else totals.total_tokens


def spread(connection: Connection, query: Query, dialect: Dialect = SQLITE) -> Spread:
    """Ask a database how the calls of a query spread over its window.

    Raises:
        UsageError: the filter asks for what this database does not have.
        sqlite3.Error: it cannot be read; of another database, that one's error.
    """
    query = replace(query, sort=None, top=None, cost_parts=False)
    per, times = axis(connection, query, dialect)
    report = build(connection, replace(query, by=(per,)), dialect)
    empty = Spread(per, times, (), report.totals.cost_pico > 0)
    return empty._replace(sizes=empty.of((group.key[0], group.totals) for group in report.groups))


def axis(connection: Connection, query: Query, dialect: Dialect) -> tuple[str, tuple[str, ...]]:
    """What a window is told apart by, and the names of its times."""
    begin = query.from_ms
    if query.to_ms - begin > LONGEST_BY_DAY * DAY_MS:
        # Perhaps most of it is empty, as of the whole history.
        months = [group.key[0] for group in build(connection, replace(query, by=(MONTH,)), dialect).groups]
        if not months:
            return MONTH, ()
        begin = max(begin, query.zone.start_of(date.fromisoformat(f"{months[0]}-01")))
    first, last = query.zone.day(begin), query.zone.day(query.to_ms - 1)
    days = (last - first).days + 1
    if days == 1:
        return HOUR, _hours(query, begin)
    dates = (first + timedelta(days=number) for number in range(days))
    if days <= LONGEST_BY_DAY:
        return DAY, tuple(map(str, dates))
    return MONTH, tuple(dict.fromkeys(str(day)[:7] for day in dates))


def _hours(query: Query, begin: int) -> tuple[str, ...]:
    names = PeriodNames((HOUR,), Grain(hour=True), utc=query.zone is UTC_ZONE)
    found: dict[str, None] = {}
    for span in query.zone.spans(begin, query.to_ms):
        first, last = (span.from_ms + span.offset_ms) // HOUR_MS, (span.to_ms + span.offset_ms - 1) // HOUR_MS
        found.update((names.of((number, span.offset_ms))[0], None) for number in range(first, last + 1))
    return tuple(found)
