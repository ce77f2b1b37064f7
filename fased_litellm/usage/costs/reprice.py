"""Find the cost of calls whose price was not known, and write down where it came from.

What is unknown is filled, and an estimate gives way to an exact price; no other cost that was recorded is changed. Calls are changed a few hundred at a time, each
lot in one transaction with all sums: after a kill, what was done is done, and the next run goes on with the rest.
"""

from __future__ import annotations

import sqlite3
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain, islice
from typing import Annotated, Any, Literal

from ... import jsontext
from ...documents import Cost, Count, Doc, TypedDict
from ...proxy.billed import BilledDetail
from ...proxy.tokens import TokenUsage
from ..money import from_pico, to_number
from ..query.conditions import conditions
from ..query.dialect import SQLITE
from ..query.query import Query
from ..record import ESTIMATE
from ..store import importlock
from ..store.changes import change
from ..store.ledger import Ledger
from ..store.proxyrows.ids import ID_PREFIX
from ..store.rollups import CALL_SUMS, MARK, SESSION, TABLES
from ..store.snapshot import asking
from .charge import priced
from .pricelist import NoPrice, Price, PriceList

_BATCH = 400
_DAY_MS = TABLES[SESSION][0]
_PARTS = ("input_cost_pico", "output_cost_pico", "cache_read_cost_pico", "cache_write_cost_pico")
NOTHING = BilledDetail()
_TOKENS = "input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens"
NO_TOKENS = NoPrice(
    "no tokens are known of them: they broke off, or were never answered", "None: what they cost, only the proxy knows."
)
NOT_SPLIT = NoPrice(
    "of some only the sum of tokens is known, or a cost would make no sense",
    "None: what they cost, only the proxy knows.",
)


class RepricedModel(TypedDict):
    """What became of the calls of one model that had no known price."""

    provider: str | None
    model: str | None
    pricedCalls: Count
    pricedTokens: Count
    estimatedCalls: Annotated[Count, Doc("Of the priced calls, those whose cost is an estimate.")]
    costUsd: Annotated[Cost | None, Doc("What the priced calls cost; null where none was priced.")]
    costSource: Literal["config", "catalog"] | None
    priceNote: Annotated[str | None, Doc("Where the price stands.")]
    remark: Annotated[str | None, Doc("What should be known of that price.")]
    unpricedCalls: Annotated[Count, Doc("Calls that still have no cost.")]
    unpricedTokens: Count
    reason: Annotated[str | None, Doc("Why they have none.")]
    remedy: Annotated[str | None, Doc("What helps.")]


class RepriceDocument(TypedDict):
    """The document of ``fased usage reprice --json``."""

    dryRun: Annotated[bool, Doc("Whether nothing was written.")]
    pricedCalls: Count
    costUsd: Annotated[Cost, Doc("What the priced calls cost.")]
    unpricedCalls: Annotated[Count, Doc("Calls with tokens that still have no cost.")]
    callsWithoutTokens: Annotated[Count, Doc("Calls that may have cost something, and no tokens are known of.")]
    models: list[RepricedModel]


@dataclass(slots=True)
class ModelPriced:
    """What became of the calls of one model.

    Attributes:
        provider, model: '' where it is not known.
        price: what was found.
        calls, tokens, cost_pico: of the calls that have a cost now, in pico-USD.
        estimated: how many of these are estimates.
        left: calls that still have none; ``left_tokens`` their tokens.
    """

    provider: str
    model: str
    price: Price | NoPrice
    calls: int = 0
    tokens: int = 0
    cost_pico: int = 0
    estimated: int = 0
    left: int = 0
    left_tokens: int = 0

    @property
    def name(self) -> str:
        """``provider/model``."""
        return f"{self.provider or '-'}/{self.model or '-'}"

    def as_dict(self) -> RepricedModel:
        """A model in the JSON document."""
        found = self.price if isinstance(self.price, Price) else None
        missing = self.price if isinstance(self.price, NoPrice) else NOT_SPLIT if self.left else None
        return {
            "provider": self.provider or None,
            "model": self.model or None,
            "pricedCalls": self.calls,
            "pricedTokens": self.tokens,
            "estimatedCalls": self.estimated,
            "costUsd": to_number(self.cost_pico) if self.calls else None,
            "costSource": found.source if found else None,
            "priceNote": found.note if found else None,
            "remark": found.remark if found else None,
            "unpricedCalls": self.left,
            "unpricedTokens": self.left_tokens,
            "reason": missing.reason if missing else None,
            "remedy": missing.remedy if missing else None,
        }


