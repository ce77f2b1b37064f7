"""The ledger: one SQLite file with a row per call and roll-ups that always agree with the rows."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ..errors import LedgerError
from . import database
from .migrations import BUCKET_MS
from .record import FAILED, UsageRecord

if TYPE_CHECKING:
    from .query import Query
    from .report import UsageReport
    from .spool import Drained, Spool

_CACHED_DIMENSIONS = 10_000
_abandoned: list[sqlite3.Connection] = []

_FIND = """
SELECT id FROM dimension WHERE session = ? AND task = ? AND agent = ? AND channel = ? AND source = ? AND role = ?
  AND provider = ? AND model = ? AND status = ? AND served_model = ?
"""
_ADD = """
INSERT INTO dimension (session, task, agent, channel, source, role, provider, model, status, served_model)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_CALL = """
INSERT INTO call (call_id, dimension, started_at_ms, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens,
  reasoning_tokens, total_tokens, cost_pico, cost_source, cause, origin, http_status, requested_model, deployment_id,
  retries, fallbacks, latency_ms, time_to_first_token_ms, proxy_overhead_ms, proxy_version)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (call_id) DO NOTHING
"""
_ROLLUP = """
INSERT INTO rollup (bucket, dimension, calls, failed, input_tokens, output_tokens, cache_read_tokens,
  cache_write_tokens, reasoning_tokens, total_tokens, cost_pico, priced_calls, unpriced_calls)
VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (bucket, dimension) DO UPDATE SET
  calls = calls + 1, failed = failed + excluded.failed,
  input_tokens = input_tokens + excluded.input_tokens, output_tokens = output_tokens + excluded.output_tokens,
  cache_read_tokens = cache_read_tokens + excluded.cache_read_tokens,
  cache_write_tokens = cache_write_tokens + excluded.cache_write_tokens,
  reasoning_tokens = reasoning_tokens + excluded.reasoning_tokens, total_tokens = total_tokens + excluded.total_tokens,
  cost_pico = cost_pico + excluded.cost_pico,
  priced_calls = priced_calls + excluded.priced_calls, unpriced_calls = unpriced_calls + excluded.unpriced_calls
"""

Names = tuple[str, ...]


class Ledger:
    """A usage ledger. Many processes and threads may write one at once.

    Nothing is opened or made before the first use. A row that was recorded survives the end of this process in whatever
    way (``synchronous=NORMAL``: only a power failure can take the newest rows).

    Args:
        path: the SQLite file; it and its folder are made as needed, readable for their owner alone.
        busy_timeout_s: how long to wait for other writers.
    """

    def __init__(self, path: Path, *, busy_timeout_s: float = database.BUSY_TIMEOUT_S) -> None:
        self.path = path
        self._busy_timeout_s = busy_timeout_s
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._dimensions: dict[Names, int] = {}
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
        self._after_fork()
        with self._lock:
            try:
                return self._write(self._current(), records)
            except sqlite3.Error as error:
                raise database.explain(self.path, error) from error

    def report(self, query: Query) -> UsageReport:
        """Answer a query, on a connection of its own: writers do not wait for it.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        from .report import build

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
        return spool.drain_into(self.record_many)

    def _write(self, connection: sqlite3.Connection, records: Iterable[UsageRecord]) -> int:
        fresh: dict[Names, int] = {}
        added = 0
        connection.execute("BEGIN IMMEDIATE")
        try:
            for record in records:
                added += self._insert(connection, record, fresh)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        if fresh:
            # Only now: ids of a transaction that was rolled back would be wrong.
            if len(self._dimensions) + len(fresh) > _CACHED_DIMENSIONS:
                self._dimensions.clear()
            self._dimensions.update(fresh)
        return added

    def _insert(self, connection: sqlite3.Connection, record: UsageRecord, fresh: dict[Names, int]) -> bool:
        names = _names(record)
        dimension = self._dimensions.get(names) or fresh.get(names)
        if dimension is None:
            dimension = fresh[names] = _intern(connection, names)
        cost = record.cost_pico
        tokens = (
            record.input_tokens,
            record.output_tokens,
            record.cache_read_tokens,
            record.cache_write_tokens,
            record.reasoning_tokens,
            record.total_tokens,
        )
        call = (
            record.call_id,
            dimension,
            record.started_at_ms,
            *tokens,
            cost,
            record.cost_source,
            record.cause,
            record.origin,
            record.http_status,
            record.requested_model,
            record.deployment_id,
            record.retries,
            record.fallbacks,
            record.latency_ms,
            record.time_to_first_token_ms,
            record.proxy_overhead_ms,
            record.proxy_version,
        )
        if connection.execute(_CALL, call).rowcount == 0:
            return False
        sums = (record.status in FAILED, *tokens, cost or 0, cost is not None, record.unpriced)
        connection.execute(_ROLLUP, (record.started_at_ms // BUCKET_MS, dimension, *sums))
        return True

    def _current(self) -> sqlite3.Connection:
        """The open connection, to the file that is there now.

        A ledger that was moved away or deleted while it was open would swallow rows without a trace; so each use looks.
        """
        if self._closed:
            raise LedgerError(f"The usage ledger {self.path} was closed.")
        if self._connection is not None:
            with contextlib.suppress(OSError):
                found = os.stat(self.path)
                if (found.st_dev, found.st_ino) == self._file:
                    return self._connection
            self._disconnect()
        self._connection = database.connect(self.path, busy_timeout_s=self._busy_timeout_s)
        with contextlib.suppress(OSError):
            made = os.stat(self.path)
            self._file = (made.st_dev, made.st_ino)
        return self._connection

    def _disconnect(self) -> None:
        self._dimensions.clear()
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
        self._dimensions = {}


def _names(record: UsageRecord) -> Names:
    """The dimensions of a call, in the order of the table's key; '' for none."""
    return (
        record.session or "",
        record.task or "",
        record.agent or "",
        record.channel or "",
        record.source or "",
        record.role or "",
        record.provider or "",
        record.model or "",
        record.status,
        record.served_model or "",
    )


def _intern(connection: sqlite3.Connection, names: Names) -> int:
    found = connection.execute(_FIND, names).fetchone()
    if found is not None:
        return int(found[0])
    added = connection.execute(_ADD, names).lastrowid
    assert added is not None
    return added
