"""Hold the local history against what the proxy says, as far as the keys at hand may see."""

from __future__ import annotations

import hashlib
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Protocol, Self

from ...config.agents import agents_of
from ...config.load import ConfigSnapshot
from ...documents import Doc, TypedDict
from ...errors import SecretError, SpendError
from ...formatting import count
from ...paths import Paths
from ...proxy.client import ProxyClient
from ...proxy.management.admin import VirtualKey
from ...proxy.management.spend import LAG_S, SpendRow
from ...refs import PROVIDER
from ...secrets.lookup import resolve_key
from ..costs.pricelist import PriceList
from ..record import UsageRecord
from ..store.ledger import Ledger
from ..store.proxyrows import matching
from ..store.proxyrows.scratch import scratch
from ..store.rows import last_id
from . import backfill
from .outcomes import judge
from .result import ComparedRows, Reconciliation
from .tempdb import row_of, take_agent, take_history, take_rows
from .totals import ComparedTotals, TotalsOnly, totals_only

_SETTLED_S = LAG_S + 5.0
_BATCH = 1_000
_NEAR_MS = 60_000
_DAY_MS = 86_400_000
_HAVE = ("has", "have")

Say = Callable[[str], None]


class Spend(Protocol):
    """The rows of the proxy which this installation may see; ``fased_litellm.spend.Rows`` is one."""

    def own_hash(self) -> str | None:
        """The hash by which the rows of the agent's key are known; None without a key."""

    def own_key(self) -> VirtualKey:
        """What the proxy says of the agent's key."""

    def client(self) -> AbstractContextManager[ProxyClient]:
        """A client with the key that sees most."""

    def between(self, client: ProxyClient, from_ms: int, to_ms: int, filters: Mapping[str, str]) -> Iterator[SpendRow]:
        """The rows of a window, in milliseconds since 1970."""


