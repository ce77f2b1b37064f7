"""What one screen of ``fased usage`` says: totals, how they spread over time, who used the most, what failed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from .calendar.timezones import UTC_ZONE
from .conditions import conditions
from .dialect import SQLITE, Conditions, Connection, Dialect
from .names import NONE
from .planner import Grain
from .query import Query
from .report import UsageReport, build
from .sql import parts
from .timeseries import Spread, axis
from .totals import SUMS, Totals

MOST_ROWS = 10


class GroupRow(NamedTuple):
    """A group of calls.

    Attributes:
        name: its key in one text, None for none: a model as ``provider/model``.
        totals: what the calls sum up to.
        trend: its sizes in the times of the overview's ``spread``.
        label: what people call it, None for nothing.
    """

    name: str | None
    totals: Totals
    trend: tuple[int, ...] = ()
    label: str | None = None


class Ranking(NamedTuple):
    """The groups of one dimension that used the most, the first one most.

    Attributes:
        by: the dimension, as after ``--by``.
        rows: the first of them, up to ``MOST_ROWS``.
        groups: how many there are in all.
    """

    by: str
    rows: tuple[GroupRow, ...]
    groups: int


class FailureGroup(NamedTuple):
    """Calls that failed of one cause.

    Attributes:
        cause: as in ``proxy.causes``, or the status where no cause is known.
        origin: who failed, None where that is not known.
        calls: how many.
        newest_ms: when the newest began, milliseconds since 1970 UTC.
        model: what the newest asked for, ``provider/model``, None where it is not known.
    """

    cause: str
    origin: str | None
    calls: int
    newest_ms: int
    model: str | None


class Overview(NamedTuple):
    """One screen.

    Attributes:
        report: the totals and what is unpriced.
        spread: of all calls over the window.
        models, agents, sessions: who used the most.
        failures: the newest first.
    """

    report: UsageReport
    spread: Spread
    models: Ranking
    agents: Ranking
    sessions: Ranking
    failures: tuple[FailureGroup, ...]


def overview(connection: Connection, query: Query, dialect: Dialect = SQLITE) -> Overview:
    """Ask a database for a screen. The time this takes grows with names and days, not with the calls.

    Args:
        connection: of the database.
        query: the window, the zone and the filters; the rest of it does not matter.
        dialect: the database's.

    Raises:
        UsageError: the filter asks for what this database does not have.
        sqlite3.Error: it cannot be read; of another database, that one's error.
    """
    query = replace(query, sort=None, top=None, cost_parts=False)
    per, times = axis(connection, query, dialect)
    report = build(connection, replace(query, by=("provider", "model", "agent", per)), dialect)
    empty = Spread(per, times, (), report.totals.cost_pico > 0)
    spread = empty._replace(sizes=empty.of((group.key[3], group.totals) for group in report.groups))
    return Overview(
        report=report,
        spread=spread,
        models=_ranking("model", report, ("provider", "model"), spread),
        agents=_ranking("agent", report, ("agent",), spread),
        sessions=_sessions(connection, query, dialect, spread),
        failures=_failures(connection, query, dialect) if report.totals.failed else (),
    )


def _ranking(by: str, report: UsageReport, names: tuple[str, ...], spread: Spread) -> Ranking:
    whole = report.regroup(names)
    places = [report.by.index(name) for name in names]
    shown = {group.key for group in whole.groups[:MOST_ROWS]}
    trends: dict[tuple[str | None, ...], list[tuple[str | None, Totals]]] = {}
    for group in report.groups:
        key = tuple(group.key[place] for place in places)
        if key in shown:
            trends.setdefault(key, []).append((group.key[3], group.totals))
    rows = (
        GroupRow(_joined(group.key), group.totals, spread.of(trends[group.key])) for group in whole.groups[:MOST_ROWS]
    )
    return Ranking(by, tuple(rows), len(whole.groups))


def _sessions(connection: Connection, query: Query, dialect: Dialect, spread: Spread) -> Ranking:
    found, count = _dearest_sessions(connection, query, dialect)
    names = tuple(found)
    trends: dict[str | None, list[tuple[str | None, Totals]]] = {}
    if found:
        asked = replace(
            query,
            by=("session", spread.per),
            filters={**query.filters, "session": tuple(name or NONE for name in names)},
        )
        for group in build(connection, asked, dialect).groups:
            trends.setdefault(group.key[0], []).append((group.key[1], group.totals))
    labels = _labels(connection, dialect, names)
    rows = (
        GroupRow(name or None, totals, spread.of(trends.get(name or None, ())), labels.get(name))
        for name, totals in found.items()
    )
    return Ranking("session", tuple(rows), count)


def _dearest_sessions(connection: Connection, query: Query, dialect: Dialect) -> tuple[dict[str, Totals], int]:
    """The first sessions of a report by session, and how many it has: there may be too many to fetch them all."""
    window = (query.from_ms, query.to_ms)
    made = conditions(query, dialect)
    select = parts(window, UTC_ZONE, Grain(), SUMS, dialect, sessions=True, names=True)
    sums = [f"sum(part.{name})" for name in SUMS]
    sql = (
        f"{_with(made)}SELECT dimension.session, count(*) OVER (), {', '.join(sums)} FROM ({select}) AS part "  # noqa: S608 - see `_failures`
        f"{dialect.join} {dialect.dimension} AS dimension ON dimension.id = part.dimension "
        f"{'WHERE ' + ' AND '.join(made.terms) if made.terms else ''} GROUP BY dimension.session "
        f"ORDER BY sum(part.cost_pico) DESC, sum(part.total_tokens) DESC, dimension.session LIMIT {MOST_ROWS}"
    )
    rows = list(connection.execute(sql, made.values))
    return {row[0]: Totals(*map(int, row[2:])) for row in rows}, int(rows[0][1]) if rows else 0


def _labels(connection: Connection, dialect: Dialect, sessions: Sequence[str]) -> dict[str, str]:
    if not dialect.conversations or not sessions:
        return {}
    marks = ", ".join([dialect.mark] * len(sessions))
    sql = (
        f"SELECT session, label FROM conversation WHERE session IN ({marks}) AND label <> '' "  # noqa: S608 - marks alone
        "ORDER BY coalesce(updated_at_ms, 0)"
    )
    return {str(session): str(label) for session, label in connection.execute(sql, tuple(sessions))}


def _with(made: Conditions) -> str:
    ctes = ", ".join(f"{name} AS ({sql})" for name, sql in made.ctes.items())
    return f"WITH {ctes} " if ctes else ""


def _failures(connection: Connection, query: Query, dialect: Dialect) -> tuple[FailureGroup, ...]:
    made = conditions(query, dialect)
    window = (query.from_ms, query.to_ms)
    # Single calls have the cause. The sums tell of which names they have to be looked up.
    select = parts(window, UTC_ZONE, Grain(), ("failed",), dialect, sessions=True, names=True, only="failed")
    terms = [
        "dimension.status IN ('error', 'interrupted')",
        f"dimension.id IN (SELECT part.dimension FROM ({select}) AS part WHERE part.failed > 0)",  # noqa: S608
        f"call.started_at_ms >= {query.from_ms}",
        f"call.started_at_ms < {query.to_ms}",
        "call.counted",
        *made.terms,
    ]
    keys = "coalesce(call.cause, dimension.status), call.origin, dimension.provider, dimension.model"
    # Names of columns come from the tables in this package; all that comes from people is bound.
    sql = (
        f"{_with(made)}SELECT {keys}, count(*), max(call.started_at_ms) "  # noqa: S608
        f"FROM {dialect.dimension} AS dimension {dialect.join} {dialect.call} AS call ON call.dimension = dimension.id "
        f"WHERE {' AND '.join(terms)} GROUP BY {keys}"
    )
    found: dict[tuple[str, str | None], FailureGroup] = {}
    for cause, origin, provider, model, calls, newest in connection.execute(sql, made.values):
        seen = found.get((cause, origin))
        name = _joined((provider or None, model or None))
        if seen is None or newest > seen.newest_ms:
            found[cause, origin] = FailureGroup(
                cause, origin, int(calls) + (seen.calls if seen else 0), int(newest), name
            )
        else:
            found[cause, origin] = seen._replace(calls=seen.calls + int(calls))
    return tuple(sorted(found.values(), key=lambda failure: (-failure.newest_ms, failure.cause)))


def _joined(key: Sequence[str | None]) -> str | None:
    return "/".join(part for part in key if part) or None
