"""Answer from a ledger that may not be written: one of another user, on a full disk, or on a file system that is read-only."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from ... import ownership, plainfile
from ...errors import LedgerError
from . import database, migrations, rollups
from .ledger import Ledger
from .spool import Spool

_ATTEMPTS = 3

Say = Callable[[str], None]


@contextmanager
def reading(path: Path, say: Say) -> Iterator[sqlite3.Connection]:
    """A connection to what can be read of a ledger, with the calls that wait for it. Nothing beside it is changed.

    Args:
        path: of the ledger.
        say: is told in words of what is missing, for the user.

    Raises:
        LedgerError: nothing can be read.
    """
    if not os.access(path, os.R_OK):
        raise LedgerError(f"The usage ledger {path} cannot be read.", hint=ownership.told(path))
    waiting = _waiting(path, say)
    with contextlib.ExitStack() as until_read:
        connection = None if waiting.strip() else directly(path)
        if connection is None:
            try:
                connection = _copied(path, waiting, until_read, say)
            except LedgerError:
                connection = directly(path)
                if connection is None:
                    raise
                say("Calls that wait to be taken into the ledger are not in this report: the disk is full.")
        until_read.callback(connection.close)
        connection.execute("BEGIN")
        try:
            rollups.read_mark(connection)
        except sqlite3.Error as error:
            raise database.explain(path, error) from error
        yield connection


def _waiting(path: Path, say: Say) -> bytes:
    """The lines of the calls that wait."""
    place = Spool.beside(path).path
    try:
        with open(plainfile.open_file(place), "rb") as file:
            return file.read()
    except FileNotFoundError:
        return b""
    except OSError as error:
        say(f"The newest calls may be missing in this report: {place} cannot be read: {error.strerror}.")
    return b""


def directly(path: Path) -> sqlite3.Connection | None:
    """A connection that does not write, None if there cannot be one.

    SQLite reads a ledger with a log only where it may write beside it, unless the log is in use. Without one, nobody writes,
    and the file can be taken as it is.
    """
    logged = _length(f"{path}-wal") > 0
    for options in ("mode=ro", *(() if logged else ("mode=ro&immutable=1",))):
        try:
            connection = sqlite3.connect(
                f"file:{quote(str(path))}?{options}", uri=True, isolation_level=None, check_same_thread=False
            )
        except sqlite3.Error:
            continue
        try:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            connection.execute("SELECT count(*) FROM meta").fetchone()
        except sqlite3.Error:
            version = 0
        if version == migrations.LATEST:
            return connection
        connection.close()
    return None


def _copied(path: Path, waiting: bytes, until_read: contextlib.ExitStack, say: Say) -> sqlite3.Connection:
    """A connection to a copy of the ledger, brought up to date."""
    try:
        folder = Path(tempfile.mkdtemp(prefix="fased-usage-"))
        until_read.callback(shutil.rmtree, folder, ignore_errors=True)
        copy = folder / path.name
        _copy(path, copy, say)
        spool = Spool.beside(copy)
        spool.path.write_bytes(waiting)
    except OSError as error:
        raise LedgerError(
            f"The usage ledger {path} cannot be read: {error.strerror}.", hint=ownership.told(path)
        ) from error
    with Ledger(copy) as ledger:
        ledger.drain(spool)
    return database.connect(copy)


def _copy(path: Path, copy: Path, say: Say) -> None:
    for _ in range(_ATTEMPTS):
        before = _state(path)
        shutil.copyfile(path, copy)
        copy.chmod(0o600)
        try:
            if _length(f"{path}-wal"):
                shutil.copyfile(f"{path}-wal", f"{copy}-wal")
        except PermissionError as error:
            say(f"The newest calls may be missing in this report: {error.filename} cannot be read: {error.strerror}.")
        if _state(path) == before:
            return
    raise LedgerError(f"The usage ledger {path} changes all the time and cannot be written.", hint="Try again.")


def _state(path: Path) -> list[tuple[int, int]]:
    return [(_length(f"{path}{suffix}"), _changed(f"{path}{suffix}")) for suffix in ("", "-wal")]


def _length(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0


def _changed(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0
