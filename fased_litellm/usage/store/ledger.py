"""The ledger: one SQLite file with a row per call, and roll-ups of the rows up to a mark."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ...errors import LedgerError
from ..record import UsageRecord
from . import database, rollups
from .busy import Patience
from .dimensions import Dimensions, names_of
from .proxyrows import filled
from .proxyrows.ids import ID_PREFIX
from .rows import insert, last_id, row_of

if TYPE_CHECKING:
    from ..query.query import Query
    from ..query.report import UsageReport
    from .spool import Drained, Spool

_abandoned: list[sqlite3.Connection] = []


class Ledger:
    """A usage ledger. Many processes and threads may write one at once.

    Nothing is opened or made before the first use. A row that was recorded survives the end of this process in whatever
    way (``synchronous=NORMAL``: only a power failure can take the newest rows).

    Args:
        path: the SQLite file; it and its folder are made as needed, readable for their owner alone.
        busy_timeout_s: how long to wait for other writers.
        give_up: asked while waiting; true ends it.
        cache_kib: the most memory for pages of the file, in KiB. Writing many rows is faster with more.
    """

    def __init__(
        self,
        path: Path,
        *,
        busy_timeout_s: float = database.BUSY_TIMEOUT_S,
        give_up: Callable[[], bool] = bool,
        cache_kib: int = 2000,
    ) -> None:
        self.path = path
        self._busy_timeout_s = busy_timeout_s
        self._give_up = give_up
        self._cache_kib = cache_kib
        self._patience = Patience(busy_timeout_s, give_up)
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._dimensions: Dimensions | None = None
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. The ledger cannot be used afterwards."""
        self._after_fork()
        with self._lock:
            self._closed = True
            self._disconnect()

    def record(self, record: UsageRecord) -> bool:
        """Keep one call; when this returns, it is kept.

        Returns:
            False if a call of that id is there already; nothing was changed then.

        Raises:
            LedgerError: it could not be written (no room, held too long by others, damaged, closed).
        """
        return self.record_many((record,)) == 1

    def record_many(self, records: Iterable[UsageRecord]) -> int:
        """Keep several calls in one transaction: all of them, or on an error none.

        Returns:
            How many were new.

        Raises:
            LedgerError: they could not be written.
        """
        with self.transaction() as connection:
            return self._add(connection, records)

    def report(self, query: Query) -> UsageReport:
        """Answer a query, on a connection of its own: writers do not wait for it.

        Calls that wait in the spool beside the ledger are taken in before, as far as it can be written.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        from ..query.report import build
        from .spool import Spool

        with contextlib.suppress(LedgerError):
            self.drain(Spool.beside(self.path))
        connection = database.connect(self.path, busy_timeout_s=self._busy_timeout_s)
        try:
            return build(connection, query)
        except sqlite3.Error as error:
            raise database.explain(self.path, error) from error
        finally:
            connection.close()

    def drain(self, spool: Spool) -> Drained:
        """Take in the calls that were put aside while the ledger could not be written.

        Raises:
            LedgerError: it still cannot; the spool is as it was.
        """
        drained = spool.drain_into(self.transaction, self._add)
        if drained.added:
            self.roll_up(due=rollups.DUE)
        return drained

    def roll_up(self, *, due: int = 1) -> None:
        """Bring the roll-ups up to date, if at least ``due`` rows are not in them. Other writers need not wait for all of it.

        Raises:
            LedgerError: they cannot be written, or a sum does not fit into 64 bits.
        """
        more = True
        while more:
            with self.transaction() as connection:
                more = rollups.behind(connection) >= due and rollups.advance(connection)
            due = 1

    def _add(self, connection: sqlite3.Connection, records: Iterable[UsageRecord]) -> int:
        given = tuple(records)
        filling = [record.call_id for record in given if record.call_id.startswith(ID_PREFIX)]
        before = last_id(connection) if filling or filled.any_filled(connection) else None
        added = sum(self._insert(connection, record) for record in given)
        if (added or filling) and before is not None:
            filled.settle(connection, before, names=filling)
        return added

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Several changes as one: committed at the end, rolled back if an exception leaves the block.

        Other threads and processes wait meanwhile, so keep it short. ``dimensions`` may be used inside, other methods
        not.

        Raises:
            LedgerError: the ledger cannot be written, or SQLite raised an error in the block.
        """
        self._after_fork()
        with self._lock:
            try:
                connection = self._begin()
                try:
                    yield connection
                    connection.execute("COMMIT")
                except BaseException:
                    self.dimensions.forget()
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
                    raise
                self.dimensions.keep()
            except (sqlite3.Error, OverflowError) as error:
                raise database.explain(self.path, error) from error

    @property
    def dimensions(self) -> Dimensions:
        """The ids of combinations of names, for use inside of ``transaction``."""
        if self._dimensions is None:
            raise LedgerError(f"The usage ledger {self.path} is not open.")
        return self._dimensions

    def _insert(self, connection: sqlite3.Connection, record: UsageRecord) -> bool:
        return insert(connection, row_of(record, self.dimensions.of(names_of(record))))

    def _begin(self) -> sqlite3.Connection:
        """A connection in a transaction, to the file that is there now.

        A ledger that was moved away or deleted while it was open would swallow rows without a trace; so each use looks.
        """
        if self._closed:
            raise LedgerError(f"The usage ledger {self.path} was closed.")
        while True:
            connection = self._connection or self._connect()
            self._patience.with_(partial(connection.execute, "BEGIN IMMEDIATE"))
            if _identity(self.path) == self._file:
                return connection
            connection.execute("ROLLBACK")
            self._disconnect()

    def _connect(self) -> sqlite3.Connection:
        self._connection = database.connect(self.path, busy_timeout_s=self._busy_timeout_s, give_up=self._give_up)
        self._connection.execute(f"PRAGMA cache_size = {-self._cache_kib}")
        self._dimensions = Dimensions(self._connection)
        self._file = _identity(self.path)
        return self._connection

    def _disconnect(self) -> None:
        self._dimensions = None
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _after_fork(self) -> None:
        """In a forked child, leave the parent's connection and lock alone: SQLite must not be carried across a fork."""
        if self._process == os.getpid():
            return
        self._process = os.getpid()
        self._lock = threading.Lock()
        if self._connection is not None:
            _abandoned.append(self._connection)  # closing it would write to the parent's file
            self._connection = None
        self._dimensions = None


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino
