"""Copy both sides of a comparison into its temporary database: the history, and the rows of the proxy."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict
from decimal import Decimal
from itertools import islice
from pathlib import Path
from typing import Any

from ...paths import Paths
from ...proxy.management.spend import SpendRow
from ..imports.transcripts.compactions import summaries
from ..money import to_pico
from ..store import database
from ..store.proxyrows.matching import MARGIN_MS, NEAR_MS
from ..store.proxyrows.scratch import insert_batch
from ..store.rollups import USED
from ..store.snapshot import asking
from .backfill import id_of

_BATCH = 2_000
_HERE = f"""
SELECT call.call_id, call.proxy_call_id, call.response_id, call.started_at_ms, dimension.model, status, call.total_tokens,
  cost_pico, cost_source, feed, {USED.replace("total_tokens", "call.total_tokens")}, coalesce(own.call_id, instead.call_id), own.call_id IS NOT NULL
FROM call JOIN dimension ON dimension.id = call.dimension
LEFT JOIN filled AS own ON own.call_id = call.call_id
LEFT JOIN filled AS instead ON instead.replaced_by = call.call_id
WHERE counted AND provider = 'litellm' AND call.started_at_ms >= ? AND call.started_at_ms < ?
"""  # noqa: S608 - constants


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
                insert_batch(
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
        insert_batch(
            connection,
            "INSERT OR IGNORE INTO there (call_id, request_id, started_at_ms, ended_at_ms, model, status, total_tokens, prompt_tokens, spend_pico,"
            " fill_id, whole, client) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    row.call_id,
                    row.request_id,
                    row.started_at_ms,
                    row.started_at_ms + int(row.duration_ms or 0),
                    row.model_group or row.model,
                    row.status,
                    row.used_tokens,
                    row.prompt_tokens,
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
        insert_batch(
            connection, "INSERT INTO conversation VALUES (?, ?)", source.execute(sql, (from_ms - MARGIN_MS,)).fetchall()
        )
        found = summaries(paths, source, from_ms - MARGIN_MS)
    made = [
        (one.at_ms, max(one.since_ms or 0, one.at_ms - NEAR_MS), model, one.tokens)
        for one in found
        for model in one.models or (None,)
    ]
    insert_batch(connection, "INSERT INTO summary VALUES (?, ?, ?, ?)", made)


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
