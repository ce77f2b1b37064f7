"""Record the row of every call: at once in the spool beside the ledger, and a moment later in the ledger."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

from .. import ownership
from ..errors import CallError, FasedError, LedgerError, StreamInterrupted
from ..proxy.receipt import Receipt
from ..proxy.reply import Reply
from ..redaction import logger
from ..usage.record import UsageRecord
from ..usage.store import importlock
from ..usage.store.ledger import Ledger
from ..usage.store.spool import Spool
from .debouncer import Debouncer

DELAY_S = 0.1
"""How long rows are collected before they go to the ledger; many together take a fraction of the time of one by one."""

_MOST_UNSAVED = 10_000
"""So many rows stay in memory where none can be written; of more, the oldest are lost."""

_log = logger("usage")


class Recorder:
    """Keeps a row in the time that it takes to add a line to a file, whoever else reads or writes the ledger.

    The row is in the spool when ``record`` returns. A thread takes it into the ledger soon after; if this program ends
    before, any report or check of a budget does. Safe to share between threads, and across a fork.

    Args:
        path: the ledger's file.
        delay_s: how long rows are collected.
    """

    def __init__(self, path: Path, *, delay_s: float = DELAY_S) -> None:
        self._path = path
        self._spool = Spool.beside(path)
        self._ledger = self._open()
        self._flusher = Debouncer(self.flush, delay_s=delay_s)
        self._used = False
        self._unsaved: dict[str, UsageRecord] = {}
        self.problem: LedgerError | None = None
        """Why rows could not be taken into the ledger when it was last tried; they wait in the spool."""

    def record(self, record: UsageRecord | None) -> str | None:
        """Keep one row; None is no row. What cannot be written does not cost the caller the reply: this raises nothing.

        Returns:
            None if it is kept; else a warning which says that the call is not in the history, and why. The row stays in
            memory then, and is tried again with the next one and on ``close``.
        """
        if record is None:
            return None
        self._used = True
        self.retry()
        try:
            self._spool.append(record)
        except Exception as error:
            return self._keep_in_ledger(record, error)
        self._flusher.schedule()
        return None

    async def arecord(self, record: UsageRecord | None) -> str | None:
        """As ``record``. Adding a line does not hold up the event loop; what could is done beside it."""
        if record is None:
            return None
        self._used = True
        self.retry()
        try:
            self._spool.append(record)
        except Exception as error:
            import asyncio

            return await asyncio.shield(asyncio.to_thread(self._keep_in_ledger, record, error))
        self._flusher.schedule()
        return None

    def flush(self) -> LedgerError | None:
        """Take what waits into the ledger now. What was in the way of that, if something was, is ``problem`` too."""
        self.retry()
        try:
            self._ledger.drain(self._spool)
        except Exception as error:
            if importlock.held(self._path):
                # The way of every row while an import is at work, which takes it in at its end.
                self.problem = None
                _log.debug("An import is at work. Rows wait in %s.", self._spool.path)
            else:
                self.problem = error if isinstance(error, LedgerError) else LedgerError(_words(error))
                _log.warning("%s Rows wait in %s.", self.problem.message, self._spool.path)
        else:
            self.problem = None
        return self.problem

    def flush_for(self, reply: Reply) -> Reply:
        """The reply, after ``flush``: where its row only waits to be taken into the history, a warning says so and why."""
        problem = self.flush()
        # A row that could be kept nowhere is on the receipt already.
        if problem is None or self._unsaved:
            return reply
        return with_warning(reply, f"{problem.message} The call waits in {self._spool.path}.")

    def cancellation_note(self) -> str:
        """What became of the row of a call that was just cancelled, as the end of a sentence."""
        where = (
            "is not in the usage history: it could be kept nowhere"
            if self._unsaved
            else "is in the usage history as cancelled"
        )
        return f"the call {where}."

    def close(self) -> None:
        """Take in what waits, and close the ledger."""
        self._flusher.stop()
        # Rows of others are taken in by whoever asks for them next; those of this program, by it.
        if self._unsaved or (self._used and self._spool.waiting()):
            self.flush()
        if self._unsaved:
            _log.warning("Not in the usage history, since they could be written nowhere: %d calls.", len(self._unsaved))
        ledger, self._ledger = self._ledger, self._open()
        ledger.close()

    @property
    def unsaved(self) -> int:
        """How many rows are in memory alone, since they could be written nowhere so far."""
        return len(self._unsaved)

    def retry(self) -> None:
        """Put the rows which could be kept nowhere into the spool, if that is possible now; all of them, or none."""
        if not self._unsaved:
            return
        # Without a lock, which a fork could take along. Two threads may put a row there twice; its id tells.
        rows = list(self._unsaved.values())
        try:
            self._spool.append(*rows)
        except Exception as error:
            _log.debug("Still not kept: %s", _words(error))
            return
        for row in rows:
            self._unsaved.pop(row.call_id, None)

    def _open(self) -> Ledger:
        return Ledger(self._path, give_up=partial(importlock.held, self._path))

    def _keep_in_ledger(self, record: UsageRecord, spooling: Exception) -> str | None:
        try:
            self._ledger.record(record)
        except Exception as error:
            _log.debug("%s", _words(error))
        else:
            return None
        if len(self._unsaved) >= _MOST_UNSAVED:
            self._unsaved.pop(next(iter(self._unsaved), ""), None)
        self._unsaved[record.call_id] = record
        return f"This call is not in the usage history: {_words(spooling)}"


def with_warning(reply: Reply, warning: str | None) -> Reply:
    """The reply with one warning more on its receipt."""
    if warning is None:
        return reply
    receipt = reply.receipt
    return reply.with_receipt(replace(receipt, warnings=(*receipt.warnings, warning)))


def add_warning(error: BaseException, warning: str | None) -> None:
    """Put the warning on the receipt of a failed call, and on that of what had arrived."""
    if warning is None or not isinstance(error, CallError) or not isinstance(error.receipt, Receipt):
        return
    error.receipt = replace(error.receipt, warnings=(*error.receipt.warnings, warning))
    if isinstance(error, StreamInterrupted) and isinstance(error.partial, Reply):
        error.partial = error.partial.with_receipt(error.receipt)


def _words(error: Exception) -> str:
    if not isinstance(error, FasedError):
        return f"{type(error).__name__}: {error}."
    cause = error.__cause__
    told = ownership.told(cause.filename) if isinstance(cause, PermissionError) and cause.filename else None
    return f"{error.message} {told}" if told else error.message
