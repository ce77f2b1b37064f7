"""Both sides of a comparison in a temporary database, which is gone with its connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

_TABLES = (
    """
    CREATE TABLE here (
      id INTEGER PRIMARY KEY, call_id TEXT NOT NULL, proxy_call_id TEXT, response_id TEXT,
      started_at_ms INTEGER NOT NULL, model TEXT, status TEXT NOT NULL, total_tokens INTEGER NOT NULL, cost_pico INTEGER, cost_source TEXT, feed INTEGER, used INTEGER NOT NULL DEFAULT 1,
      fill_id TEXT, filled INTEGER NOT NULL DEFAULT 0
    )
    """,
    """
    CREATE TABLE there (
      id INTEGER PRIMARY KEY, call_id TEXT NOT NULL, request_id TEXT NOT NULL, started_at_ms INTEGER NOT NULL,
      ended_at_ms INTEGER NOT NULL, model TEXT, status TEXT NOT NULL, total_tokens INTEGER NOT NULL, prompt_tokens INTEGER NOT NULL DEFAULT 0, spend_pico INTEGER NOT NULL,
      fill_id TEXT NOT NULL UNIQUE, whole TEXT NOT NULL, client TEXT
    )
    """,
    "CREATE TABLE pair (here INTEGER PRIMARY KEY, there INTEGER NOT NULL UNIQUE, matched_by TEXT NOT NULL)",
    "CREATE TABLE attempt (there INTEGER PRIMARY KEY)",
    "CREATE TABLE summary (at_ms INTEGER NOT NULL, since_ms INTEGER NOT NULL, model TEXT, tokens INTEGER)",
    "CREATE TABLE conversation (first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL)",
)


class Candidate(NamedTuple):
    """A call of the history, as far as it is compared with the rows that ``--fill`` added."""

    call_id: str
    proxy_call_id: str | None
    response_id: str | None
    model: str
    total_tokens: int
    started_at_ms: int
    feed: int | None
    status: str


class Filled(NamedTuple):
    """A row that ``--fill`` added, as in the table ``filled``."""

    call_id: str
    proxy_call_id: str | None
    response_id: str | None
    model: str
    total_tokens: int
    started_at_ms: int
    ended_at_ms: int
    replaced_by: str | None
    matched_by: str | None


@contextmanager
def scratch() -> Iterator[sqlite3.Connection]:
    """An empty comparison. It lies in a temporary file as soon as it is large."""
    connection = sqlite3.connect("", isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA journal_mode = MEMORY")
        for table in _TABLES:
            connection.execute(table)
        yield connection
    finally:
        connection.close()


def insert_calls(connection: sqlite3.Connection, calls: Iterable[Candidate]) -> None:
    """Take calls as they are compared in ``replacing``, in the order of time."""
    in_order = sorted(calls, key=lambda call: (call.started_at_ms, call.call_id))
    insert_batch(
        connection,
        "INSERT INTO here (call_id, proxy_call_id, response_id, model, total_tokens, started_at_ms, feed, status)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        in_order,
    )


def insert_filled(connection: sqlite3.Connection, rows: Iterable[Filled]) -> None:
    """Take rows that ``--fill`` added, in the order of time."""
    insert_batch(
        connection,
        "INSERT INTO there (call_id, request_id, started_at_ms, ended_at_ms, model, status, total_tokens, spend_pico, fill_id, whole)"
        " VALUES (?, ?, ?, ?, ?, '', ?, 0, ?, '')",
        [
            (
                row.proxy_call_id or row.call_id,
                row.response_id or row.proxy_call_id or row.call_id,
                row.started_at_ms,
                row.ended_at_ms,
                row.model,
                row.total_tokens,
                row.call_id,
            )
            for row in sorted(rows, key=lambda row: (row.started_at_ms, row.call_id))
        ],
    )


def insert_batch(connection: sqlite3.Connection, sql: str, batch: Sequence[Sequence[Any]]) -> None:
    """Insert rows in one transaction."""
    connection.execute("BEGIN")
    connection.executemany(sql, batch)
    connection.execute("COMMIT")
