"""The logs of tasks, in the ledger: runs whose session has no transcript that was counted."""

from __future__ import annotations

import sqlite3

from ...store.changes import UpsertResult, put_many
from ...store.dimensions import Dimensions
from ..calls import ALWAYS
from ..files import Found, session_of
from ..transcripts.jsonlines import chosen
from ..transcripts.reader import Part, Reading
from . import conversations
from .runs import Run, run_of
from .sessions import stand_in
from .store import About, about


def read(part: Part, agent: str) -> tuple[Reading, list[Run]]:
    """Read a log, or what has been added to it.

    Args:
        agent: whose tasks they are where the log does not say it.

    Returns:
        How it was read, and the runs.

    Raises:
        FileNotFoundError: it is gone.
        Unreadable: it cannot be read.
    """
    runs: list[Run] = []

    def take(entry: object, _: bytes) -> str | None:
        run = run_of(entry, agent)
        if run is None:
            return None
        runs.append(run)
        return run.problem

    reading = Reading(part, chosen(0))
    try:
        for _ in reading.lines(take):
            pass
    finally:
        reading.close()
    return reading, runs


def name(connection: sqlite3.Connection, dimensions: Dimensions, runs: list[Run]) -> int:
    """Say of the sessions of runs whose they are, where nothing else does any more.

    Returns:
        How many calls have other names by that.
    """
    renamed = 0
    told = {(run.named.agent, run.session_id): run.named for run in reversed(runs) if run.session_id}
    connection.executemany(
        "INSERT OR IGNORE INTO run_session VALUES (?, ?, ?)", [(*key, named.session) for key, named in told.items()]
    )
    for (agent, session_id), named in told.items():
        for found in conversations.of_session(connection, agent, session_id, but=named.session):
            if found.nameless:
                renamed += conversations.rename(connection, dimensions, found, named)
    return renamed


def any_told(connection: sqlite3.Connection) -> bool:
    """Whether logs told of sessions at all."""
    return connection.execute("SELECT 1 FROM run_session LIMIT 1").fetchone() is not None


def recall(connection: sqlite3.Connection, file: Found) -> About | None:
    """What a log said of the session of a transcript; None for nothing."""
    sql = "SELECT session FROM run_session WHERE agent = ? AND session_id = ?"
    found = connection.execute(sql, (file.agent, session_of(file.name))).fetchone()
    return about(found[0], file.agent, {}) if found else None


def count(connection: sqlite3.Connection, dimensions: Dimensions, feed: int, runs: list[Run]) -> UpsertResult:
    """Count the runs that no transcript counts."""
    rows = []
    for run in runs:
        if not run.tokens[4]:
            continue
        if run.session_id:
            if conversations.superseded(connection, run.session_id):
                continue
            stand_in(connection, run.session_id, run.call_id)
        names = (*run.about.names, "", run.provider or "", run.model or "", run.status, "")
        known = (run.call_id, dimensions.of(names), run.started_at_ms, *run.tokens, "unknown", feed)
        rows.append((*known, run.reasoning, run.latency_ms))
    return put_many(connection, rows, (*ALWAYS, "reasoning_tokens", "latency_ms")) if rows else UpsertResult()