class Watch(Protocol):
    """Entered while the proxy is asked, and told how many rows there are by now."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
    def tell(self, rows: int) -> None: ...


class _Run(TypedDict):
    waitedSeconds: float
    stillWaiting: Annotated[int, Doc("Young calls without a row.")]
    filled: Annotated[int, Doc("Calls that were added to the history.")]
    priced: Annotated[int, Doc("Calls of the history whose unknown cost was taken from the proxy.")]


class ReconciledRows(ComparedRows, _Run):
    """Rows were compared, call by call."""


class ReconciledTotals(ComparedTotals, _Run):
    """A plain virtual key compares its total."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """What came of it.

    Attributes:
        found: the comparison.
        waited_s: how long rows were waited for.
        still_waiting: young calls that have no row yet all the same.
        filled: calls that were added to the history.
        priced: calls of the history whose cost was not known, and is now, by the proxy's row.
    """

    found: Reconciliation | TotalsOnly
    waited_s: float = 0.0
    still_waiting: int = 0
    filled: int = 0
    priced: int = 0

    def as_dict(self) -> ReconciledRows | ReconciledTotals:
        """The document of ``fased usage reconcile --json``."""
        work: _Run = {
            "waitedSeconds": round(self.waited_s, 1),
            "stillWaiting": self.still_waiting,
            "filled": self.filled,
            "priced": self.priced,
        }
        if isinstance(self.found, TotalsOnly):
            return {**self.found.as_dict(), **work}
        return {**self.found.as_dict(), **work}


def reconcile(
    snapshot: ConfigSnapshot,
    paths: Paths,
    rows: Spend,
    window: tuple[int, int],
    *,
    limit: int,
    fill: bool,
    say: Say,
    catch_up: Callable[[], None],
    watch: Watch,
    patience_s: float = _SETTLED_S,
) -> Reconciled:
    """Compare the history, which should have all calls by now, with the proxy.

    Args:
        snapshot: the agent's config.
        paths: the installation.
        rows: what may be seen of the proxy's rows.
        window: milliseconds since 1970, the end exclusive.
        limit: most differences to give one by one.
        fill: add the calls of our keys that are missing here.
        say: is told of what goes on, in words.
        catch_up: takes what is new into the history: calls go on while the proxy is asked.
        watch: entered while the proxy is asked.
        patience_s: how long rows of young calls are waited for, in seconds after the call.

    Raises:
        MissingKey: there is no key.
        SpendError: no rows may be seen, and ``fill`` asks for them; or the proxy keeps none.
        CallError: the proxy is not reached, or says nothing for ``SILENT_S``.
        LedgerError: the history cannot be read.
    """
    begun_ms = _now_ms()
    with watch:
        hashes = _hashes(snapshot, paths, rows)
    try:
        with scratch() as connection, rows.client() as client:
            both = _Sides(connection, client, rows, hashes, paths, window, watch)
            both.ask(window[0] - 60_000, window[1] + 60_000)
            both.match()
            if matching.missing_here(connection, begun_ms - _NEAR_MS, begun_ms + _DAY_MS):
                catch_up()  # a row comes after its call: by now, the history can have it
                both.match()
            begun = time.monotonic()
            while young := matching.waiting(connection, _now_ms() - int(patience_s * 1000)):
                if time.monotonic() - begun > patience_s:
                    break
                say(f"{count(young, 'call')} of the last seconds {_HAVE[young > 1]} no row at the proxy yet; waiting …")
                time.sleep(min(2.0, patience_s))
                both.ask(_now_ms() - 300_000, _now_ms() + 60_000)
                catch_up()
                both.match()
            waited = time.monotonic() - begun
            both.ask_others()
            filled, priced = both.fill(snapshot) if fill else (0, 0)
            if matching.missing_here(connection, *window) and paths.ledger.exists():
                take_agent(connection, paths.ledger, paths, window[0])
            found = judge(connection, *window, limit=limit)
            return Reconciled(found, waited if waited >= 1 else 0.0, young, filled, priced)
    except SpendError as error:
        if fill or error.trouble != "not-allowed":
            raise
        with watch:
            return Reconciled(totals_only(rows.own_key, paths, error))


@dataclass(frozen=True, slots=True)
class _Sides:
    """Both sides, as far as they are known."""

    connection: sqlite3.Connection
    client: ProxyClient
    rows: Spend
    hashes: Sequence[str]
    paths: Paths
    window: tuple[int, int]
    watch: Watch

    def ask(self, from_ms: int, to_ms: int) -> None:
        """Take the rows of our keys that began then."""
        with self.watch:
            for key in self.hashes:
                self._take(self.rows.between(self.client, from_ms, to_ms, {"api_key": key}))

    def match(self) -> None:
        """Look at the history as it is now."""
        take_history(self.connection, self.paths.ledger, *self.window)
        matching.match(self.connection)

    def ask_others(self) -> None:
        """Take the rows of calls that were made with keys which the agents no longer have."""
        if missing := list(matching.missing_there(self.connection, *self.window)):
            with self.watch:
                self._take(_of_other_keys(missing, partial(self.rows.between, self.client, filters={})))
            matching.match(self.connection)

    def fill(self, snapshot: ConfigSnapshot) -> tuple[int, int]:
        """Add to the history what is missing there; gives how many calls that are, and how many others have a cost by it."""
        unknown = self._without_cost()
        rows = (row_of(row) for row in matching.to_fill(self.connection, *self.window))
        filled = _fill(self.paths, snapshot, rows)
        self.match()
        return filled, max(0, unknown - self._without_cost())

    def _without_cost(self) -> int:
        return judge(self.connection, *self.window, limit=0).totals.counts["zero-here"]

    def _take(self, rows: Iterator[SpendRow]) -> None:
        def told() -> Iterator[SpendRow]:
            for number, row in enumerate(rows, 1):
                if number % 100 == 1:
                    self.watch.tell(number)
                yield row

        take_rows(self.connection, told())


def _of_other_keys(
    missing: Sequence[tuple[int, *tuple[str | None, ...]]], between: Callable[[int, int], Iterator[SpendRow]]
) -> Iterator[SpendRow]:
    """Rows of calls that were made with a key which the agents no longer have, such as one that was replaced.

    All keys are looked at around the times of these calls, as far as the client may; only rows of these calls are taken.
    """
    ids = {name for _, *names in missing for name in names if name}
    with suppress(SpendError):
        for begin, end in _spans([started_ms for started_ms, *_ in missing]):
            yield from (row for row in between(begin, end) if row.call_id in ids or row.request_id in ids)


def _spans(times: Sequence[int]) -> list[tuple[int, int]]:
    """Moments in their order, each with what lies near it, joined where they touch."""
    found: list[tuple[int, int]] = []
    for moment in times:
        begin, end = moment - _NEAR_MS, moment + _NEAR_MS
        if found and begin <= found[-1][1]:
            found[-1] = (found[-1][0], end)
        else:
            found.append((begin, end))
    return found


def _hashes(snapshot: ConfigSnapshot, paths: Paths, rows: Spend) -> list[str]:
    """By which the rows of our keys are known: those of all agents."""
    found: dict[str, None] = {}
    if own := rows.own_hash():
        found[own] = None
    for agent in agents_of(snapshot.value):
        try:
            key = resolve_key(snapshot, paths, PROVIDER, agent=agent.id)
        except SecretError:
            continue
        found.setdefault(hashlib.sha256(key.value.encode()).hexdigest())
    return list(found)


def _fill(paths: Paths, snapshot: ConfigSnapshot, rows: Iterator[SpendRow]) -> int:
    """Add rows as calls; gives how many count."""
    prices = PriceList.of(snapshot, paths)
    with Ledger(paths.ledger) as ledger:
        with ledger.transaction() as connection:
            before = last_id(connection)
        batch: list[UsageRecord] = []
        for row in rows:
            with suppress(ValueError):  # its numbers make no sense; it stays among the missing ones
                batch.append(backfill.record_of(row, prices))
            if len(batch) >= _BATCH:
                ledger.record_many(batch)
                batch = []
        ledger.record_many(batch)
        with ledger.transaction() as connection:
            return backfill.counted(connection, before)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
