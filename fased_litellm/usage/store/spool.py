"""Where calls wait to be taken into the ledger: a file of JSON lines beside it.

Adding a line costs half of what writing to the ledger does, and waits for nobody who reads or writes that. Lines stay in the file
until they are in the ledger; if a program dies in between, they are taken in once more, and a call is known by its id.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ... import jsontext, ownership, plainfile
from ...atomicfile import PRIVATE, make_private_dir
from ...errors import LedgerError
from ..record import UsageRecord

Ledger = TypeVar("Ledger")
Transaction = Callable[[], AbstractContextManager[Ledger]]
Keep = Callable[[Ledger, Sequence[UsageRecord]], int]

_ROOM = 16_383
"""As many bytes as a record with the longest names has."""
_PATIENCE_S = 5.0
"""So long a line waits for others who write to the file. They take no time, unless they were stopped in the middle."""
_BLOCK = 4 * 1024 * 1024
_MOST_ROUNDS = 1000
"""So often lines that came meanwhile are taken in as well, before the file is left to those who still add some."""
_MOST_BYTES = 1024**3
"""So much is taken in, which is a million calls or two; whatever made a larger file, it was no program that makes calls."""

_encode = json.JSONEncoder(separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Drained:
    """What became of the lines of a spool: ``added`` to the ledger, ``known`` there before, ``bad`` set aside."""

    added: int = 0
    known: int = 0
    bad: int = 0

    def __add__(self, other: Drained) -> Drained:
        return Drained(self.added + other.added, self.known + other.known, self.bad + other.bad)


class Spool:
    """A file of usage records, one JSON document per line, readable for its owner alone.

    Any number of threads and processes may add lines and take them in at once.

    Args:
        path: the file. Lines that are no records go to ``bad`` when it is drained.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._name = os.fspath(path)

    @classmethod
    def beside(cls, ledger: Path) -> Spool:
        """The spool of the ledger at that path."""
        return cls(ledger.with_name(f"{ledger.stem}.spool.jsonl"))

    @property
    def bad(self) -> Path:
        """Where lines that are no records are set aside."""
        return self.path.with_name(f"{self.path.name}.bad")

    def waiting(self) -> bool:
        """Whether there is something that may not be in the ledger yet."""
        try:
            found = os.stat(self._name)
        except OSError:
            return False
        # Who takes it in will say what else lies there.
        return found.st_size > 0 or not stat.S_ISREG(found.st_mode)

    def append(self, *records: UsageRecord) -> None:
        """Add records, a line for each: all of them are written whole, or nothing.

        Raises:
            LedgerError: it could not be written.
        """
        lines = b"\n".join(map(_line, records))
        try:
            with _locked(self._name) as descriptor:
                _append(descriptor, lines, self._name)
        except OSError as error:
            raise LedgerError(f"The usage record cannot be put aside in {self.path}: {error.strerror}.") from error

    def require_room(self) -> None:
        """Make sure that a record could be added now, by writing as much, and taking it away again.

        Raises:
            LedgerError: it could not.
        """
        try:
            with _locked(self._name) as descriptor:
                size = os.fstat(descriptor).st_size
                _append(descriptor, b"\n" * _ROOM, self._name)  # blank lines are none, if this process should die here
                os.ftruncate(descriptor, size)
        except OSError as error:
            raise LedgerError(f"Calls cannot be recorded in {self.path}: {error.strerror}.") from error

    def records(self) -> list[UsageRecord]:
        """The records that wait, as they stand; lines that are none are left out. One may be there twice.

        Raises:
            LedgerError: the file cannot be read.
        """
        if not self.waiting():
            return []
        try:
            with _locked(self._name) as descriptor:
                return _records(descriptor, self._name)
        except OSError as error:
            if error.errno not in ownership.DENIED:
                raise self._unreadable(error, "read") from error
        try:  # of another user, say: it can be read, and not locked for writing
            with open(plainfile.open_file(self.path), "rb") as file:
                return _records(file.fileno(), self._name)
        except OSError as error:
            raise self._unreadable(error, "read") from error

    def drain_into(self, transaction: Transaction[Ledger], keep: Keep[Ledger]) -> Drained:
        """Hand all records to ``keep`` within transactions; then they are no longer here.

        Who adds a line meanwhile does not wait for it. If this process dies in between, the records are handed over once
        more, and ``keep`` knows them by their ids.

        Args:
            transaction: begins one, and commits it at the end. While it lasts, nobody else takes lines in.
            keep: takes what ``transaction`` gave and the records, and returns how many were new.

        Raises:
            LedgerError: the file cannot be read or emptied, or ``transaction`` or ``keep`` raised it; the lines are
                still there.
        """
        drained = Drained()
        done, last = 0, b""  # so many bytes are in the ledger, of which these are the last
        try:
            for _ in range(_MOST_ROUNDS):
                if not self.waiting():
                    break
                with transaction() as ledger:
                    with _locked(self._name) as descriptor:
                        if last and os.pread(descriptor, len(last), done - len(last)) != last:
                            done, last = 0, b""  # another program emptied the file since
                        block = _block(descriptor, self._name, done)
                        if not block:
                            os.ftruncate(descriptor, 0)
                            break
                    drained += self._keep(ledger, keep, block)
                done += len(block)
                last = block[-_ROOM:]
        except OSError as error:
            raise self._unreadable(error, "taken in") from error
        return drained

    def _keep(self, ledger: Ledger, keep: Keep[Ledger], block: bytes) -> Drained:
        records, bad = _parse(block)
        added = keep(ledger, records)
        if bad:
            # Before the commit: they are there twice if that fails, and not lost.
            with _locked(os.fspath(self.bad)) as aside:
                _append(aside, b"\n".join(bad), os.fspath(self.bad))
        return Drained(added, len(records) - added, len(bad))

    def _unreadable(self, error: OSError, what: str) -> LedgerError:
        name = error.filename or self.path
        return LedgerError(f"The usage records in {name} cannot be {what}: {error.strerror}.")


