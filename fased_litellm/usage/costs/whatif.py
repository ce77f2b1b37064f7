"""What calls of the history would have cost on another model: the same tokens, at its prices."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from ...documents import Cost, Count, FromTo, TypedDict
from ...proxy.tokens import TokenUsage
from ...refs import ModelRef
from ..money import to_number
from ..query.conditions import conditions
from ..query.dialect import SQLITE
from ..query.query import COLUMNS, Query
from ..query.tasknames import task_names
from ..record import iso
from ..store.proxyrows.ids import ID_PREFIX
from ..store.rollups import CALL_SUMS
from .batch import ManyPriced
from .charge import Priced
from .pricelist import Price
from .reprice import billed_detail

DEFAULT_BY = ("provider", "model")
Key = tuple[str | None, ...]
_TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens")


@dataclass(slots=True)
class Supposed:
    """Some calls, as they were and as they would have been. Costs are in pico-USD.

    Attributes:
        calls, total_tokens: of all of them.
        cost_pico: the known cost.
        priced, unpriced: calls whose cost is known; those that used something, or may have, at a price that is not.
        there, there_pico: calls that can be priced there, and what they would have cost.
        estimated: calls of which that is an estimate.
        left: calls that used something, or may have, and cannot be priced there; ``left_tokens`` their tokens.
        before_pico, after_pico: both costs of the calls that have both.
        compared: how many have both.
    """

    calls: int = 0
    total_tokens: int = 0
    cost_pico: int = 0
    priced: int = 0
    unpriced: int = 0
    there_pico: int = 0
    there: int = 0
    estimated: int = 0
    left: int = 0
    left_tokens: int = 0
    before_pico: int = 0
    after_pico: int = 0
    compared: int = 0

    @property
    def change_pico(self) -> int:
        """How much dearer the calls that have both costs would have been."""
        return self.after_pico - self.before_pico

    def add(self, call: _Call, there: Priced | None) -> None:
        self.calls += 1
        self.total_tokens += call.total_tokens
        self.unpriced += call.unpriced
        if call.cost_pico is not None:
            self.priced += 1
            self.cost_pico += call.cost_pico
        if there is None:
            if call.unpriced or call.cost_pico:
                self.left += 1
                self.left_tokens += call.total_tokens
            return
        self.there += 1
        self.there_pico += there.cost
        self.estimated += there.doubt is not None
        if call.cost_pico is not None:
            self.compared += 1
            self.before_pico += call.cost_pico
            self.after_pico += there.cost

    def as_dict(self) -> SupposedDocument:
        """The calls in the JSON document."""
        known = self.priced or not self.unpriced
        return {
            "calls": self.calls,
            "totalTokens": self.total_tokens,
            "costUsd": to_number(self.cost_pico) if known else None,
            "unpricedCalls": self.unpriced,
            "thereUsd": to_number(self.there_pico) if self.there or not self.left else None,
            "thereEstimatedCalls": self.estimated,
            "thereUnpricedCalls": self.left,
            "thereUnpricedTokens": self.left_tokens,
            "comparedCalls": self.compared,
            "changeUsd": to_number(self.change_pico) if self.compared else None,
        }


@dataclass(frozen=True, slots=True)
class Supposition:
    """What ``fased usage what-if`` tells.

    Attributes:
        query: the window, the zone and the dimensions.
        ref: the model that is supposed.
        price: its price, and who says so.
        totals: all calls.
        groups: the same by ``query.by``, those first whose cost would have changed the most.
        doubts: why some of its costs are estimates.
        names: of tasks, by id.
    """

    query: Query
    ref: ModelRef
    price: Price
    totals: Supposed = field(default_factory=Supposed)
    groups: Sequence[tuple[Key, Supposed]] = ()
    doubts: tuple[str, ...] = ()
    names: dict[str, str] = field(default_factory=dict)

    def as_dict(self, top: int | None = None) -> WhatIfDocument:
        """The JSON document; with the first ``top`` groups alone."""
        query, shown = self.query, self.groups if top is None else self.groups[:top]
        return {
            "from": iso(query.from_ms),
            "to": iso(query.to_ms),
            "timeZone": query.zone.name,
            "model": str(self.ref),
            "priceSource": self.price.source,
            "priceNote": self.price.note,
            "remark": self.price.remark,
            "doubts": list(self.doubts),
            "totals": self.totals.as_dict(),
            "by": list(query.by),
            "groups": [
                {"key": {**dict(zip(query.by, key, strict=True)), **self._task_name(key)}, "calls": calls.as_dict()}
                for key, calls in shown
            ],
            "more": len(self.groups) - len(shown),
        }

    def _task_name(self, key: Key) -> dict[str, str | None]:
        by = self.query.by
        return {"taskName": self.names.get(key[by.index("task")] or "")} if "task" in by else {}


@dataclass(frozen=True, slots=True)
class _Call:
    key: Key
    at_ms: int
    total_tokens: int
    cost_pico: int | None
    unpriced: bool
    usage: TokenUsage


def suppose(connection: sqlite3.Connection, query: Query, ref: ModelRef, price: Price) -> Supposition:
    """Price the calls of a query once more. Nothing is written.

    Each call is priced by itself, since thresholds, hours and tiers of service are of single calls.

    Args:
        connection: of the ledger.
        query: the window, the filters and the dimensions, none of which is a time.
        ref: the model.
        price: what it costs.

    Raises:
        UsageError: the filter asks for what this database does not have.
        sqlite3.Error: it cannot be read.
    """
    prices = ManyPriced(price.prices)
    totals = Supposed()
    groups: dict[Key, Supposed] = {}
    doubts: dict[str, None] = {}
    for call in _calls(connection, query):
        # Of some calls only the sum of their tokens is known.
        split = call.usage.total_tokens == call.total_tokens
        nothing = not call.total_tokens and (call.unpriced or bool(call.cost_pico))
        there = prices.cost(call.usage, call.at_ms) if split and not nothing else None
        if there is not None and there.doubt is not None:
            doubts[there.doubt] = None
        for side in (totals, groups.setdefault(call.key, Supposed())):
            side.add(call, there)
    ordered = sorted(
        groups.items(),
        key=lambda one: (-abs(one[1].change_pico), -one[1].total_tokens, tuple(name or "" for name in one[0])),
    )
    names = task_names(connection) if "task" in query.by else {}
    return Supposition(query, ref, price, totals, ordered, tuple(doubts), names)


def _calls(connection: sqlite3.Connection, query: Query) -> Iterator[_Call]:
    made = conditions(query, SQLITE, single=True)
    ctes = ", ".join(f"{name} AS ({sql})" for name, sql in made.ctes.items())
    terms = "".join(f" AND {term}" for term in made.terms)
    names = [f"dimension.{COLUMNS[name]}" for name in query.by]
    sql = (
        f"{f'WITH {ctes} ' if ctes else ''}SELECT {', '.join([*names, ''])}"  # noqa: S608 - names of columns; values are bound
        "call.started_at_ms, call.total_tokens, call.cost_pico, "
        f"{CALL_SUMS['unpriced_calls']}, call.call_id, call.feed, call.billing, {', '.join(_TOKENS)} "
        "FROM call JOIN dimension ON dimension.id = call.dimension WHERE call.counted "
        f"AND call.started_at_ms >= ? AND call.started_at_ms < ?{terms}"
    )
    width = len(names)
    for row in connection.execute(sql, (query.from_ms, query.to_ms, *made.values)):
        at_ms, total, cost, unpriced, call_id, feed, billing, *tokens = row[width:]
        detail = billed_detail(billing) if feed is None and not call_id.startswith(ID_PREFIX) else None
        if detail is not None and detail.geo is not None:
            detail = detail._replace(geo=None)  # a place of the other provider
        yield _Call(
            tuple(name or None for name in row[:width]),
            at_ms,
            total,
            cost,
            bool(unpriced),
            TokenUsage(*tokens, detail=detail),
        )


class SupposedDocument(TypedDict):
    """Some calls as they were, and as they would have been.

    ``costUsd`` and ``thereUsd`` are the known costs in USD, null where none is known; ``changeUsd`` is their difference over the
    calls that have both, ``comparedCalls``.
    """

    calls: Count
    totalTokens: Count
    costUsd: Cost | None
    unpricedCalls: Count
    thereUsd: Cost | None
    thereEstimatedCalls: Count
    thereUnpricedCalls: Count
    thereUnpricedTokens: Count
    comparedCalls: Count
    changeUsd: float | None


class WhatIfGroupDocument(TypedDict):
    """The calls that agree in the dimensions of ``by``; null is no value."""

    key: dict[str, str | None]
    calls: SupposedDocument


class WhatIfDocument(FromTo, TypedDict):
    """The document of ``fased usage what-if --json``."""

    timeZone: str
    model: str
    priceSource: str
    priceNote: str
    remark: str | None
    doubts: list[str]
    totals: SupposedDocument
    by: list[str]
    groups: list[WhatIfGroupDocument]
    more: Count
