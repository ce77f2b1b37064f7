"""Open the ledger's SQLite file, and put SQLite's errors into words."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
import time
from pathlib import Path

from ..atomicfile import PRIVATE, make_private_dir
from ..errors import LedgerError
from .migrations import migrate

BUSY_TIMEOUT_S = 5.0
"""How long a writer waits for the others before it gives up."""

_opening = threading.Lock()


def connect(path: Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S) -> sqlite3.Connection:
    """Open a ledger, made private (0600) if it is new, with its tables up to date.

    The connection is in autocommit mode; transactions are begun by hand. It may be used from several threads, one at a
    time.

    Raises:
        LedgerError: it cannot be opened, is damaged, or is from a newer version.
    """
    try:
        with _opening:
            # Within a process, closing any descriptor of the file would drop the locks which SQLite holds on it
            # through another connection. So the file is opened by hand only where it is certainly new.
            _make_private(path)
            connection = sqlite3.connect(
                path, timeout=busy_timeout_s, isolation_level=None, check_same_thread=False, cached_statements=64
            )
    except OSError as error:
        raise LedgerError(f"The usage ledger {path} cannot be made: {error.strerror}.") from error
    except sqlite3.Error as error:
        raise explain(path, error) from error
    try:
        _write_ahead(connection, busy_timeout_s)
        connection.execute("PRAGMA synchronous = NORMAL")
        migrate(connection, str(path))
    except sqlite3.Error as error:
        connection.close()
        raise explain(path, error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def explain(path: Path, error: sqlite3.Error | OverflowError) -> LedgerError:
    """The ``LedgerError`` for what SQLite reports."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return LedgerError(
            f"The usage ledger {path} is damaged: {error}.",
            hint=f"Move it away (mv {path} {path}.damaged); the next call begins a new one.",
        )
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return LedgerError(
            f"The usage ledger {path} is held by another program.", hint="Try again once that program is done."
        )
    if code == sqlite3.SQLITE_FULL:
        return LedgerError(f"There is no room to write the usage ledger {path}.", hint="Free some disk space.")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH):
        return LedgerError(
            f"The usage ledger {path} cannot be opened for writing: {error}.",
            hint="It and its folder must belong to the user who runs this.",
        )
    return LedgerError(f"The usage ledger {path} cannot be used: {error}.")


def _make_private(path: Path) -> None:
    make_private_dir(path.parent)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE))
    except FileExistsError:
        # SQLite gives the -wal and -shm files the mode of this one.
        if os.path.isfile(path) and os.stat(path).st_mode & 0o077:
            with contextlib.suppress(OSError):
                os.chmod(path, PRIVATE)


def _write_ahead(connection: sqlite3.Connection, patience_s: float) -> None:
    """Switch to WAL mode. SQLite does not wait for others here, so this does."""
    deadline = time.monotonic() + patience_s
    while True:
        try:
            if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
                connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() >= deadline:
                raise
        time.sleep(0.005)
