"""Open the ledger's SQLite file, and put SQLite's errors into words."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ... import ownership, plainfile
from ...atomicfile import PRIVATE, make_private_dir
from ...errors import LedgerDamaged, LedgerError
from .busy import Patience
from .migrations import migrate

BUSY_TIMEOUT_S = 5.0
"""How long a writer waits for the others before it gives up."""

FAILURES = (sqlite3.Error, OverflowError, UnicodeDecodeError)
"""What Python's sqlite3 raises: the last one for a message that quotes a damaged file."""

PAGE = 8192
"""Bytes. With larger pages an import takes less time, and the record of one call more."""
_LOG_PAGES = 4000
"""So many pages are in the -wal file before they are copied into the ledger. A call writes the same few pages as the
last one did, and hundreds of calls share the cost of copying them."""

_BESIDE = ("", "-wal", "-shm", "-journal")
"""What SQLite opens. It would wait for ever for a named pipe in the place of the last."""
_SAVE = "Run `fased usage`: it sets the file aside and saves what can be read of it."
_UNREADABLE = "Could not decode to UTF-8|unsupported file format|no such (table|column|index)|duplicate column name|.* already exists"
"""Errors of SQLite that no sound ledger brings about: its texts, or the description of its tables, are damaged."""
_LOOKS, _PAUSE_S = 4, 0.01

UNWRITABLE = (
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_AUTH,
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
)
"""Codes of SQLite where a ledger cannot be written, and perhaps be read."""

_opening = threading.Lock()


def connect(
    path: Path, *, busy_timeout_s: float = BUSY_TIMEOUT_S, give_up: Callable[[], bool] | None = None
) -> sqlite3.Connection:
    """Open a ledger, made private (0600) if it is new, with its tables up to date.

    The connection is in autocommit mode; transactions are begun by hand. It may be used from several threads, one at a
    time. It waits for others by itself, unless there is a ``give_up``: then only this function does.

    Args:
        busy_timeout_s: how long to wait for others.
        give_up: asked while waiting; true ends it.

    Raises:
        LedgerError: it cannot be opened, is damaged, or is from a newer version.
    """
    patience = Patience(busy_timeout_s, give_up or bool)
    try:
        connection = _open(path, patience)
    except OSError as error:
        raise LedgerError(
            f"The usage ledger {error.filename or path} cannot be opened: {error.strerror}.", hint=ownership.told(path)
        ) from error
    except FAILURES as error:
        raise explain(path, error) from error
    try:
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
        patience.with_(lambda: migrate(connection, str(path)))
        _require_end(connection, path)
        if give_up is None:
            connection.execute(f"PRAGMA busy_timeout = {int(busy_timeout_s * 1000)}")
    except FAILURES as error:
        connection.close()
        raise explain(path, error) from error
    except BaseException:
        connection.close()
        raise
    return connection


def _open(path: Path, patience: Patience) -> sqlite3.Connection:
    with unmoved(path):
        # Within a process, closing any descriptor of the file would drop the locks which SQLite holds on it through
        # another connection. So the file is opened by hand only where it is certainly new.
        with _opening:
            for suffix in _BESIDE:
                plainfile.refuse_other(f"{path}{suffix}")
            _make_private(path)
            connection = sqlite3.connect(
                path, timeout=0, isolation_level=None, check_same_thread=False, cached_statements=64
            )
        try:
            patience.with_(lambda: _write_ahead(connection))
        except BaseException:
            connection.close()
            raise
        return connection


@contextlib.contextmanager
def unmoved(path: Path, *, moving: bool = False) -> Iterator[None]:
    """Keep others from putting another file in the ledger's place, or with ``moving``, from opening it meanwhile.

    SQLite opens its file and the -wal file beside it one after the other; they must be of one ledger.
    """
    descriptor = None
    try:
        with contextlib.suppress(OSError):  # a folder that cannot be locked is no reason not to work
            make_private_dir(path.parent)
            descriptor = plainfile.open_folder(path.parent)
            fcntl.flock(descriptor, fcntl.LOCK_EX if moving else fcntl.LOCK_SH)
        yield
    finally:
        if descriptor is not None:
            with contextlib.suppress(OSError):  # closing is not enough, if another thread forks a child meanwhile
                fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.close(descriptor)


def explain(path: Path, error: sqlite3.Error | OverflowError | UnicodeDecodeError) -> LedgerError:
    """The ``LedgerError`` for what SQLite reports."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or _of_damage(path, code, error):
        return LedgerDamaged(f"The usage ledger {path} is damaged: {error}.", hint=_SAVE)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return LedgerError(
            f"The usage ledger {path} is held by another program.", hint="Try again once that program is done."
        )
    if str(error) == "integer overflow":
        return LedgerError(
            f"The sums of the usage ledger {path} are too large for a number of 64 bits.",
            hint="`fased usage calls --sort cost` lists the calls with the highest cost.",
        )
    if code == sqlite3.SQLITE_FULL:
        return LedgerError(f"No space left to write the usage ledger {path}.", hint="Free some disk space.")
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH):
        return LedgerError(
            f"The usage ledger {path} cannot be opened for writing: {error}.",
            hint=ownership.told(path) or "It and its folder must belong to the user who runs this.",
        )
    return LedgerError(f"The usage ledger {path} cannot be used: {error}.")


def _require_end(connection: sqlite3.Connection, path: Path) -> None:
    """Refuse a file that is shorter than it says, which SQLite does not always see. It may be while its log is not empty.

    Raises:
        LedgerDamaged: its end is missing.
    """
    for look in range(_LOOKS):
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        (count,) = connection.execute("PRAGMA page_count").fetchone()
        length = os.stat(path).st_size
        logged = os.path.exists(f"{path}-wal") and os.path.getsize(f"{path}-wal") > 0
        if length % size == 0 and (logged or length >= count * size):
            return
        if look < _LOOKS - 1:
            time.sleep(_PAUSE_S)  # another program may be about to write a page
    raise LedgerDamaged(f"The usage ledger {path} is damaged: its end is missing.", hint=_SAVE)


def unwritable(error: LedgerError) -> bool:
    """Whether a ledger could not be used only since it may not, or cannot, be written."""
    cause = error.__cause__
    if isinstance(error, LedgerDamaged):
        return False
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorcode", 0) & 0xFF in UNWRITABLE
    return isinstance(cause, OSError) and not isinstance(cause, plainfile.NotPlain)


def _of_damage(path: Path, code: int, error: Exception) -> bool:
    """Whether an error that is none of damage by its code comes of it: SQLite trusts what a file says of itself."""
    if isinstance(error, UnicodeDecodeError) or re.match(_UNREADABLE, str(error)):
        return True
    return code == sqlite3.SQLITE_READONLY and only_read_by_its_head(path)


def only_read_by_its_head(path: Path) -> bool:
    """Whether the file forbids to be written, as none does that is made here."""
    from .repair.pages import head_of  # for damaged ledgers alone

    head = head_of(path)
    return len(head) > 18 and head[18] not in (1, 2)


def _make_private(path: Path) -> None:
    make_private_dir(path.parent)
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE))
    except FileExistsError:
        # SQLite gives the -wal and -shm files the mode of this one.
        if os.path.isfile(path) and os.stat(path).st_mode & 0o077:
            with contextlib.suppress(OSError):
                os.chmod(path, PRIVATE)


def _write_ahead(connection: sqlite3.Connection) -> None:
    """Switch to WAL mode. SQLite does not wait for others here."""
    if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        connection.execute(f"PRAGMA page_size = {PAGE}")  # of a new file alone
        connection.execute("PRAGMA journal_mode = WAL")
