"""Both sides of a comparison in a temporary database, which is gone with its connection."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from ...paths import Paths
from ...proxy.spend import SpendRow
from ..imports.transcripts.compactions import summaries
from ..money import to_pico
from ..store import database
from ..store.rollups import USED
from ..store.snapshot import asking
from .backfill import id_of
from .matching import MARGIN_MS

_BATCH = 2_000
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
      ended_at_ms INTEGER NOT NULL, model TEXT, status TEXT NOT NULL, total_tokens INTEGER NOT NULL, spend_pico INTEGER NOT NULL,
      fill_id TEXT NOT NULL UNIQUE, whole TEXT NOT NULL, client TEXT
    )
    """,
    "CREATE TABLE pair (here INTEGER PRIMARY KEY, there INTEGER NOT NULL UNIQUE, matched_by TEXT NOT NULL)",
    "CREATE TABLE attempt (there INTEGER PRIMARY KEY)",
    "CREATE TABLE summary (at_ms INTEGER PRIMARY KEY)",
    "CREATE TABLE conversation (first_ms INTEGER NOT NULL, last_ms INTEGER NOT NULL)",
)
_HERE = f"""
SELECT call.call_id, call.proxy_call_id, call.response_id, call.started_at_ms, dimension.model, status, call.total_tokens,
  cost_pico, cost_source, feed, {USED.replace("total_tokens", "call.total_tokens")}, coalesce(own.call_id, instead.call_id), own.call_id IS NOT NULL
FROM call JOIN dimension ON dimension.id = call.dimension
LEFT JOIN filled AS own ON own.call_id = call.call_id
LEFT JOIN filled AS instead ON instead.replaced_by = call.call_id
WHERE counted AND provider = 'litellm' AND call.started_at_ms >= ? AND call.started_at_ms < ?
"""  # noqa: S608 - constants


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


def take_history(connection: sqlite3.Connection, ledger: Path, from_ms: int, to_ms: int) -> None:
    """Copy the calls of the history through LiteLLM.

    Raises:
        LedgerError: it cannot be read.
    """
    connection.execute("DELETE FROM here")
    if not ledger.exists():
        return
    with asking(ledger) as source:
        try:
            rows = source.execute(_HERE, (from_ms - MARGIN_MS, to_ms + MARGIN_MS))
            while batch := rows.fetchmany(_BATCH):
                _insert(
                    connection,
                    "INSERT INTO here (call_id, proxy_call_id, response_id, started_at_ms, model, status, total_tokens, cost_pico,"
                    " cost_source, feed, used, fill_id, filled) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    batch,
                )
        except sqlite3.Error as error:
            raise database.explain(ledger, error) from error


def take_rows(connection: sqlite3.Connection, rows: Iterable[SpendRow]) -> int:
    """Take rows of the proxy as they come; one that is there already is left alone.

    Returns:
        How many there are now.
    """
    iterator = iter(rows)
    while batch := list(islice(iterator, _BATCH)):
        _insert(
            connection,
            "INSERT OR IGNORE INTO there (call_id, request_id, started_at_ms, ended_at_ms, model, status, total_tokens, spend_pico,"
            " fill_id, whole, client) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    row.call_id,
                    row.request_id,
                    row.started_at_ms,
                    row.started_at_ms + int(row.duration_ms or 0),
                    row.model_group or row.model,
                    row.status,
                    row.used_tokens,
                    to_pico(row.spend),
                    id_of(row),
                    _whole(row),
                    _client(row),
                )
                for row in batch
            ],
        )
    return int(connection.execute("SELECT count(*) FROM there").fetchone()[0])


def take_agent(connection: sqlite3.Connection, ledger: Path, paths: Paths, from_ms: int) -> None:
    """Take when the Node agent was at work, and when it summed up what was said.

    Raises:
        LedgerError: the history cannot be read.
    """
    with asking(ledger) as source:
        sql = "SELECT first_ms, last_ms FROM conversation WHERE first_ms IS NOT NULL AND last_ms >= ?"
        _insert(
            connection, "INSERT INTO conversation VALUES (?, ?)", source.execute(sql, (from_ms - MARGIN_MS,)).fetchall()
        )
        times = summaries(paths, source, from_ms - MARGIN_MS)
    _insert(connection, "INSERT OR IGNORE INTO summary VALUES (?)", [(time,) for time in times])


def insert_calls(connection: sqlite3.Connection, calls: Iterable[Candidate]) -> None:
    """Take calls as they are compared in ``replacing``, in the order of time."""
    in_order = sorted(calls, key=lambda call: (call.started_at_ms, call.call_id))
    _insert(
        connection,
        "INSERT INTO here (call_id, proxy_call_id, response_id, model, total_tokens, started_at_ms, feed, status)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        in_order,
    )


def insert_filled(connection: sqlite3.Connection, rows: Iterable[Filled]) -> None:
    """Take rows that ``--fill`` added, in the order of time."""
    _insert(
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


def row_of(whole: str) -> SpendRow:
    """A row as it was taken."""
    values: dict[str, Any] = json.loads(whole)
    return SpendRow(**{**values, "spend": Decimal(values["spend"]), "tags": tuple(values["tags"])})


def _client(row: SpendRow) -> str | None:
    """What program made the request, ``own`` or ``node``; None where nothing tells it.

    Facts: LiteLLM adds a tag with the client's user agent. The Node agent uses the SDKs of OpenAI and Anthropic for Node.
    """
    agents = [tag.removeprefix("User-Agent: ") for tag in row.tags if tag.startswith("User-Agent: ")]
    if row.tag("source") or any(agent.startswith("fased-litellm") for agent in agents):
        return "own"
    return "node" if any(agent.startswith(("OpenAI/JS", "Anthropic/JS")) for agent in agents) else None


def _whole(row: SpendRow) -> str:
    return json.dumps({**asdict(row), "spend": str(row.spend)}, separators=(",", ":"))


def _insert(connection: sqlite3.Connection, sql: str, batch: Sequence[Sequence[Any]]) -> None:
    connection.execute("BEGIN")
    connection.executemany(sql, batch)
    connection.execute("COMMIT")