@dataclass(slots=True)
class Repriced:
    """What was done, or with ``dry_run`` would be.

    Attributes:
        dry_run: whether nothing was written.
        models: dearest first, then those that are left.
        without_tokens: calls of which no tokens are known, so that no price helps.
    """

    dry_run: bool
    models: list[ModelPriced] = field(default_factory=list)
    without_tokens: int = 0

    @property
    def calls(self) -> int:
        """Calls that have a cost now."""
        return sum(model.calls for model in self.models)

    @property
    def cost_usd(self) -> Decimal:
        """What they cost."""
        return from_pico(sum(model.cost_pico for model in self.models))

    @property
    def left(self) -> int:
        """Calls with tokens that still have no cost."""
        return sum(model.left for model in self.models)

    def as_dict(self) -> RepriceDocument:
        """The document of ``fased usage reprice --json``."""
        return {
            "dryRun": self.dry_run,
            "pricedCalls": self.calls,
            "costUsd": to_number(sum(model.cost_pico for model in self.models)),
            "unpricedCalls": self.left,
            "callsWithoutTokens": self.without_tokens,
            "models": [model.as_dict() for model in self.models],
        }


def reprice(ledger: Ledger, query: Query, prices: PriceList, *, dry_run: bool = False) -> Repriced:
    """Price the calls of a query that have none.

    Single calls that are recorded meanwhile do not wait: they go to the spool.

    Args:
        ledger: it must be there.
        query: the window and the filters; how it groups does not matter.
        prices: where to look.
        dry_run: write nothing.

    Raises:
        LedgerError: the ledger cannot be read or written, or another program is importing; what was written until then stays.
        UsageError: the filter makes no sense here.
    """
    if dry_run:
        return _reprice(ledger, query, prices, dry_run=True)
    with importlock.hold(ledger.path):
        return _reprice(ledger, query, prices, dry_run=False)


def _reprice(ledger: Ledger, query: Query, prices: PriceList, *, dry_run: bool) -> Repriced:
    result = Repriced(dry_run)
    ids: dict[tuple[str, str], array[int]] = {}
    left: dict[tuple[str, str], list[int]] = {}
    with asking(ledger.path) as connection:
        for number, provider, model, tokens, known in chain(
            _unpriced(connection, query), _estimates(connection, query)
        ):
            if not tokens:
                result.without_tokens += 1
                continue
            ids.setdefault((provider, model), array("q")).append(number)
            if not known:
                left.setdefault((provider, model), []).append(tokens)
        for (provider, model), numbers in sorted(ids.items()):
            found = ModelPriced(provider, model, prices.find(provider, model))
            without = left.get((provider, model), [])
            if isinstance(found.price, Price):
                result.models.append(found)
                if dry_run:
                    for some in _batches(numbers):
                        _priced(connection, some, found.price, found)
            elif without:
                found.left, found.left_tokens = len(without), sum(without)
                result.models.append(found)
    if not dry_run:
        for found in result.models:
            if isinstance(found.price, Price):
                for some in _batches(ids[found.provider, found.model]):
                    with ledger.transaction() as connection:
                        change(connection, _priced(connection, some, found.price, found))
    result.models = [found for found in result.models if found.calls or found.left]
    result.models.sort(key=lambda one: (-one.cost_pico, not one.calls, -one.left_tokens, one.name))
    return result


