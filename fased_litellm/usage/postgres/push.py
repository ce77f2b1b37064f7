"""Send this machine's ledger to the database: what is new there since the last time, in batches, each once.

How far a ledger was sent stands in the database, and changes in the transaction of the rows. So it does not matter when
a push ends, and what of an answer arrives: the next one asks and goes on from there.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from ...documents import Count, Doc, TypedDict
from ...errors import Cancelled, FleetError
from ..store import database
from . import batches, conversations, schema
from .batches import Batch
from .connect import connected
from .errors import UNREACHED, passing
from .url import DatabaseUrl, ShownUrl

if TYPE_CHECKING:
    import psycopg

BATCH = 5_000
"""Rows of a transaction. It is halved when a connection is lost, so that a bad one still brings some across."""
_SMALLEST = 100
_KEPT_NAMES = 50_000
_ATTEMPTS = 6
_FIRST_PAUSE_S = 0.25
_RESTARTS = 3
_KEEP = "SELECT fased_usage.keep_conversations(%s, %s::json, %s)"

Progress = Callable[[int, int], None]
"""Told the rows sent so far, and all that are to be sent."""


class UsagePushDocument(TypedDict):
    """The document of ``fased usage push --json``."""

    to: ShownUrl
    host: Annotated[str, Doc("The name of this machine there.")]
    sent: Annotated[Count, Doc("Calls that are new there, or changed.")]
    sentAgain: Annotated[
        bool,
        Doc("Whether the whole ledger was sent, since another one was sent before under this machine's id."),
    ]


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push did.

    Attributes:
        place: the database, as it may be shown.
        host: the name of this machine there.
        sent: rows that came to be there while this ran.
        again: whether the whole ledger was sent once more, since another one was sent before it under this machine's id.
    """

    place: str
    host: str
    sent: int = 0
    again: bool = False

    def as_dict(self) -> UsagePushDocument:
        """The document of ``fased usage push --json``."""
        return {
            "to": self.place,
            "host": self.host,
            "sent": self.sent,
            "sentAgain": self.again,
        }


def push(
    ledger: Path,
    place: DatabaseUrl,
    *,
    name: str,
    progress: Progress | None = None,
    batch: int = BATCH,
    pause: Callable[[float], None] = time.sleep,
) -> Pushed:
    """Send the rows of a ledger that the database does not have yet, or has with older content.

    Lost connections are made again, a few times in a row.

    Args:
        ledger: the file.
        place: the database. Its tables are made if they are missing and this role may make them.
        name: of this machine, for reports; where another has it already, something is added to it.
        progress: called after each batch.
        batch: most rows of a transaction.
        pause: called with seconds to wait before another attempt.

    Raises:
        LedgerError: the ledger cannot be read.
        FleetError: the database cannot be reached, does not allow it, or is of another version. What was sent before that
            is there.
        Cancelled: the user stopped it; likewise.
    """
    source = database.connect(ledger)
    try:
        with closing(source):
            return _Push(source, place, name, progress, batch).run(pause)
    except sqlite3.Error as error:
        raise database.explain(ledger, error) from error


