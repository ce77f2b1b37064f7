"""The tables of the ledger, as numbered steps. ``PRAGMA user_version`` says how many of them a file has seen.

A step that was released is never changed; a new one is added behind it.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing

from ...errors import LedgerDamaged, LedgerError
from . import schema
from .schema import APPLICATION_ID

MIGRATIONS: tuple[tuple[str, ...], ...] = (schema.TABLES,)
"""The statements of each step, from no tables to version 1, from there to 2, and so on."""

LATEST = len(MIGRATIONS)
_MOST = 99
"""No version is higher for a long time: where a file says so, a byte of its head was damaged."""


def migrate(connection: sqlite3.Connection, path: str) -> None:
    """Bring a ledger up to date; a new file gets its tables. Several processes may do this at once.

    Args:
        connection: in autocommit mode.
        path: of the file, for messages.

    Raises:
        LedgerError: the file is from a newer version, or is another program's.
        sqlite3.Error: it cannot be read or written.
    """
    if _version(connection, path) == LATEST:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have done it while this one waited for the lock.
        for number in range(_version(connection, path), LATEST):
            for statement in MIGRATIONS[number]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection, path: str) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION_ID:
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables or version:
            # Another process may have made it between the first of these questions and the last.
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            if application == APPLICATION_ID:
                return _version(connection, path)
            _require_strange(connection, path)
            raise LedgerError(
                f"{path} is an SQLite database of another program, not a usage ledger.",
                hint="Move it away; the next call begins a ledger.",
            )
    if version > LATEST:
        if version > _MOST:
            _require_strange(connection, path)
        raise LedgerError(
            f"{path} was written by a newer fased-litellm (ledger version {version}; this one knows {LATEST}).",
            hint="Upgrade fased-litellm on this machine. Nothing was changed.",
        )
    return int(version)


def _require_strange(connection: sqlite3.Connection, path: str) -> None:
    """Make sure that it is not a ledger of this version after all, whose head was damaged.

    Raises:
        LedgerDamaged: it is: neither another program nor a much newer version has the same tables.
    """
    if _tables(connection) == _own_tables():
        raise LedgerDamaged(
            f"The usage ledger {path} is damaged: its header is not valid for this version.",
            hint="Run `fased usage`: it sets the file aside and saves what can be read of it.",
        )


def is_whole(connection: sqlite3.Connection) -> bool:
    """Whether all tables and indexes of this version are there."""
    return _own_tables().items() <= _tables(connection).items()


def _tables(connection: sqlite3.Connection) -> dict[str, str | None]:
    """The tables and indexes, and how they were made."""
    return dict(connection.execute("SELECT name, sql FROM sqlite_master"))


def _own_tables() -> dict[str, str | None]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for step in MIGRATIONS:
            for statement in step:
                connection.execute(statement)
        return _tables(connection)
