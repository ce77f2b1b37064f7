"""Keep the row of every call: at once in the spool beside the ledger, and a moment later in the ledger."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from ..errors import LedgerError
from ..redaction import logger
from ..usage import importlock
from ..usage.ledger import Ledger
from ..usage.record import UsageRecord
from ..usage.spool import Spool
from .later import Later

DELAY_S = 0.1
"""How long rows are collected before they go to the ledger; many together take a fraction of the time of one by one."""

_log = logger("usage")


class Recorder:
    """Keeps a row in the time that it takes to add a line to a file, whoever else reads or writes the ledger.

    The row is in the spool when ``keep`` returns. A thread takes it into the ledger soon after; if this program ends
    before, any report or check of a budget does. Safe to share between threads, and across a fork.

    Args:
        path: the ledger's file.
        delay_s: how long rows are collected.
    """

    def __init__(self, path: Path, *, delay_s: float = DELAY_S) -> None:
        self._path = path
        self._spool = Spool.beside(path)
        self._ledger = self._open()
        self._later = Later(self.settle, delay_s=delay_s)
        self.problem: LedgerError | None = None
        """Why rows could not be taken into the ledger when it was last tried; they wait in the spool."""

    def keep(self, record: UsageRecord | None) -> None:
        """Keep one row; a ledger that cannot be written does not cost the caller the reply. None is no row.

        Raises:
            LedgerError: the row can be kept nowhere.
        """
        if record is None:
            return
        try:
            self._spool.append(record)
        except LedgerError as error:
            self._keep_in_ledger(record, error)
        else:
            self._later.ask()

    async def akeep(self, record: UsageRecord | None) -> None:
        """As ``keep``. Adding a line does not hold up the event loop; what could is done beside it."""
        if record is None:
            return
        try:
            self._spool.append(record)
        except LedgerError as error:
            import asyncio

            await asyncio.shield(asyncio.to_thread(self._keep_in_ledger, record, error))
        else:
            self._later.ask()

    def settle(self) -> LedgerError | None:
        """Take what waits into the ledger now. What was in the way of that, if something was, is ``problem`` too."""
        try:
            self._ledger.drain(self._spool)
        except LedgerError as error:
            if importlock.held(self._path):
                # The way of every row while an import is at work, which takes it in at its end.
                self.problem = None
                _log.debug("An import is at work. Rows wait in %s.", self._spool.path)
            else:
                self.problem = error
                _log.warning("%s Rows wait in %s.", error.message, self._spool.path)
        else:
            self.problem = None
        return self.problem

    def close(self) -> None:
        """Take in what waits, and close the ledger."""
        self._later.stop()
        if self._spool.waiting():
            self.settle()
        ledger, self._ledger = self._ledger, self._open()
        ledger.close()

    def _open(self) -> Ledger:
        return Ledger(self._path, give_up=partial(importlock.held, self._path))

    def _keep_in_ledger(self, record: UsageRecord, spooling: LedgerError) -> None:
        try:
            self._ledger.record(record)
        except LedgerError:
            raise spooling from None