def _line(record: UsageRecord) -> bytes:
    return _encode(record.as_sparse_dict()).encode()


@contextmanager
def _locked(path: str) -> Iterator[int]:
    """The file, open, with an exclusive lock."""
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
    try:
        descriptor = plainfile.open_unchecked(path, flags, PRIVATE)
    except FileNotFoundError:
        make_private_dir(Path(path).parent)
        descriptor = plainfile.open_unchecked(path, flags, PRIVATE)
    try:
        _lock(descriptor)
        try:
            yield descriptor
        finally:
            # Closing is not enough: a child that was forked meanwhile has the file open, and with it the lock.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    deadline = None
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            now = time.monotonic()
            deadline = deadline or now + _PATIENCE_S
            if now >= deadline:
                raise OSError(errno.EAGAIN, "another program holds it") from None
            time.sleep(0.001)
        else:
            return


def _append(descriptor: int, line: bytes, name: str) -> None:
    size = _size_of(descriptor, name)
    # A line that was torn, by a crash of the system, must not take the next one with it.
    torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
    data = (b"\n" if torn else b"") + line + b"\n"
    written = os.write(descriptor, data)
    if written < len(data):
        os.ftruncate(descriptor, size)
        raise OSError(None, "no room left")


def _size_of(descriptor: int, name: str) -> int:
    """The size of the open file of that name, which must be one, and none of any size."""
    found = os.fstat(descriptor)
    plainfile.require_plain(found, name)
    if found.st_size > _MOST_BYTES:
        raise plainfile.TooLarge(errno.EFBIG, f"it has {found.st_size} bytes; move it away", name)
    return found.st_size


def _block(descriptor: int, name: str, begin: int) -> bytes:
    """What the file holds from there on, up to the end of a line and a few MiB at most; nothing at its end."""
    size = _size_of(descriptor, name)
    held: list[bytes] = []
    while begin < size and (part := os.pread(descriptor, min(_BLOCK, size - begin), begin)):
        begin += len(part)
        whole = len(part) if begin >= size else part.rfind(b"\n") + 1
        held.append(part[:whole] if whole else part)
        if whole:
            break
    return b"".join(held)


def _records(descriptor: int, name: str) -> list[UsageRecord]:
    found: list[UsageRecord] = []
    begin = 0
    while block := _block(descriptor, name, begin):
        begin += len(block)
        found += _parse(block)[0]
    return found


def _parse(data: bytes) -> tuple[list[UsageRecord], list[bytes]]:
    records: list[UsageRecord] = []
    bad: list[bytes] = []
    for line in data.split(b"\n"):
        if not line.strip():
            continue
        try:
            records.append(UsageRecord.from_dict(jsontext.loads(line)))
        except (ValueError, TypeError):
            bad.append(line)
    return records, bad
