"""Answer a query from the roll-ups, and from single calls only where the window cuts through a bucket."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from .migrations import BUCKET_MS
from .money import from_pico, to_number
from .query import COLUMNS, DAY, NONE, Query
from .record import camel, iso

BUCKETS_PER_DAY = 86_400_000 // BUCKET_MS


@dataclass(frozen=True, slots=True)
class Totals:
    """What some calls sum up to.

    Attributes:
        calls, failed: all calls, and those that failed or broke off.
        input_tokens … total_tokens: as in ``UsageRecord``.
        cost_pico: the known cost, in 10⁻¹² USD.
        priced_calls: calls whose cost is known.
        unpriced_calls: calls which used something at a price that is not known.
    """

    calls: int = 0
    failed: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    total_tokens: int = 0
    cost_pico: int = 0
    priced_calls: int = 0
    unpriced_calls: int = 0

    @property
    def cost_known(self) -> bool:
        """False where there is something to pay, and no part of it is known."""
        return self.priced_calls > 0 or self.unpriced_calls == 0

    @property
    def cost_usd(self) -> Decimal | None:
        """The cost in USD as far as it is known, None where nothing of it is."""
        return from_pico(self.cost_pico) if self.cost_known else None

    def as_dict(self) -> dict[str, Any]:
        """The fields of a group, and of ``totals``, in the JSON report."""
        document: dict[str, Any] = {camel(name): getattr(self, name) for name in COUNTS}
        document["costUsd"] = to_number(self.cost_pico) if self.cost_known else None
        document["unpricedCalls"] = self.unpriced_calls
        return document


_SUMS = tuple(field.name for field in fields(Totals))
COUNTS = _SUMS[:8]
"""The fields of ``Totals`` that are plain counts, in the order of the report."""


def add(parts: Iterable[Totals]) -> Totals:
    """The sum of several totals."""
    sums = [0] * len(_SUMS)
    for part in parts:
        for position, name in enumerate(_SUMS):
            sums[position] += getattr(part, name)
    return Totals(*sums)


@dataclass(frozen=True, slots=True)
class Group:
    """The calls that agree in all dimensions of a report: ``key`` has a value for each, None for none."""

    key: tuple[str | None, ...]
    totals: Totals


@dataclass(frozen=True, slots=True)
class UsageReport:
    """The answer to a query.

    Attributes:
        from_ms, to_ms: the window, with an exclusive end.
        by: the dimensions.
        groups: dearest first, then by tokens; by day, where ``day`` is one of the dimensions. Empty if ``by`` is.
        totals: of all calls in the window that pass the filters.
    """

    from_ms: int
    to_ms: int
    by: tuple[str, ...]
    groups: tuple[Group, ...]
    totals: Totals

    def as_dict(self) -> dict[str, Any]:
        """The report as a JSON document; see ``schemas/usage-report.schema.json``."""
        return {
            "from": iso(self.from_ms),
            "to": iso(self.to_ms),
            "by": list(self.by),
            "groups": [
                {**dict(zip(self.by, group.key, strict=True)), **group.totals.as_dict()} for group in self.groups
            ],
            "totals": self.totals.as_dict(),
        }

    def regroup(self, by: tuple[str, ...]) -> UsageReport:
        """The same calls by fewer dimensions, without asking the ledger again."""
        if not by:
            return UsageReport(self.from_ms, self.to_ms, (), (), self.totals)
        places = [self.by.index(name) for name in by]
        parts: dict[tuple[str | None, ...], list[Totals]] = {}
        for group in self.groups:
            parts.setdefault(tuple(group.key[place] for place in places), []).append(group.totals)
        groups = [Group(key, add(totals)) for key, totals in parts.items()]
        return UsageReport(self.from_ms, self.to_ms, by, _sorted(by, groups), self.totals)


def empty(query: Query) -> UsageReport:
    """The report of a history without calls."""
    return UsageReport(query.from_ms, query.to_ms, query.by, (), Totals())


def build(connection: sqlite3.Connection, query: Query) -> UsageReport:
    """Ask a ledger. The time this takes grows with the number of combinations per bucket, not with the calls.

    Raises:
        sqlite3.Error: the ledger cannot be read.
    """
    parts, values = _parts(query)
    if not parts:
        return empty(query)
    condition, more = _condition(query)
    keys = ["part.day" if name == DAY else f"dimension.{COLUMNS[name]}" for name in query.by]
    sums = ", ".join(f"sum(part.{name})" for name in _SUMS)
    # Names of columns come from the tables in this package; values are bound. MATERIALIZED and CROSS JOIN hold the
    # order: sum up per combination first, then look the few combinations up.
    sql = (
        f"WITH part AS ({' UNION ALL '.join(parts)}) "  # noqa: S608
        f"SELECT {', '.join([*keys, sums])} FROM part CROSS JOIN dimension ON dimension.id = part.dimension"
        f"{condition}" + (f" GROUP BY {', '.join(keys)}" if keys else " HAVING count(*) > 0")
    )
    groups = []
    for row in connection.execute(sql, values + more):
        key = tuple(_value(name, value) for name, value in zip(query.by, row, strict=False))
        groups.append(Group(key, Totals(*row[len(key) :])))
    totals = add(group.totals for group in groups)
    return UsageReport(query.from_ms, query.to_ms, query.by, _sorted(query.by, groups) if query.by else (), totals)


def _parts(query: Query) -> tuple[list[str], list[Any]]:
    """One statement for the whole buckets of the window, and one for each edge that cuts through a bucket."""
    first, last = -(-query.from_ms // BUCKET_MS), query.to_ms // BUCKET_MS
    if first > last:
        edges = [(query.from_ms, query.to_ms)]
    else:
        edges = [(query.from_ms, first * BUCKET_MS), (last * BUCKET_MS, query.to_ms)]
    by_day = DAY in query.by
    parts, values = [], []
    if first < last:
        parts.append(_part("rollup", _ROLLUP_SUMS, f"bucket / {BUCKETS_PER_DAY}", "bucket", by_day=by_day))
        values += [first, last]
    for begin, end in edges:
        if begin < end:
            day = f"started_at_ms / {BUCKET_MS * BUCKETS_PER_DAY}"
            parts.append(_part("call", _CALL_SUMS, day, "started_at_ms", by_day=by_day))
            values += [begin, end]
    return parts, values


_ROLLUP_SUMS = {name: name for name in _SUMS}
_CALL_SUMS = {
    **_ROLLUP_SUMS,
    "calls": "1",
    "failed": "(SELECT status IN ('error', 'interrupted') FROM dimension WHERE id = dimension)",
    "cost_pico": "coalesce(cost_pico, 0)",
    "priced_calls": "cost_pico IS NOT NULL",
    # As in UsageRecord.unpriced.
    "unpriced_calls": "cost_pico IS NULL AND (total_tokens > 0 OR cause IN ('timeout', 'connection-lost') OR "
    "(SELECT status <> 'error' FROM dimension WHERE id = dimension))",
}


def _part(table: str, sums: dict[str, str], day: str, time: str, *, by_day: bool) -> str:
    chosen = ", ".join(f"sum({expression}) AS {name}" for name, expression in sums.items())
    days, groups = (f", {day} AS day", ", day") if by_day else ("", "")
    return (
        f"SELECT dimension{days}, {chosen} FROM {table} "  # noqa: S608 - see `build`
        f"WHERE {time} >= ? AND {time} < ? GROUP BY dimension{groups}"
    )


def _condition(query: Query) -> tuple[str, list[Any]]:
    terms: list[str] = []
    bound: list[Any] = []
    for name, values in query.filters.items():
        wanted = ["" if value == NONE else value for value in values]
        marks = ", ".join("?" * len(wanted))
        column = f"dimension.{COLUMNS[name]}"
        if name == "model":
            terms.append(f"({column} IN ({marks}) OR dimension.provider || '/' || {column} IN ({marks}))")
            bound += wanted
        else:
            terms.append(f"{column} IN ({marks})")
        bound += wanted
    return (f" WHERE {' AND '.join(terms)}" if terms else ""), bound


def _value(name: str, value: Any) -> str | None:
    if name == DAY:
        return str(date(1970, 1, 1) + timedelta(days=value))
    return value or None


def _sorted(by: tuple[str, ...], groups: Iterable[Group]) -> tuple[Group, ...]:
    day = by.index(DAY) if DAY in by else None

    def order(group: Group) -> tuple[Any, ...]:
        days = group.key[day] if day is not None else None
        return days or "", -group.totals.cost_pico, -group.totals.total_tokens, tuple(key or "" for key in group.key)

    return tuple(sorted(groups, key=order))