def _unpriced(connection: sqlite3.Connection, query: Query) -> Iterator[tuple[int, str, str, int, bool]]:
    """Id, provider, model and tokens of each call that used something, or may have, at a price that is not known; and False."""
    made = conditions(query, SQLITE, single=True)
    ctes = "".join(f"{name} AS ({sql}), " for name, sql in made.ctes.items())
    terms = "".join(f" AND {term}" for term in made.terms)
    # The sums say which combinations have such calls; those of the others are not looked at.
    sql = (
        f"WITH {ctes}some AS (SELECT dimension AS id FROM {SESSION} "  # noqa: S608 - names of columns; values are bound
        "WHERE unpriced_calls > 0 AND bucket >= ? AND bucket <= ? "
        f"UNION SELECT dimension FROM call WHERE id > {MARK}) "
        "SELECT call.id, dimension.provider, dimension.model, call.total_tokens, 0 FROM some "
        "CROSS JOIN dimension ON dimension.id = some.id CROSS JOIN call ON call.dimension = dimension.id "
        "AND call.started_at_ms >= ? AND call.started_at_ms < ? "
        f"WHERE call.counted AND call.cost_pico IS NULL AND {CALL_SUMS['unpriced_calls']} = 1{terms}"
    )
    window = (query.from_ms // _DAY_MS, query.to_ms // _DAY_MS, query.from_ms, query.to_ms)
    yield from connection.execute(sql, (*window, *made.values))


def _estimates(connection: sqlite3.Connection, query: Query) -> Iterator[tuple[int, str, str, int, bool]]:
    """The same of each call whose cost is an estimate; and True."""
    made = conditions(query, SQLITE, single=True)
    ctes = ", ".join(f"{name} AS ({sql})" for name, sql in made.ctes.items())
    terms = "".join(f" AND {term}" for term in made.terms)
    sql = (
        f"{f'WITH {ctes} ' if ctes else ''}SELECT call.id, dimension.provider, dimension.model, call.total_tokens, 1 "  # noqa: S608 - names of columns; values are bound
        "FROM call JOIN dimension ON dimension.id = call.dimension WHERE call.cost_source = 'estimate' AND call.counted "
        f"AND call.started_at_ms >= ? AND call.started_at_ms < ?{terms}"
    )
    yield from connection.execute(sql, (query.from_ms, query.to_ms, *made.values))


def _batches(numbers: Sequence[int]) -> Iterator[list[int]]:
    todo = iter(numbers)
    while some := list(islice(todo, _BATCH)):
        yield some


def _priced(
    connection: sqlite3.Connection, ids: Sequence[int], price: Price, found: ModelPriced
) -> dict[int, dict[str, Any]]:
    """The changes that price these calls; what they come to is added to ``found``.

    A call that was changed meanwhile, by whomever, has another id by now and is left alone.
    """
    sql = (
        f"SELECT id, total_tokens, started_at_ms, cost_pico, call_id, feed, billing, {_TOKENS} FROM call "  # noqa: S608 - names of columns
        f"WHERE id IN ({', '.join('?' * len(ids))}) AND counted AND (cost_pico IS NULL OR cost_source = 'estimate')"
    )
    changes: dict[int, dict[str, Any]] = {}
    for number, total, at_ms, before, call_id, feed, billing, *tokens in connection.execute(sql, tuple(ids)).fetchall():
        own = feed is None and not call_id.startswith(ID_PREFIX)
        values = _values(price, TokenUsage(*tokens, detail=billed_detail(billing) if own else None), at_ms)
        if before is not None and (values is None or values["cost_source"] == ESTIMATE):
            continue  # nothing better than the estimate
        if values is None:
            found.left += 1
            found.left_tokens += total
            continue
        changes[number] = values
        found.calls += 1
        found.tokens += total
        found.cost_pico += values["cost_pico"]
        found.estimated += values["cost_source"] == ESTIMATE
    return changes


def billed_detail(billing: str | None) -> BilledDetail | None:
    """What was written down of an own call besides its tokens; None if it cannot be read."""
    if billing is None:
        return NOTHING
    try:
        return BilledDetail.from_dict(jsontext.loads(billing))
    except (ValueError, TypeError, AttributeError):
        return None


def _values(price: Price, usage: TokenUsage, at_ms: int) -> dict[str, Any] | None:
    """What a row is to say of its cost, None if it cannot be told."""
    if not usage.total_tokens:
        return None  # only the sum is known
    found = priced(price.prices, usage, at_ms)
    if found is None:
        return None
    source, note = found.said(price.source, price.note)
    return {
        "cost_pico": found.cost,
        "cost_source": source,
        "price_note": note,
        **dict(zip(_PARTS, found.parts, strict=True)),
    }
