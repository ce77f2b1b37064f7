"""Put a new ledger in the place of a damaged one, with all that can be read of the old."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ....errors import LedgerDamaged, LedgerError
from ....formatting import count
from ...imports.sessions.conversations import any_unsound
from .. import database, importlock, rollups
from ..migrations import is_whole
from .pages import Pages
from .salvage import Salvaged, salvage

_PATIENCE_S = 60.0
_BESIDE = ("-wal", "-shm")


@dataclass(frozen=True, slots=True)
class Recovered:
    """A damaged ledger was replaced.

    Attributes:
        ledger: its path, where the new one is.
        aside: where the damaged one is now, as it was.
        salvaged: what was read of it.
    """

    ledger: Path
    aside: Path
    salvaged: Salvaged

    def __str__(self) -> str:
        calls = count(self.salvaged.calls, "call")
        return f"The usage ledger {self.ledger} was damaged. It is set aside as {self.aside}; {calls} could be saved."


def recover(path: Path) -> Recovered | None:
    """Replace a damaged ledger by a new one, with all of its calls that can be read.

    Until the new one is complete, the damaged one stays in its place; so a kill at any moment loses nothing. Other
    programs wait, or put their calls into the spool.

    Returns:
        None if the ledger is sound, or there is none: another program may have replaced it just now.

    Raises:
        LedgerError: the new one cannot be made; the damaged one is still in its place.
    """
    path = Path(os.path.realpath(path))
    with importlock.hold(path, wait_s=_PATIENCE_S):
        if not path.exists() or not _damaged(path):
            return None
        fresh = path.with_name(f"{path.name}.new")
        for leftover in _files(fresh):
            leftover.unlink(missing_ok=True)
        try:
            with _held(path):
                found = _rebuild(path, fresh)
                return Recovered(path, _swap(path, fresh), found)
        except OSError as error:
            raise LedgerError(f"The damaged ledger {path} cannot be set aside: {error.strerror}.") from error


def _damaged(path: Path) -> bool:
    try:
        connection = database.connect(path)
    except LedgerDamaged:
        return True
    try:
        with contextlib.closing(connection):
            (found,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
            if found != "ok" or not is_whole(connection) or database.only_read_by_its_head(path):
                return True
            for table in ("call", "dimension"):  # texts that are none are not looked for by that
                for _ in connection.execute(f"SELECT * FROM {table}"):  # noqa: S608 - own names
                    pass
            sql = "SELECT count(*) FROM dimension WHERE typeof(coarse) <> 'integer'"
            (nameless,) = connection.execute(sql).fetchone()
            unsound = any_unsound(connection)
            rollups.read_mark(connection)
    except database.FAILURES as error:
        return isinstance(database.explain(path, error), LedgerDamaged)
    return bool(nameless) or unsound


@contextlib.contextmanager
def _held(path: Path) -> Iterator[None]:
    """Keep others from writing, as far as the damage allows."""
    with contextlib.closing(sqlite3.connect(path, timeout=_PATIENCE_S, isolation_level=None)) as connection:
        # Where not even this works, nobody can write.
        with contextlib.suppress(sqlite3.DatabaseError, UnicodeDecodeError):
            connection.execute("BEGIN IMMEDIATE")
        yield


def _rebuild(path: Path, fresh: Path) -> Salvaged:
    connection = database.connect(fresh)
    try:
        connection.execute("BEGIN IMMEDIATE")
        found = salvage(Pages(path), connection)
        connection.execute("COMMIT")
        # All of it into the one file, which is to be moved.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except (sqlite3.Error, OverflowError) as error:
        raise database.explain(fresh, error) from error
    finally:
        connection.close()
    return found


def _swap(path: Path, fresh: Path) -> Path:
    aside = _free_name(path)
    with database.unmoved(path, moving=True):
        logged = os.path.exists(f"{path}-wal") and os.path.getsize(f"{path}-wal") > 0
        for suffix in ("", *(_BESIDE if logged else ())):
            _second_name(f"{path}{suffix}", f"{aside}{suffix}")
        # A -wal file would be taken for that of the new ledger.
        for suffix in _BESIDE:
            Path(f"{path}{suffix}").unlink(missing_ok=True)
        os.replace(fresh, path)
    return aside


def _second_name(old: str, new: str) -> None:
    try:
        os.link(old, new)
    except FileNotFoundError:
        return
    except OSError:  # not every file system has links
        os.rename(old, new)


def _free_name(path: Path) -> Path:
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    names = (path.with_name(f"{path.name}.damaged-{stamp}{more}") for more in ("", *(f"-{n}" for n in range(2, 1000))))
    return next(name for name in names if not name.exists())


def _files(path: Path) -> list[Path]:
    return [Path(f"{path}{suffix}") for suffix in ("", *_BESIDE)]
