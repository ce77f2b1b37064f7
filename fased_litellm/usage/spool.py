"""Where calls wait while the ledger cannot be written: a file of JSON lines beside it."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ..atomicfile import PRIVATE, make_private_dir
from ..errors import LedgerError
from .record import UsageRecord

Ledger = TypeVar("Ledger")
Transaction = Callable[[], AbstractContextManager[Ledger]]
Keep = Callable[[Ledger, Sequence[UsageRecord]], tuple[int, list[UsageRecord]]]


@dataclass(frozen=True, slots=True)
class Drained:
    """What became of the lines of a spool: ``added`` to the ledger, ``known`` there before, ``bad`` set aside."""

    added: int = 0
    known: int = 0
    bad: int = 0


class Spool:
    """A file of usage records, one JSON document per line, readable for its owner alone.

    Writers and ``Ledger.drain`` exclude each other with a lock on the file, also between processes.

    Args:
        path: the file. Lines that are no records go to ``bad`` when it is drained.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def beside(cls, ledger: Path) -> Spool:
        """The spool of the ledger at that path."""
        return cls(ledger.with_name(f"{ledger.stem}.spool.jsonl"))

    @property
    def bad(self) -> Path:
        """Where lines that are no records are set aside."""
        return self.path.with_name(f"{self.path.name}.bad")

    def waiting(self) -> bool:
        """Whether there is something to drain."""
        return self.size() > 0

    def size(self) -> int:
        """How much waits, in bytes."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def append(self, record: UsageRecord) -> None:
        """Add one record as a line; a line is written whole or not at all.

        Raises:
            LedgerError: it could not be written.
        """
        try:
            with _locked(self.path) as descriptor:
                _append(descriptor, _line(record))
        except OSError as error:
            raise LedgerError(f"The usage record cannot be put aside in {self.path}: {error.strerror}.") from error

    def records(self) -> list[UsageRecord]:
        """The records that wait, as they stand; lines that are none are left out.

        Raises:
            LedgerError: the file cannot be read.
        """
        if not self.waiting():
            return []
        try:
            with _locked(self.path) as descriptor:
                return _parse(_read(descriptor))[0]
        except OSError as error:
            raise LedgerError(f"The usage records in {self.path} cannot be read: {error.strerror}.") from error

    def drain_into(self, transaction: Transaction[Ledger], keep: Keep[Ledger]) -> Drained:
        """Hand all records to ``keep`` within a transaction, then empty the file.

        The transaction is begun before the file is locked, so that who has a call to put aside never waits for who has
        to wait for the ledger. If this process dies before the file is emptied, the records are handed over once more,
        and ``keep`` knows them by their ids.

        Args:
            transaction: begins one, and commits it at the end.
            keep: takes what ``transaction`` gave and the records, and returns how many were new and which it refuses;
                these are set aside with the lines that are no records.

        Raises:
            LedgerError: the file cannot be read or emptied, or ``transaction`` or ``keep`` raised it; the lines are
                still there.
        """
        if not self.waiting():
            return Drained()
        try:
            with ExitStack() as locked:
                with transaction() as ledger:
                    descriptor = locked.enter_context(_locked(self.path))
                    records, bad = _parse(_read(descriptor))
                    added, refused = keep(ledger, records)
                bad += [_line(record) for record in refused]
                if bad:
                    with _locked(self.bad) as aside:
                        _append(aside, b"\n".join(bad))
                os.ftruncate(descriptor, 0)
        except OSError as error:
            raise LedgerError(f"The usage records in {self.path} cannot be taken in: {error.strerror}.") from error
        return Drained(added, len(records) - added - len(refused), len(bad))


def _line(record: UsageRecord) -> bytes:
    return json.dumps(record.as_exact_dict(), separators=(",", ":")).encode()


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    make_private_dir(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, PRIVATE)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield descriptor
    finally:
        os.close(descriptor)


def _append(descriptor: int, line: bytes) -> None:
    size = os.fstat(descriptor).st_size
    # A line that was torn, by a crash of the system, must not take the next one with it.
    torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
    data = (b"\n" if torn else b"") + line + b"\n"
    try:
        written = os.write(descriptor, data)
        if written < len(data):
            raise OSError(None, "no room left")  # noqa: TRY301 - the same clean-up as for other errors
    except OSError:
        os.ftruncate(descriptor, size)
        raise


def _read(descriptor: int) -> bytes:
    size = os.fstat(descriptor).st_size
    parts: list[bytes] = []
    offset = 0
    while offset < size and (part := os.pread(descriptor, size - offset, offset)):
        parts.append(part)
        offset += len(part)
    return b"".join(parts)


def _parse(data: bytes) -> tuple[list[UsageRecord], list[bytes]]:
    records: list[UsageRecord] = []
    bad: list[bytes] = []
    for line in data.split(b"\n"):
        if not line.strip():
            continue
        try:
            records.append(UsageRecord.from_dict(json.loads(line)))
        except (ValueError, TypeError):
            bad.append(line)
    return records, bad
