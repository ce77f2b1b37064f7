"""What the calls of a model came to of late, from the ledger and from this process."""

from __future__ import annotations

import sqlite3
import threading
import time
from functools import partial

from ...errors import LedgerError
from ..query import sql as reading
from ..query.calendar.timezones import DAY_MS, UTC_ZONE
from ..query.dialect import SQLITE
from ..query.planner import Grain
from ..record import UsageRecord
from .estimate import Recent
from .spent import Spent

SPANS_DAYS = (7, 90)
"""How far is looked back: to the first of these spans that has a call of the model."""
KEPT_S = 300.0
"""Seconds until the ledger is asked again, which other processes write too."""
Model = tuple[str, str]
"""A provider, and a model of it."""

_SUMS = ("calls", "output_tokens", "priced_calls", "cost_pico")


class Memory:
    """The recent calls by model, for estimates. Safe to share between threads.

    Args:
        spent: the open ledger.
    """

    def __init__(self, spent: Spent) -> None:
        self._spent = spent
        self._read: dict[Model, tuple[float, Recent]] = {}
        self._seen: dict[Model, Recent] = {}
        self._lock = threading.Lock()

    def of(self, model: Model, now_ms: int) -> Recent:
        """The recent calls of a model, up to that moment in milliseconds since 1970 UTC; none if the ledger cannot be read."""
        with self._lock:
            read_at, read = self._read.get(model, (float("-inf"), Recent()))
            seen = self._seen.get(model, Recent())
        if read_at + KEPT_S > time.monotonic() and (read.calls or seen.calls):
            return read.plus(seen)
        try:
            found = self._spent.ask(partial(_recent, model=model, now_ms=now_ms), Recent())
        except LedgerError:
            found = Recent()
        with self._lock:
            self._read[model] = time.monotonic(), found
            if found.calls:
                self._seen.pop(model, None)  # they are among those
        return found if found.calls else seen

    def note(self, record: UsageRecord) -> None:
        """Remember a call of this process."""
        model = record.provider or "", record.model or ""
        with self._lock:
            self._seen[model] = self._seen.get(model, Recent()).plus(Recent.of(record))


def _recent(connection: sqlite3.Connection, *, model: Model, now_ms: int) -> Recent:
    end = (now_ms // DAY_MS + 1) * DAY_MS
    sums = ", ".join(f"coalesce(sum(part.{name}), 0)" for name in _SUMS)
    for days in SPANS_DAYS:
        window = end - days * DAY_MS, end
        parts = reading.parts(window, UTC_ZONE, Grain(), _SUMS, SQLITE, sessions=False, names=True)
        sql = (
            f"SELECT {sums} FROM ({parts}) AS part CROSS JOIN dimension ON dimension.id = part.dimension "  # noqa: S608 - names of columns and whole numbers
            "WHERE dimension.provider = ? AND dimension.model = ? AND dimension.status = 'ok'"
        )
        found = Recent(*connection.execute(sql, model).fetchone())
        if found.calls:
            return found
    return Recent()
