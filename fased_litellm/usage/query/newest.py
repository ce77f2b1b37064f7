"""Where the newest calls are: the week of them, for who looks at a history that ended before this week began; and those of the
future, which a clock that ran ahead has made."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple

from .calendar.windows import DEFAULT_DAYS
from .dialect import SQLITE, Connection, Dialect
from .query import DAY, Query
from .report import build

LAST_REPORTED = date(9999, 11, 30)
"""A report needs the month after its last one, and calendars end with the year 9999."""


def newest_week(connection: Connection, query: Query, dialect: Dialect = SQLITE) -> Query | None:
    """The same question about the last ``DEFAULT_DAYS`` days up to the newest call, None where no call is older.

    Args:
        connection: of the database.
        query: found no calls; its end is where is looked for older ones.
        dialect: the database's.

    Raises:
        UsageError: the filter asks for what this database does not have.
        sqlite3.Error: it cannot be read; of another database, that one's error.
    """
    days = build(connection, replace(query, from_ms=0, by=(DAY,), sort=None, top=None), dialect)
    newest = max((group.key[0] for group in days.groups if group.key[0]), default=None)
    if newest is None:
        return None
    last = date.fromisoformat(newest)
    first = last - timedelta(days=DEFAULT_DAYS - 1)
    return replace(
        query, from_ms=max(0, query.zone.start_of(first)), to_ms=query.zone.start_of(last + timedelta(days=1))
    )


class Future(NamedTuple):
    """Calls from after the end of a window that ends with today.

    Attributes:
        calls: how many.
        day: of the newest.
        to_ms: the end of that day, or of ``LAST_REPORTED``.
    """

    calls: int
    day: date
    to_ms: int


def future(connection: Connection, query: Query, dialect: Dialect = SQLITE) -> Future | None:
    """The calls from after the window of a query, whatever else it asks for; None where there are none.

    Raises:
        sqlite3.Error: it cannot be read; of another database, that one's error.
    """
    condition = f"started_at_ms >= {dialect.mark} AND call.counted"
    sql = f"SELECT count(*), max(started_at_ms) FROM {dialect.call} AS call WHERE {condition}"  # noqa: S608 - of our own
    for calls, newest in connection.execute(sql, (query.to_ms,)):
        if calls:
            day = query.zone.day(newest)
            return Future(calls, day, query.zone.start_of(min(day, LAST_REPORTED) + timedelta(days=1)))
    return None
