"""What was spent under a budget: added up once from the roll-ups, and from then on by the calls that came since.

Counting is exact, in whole pico-USD, across all processes: what the ledger has is counted, and what waits in the spool.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from ... import ownership
from ...errors import LedgerError
from ..query import sql as reading
from ..query.calendar.timezones import UTC_ZONE
from ..query.dialect import SQLITE
from ..query.planner import Grain
from ..record import UsageRecord
from ..store import database, importlock
from ..store.ledger import Ledger
from ..store.rollups import CALL_SUMS
from ..store.spool import Spool
from .budget import Scope

PATIENCE_S = 0.05
"""How long a check waits to put what is in the spool into the ledger. If it cannot, the spool is read where it is."""
_MOST_NEW = 5_000
Answer = TypeVar("Answer")
_abandoned: list[sqlite3.Connection] = []

_NAMES = "dimension.agent, dimension.task, dimension.channel, dimension.provider, dimension.model"
_SUMS = ("calls", "cost_pico", "unpriced_calls", "unpriced_tokens")
# A row of the proxy that `reconcile --fill` added stands for a call that waits, until that is taken in.
_KNOWN = """
SELECT 1 FROM call WHERE call_id = ?
UNION ALL SELECT 1 FROM filled JOIN call USING (call_id) WHERE filled.proxy_call_id = ? AND counted LIMIT 1
"""
_NEW = (
    f"SELECT {_NAMES}, started_at_ms, {', '.join(CALL_SUMS[name] for name in _SUMS)} "  # noqa: S608 - names of columns
    "FROM call JOIN dimension ON dimension.id = call.dimension WHERE counted AND call.id > ?"
)


class SpendKey(NamedTuple):
    """What is asked: the calls of a scope in a window, in milliseconds since 1970 UTC with an exclusive end."""

    scope: Scope
    from_ms: int
    to_ms: int


@dataclass(slots=True)
class Sum:
    """What the calls of a key come to.

    Attributes:
        calls: all of them.
        cost_pico: the known cost, in pico-USD.
        unpriced: provider and model → calls that used something, or may have, at a price which is not known.
        unpriced_tokens: the tokens of these, as far as they are known.
    """

    calls: int = 0
    cost_pico: int = 0
    unpriced: dict[str, int] = field(default_factory=dict)
    unpriced_tokens: int = 0

    def add(self, used: _Used) -> None:
        self.calls += used.calls
        self.cost_pico += used.cost_pico
        if used.unpriced:
            model = f"{used.provider or '-'}/{used.model or '-'}"
            self.unpriced[model] = self.unpriced.get(model, 0) + used.unpriced
            self.unpriced_tokens += used.unpriced_tokens

    def plus(self, more: Iterable[_Used]) -> Sum:
        """This and some more, as a value of its own."""
        whole = Sum(self.calls, self.cost_pico, dict(self.unpriced), self.unpriced_tokens)
        for used in more:
            whole.add(used)
        return whole


class _Used(NamedTuple):
    """What some calls with the same names used."""

    agent: str
    task: str
    channel: str
    provider: str
    model: str
    at_ms: int
    calls: int
    cost_pico: int
    unpriced: int
    unpriced_tokens: int

    def within(self, key: SpendKey) -> bool:
        return key.from_ms <= self.at_ms < key.to_ms and self.of(key.scope)

    def of(self, scope: Scope) -> bool:
        return scope.has(self.agent, self.task, self.channel, self.provider, self.model)


class Spent:
    """The sums of one ledger, on a connection of its own, so that nobody waits for a writer. Safe to share between threads.

    Args:
        ledger: the ledger's file; it need not exist, and is not made.
    """

    def __init__(self, ledger: Path) -> None:
        self._path = ledger
        self._spool = Spool.beside(ledger)
        self._ledger = Ledger(ledger, busy_timeout_s=PATIENCE_S, give_up=partial(importlock.held, ledger))
        self._lock = threading.Lock()
        self._process = os.getpid()
        self._connection: sqlite3.Connection | None = None
        self._file: tuple[int, int] | None = None
        self._state: tuple[str, int] = ("", 0)
        self._sums: dict[SpendKey, Sum] = {}

    def close(self) -> None:
        self._after_fork()
        with self._lock:
            self._disconnect()
            self._ledger.close()

    def require_room(self) -> None:
        """Make sure that a call which is made now can be counted afterwards.

        Raises:
            LedgerError: it could not be recorded: no room, no right to write, or held by another program.
        """
        self._spool.require_room()

    def of(self, keys: Iterable[SpendKey]) -> list[Sum]:
        """What was spent, for each key.

        Raises:
            LedgerError: the ledger cannot be read.
        """
        wanted = tuple(keys)
        self._after_fork()
        with self._lock:
            waiting = self._waiting()
            try:
                connection = self._current()
                if connection is None:
                    self._sums = {}
                    return [Sum().plus(used for used in waiting.values() if used.within(key)) for key in wanted]
                with _reading(connection):
                    self._update(connection, wanted)
                    self._leave_out_known(connection, waiting)
            except database.FAILURES as error:
                self._disconnect()
                raise database.explain(self._path, error) from error
            except BaseException:
                self._sums = {}
                raise
            return [self._sums[key].plus(used for used in waiting.values() if used.within(key)) for key in wanted]

    def ask(self, question: Callable[[sqlite3.Connection], Answer], otherwise: Answer) -> Answer:
        """What the ledger says to something else; ``otherwise`` where there is none.

        Raises:
            LedgerError: it cannot be read.
        """
        self._after_fork()
        with self._lock:
            try:
                connection = self._current()
                return otherwise if connection is None else question(connection)
            except database.FAILURES as error:
                self._disconnect()
                raise database.explain(self._path, error) from error

    def _update(self, connection: sqlite3.Connection, wanted: tuple[SpendKey, ...]) -> None:
        """Bring the sums that were made before up to date, and make the others."""
        known, last = self._state
        state = _state(connection)
        # Rows only get higher ids; where one was changed or left out, `changes` says so, and the sums begin anew.
        if state[0] != known or not 0 <= state[1] - last <= _MOST_NEW:
            self._sums = {}
        self._sums = {key: found for key in wanted if (found := self._sums.get(key)) is not None}
        if self._sums and state[1] > last:
            for row in connection.execute(_NEW, (last,)):
                used = _Used(*row)
                for key, found in self._sums.items():
                    if used.within(key):
                        found.add(used)
        windows: dict[tuple[int, int], list[_Used]] = {}
        for key in wanted:
            if key not in self._sums:
                span = key.from_ms, key.to_ms
                if span not in windows:
                    windows[span] = list(_whole(connection, *span))
                self._sums[key] = Sum().plus(used for used in windows[span] if used.of(key.scope))
        self._state = state

    def _waiting(self) -> dict[str, _Used]:
        """The calls in the spool, by their ids, if they could not be put into the ledger."""
        if not self._spool.waiting():
            return {}
        if self._path.exists():
            with contextlib.suppress(LedgerError):
                self._ledger.drain(self._spool)
        return {record.call_id: _used(record) for record in self._spool.records()}

    @staticmethod
    def _leave_out_known(connection: sqlite3.Connection, waiting: dict[str, _Used]) -> None:
        """Another process may have put them into the ledger after they were read."""
        for call_id in list(waiting):
            if connection.execute(_KNOWN, (call_id, call_id)).fetchone():
                del waiting[call_id]

    def _current(self) -> sqlite3.Connection | None:
        """The open connection to the file that is there now, None where there is none."""
        try:
            found = os.stat(self._path)
        except FileNotFoundError:
            self._disconnect()
            return None
        except OSError as error:
            raise LedgerError(f"The usage ledger {self._path} cannot be read: {error.strerror}.") from error
        if not ownership.may_write(self._path):
            self._disconnect()  # what cannot be written may be read as it was, and not as it is
            from ..store.readonly import directly

            self._connection = directly(self._path)
            self._file = found.st_dev, found.st_ino
        if self._connection is None or (found.st_dev, found.st_ino) != self._file:
            self._disconnect()
            self._connection = database.connect(self._path)
        self._file = found.st_dev, found.st_ino
        return self._connection

    def _disconnect(self) -> None:
        self._sums = {}
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _after_fork(self) -> None:
        """In a forked child, leave the parent's connection and lock alone, as ``Ledger`` does."""
        if self._process != os.getpid():
            self._process = os.getpid()
            self._lock = threading.Lock()
            self._sums = {}
            if self._connection is not None:
                _abandoned.append(self._connection)
                self._connection = None


