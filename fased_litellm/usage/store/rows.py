"""Rows of the table ``call``: how a record becomes one, and how many are written at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from functools import cache
from typing import Any

from ..money import to_pico
from ..record import UsageRecord
from .bulk_insert import Insertion

COLUMNS: tuple[str, ...] = (
    "call_id",
    "dimension",
    "started_at_ms",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "total_tokens",
    "cost_pico",
    "cost_source",
    "cause",
    "origin",
    "http_status",
    "requested_model",
    "deployment_id",
    "retries",
    "fallbacks",
    "latency_ms",
    "time_to_first_token_ms",
    "proxy_overhead_ms",
    "proxy_version",
    "response_id",
    "feed",
    "counted",
    "input_cost_pico",
    "output_cost_pico",
    "cache_read_cost_pico",
    "cache_write_cost_pico",
    "price_note",
    "proxy_call_id",
    "billing",
)
"""The columns of a row, all but its id, in the order of a ``Row``."""

Row = tuple[Any, ...]
"""A value for each of ``COLUMNS``; ``dimension`` is an id of ``Dimensions.of``."""


_ZERO = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "total_tokens",
)
_DEFAULTS = {**dict.fromkeys(_ZERO, 0), "counted": 1}


@cache
def insertion(columns: tuple[str, ...] = COLUMNS) -> Insertion:
    """Adds a row unless its call id is there already; a column that is left out is NULL, or 0."""
    # Without its own value a column must not be bound at all: Python's sqlite3 takes longer for None than for a number.
    zero = [name for name in _ZERO if name not in columns]
    return Insertion(
        f"INSERT INTO call ({', '.join([*columns, *zero])})",
        f"({', '.join(['?'] * len(columns) + ['0'] * len(zero))})",
        "ON CONFLICT (call_id) DO NOTHING",
    )


def row_of(record: UsageRecord, dimension: int, *, feed: int | None = None) -> Row:
    """The row of a call that counts."""
    return (
        record.call_id,
        dimension,
        record.started_at_ms,
        record.input_tokens,
        record.output_tokens,
        record.cache_read_tokens,
        record.cache_write_tokens,
        record.reasoning_tokens,
        record.total_tokens,
        record.cost_pico,
        record.cost_source,
        record.cause,
        record.origin,
        record.http_status,
        record.requested_model,
        record.deployment_id,
        record.retries,
        record.fallbacks,
        record.latency_ms,
        record.time_to_first_token_ms,
        record.proxy_overhead_ms,
        record.proxy_version,
        record.response_id,
        feed,
        1,
        None if record.input_cost is None else to_pico(record.input_cost),
        None if record.output_cost is None else to_pico(record.output_cost),
        None if record.cache_read_cost is None else to_pico(record.cache_read_cost),
        None if record.cache_write_cost is None else to_pico(record.cache_write_cost),
        record.price_note,
        record.proxy_call_id,
        record.billing,
    )


def insert(connection: sqlite3.Connection, row: Row) -> bool:
    """Add a row; False if its call id is there already.

    Raises:
        sqlite3.Error, OverflowError: it cannot be written; the transaction must be rolled back.
    """
    names = tuple([name for name, value in zip(COLUMNS, row, strict=True) if value is not None])
    values = [value for value in row if value is not None]
    return connection.execute(insertion(names).one, values).rowcount > 0


def complete(row: Row, columns: tuple[str, ...]) -> Row:
    """The row with all of ``COLUMNS``, where it has only some."""
    if columns == COLUMNS:
        return row
    values = {**_DEFAULTS, **dict(zip(columns, row, strict=True))}
    return tuple(values.get(name) for name in COLUMNS)


def last_id(connection: sqlite3.Connection) -> int:
    """The highest id of a row, 0 without rows. What is written or changed later has a higher one."""
    (found,) = connection.execute("SELECT max(id) FROM call").fetchone()
    return found or 0


def insert_many(connection: sqlite3.Connection, rows: Iterable[Row], columns: tuple[str, ...] = COLUMNS) -> int:
    """Add rows; one whose call id is there already is left out.

    Args:
        connection: in a transaction.
        rows: a value for each of ``columns``.
        columns: a part of ``COLUMNS``, with call_id, dimension, started_at_ms and cost_source.

    Returns:
        How many were new.

    Raises:
        sqlite3.Error: they cannot be written; the transaction must be rolled back.
        OverflowError: a number does not fit into 64 bits; likewise.
    """
    return insertion(columns).many(connection, rows)
