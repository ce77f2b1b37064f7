"""Two windows of the usage history, held against each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import NamedTuple

from ...documents import Count, FromTo, Number, TypedDict
from ..money import to_number
from ..query.calendar.timezones import Zone
from ..query.dialect import SQLITE, Connection, Dialect
from ..query.query import Query
from ..query.report import UsageReport, build, empty
from ..query.totals import Totals, UsageTotals
from ..record import iso
from . import unit_prices
from .periods import Period
from .reasons import BothMoments, PricesOf, Reasons, reasons
from .unit_prices import Key

MODEL = ("provider", "model")
"""Reasons are told by models, whatever the groups are."""


class Change(NamedTuple):
    """A group in both windows; ``Totals()`` where it has no calls."""

    key: Key
    before: Totals
    after: Totals

    @property
    def cost_pico(self) -> int:
        """By how much the known cost rose, in pico-USD."""
        return self.after.cost_pico - self.before.cost_pico


@dataclass(frozen=True, slots=True)
class Comparison:
    """What ``fased usage compare`` tells.

    Attributes:
        before, after: the two reports, by ``by``.
        days: how many days each has.
        by: the dimensions of ``changes``.
        changes: the groups, those first whose cost changed the most.
        reasons: why the cost changed.
        remark: what was cut, and where the history begins later; None if there is nothing to say.
    """

    before: UsageReport
    after: UsageReport
    days: tuple[int, int]
    by: tuple[str, ...]
    changes: Sequence[Change]
    reasons: Reasons
    remark: str | None = None

    @property
    def whole(self) -> Change:
        return Change((), self.before.totals, self.after.totals)

    def as_dict(self, top: int | None = None) -> CompareDocument:
        """The JSON document; with the first ``top`` groups alone."""
        shown = self.changes if top is None else self.changes[:top]
        return {
            "timeZone": self.after.zone.name,
            "days": list(self.days),
            "remark": self.remark,
            "before": _window(self.before),
            "after": _window(self.after),
            "costChangeUsd": to_number(self.whole.cost_pico),
            "reasons": {
                "moreCalls": to_number(self.reasons.more_calls),
                "longerCalls": to_number(self.reasons.longer_calls),
                "otherModels": to_number(self.reasons.other_models),
                "otherPrices": to_number(self.reasons.other_prices),
            },
            "by": list(self.by),
            "groups": [
                {
                    "key": {**dict(zip(self.by, one.key, strict=True)), **self.after.names_of(one.key)},
                    "before": one.before.as_dict(),
                    "after": one.after.as_dict(),
                    "costChangeUsd": to_number(one.cost_pico),
                }
                for one in shown
            ],
            "more": len(self.changes) - len(shown),
        }


def compare(
    connection: Connection,
    query: Query,
    periods: tuple[Period, Period],
    prices_of: PricesOf,
    dialect: Dialect = SQLITE,
    remark: str | None = None,
) -> Comparison:
    """Ask a database about both.

    Args:
        connection: of the database.
        query: dimensions, zone and filters; its window does not matter.
        periods: the one before and the one after.
        prices_of: what a model costs by today's price list, for the reasons.
        dialect: the database's.
        remark: on the periods.

    Raises:
        UsageError: the filter asks for what this database does not have.
        sqlite3.Error: it cannot be read; of another database, that one's error.
    """
    by = query.by or MODEL
    asked = tuple(dict.fromkeys((*by, *MODEL)))
    windows = [period.window(query.zone) for period in periods]
    full = [
        build(
            connection,
            replace(query, from_ms=begin, to_ms=end, by=asked, sort=None, top=None, cost_parts=True),
            dialect,
        )
        for begin, end in windows
    ]
    models = [{group.key: group.totals for group in report.regroup(MODEL).groups} for report in full]
    before, after = (report.regroup(by) for report in full)

    @cache
    def moments() -> BothMoments:
        old, new = (unit_prices.moments(connection, query, window, dialect) for window in windows)
        return old, new

    return Comparison(
        before,
        after,
        (periods[0].days, periods[1].days),
        by,
        _changes(*({group.key: group.totals for group in report.groups} for report in (before, after))),
        reasons(models[0], models[1], prices_of, moments),
        " ".join(filter(None, (remark, _begins(connection, periods[0], query.zone, dialect)))) or None,
    )


def _begins(connection: Connection, before: Period, zone: Zone, dialect: Dialect) -> str | None:
    """What is to be said of a period that begins before the history does: what it lacks is no reason for anything."""
    sql = f"SELECT started_at_ms FROM {dialect.call} AS call WHERE counted ORDER BY 1 LIMIT 1"  # noqa: S608 - the name of a table
    begin = next(iter(connection.execute(sql, ())), None)
    if begin is None or (first := zone.day(int(begin[0]))) <= before.first:
        return None
    return f"The history begins on {first}: of the days before, nothing is known."


def nothing(query: Query, periods: tuple[Period, Period], remark: str | None = None) -> Comparison:
    """The comparison of a history without calls."""
    windows = [period.window(query.zone) for period in periods]
    before, after = (empty(replace(query, from_ms=begin, to_ms=end)) for begin, end in windows)
    by = query.by or MODEL
    return Comparison(before, after, (periods[0].days, periods[1].days), by, (), Reasons(0, 0, 0, 0), remark)


def _changes(before: Mapping[Key, Totals], after: Mapping[Key, Totals]) -> list[Change]:
    found = [Change(key, before.get(key, Totals()), after.get(key, Totals())) for key in {**before, **after}]
    return sorted(
        found,
        key=lambda one: (
            -abs(one.cost_pico),
            -abs(one.after.total_tokens - one.before.total_tokens),
            tuple(name or "" for name in one.key),
        ),
    )


class ReasonsDocument(TypedDict):
    """USD; the sum of the four is the change of the known cost."""

    moreCalls: float
    longerCalls: float
    otherModels: float
    otherPrices: float


class WindowDocument(FromTo):
    """A window, and all its calls."""

    totals: UsageTotals


class GroupDocument(TypedDict):
    """The calls that agree in the dimensions of ``by``, in both windows; null is no value."""

    key: dict[str, str | None]
    before: UsageTotals
    after: UsageTotals
    costChangeUsd: float


class CompareDocument(TypedDict):
    """The document of ``fased usage compare --json``."""

    timeZone: str
    days: list[Number]
    remark: str | None
    before: WindowDocument
    after: WindowDocument
    costChangeUsd: float
    reasons: ReasonsDocument
    by: list[str]
    groups: list[GroupDocument]
    more: Count


def _window(report: UsageReport) -> WindowDocument:
    return {"from": iso(report.from_ms), "to": iso(report.to_ms), "totals": report.totals.as_dict()}