class _Push:
    """One push, over as many connections as it takes."""

    def __init__(
        self, source: sqlite3.Connection, place: DatabaseUrl, name: str, progress: Progress | None, batch: int
    ) -> None:
        self._source, self._place = source, place
        self._progress: Progress = progress or (lambda *_: None)
        self._identity = batches.identity(source)
        self._largest = self._size = batch
        self._known: dict[int, int] = {}
        self._days: set[int] = set()
        self._mark: int | None = None
        self._conversations = ""
        self._name = name
        self._done = Pushed(place.shown, name)
        self._restarts = 0
        self._failures = 0

    def run(self, pause: Callable[[float], None]) -> Pushed:
        reached = False
        while True:
            try:
                with connected(self._place, purpose="fased usage push") as there:
                    reached = True
                    schema.bring_up_to_date(there, self._place)
                    self._send_all(there)
                return self._done
            except KeyboardInterrupt:
                done = f"{self._done.sent:,} calls were sent" if self._done.sent else "nothing was sent"
                raise Cancelled(f"Stopped: {done}.", hint="The next push goes on from there.") from None
            except FleetError as error:
                self._failures += 1
                if self._failures > _ATTEMPTS or not (passing(error) or (reached and error.state == UNREACHED)):
                    raise
            self._size = max(_SMALLEST, self._size // 2)
            pause(_FIRST_PAUSE_S * 2**self._failures)

    def _send_all(self, there: psycopg.Connection[Any]) -> None:
        mark = self._begin(there)
        total = self._done.sent + batches.remaining(self._source, mark)
        self._progress(self._done.sent, total)
        while (batch := batches.read(self._source, mark, self._size)) is not None:
            if self._send(there, mark, batch):
                mark = self._mark = batch.last_id
                self._count(len(batch.rows))
                self._failures = 0
                self._size = min(self._largest, self._size * 2)
                self._progress(self._done.sent, max(total, self._done.sent))
            else:
                mark = self._begin(there)
        self._send_conversations(there)

    def _send_conversations(self, there: psycopg.Connection[Any]) -> None:
        known = conversations.digests(self._source)
        all_of_them = conversations.of_all(known)
        if all_of_them == self._conversations:
            return
        host = self._identity.host
        row = there.execute("SELECT fased_usage.known_conversations(%s)", (host,)).fetchone()
        assert row is not None
        wanted = {key: digest for key, digest in known.items() if row[0].get(key) != digest}
        for batch in conversations.batches(self._source, wanted):
            there.execute(_KEEP, (host, batches.as_json(batch), None))
        there.execute(_KEEP, (host, "[]", all_of_them))

    def _begin(self, there: psycopg.Connection[Any]) -> int:
        """The id of the row after which to go on.

        A ledger that was not the last one to be sent, or that was restored from a backup or a copy, is sent from its
        beginning: ids of its rows may be those of other rows in the other one.
        """
        row = there.execute("SELECT * FROM fased_usage.begin(%s, %s)", (self._identity.host, self._name)).fetchone()
        assert row is not None
        name, ledger, sent, call, self._conversations = row
        self._done = replace(self._done, host=name)
        if ledger == self._identity.ledger and (not sent or batches.has(self._source, call, sent)):
            if self._mark is not None and sent > self._mark:
                # A batch whose answer did not arrive.
                self._count(batches.remaining(self._source, self._mark) - batches.remaining(self._source, sent))
            self._mark = sent
            return int(sent)
        self._restarts += 1
        if self._restarts > _RESTARTS:
            raise FleetError(
                f"Another ledger with the same id as this one is being pushed to {self._place.shown}.",
                hint="This ledger was copied to another machine, or from one. Delete the copy.",
            )
        ids = (self._identity.host, ledger, sent, self._identity.ledger)
        there.execute("SELECT fased_usage.restart(%s, %s, %s, %s)", ids)
        self._mark = None
        self._done = replace(self._done, again=self._done.again or bool(ledger))
        return self._begin(there)

    def _send(self, there: psycopg.Connection[Any], mark: int, batch: Batch) -> bool:
        """Send one batch; False if the database has another mark."""
        host, ledger = self._identity.host, self._identity.ledger
        if days := batch.days - self._days:
            there.execute("SELECT fased_usage.months(%s::bigint[])", (sorted(days),))
            self._days |= days
        if len(self._known) > _KEPT_NAMES:
            self._known.clear()
        if missing := sorted(batch.dimensions - self._known.keys()):
            names = batches.as_json(batches.names(self._source, missing))
            row = there.execute("SELECT fased_usage.combinations(%s, %s::json)", (host, names)).fetchone()
            assert row is not None
            self._known.update(zip(missing, row[0], strict=True))
        values = (host, ledger, mark, batch.last_id, batch.last_call, batches.calls(batch, self._known))
        row = there.execute("SELECT fased_usage.push(%s, %s, %s, %s, %s, %s::json)", values).fetchone()
        return row is not None and bool(row[0])

    def _count(self, rows: int) -> None:
        self._done = replace(self._done, sent=self._done.sent + rows)
