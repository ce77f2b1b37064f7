"""The newest week that has calls, for who looks at a history that ended before this week began."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from .dialect import SQLITE, Connection, Dialect
from .query import DAY, Query
from .report import build
from .windows import DEFAULT_DAYS


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
