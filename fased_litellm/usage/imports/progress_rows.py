"""Rows of the ledger's table ``feed``: how far each of the Node agent's files was read."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence

from ..store.bulk_insert import Insertion
from . import unreadable
from .files import Found
from .source_files import SourceFile
from .transcripts.reader import BadLine, Reading, State

_STATE = State._fields[:-1]
NEW_FEED = Insertion(
    "INSERT INTO feed (id, kind, path, agent, conversation, copied_until_ms, parent, summed_up, "
    f"{', '.join(_STATE)}, bad_lines, read_at_ms)",
    f"({', '.join('?' * (len(_STATE) + 10))})",
)
READ_ON = f"""
UPDATE feed SET {", ".join(f"{name} = ?" for name in _STATE)}, bad_lines = bad_lines + ?, read_at_ms = ?, gone = 0
WHERE id = ?
"""  # noqa: S608 - names of columns


def begin(connection: sqlite3.Connection, found: Found, feed: SourceFile | None) -> int:
    """The id of a file without conversation; a new one for a file of which nothing was read yet."""
    if feed:
        return feed.id
    sql = "INSERT INTO feed (kind, path, agent) VALUES (?, ?, ?)"
    added = connection.execute(sql, (found.kind, found.path, found.agent)).lastrowid
    assert added is not None
    return added


def keep(connection: sqlite3.Connection, feed: int, reading: Reading) -> Sequence[BadLine]:
    """Keep how far a file without conversation was read, and its bad lines.

    Returns:
        Those of them that were not known before.
    """
    assert reading.state is not None
    known = unreadable.forget(connection, feed) if reading.restarted else frozenset()
    fresh = unreadable.keep(connection, feed, reading.bad, known)
    connection.execute(READ_ON, (*reading.state, time.time_ns() // 1_000_000, feed))
    return fresh


def is_read(connection: sqlite3.Connection, feed: int, found: Found) -> None:
    """Keep that a file was read as a whole."""
    connection.execute(
        "UPDATE feed SET device = ?, inode = ?, size = ?, mtime_ns = ?, position = 0, gone = 0 WHERE id = ?",
        (found.device, found.inode, found.size, found.mtime_ns, feed),
    )
