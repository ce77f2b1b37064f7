"""A connection for questions: what it sees of the ledger stays as it is, while others write."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ... import ownership
from . import database, rollups
from .migrations import migrate


@contextmanager
def asking(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a ledger for several questions about one and the same state of it.

    Args:
        path: of the ledger; it is made if it is not there.

    Raises:
        LedgerError: it cannot be read.
    """
    if os.path.exists(path) and not ownership.may_write(path):
        from .readonly import reading

        with reading(path, lambda _: None) as connection:
            yield connection
        return
    connection = database.connect(path)
    try:
        rollups.catch_up(connection, database.BUSY_TIMEOUT_S)
        connection.execute("BEGIN")
        yield connection
    except sqlite3.Error as error:
        raise database.explain(path, error) from error
    finally:
        connection.close()


@contextmanager
def nothing() -> Iterator[sqlite3.Connection]:
    """A history without calls, for questions where there is no ledger; no file is made."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        migrate(connection, ":memory:")
        yield connection
    finally:
        connection.close()
