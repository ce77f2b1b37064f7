"""Records for the tests of the usage history, and the truth about them in plain Python."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from fased_litellm.usage.query.query import COLUMNS, TIMES
from fased_litellm.usage.record import STATUSES, UsageRecord

DAY_MS = 86_400_000
START_MS = 1_795_219_200_000  # 2026-11-21T00:00:00Z
PICO = Decimal("0.000000000001")


def sample(call_id: str = "c1", started_at_ms: int = START_MS, **changes: Any) -> UsageRecord:
    values: dict[str, Any] = {
        "provider": "litellm",
        "model": "default",
        "agent": "main",
        "task": "digest",
        "channel": "telegram",
        "session": "s1",
        "source": "cli",
        "served_model": "openai/gpt-5.5",
        "input_tokens": 10,
        "output_tokens": 20,
        "total_tokens": 30,
        "cost": Decimal("0.00065"),
        "cost_source": "header",
    }
    return UsageRecord(call_id=call_id, started_at_ms=started_at_ms, **(values | changes))


def _names(*values: str) -> st.SearchStrategy[str | None]:
    return st.sampled_from([None, *values])


_tokens = st.integers(0, 5) | st.integers(0, 10**9)
costs = st.none() | st.just(Decimal(0)) | st.decimals(0, 1000, places=12)


@st.composite
def records(draw: st.DrawFn) -> UsageRecord:
    tokens = [draw(_tokens) for _ in range(4)]
    return UsageRecord(
        call_id=draw(st.uuids()).hex,
        # Around the borders of buckets and days, where mistakes live.
        started_at_ms=START_MS
        + draw(st.integers(0, 2)) * DAY_MS
        + draw(st.sampled_from([0, 900_000, 1_800_000, 43_200_000]))
        + draw(st.integers(-3, 3) | st.integers(-900_000, 900_000)),
        provider=draw(_names("litellm", "other")),
        model=draw(_names("default", "openai/gpt-5.5")),
        served_model=draw(_names("openai/gpt-5.5")),
        agent=draw(_names("main", "ops")),
        task=draw(_names("digest", "=1+1")),
        channel=draw(_names("telegram")),
        session=draw(_names("s1", "s2", "s3")),
        source=draw(_names("cli", "task")),
        role=draw(_names("coding")),
        status=draw(st.sampled_from(STATUSES)),
        input_tokens=tokens[0],
        output_tokens=tokens[1],
        cache_read_tokens=tokens[2],
        cache_write_tokens=tokens[3],
        reasoning_tokens=draw(st.integers(0, tokens[1])),
        total_tokens=sum(tokens),
        cost=draw(costs),
        input_cost=draw(costs),
        output_cost=draw(costs),
        cache_read_cost=draw(costs),
        cache_write_cost=draw(costs),
        response_id=draw(_names("chatcmpl-1")),
        price_note=draw(_names("a catalog")),
    )


def value(record: UsageRecord, dimension: str, zone: tzinfo = UTC) -> str | None:
    if dimension in TIMES:
        moment = datetime.fromtimestamp(record.started_at_ms / 1000, zone)
        if dimension != "hour":
            return moment.strftime({"day": "%Y-%m-%d", "week": "%G-W%V", "month": "%Y-%m"}[dimension])
        hour = moment.replace(minute=0, second=0, microsecond=0)
        return f"{hour:%Y-%m-%dT%H:%M}" + ("Z" if zone is UTC else f"{moment:%z}"[:3] + ":" + f"{moment:%z}"[3:5])
    found: str | None = getattr(record, COLUMNS[dimension])
    return found


def expected_totals(chosen: Iterable[UsageRecord]) -> dict[str, Any]:
    """The totals of a report over these records, as its JSON has them, but with the cost as an exact Decimal."""
    chosen = list(chosen)
    unpriced = [
        record
        for record in chosen
        if record.cost is None
        and (record.total_tokens > 0 or record.status != "error" or record.cause in ("timeout", "connection-lost"))
    ]
    priced = [record.cost for record in chosen if record.cost is not None]
    return {
        "calls": len(chosen),
        "failed": sum(record.status in ("error", "interrupted") for record in chosen),
        "inputTokens": sum(record.input_tokens for record in chosen),
        "outputTokens": sum(record.output_tokens for record in chosen),
        "cacheReadTokens": sum(record.cache_read_tokens for record in chosen),
        "cacheWriteTokens": sum(record.cache_write_tokens for record in chosen),
        "reasoningTokens": sum(record.reasoning_tokens for record in chosen),
        "totalTokens": sum(record.total_tokens for record in chosen),
        "costUsd": sum(priced, Decimal(0)) if priced or not unpriced else None,
        "unpricedCalls": len(unpriced),
    }


def expected_groups(
    all_records: Iterable[UsageRecord],
    from_ms: int,
    to_ms: int,
    by: tuple[str, ...],
    filters: Mapping[str, tuple[str, ...]],
    zone: tzinfo = UTC,
) -> dict[tuple[str | None, ...], list[UsageRecord]]:
    groups: dict[tuple[str | None, ...], list[UsageRecord]] = {}
    for record in all_records:
        passes = all(value(record, name) in [None if v == "-" else v for v in vs] for name, vs in filters.items())
        if passes and from_ms <= record.started_at_ms < to_ms:
            groups.setdefault(tuple(value(record, name, zone) for name in by), []).append(record)
    return groups
