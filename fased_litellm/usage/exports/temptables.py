"""The calls of a query, summed up once for all parts of an export, in temporary tables.

However many sessions there are, they stay in SQLite, which moves to disk what does not fit into its cache.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from ..query.calendar.timezones import DAY_MS, Span, day_of
from ..query.conditions import conditions
from ..query.dialect import SQLITE, Conditions
from ..query.planner import Grain, stretches
from ..query.query import Query
from ..query.sql import parts
from ..query.totals import Totals

NAMES = ("session", "provider", "model", "agent", "channel", "source")
"""The names by which calls are told apart, besides their day."""
_BUCKET_MS = 900_000
_BY_DAY = Grain(day=True)
_ACTIVITY = ("user_messages", "assistant_messages", "tool_calls", "tool_results", "errors")


class Gathering:
    """What is exported.

    Args:
        connection: to a ledger, in a transaction, so that all parts are of one state of it. It gets temporary tables.
        query: window, zone and filters; the rest of it does not matter.

    Raises:
        UsageError: the filter asks for what a report does not have.
        sqlite3.Error: the ledger cannot be read.
    """

    def __init__(self, connection: sqlite3.Connection, query: Query) -> None:
        self.query = query
        self._connection = connection
        self.conditions: Conditions = conditions(query, SQLITE)
        self.window = self._extent()
        self.spans: list[Span] = [part.span for part in stretches(*self.window, query.zone, _BY_DAY)]
        self._starts = [span.from_ms for span in self.spans]
        self._days: dict[int, str] = {}
        self._sum_up()
        self._rank()
        self._watch()

    def day(self, at_ms: int) -> str:
        """The day of a moment within the window, in the query's zone."""
        bucket = at_ms // _BUCKET_MS  # in none of which the offset changes, nor the day begins
        found = self._days.get(bucket)
        if found is None:
            span = self.spans[bisect_right(self._starts, at_ms) - 1]
            found = self._days[bucket] = str(day_of((at_ms + span.offset_ms) // DAY_MS))
        return found

    def totals(self) -> Totals:
        """Of all calls."""
        ((_, totals),) = self.by()
        return totals

    def by(self, *keys: str) -> Iterator[tuple[tuple[Any, ...], Totals]]:
        """The sums of the groups that agree in these keys: some of ``NAMES``, and ``day``, which is a number."""
        sums = ", ".join(f"coalesce(sum({name}), 0)" for name in Totals._fields)
        grouped = f"GROUP BY {', '.join(keys)} ORDER BY {', '.join(keys)}" if keys else ""
        rows = self.rows(f"SELECT {', '.join([*keys, sums])} FROM temp.exported_part {grouped}")  # noqa: S608 - names of columns
        return ((row[: len(keys)], Totals(*row[len(keys) :])) for row in rows)

    def rows(self, sql: str, values: Sequence[Any] = ()) -> Iterator[tuple[Any, ...]]:
        """The rows of a statement."""
        return iter(self._connection.execute(sql, values))

    def _extent(self) -> tuple[int, int]:
        """The part of the window in which there is anything: nobody wants the days of fifty years."""
        sql = "SELECT (SELECT min(started_at_ms) FROM call), (SELECT max(started_at_ms) FROM call)"
        (first, last), *_ = self.rows(sql)
        if first is None:
            return self.query.from_ms, self.query.from_ms
        begin, end = first // DAY_MS * DAY_MS, (last // DAY_MS + 1) * DAY_MS
        return max(self.query.from_ms, begin), min(self.query.to_ms, end)

    def _sum_up(self) -> None:
        sums = Totals._fields
        self._make("exported_part", [*NAMES, "day"], sums)
        select = parts(self.window, self.query.zone, _BY_DAY, sums, SQLITE, sessions=True, names=True)
        if select is None:
            return
        keys = [*(f"dimension.{name}" for name in NAMES), "part.at"]
        self._connection.execute(
            f"INSERT INTO temp.exported_part {self._with()}"  # noqa: S608 - names of columns; what people wrote is bound
            f"SELECT {', '.join([*keys, *(f'sum(part.{name})' for name in sums)])} FROM ({select}) AS part "
            f"CROSS JOIN dimension ON dimension.id = part.dimension {self._where()} GROUP BY {', '.join(keys)} HAVING sum(part.calls) > 0",
            self.conditions.values,
        )
        self._connection.execute("CREATE INDEX temp.exported_part_session ON exported_part (session, day)")

    def _rank(self) -> None:
        """One row per session, those with the most tokens first, as Fased's usage page has them."""
        self._connection.execute("DROP TABLE IF EXISTS temp.exported_session")
        self._connection.execute(
            "CREATE TEMP TABLE exported_session (place INTEGER PRIMARY KEY, session TEXT NOT NULL)"
        )
        self._connection.execute(
            "INSERT INTO temp.exported_session (session) SELECT session FROM temp.exported_part GROUP BY session "
            "ORDER BY sum(total_tokens) DESC, sum(cost_pico) DESC, session"
        )

    def _watch(self) -> None:
        """What went on in the transcripts of these sessions, to a quarter of an hour."""
        first, last = self.window[0] // _BUCKET_MS, -(-self.window[1] // _BUCKET_MS)
        spans = ", ".join(
            f"({max(span.from_ms // _BUCKET_MS, first)}, {min(-(-span.to_ms // _BUCKET_MS), last)}, {span.offset_ms})"
            for span in self.spans
        )
        self._make("exported_activity", ["session", "day"], _ACTIVITY)
        self._make("exported_tool", ["session", "name"], ["calls"])
        if not spans:
            return
        source = (
            "JOIN conversation ON conversation.id = part.conversation "
            "WHERE conversation.session IN (SELECT session FROM temp.exported_session)"
        )
        self._connection.execute(
            "INSERT INTO temp.exported_activity "  # noqa: S608 - whole numbers and names of columns
            f"SELECT conversation.session, (part.bucket * {_BUCKET_MS} + span.column3) / {DAY_MS} AS day, "
            f"{', '.join(f'sum(part.{name})' for name in _ACTIVITY)} FROM (VALUES {spans}) AS span "
            f"CROSS JOIN activity AS part ON part.bucket >= span.column1 AND part.bucket < span.column2 {source} GROUP BY 1, 2"
        )
        self._connection.execute(
            "INSERT INTO temp.exported_tool SELECT conversation.session, part.name, sum(part.calls) "  # noqa: S608
            f"FROM tool_use AS part {source} AND part.bucket >= {first} AND part.bucket < {last} GROUP BY 1, 2"
        )
        self._connection.execute("CREATE INDEX temp.exported_activity_session ON exported_activity (session, day)")
        self._connection.execute("CREATE INDEX temp.exported_tool_session ON exported_tool (session)")

    def _make(self, table: str, names: Iterable[str], sums: Iterable[str]) -> None:
        self._connection.execute(f"DROP TABLE IF EXISTS temp.{table}")
        columns = [*(f"{name} {'INTEGER' if name == 'day' else 'TEXT'} NOT NULL" for name in names)]
        columns += [f"{name} INTEGER NOT NULL" for name in sums]
        self._connection.execute(f"CREATE TEMP TABLE {table} ({', '.join(columns)})")

    def _with(self) -> str:
        ctes = ", ".join(f"{name} AS ({sql})" for name, sql in self.conditions.ctes.items())
        return f"WITH {ctes} " if ctes else ""

    def _where(self) -> str:
        return f"WHERE {' AND '.join(self.conditions.terms)}" if self.conditions.terms else ""
