"""Keep the row of every call: in the ledger, else in the spool beside it."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path

from ..errors import LedgerError
from ..redaction import logger
from ..usage import importlock
from ..usage.ledger import Ledger
from ..usage.record import UsageRecord
from ..usage.spool import Spool

MOST_TAKEN_IN = 64 * 1024
"""Bytes of the spool, some eighty rows, which a call takes in beside its own; more would be felt, and is left to the end of an
import, to the next report or check of a budget, or to the end of this program."""

_log = logger("usage")


class Recorder:
    """Opens the ledger with the first row. Safe to share between threads.

    It waits a little for another call that is being recorded, but not for an import.

    Args:
        path: the ledger's file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._spool = Spool.beside(path)
        self._ledger: Ledger | None = None
        self._lock = threading.Lock()
        self.problem: LedgerError | None = None
        """Why the last row is not in the ledger; it then waits in the spool."""

    def keep(self, record: UsageRecord | None) -> None:
        """Keep one row; a ledger that cannot be written does not cost the caller the reply. None is no row.

        Raises:
            LedgerError: the row can be kept nowhere.
        """
        if record is None:
            return
        try:
            with self._lock:
                ledger = self._open()
            ledger.record(record)
        except LedgerError as error:
            if importlock.held(self._path):
                # The way of every row while an import is at work, which takes it in at its end.
                self.problem = None
                _log.debug("An import is at work. The row waits in %s.", self._spool.path)
            else:
                self.problem = error
                _log.warning("%s The row waits in %s.", error.message, self._spool.path)
            self._spool.append(record)
            return
        self.problem = None
        if 0 < self._spool.size() <= MOST_TAKEN_IN:
            self._take_in(ledger)

    async def akeep(self, record: UsageRecord | None) -> None:
        """As ``keep``, beside the event loop: another process may hold the ledger for a while."""
        import asyncio

        if record is not None:
            await asyncio.shield(asyncio.to_thread(self.keep, record))

    def close(self) -> None:
        with self._lock:
            if self._ledger is not None:
                if self._spool.waiting():
                    self._take_in(self._ledger)
                self._ledger.close()
                self._ledger = None

    def _open(self) -> Ledger:
        if self._ledger is None:
            self._ledger = Ledger(self._path, give_up=partial(importlock.held, self._path))
        return self._ledger

    def _take_in(self, ledger: Ledger) -> None:
        try:
            ledger.drain(self._spool)
        except LedgerError as error:  # they wait for the next call or report
            _log.warning("%s Earlier rows still wait in %s.", error.message, self._spool.path)
