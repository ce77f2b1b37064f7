"""Lines that could not be read as they stand, in the ledger: where, and what is wrong; never a word of the line."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from .transcripts.reader import MOST_BAD_LINES, BadLine

Known = frozenset[tuple[int, str]]
"""Number and problem of lines that were kept before the file was read anew."""


def forget(connection: sqlite3.Connection, feed: int) -> Known:
    """Forget the bad lines of a file that is read from its beginning."""
    known = connection.execute("SELECT line, problem FROM bad_line WHERE feed = ?", (feed,)).fetchall()
    connection.execute("DELETE FROM bad_line WHERE feed = ?", (feed,))
    connection.execute("UPDATE feed SET bad_lines = 0 WHERE id = ?", (feed,))
    return frozenset(known)


def keep(connection: sqlite3.Connection, feed: int, lines: Iterable[BadLine], known: Known) -> Sequence[BadLine]:
    """Keep bad lines of a file, the first thousand.

    Returns:
        Those that were not known before.
    """
    (count,) = connection.execute("SELECT count(*) FROM bad_line WHERE feed = ?", (feed,)).fetchone()
    kept = [*lines][: max(0, MOST_BAD_LINES - count)]
    connection.executemany(
        "INSERT OR REPLACE INTO bad_line (feed, line, position, problem) VALUES (?, ?, ?, ?)",
        [(feed, *line) for line in kept],
    )
    return [line for line in kept if (line[0], line[2]) not in known]
