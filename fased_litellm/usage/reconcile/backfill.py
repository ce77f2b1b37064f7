"""Calls that the proxy knows and the history does not, as rows of the history."""

from __future__ import annotations

import sqlite3
from decimal import Decimal
from hashlib import blake2b

from ...proxy.management.spend import SpendRow
from ...proxy.tokens import TokenUsage
from ...refs import PROVIDER
from ..costs.charge import priced
from ..costs.pricelist import Price, PriceList
from ..money import from_pico
from ..record import UsageRecord
from ..store.proxyrows.ids import COST_SOURCE, ID_PREFIX


def record_of(row: SpendRow, prices: PriceList | None = None) -> UsageRecord:
    """A row of the proxy as a call.

    LiteLLM counts cached tokens into the prompt; here they are apart. A spend of 0 for tokens is not believed: the list of
    prices says what they cost, or that the model is free; else the cost is unknown. Agent, task, channel, role and source are
    those of our tags, where a client of this package made the call.

    Args:
        row: of the proxy.
        prices: of the config and the catalog.

    Raises:
        ValueError: the row's numbers make no sense.
    """
    cached = min(row.prompt_tokens, row.cache_read_tokens + row.cache_write_tokens)
    read = min(cached, row.cache_read_tokens)
    failed = row.status == "failure"
    split = row.prompt_tokens or row.completion_tokens
    output = row.used_tokens - row.prompt_tokens if split else 0  # with reasoning that is counted beside
    usage = TokenUsage(row.prompt_tokens - cached, output, read, cached - read)
    cost, source, note = _cost(row, usage, prices)
    return UsageRecord(
        call_id=id_of(row),
        proxy_call_id=row.call_id,
        started_at_ms=row.started_at_ms,
        provider=PROVIDER,
        model=row.model_group or row.model,
        served_model=row.model,
        deployment_id=row.model_id,
        agent=row.tag("agent") or row.agent_id,
        task=row.tag("task"),
        channel=row.tag("channel"),
        session=row.session_id,
        source=row.tag("source"),
        role=row.tag("role"),
        status="error" if failed else "ok",
        cause=row.error_class if failed else None,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cache_read_tokens=usage.cache_read_tokens,
        cache_write_tokens=usage.cache_write_tokens,
        total_tokens=row.used_tokens,
        cost=cost,
        cost_source=source,
        price_note=note,
        response_id=row.request_id if row.request_id != row.call_id else None,
        latency_ms=row.duration_ms,
    )


def _cost(row: SpendRow, usage: TokenUsage, prices: PriceList | None) -> tuple[Decimal | None, str, str | None]:
    """The cost, its source, and where a price stands."""
    if row.spend > 0 or not row.used_tokens:
        return row.spend, COST_SOURCE, None
    price = prices.find(PROVIDER, row.model_group or row.model or "") if prices is not None else None
    if not isinstance(price, Price) or not usage.total_tokens:
        return None, "unknown", None
    found = priced(price.prices, usage, row.started_at_ms)
    return (None, "unknown", None) if found is None else (from_pico(found.cost), *found.said(price.source, price.note))


def counted(connection: sqlite3.Connection, before: int) -> int:
    """How many rows of ``--fill`` with a higher id than that count."""
    sql = "SELECT count(*) FROM filled JOIN call USING (call_id) WHERE call.id > ? AND counted"
    return int(connection.execute(sql, (before,)).fetchone()[0])


def id_of(row: SpendRow) -> str:
    """An id of our own, the same whenever the row is read again.

    The row's ids are the proxy's to choose: taken as they are, one could be that of a call which this side is about to record.
    """
    names = f"{row.request_id}\0{row.call_id}".encode("utf-8", "surrogatepass")
    return f"{ID_PREFIX}{blake2b(names, digest_size=16).hexdigest()}"
