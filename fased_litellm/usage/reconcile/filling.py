"""Calls that the proxy knows and the history does not, as rows of the history."""

from __future__ import annotations

from hashlib import blake2b

from ...proxy.spend import SpendRow
from ...refs import PROVIDER
from ..record import UsageRecord

COST_SOURCE = "spend-row"
"""Where the cost of such a row comes from: the proxy's own, afterwards."""


def record_of(row: SpendRow) -> UsageRecord:
    """A row of the proxy as a call.

    LiteLLM counts cached tokens into the prompt; here they are apart. A spend of 0 for tokens is an unknown cost. Agent, task,
    channel, role and source are those of our tags, where a client of this package made the call.

    Raises:
        ValueError: the row's numbers make no sense.
    """
    cached = min(row.prompt_tokens, row.cache_read_tokens + row.cache_write_tokens)
    read = min(cached, row.cache_read_tokens)
    failed = row.status == "failure"
    priced = row.spend > 0 or row.total_tokens == 0
    return UsageRecord(
        call_id=_id_of(row),
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
        input_tokens=row.prompt_tokens - cached,
        output_tokens=row.completion_tokens,
        cache_read_tokens=read,
        cache_write_tokens=cached - read,
        total_tokens=row.prompt_tokens + row.completion_tokens,
        cost=row.spend if priced else None,
        cost_source=COST_SOURCE if priced else "unknown",
        response_id=row.request_id if row.request_id != row.call_id else None,
        latency_ms=row.duration_ms,
    )


def _id_of(row: SpendRow) -> str:
    """An id of our own, the same whenever the row is read again.

    The row's ids are the proxy's to choose: taken as they are, one could be that of a call which this side is about to record.
    """
    names = f"{row.request_id}\0{row.call_id}".encode("utf-8", "surrogatepass")
    return f"spend:{blake2b(names, digest_size=16).hexdigest()}"