@contextlib.contextmanager
def _reading(connection: sqlite3.Connection) -> Iterator[None]:
    """All that is read inside is of one moment."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _state(connection: sqlite3.Connection) -> tuple[str, int]:
    """How often rows were changed after they were written, and the highest id of a row."""
    changes, last = connection.execute(
        "SELECT (SELECT value FROM meta WHERE name = 'changes'), (SELECT max(id) FROM call)"
    ).fetchone()
    return changes or "", last or 0


def _whole(connection: sqlite3.Connection, from_ms: int, to_ms: int) -> Iterator[_Used]:
    """All calls of a window, from the roll-ups."""
    parts = reading.parts((from_ms, to_ms), UTC_ZONE, Grain(), _SUMS, SQLITE, sessions=False, names=True)
    if parts is not None:
        sums = ", ".join(f"part.{name}" for name in _SUMS)
        sql = f"SELECT {_NAMES}, ?, {sums} FROM ({parts}) AS part CROSS JOIN dimension ON dimension.id = part.dimension"  # noqa: S608 - as above
        yield from map(_Used._make, connection.execute(sql, (from_ms,)))


def _used(record: UsageRecord) -> _Used:
    return _Used(
        record.agent or "",
        record.task or "",
        record.channel or "",
        record.provider or "",
        record.model or "",
        record.started_at_ms,
        1,
        record.cost_pico or 0,
        int(record.unpriced),
        record.total_tokens if record.cost is None else 0,
    )
