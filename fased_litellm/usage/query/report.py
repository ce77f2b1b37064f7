"""Answer a query. The SQL sums up by names and times; sorting, cutting and naming the groups is done here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, NamedTuple, cast

from ...documents import Cost, Count, Doc, FromTo, TypedDict
from ..money import to_number
from ..record import iso
from .calendar.timezones import UTC_ZONE, Zone
from .conditions import conditions, needs_sessions
from .dialect import SQLITE, Connection, Dialect
from .periods import PeriodNames
from .planner import Grain
from .query import ALL_COLUMNS, HOST, TIMES, Query, Sort
from .sorting import in_order
from .sql import grain_columns, parts
from .tasknames import shown_keys, task_names
from .totals import COUNTS, SUMS, Group, Totals, UsageGroup, UsageRest, UsageTotals, add

__all__ = ["COUNTS", "Group", "Rest", "Totals", "Unpriced", "UsageReport", "add", "build", "empty"]

REPRICE = "fased usage reprice"
"""The command that computes the cost of calls whose price was not known."""


class Rest(NamedTuple):
    """The groups that ``top`` left out, ``groups`` of them, summed up."""

    groups: int
    totals: Totals


class Unpriced(NamedTuple):
    """Calls of one model that used something at a price that is not known."""

    provider: str | None
    model: str | None
    calls: int
    tokens: int


class Estimates(NamedTuple):
    """Calls whose cost, in pico-USD, is an estimate; it is in the sums."""

    calls: int
    cost_pico: int


NO_ESTIMATES = Estimates(0, 0)


Dimension = Annotated[str, Doc(enum=[*ALL_COLUMNS, *TIMES])]


class UnpricedModel(TypedDict):
    """Calls of one model whose cost is not known."""

    provider: str | None
    model: str | None
    calls: Count
    tokens: Count


class UnpricedUsage(TypedDict):
    """What is not in ``costUsd`` since its price is not known."""

    calls: Count
    tokens: Count
    models: Annotated[list[UnpricedModel], Doc("Most tokens first.")]
    command: Annotated[str | None, Doc("What computes these costs once the prices are known; null if none is missing.")]


class EstimatedUsage(TypedDict):
    """Calls whose cost is an estimate. It is in the sums."""

    calls: Count
    costUsd: Cost


class UsageReportDocument(FromTo, TypedDict):
    """The document of ``fased usage --json``."""

    timeZone: Annotated[str, Doc("Whose hours, days, weeks and months are in by: UTC, Europe/Berlin, +02:00, local.")]
    by: list[Dimension]
    groups: Annotated[
        list[UsageGroup],
        Doc("As --sort says; by itself, in the order of time where by has a time, else dearest first."),
    ]
    other: Annotated[UsageRest | None, Doc("What --top left out; null if nothing.")]
    totals: Annotated[UsageTotals, Doc("Of all calls, those in other as well.")]
    unpriced: UnpricedUsage
    estimates: Annotated[EstimatedUsage, Doc("What of the cost is not exact.")]


@dataclass(frozen=True, slots=True)
class UsageReport:
    """The answer to a query.

    Attributes:
        from_ms, to_ms: the window, with an exclusive end.
        by: the dimensions.
        groups: in the order that was asked for; by itself, in that of time where a time is one of the dimensions, and
            else the dearest first, then by tokens. Empty if ``by`` is.
        totals: of all calls in the window that pass the filters, also of those in ``other``.
        zone: whose days, weeks, months and hours the groups have.
        other: the groups that ``top`` left out, None if none.
        unpriced: what is not in the cost, by model, most tokens first.
        estimates: what of the cost is not exact.
        task_names: what people call tasks, by their ids, if they are one of the dimensions.
    """

    from_ms: int
    to_ms: int
    by: tuple[str, ...]
    groups: tuple[Group, ...]
    totals: Totals
    zone: Zone = UTC_ZONE
    other: Rest | None = None
    unpriced: tuple[Unpriced, ...] = ()
    estimates: Estimates = NO_ESTIMATES
    task_names: Mapping[str, str] = field(default_factory=dict)

    def shown_keys(self) -> list[tuple[str | None, ...]]:
        """The keys of the groups for people: tasks by their names."""
        return shown_keys(self.by, (group.key for group in self.groups), self.task_names)

    def as_dict(self) -> UsageReportDocument:
        """The report as a JSON document."""
        other = self.other
        groups = [
            {**dict(zip(self.by, group.key, strict=True)), **self.names_of(group.key), **group.totals.as_dict()}
            for group in self.groups
        ]
        return {
            "from": iso(self.from_ms),
            "to": iso(self.to_ms),
            "timeZone": self.zone.name,
            "by": list(self.by),
            "groups": cast("list[UsageGroup]", groups),
            "other": None if other is None else {"groups": other.groups, **other.totals.as_dict()},
            "totals": self.totals.as_dict(),
            "unpriced": {
                "calls": self.totals.unpriced_calls,
                "tokens": self.totals.unpriced_tokens,
                "models": [
                    {"provider": part.provider, "model": part.model, "calls": part.calls, "tokens": part.tokens}
                    for part in self.unpriced
                ],
                "command": REPRICE if self.totals.unpriced_calls else None,
            },
            "estimates": {"calls": self.estimates.calls, "costUsd": to_number(self.estimates.cost_pico)},
        }

    def names_of(self, key: Sequence[str | None]) -> dict[str, str | None]:
        """What people call what a key names by an id, for JSON."""
        return {"taskName": self.task_names.get(key[self.by.index("task")] or "")} if "task" in self.by else {}

    def regroup(self, by: tuple[str, ...], *, sort: Sort | None = None, top: int | None = None) -> UsageReport:
        """The same calls by fewer dimensions, without asking again. This report must not be cut by ``top``."""
        if not by:
            return replace(self, by=(), groups=())
        places = [self.by.index(name) for name in by]
        found: dict[tuple[str | None, ...], list[Totals]] = {}
        for group in self.groups:
            found.setdefault(tuple(group.key[place] for place in places), []).append(group.totals)
        groups = [Group(key, add(totals)) for key, totals in found.items()]
        return _finished(replace(self, by=by, groups=tuple(groups)), sort, top)


def empty(query: Query) -> UsageReport:
    """The report of a history without calls."""
    return UsageReport(query.from_ms, query.to_ms, query.by, (), Totals(), query.zone)


def build(connection: Connection, query: Query, dialect: Dialect = SQLITE) -> UsageReport:
    """Ask a database. The time this takes grows with the number of combinations per bucket, not with the calls.

    Raises:
        UsageError: the filter asks for what this database does not have.
        sqlite3.Error: it cannot be read; of another database, that one's error.
    """
    if HOST in query.by:
        dialect.need_hosts("--by host")
    grain = Grain.of(query.by, query.first_weekday)
    sums = (*SUMS, *Totals._fields[len(SUMS) :]) if query.cost_parts else SUMS
    extent = _extent(connection, dialect) or (0, 0)
    sql, values = _statement(query, grain, sums, dialect, _window(query, extent, dialect))
    if sql is None:
        return empty(query)
    key_of = _keys(query, grain)
    width = len(grain_columns(grain)) + sum(name in ALL_COLUMNS for name in query.by)
    # An empty window has one row of nothing where there is nothing to group by. PostgreSQL sums to decimals.
    groups = [
        Group(key_of(row), Totals(*map(int, row[width:])))
        for row in connection.execute(sql, values)
        if row[width] is not None
    ]
    report = replace(empty(query), groups=tuple(groups), totals=add(group.totals for group in groups))
    if "task" in query.by:
        report = replace(report, task_names=task_names(connection, dialect))
    if report.totals.unpriced_calls:
        report = replace(report, unpriced=_unpriced(connection, query, dialect, report, extent))
    report = replace(report, estimates=_estimates(connection, query, dialect))
    return _finished(report, query.sort, query.top)


def _statement(
    query: Query,
    grain: Grain,
    sums: Sequence[str],
    dialect: Dialect,
    window: tuple[int, int],
    only: str | None = None,
) -> tuple[str | None, list[Any]]:
    if window[0] >= window[1]:
        return None, []
    made = conditions(query, dialect)
    sessions = "session" in query.by or "session" in query.filters or needs_sessions(query.where)
    names = bool(made.terms) or any(name in ALL_COLUMNS for name in query.by)
    select = parts(window, query.zone, grain, sums, dialect, sessions=sessions, names=names, only=only)
    keys = [f"dimension.{ALL_COLUMNS[name]}" for name in query.by if name in ALL_COLUMNS]
    keys += [f"part.{name}" for name in grain_columns(grain)]
    ctes = [f"{name} AS ({sql})" for name, sql in made.ctes.items()]
    # Sum up per combination of names first, then look the few combinations up. Names of columns come from the tables in
    # this package, and whole numbers from its arithmetic; all that comes from people is bound.
    source = f"FROM ({select}) AS part"
    if names:
        source += f" {dialect.join} {dialect.dimension} AS dimension ON dimension.id = part.dimension"
    if made.terms:
        source += f" WHERE {' AND '.join(made.terms)}"
    if keys:
        source += f" GROUP BY {', '.join(keys)} HAVING sum(part.{sums[0]}) > 0"
    chosen = ", ".join([*keys, *(f"sum(part.{name})" for name in sums)])
    return f"{'WITH ' + ', '.join(ctes) + ' ' if ctes else ''}SELECT {chosen} {source}", made.values


def _extent(connection: Connection, dialect: Dialect) -> tuple[int, int] | None:
    """From when until when there are calls; None without any."""
    call = f"FROM {dialect.call} AS call"
    ((first, last),) = connection.execute(
        f"SELECT (SELECT min(started_at_ms) {call}), (SELECT max(started_at_ms) {call})",
        (),
    )
    return None if first is None else (first, last + 1)


def _window(query: Query, extent: tuple[int, int], dialect: Dialect) -> tuple[int, int]:
    """What to read for the window of a query: only as much of it as has calls, since nobody wants the spans of fifty years.

    Where it goes past the first or the last call, it may as well go on to the edge of a long bucket, so that one sum is read
    instead of many short ones, or of single calls.
    """
    begin, end = max(query.from_ms, extent[0]), min(query.to_ms, extent[1])
    if dialect.rollups and begin < end:
        width = max(rollup.width_ms for rollup in dialect.rollups)
        begin -= begin % width if begin == extent[0] else 0
        end += -end % width if end == extent[1] else 0
    return begin, end


def _keys(query: Query, grain: Grain) -> Callable[[Sequence[Any]], tuple[str | None, ...]]:
    """From a row of the statement to the key of its group."""
    columns = [name for name in query.by if name in ALL_COLUMNS]
    times = [name for name in query.by if name in TIMES]
    named, timed = len(columns), len(columns) + len(grain_columns(grain))
    if not times:
        return lambda row: tuple(value or None for value in row[:named])
    labels = PeriodNames(query.by, grain, utc=query.zone is UTC_ZONE)
    places = [(columns + times).index(name) for name in query.by]

    def key(row: Sequence[Any]) -> tuple[str | None, ...]:
        found = (*(value or None for value in row[:named]), *labels.of(tuple(row[named:timed])))
        return tuple(found[place] for place in places)

    return key


def _estimates(connection: Connection, query: Query, dialect: Dialect) -> Estimates:
    """They are few, and an index has them: no sums are kept of them."""
    made = conditions(query, dialect)
    ctes = ", ".join(f"{name} AS ({sql})" for name, sql in made.ctes.items())
    sql = (
        f"{f'WITH {ctes} ' if ctes else ''}SELECT count(*), coalesce(sum(call.cost_pico), 0) "  # noqa: S608 - names of columns; values are bound
        f"FROM {dialect.call} AS call {dialect.join} {dialect.dimension} AS dimension ON dimension.id = call.dimension "
        f"WHERE call.cost_source = 'estimate' AND call.counted AND call.started_at_ms >= {int(query.from_ms)} "
        f"AND call.started_at_ms < {int(query.to_ms)}{''.join(f' AND {term}' for term in made.terms)}"
    )
    ((calls, cost),) = connection.execute(sql, made.values)
    return Estimates(int(calls), int(cost))


def _unpriced(
    connection: Connection, query: Query, dialect: Dialect, report: UsageReport, extent: tuple[int, int]
) -> tuple[Unpriced, ...]:
    wanted = ("provider", "model")
    if set(wanted) <= set(query.by):
        provider, model = map(query.by.index, wanted)
        counts = [
            (group.key[provider], group.key[model], group.totals.unpriced_calls, group.totals.unpriced_tokens)
            for group in report.groups
        ]
    else:
        asked = replace(query, by=wanted, sort=None, top=None, cost_parts=False)
        sql, values = _statement(
            asked,
            Grain(),
            ("unpriced_calls", "unpriced_tokens"),
            dialect,
            _window(query, extent, dialect),
            only="unpriced_calls",
        )
        assert sql is not None
        counts = [(row[0] or None, row[1] or None, int(row[2]), int(row[3])) for row in connection.execute(sql, values)]
    sums: dict[tuple[str | None, str | None], tuple[int, int]] = {}
    for provider_name, model_name, calls, tokens in counts:
        before = sums.get((provider_name, model_name), (0, 0))
        sums[provider_name, model_name] = before[0] + calls, before[1] + tokens
    found = [Unpriced(*key, *both) for key, both in sums.items() if both[0]]
    return tuple(sorted(found, key=lambda part: (-part.tokens, -part.calls, part.provider or "", part.model or "")))


def _finished(report: UsageReport, sort: Sort | None, top: int | None) -> UsageReport:
    """The report with its groups in order, and the rest of them summed up."""
    if not report.by:
        return replace(report, groups=())
    groups = in_order(report.by, report.groups, sort)
    if top is None or len(groups) <= top:
        return replace(report, groups=tuple(groups))
    if sort is None:
        # The dearest are kept, and then stand in the order of time.
        groups = in_order(report.by, report.groups, Sort("cost"))
    rest = Rest(len(groups) - top, add(group.totals for group in groups[top:]))
    kept = groups[:top] if sort else in_order(report.by, groups[:top], None)
    return replace(report, groups=tuple(kept), other=rest)
