"""Where calls wait to be taken into the ledger: a file of JSON lines beside it.

Adding a line costs a fraction of writing to the ledger, and waits for nobody who reads or writes that. Who takes the lines in
moves them first to a file of its own, ``…taken``, which it deletes once they are in the ledger.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from ... import jsontext, ownership, plainfile
from ...atomicfile import PRIVATE, make_private_dir
from ...errors import LedgerError
from ..record import UsageRecord

Ledger = TypeVar("Ledger")
Transaction = Callable[[], AbstractContextManager[Ledger]]
Keep = Callable[[Ledger, Sequence[UsageRecord]], tuple[int, list[UsageRecord]]]

_ROOM = b"\n" * 16_383
"""As long as a record with the longest names."""
_PATIENCE_S = 5.0
"""So long a line waits for others who write to the file. They take no time, unless they were stopped in the middle."""
_BLOCK = 4 * 1024 * 1024
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

    @property
    def taken(self) -> Path:
        """Where lines are while they are taken in."""
        return self.path.with_name(f"{self.path.name}.taken")

    def waiting(self) -> bool:
        """Whether there is something that may not be in the ledger yet."""
        # In the order in which lines move, so that none is missed on its way.
        return _holds_something(self._name) or os.path.lexists(self.taken)

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
                _append(descriptor, _ROOM, self._name)  # blank lines are none, if this process should die here
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
            found = self._lying_there()
            with contextlib.suppress(FileNotFoundError), open(plainfile.open_file(self.taken), "rb") as file:
                # Without its lock: who takes the lines in has it, and only deletes the file in the end.
                found = _records(file.fileno(), os.fspath(self.taken)) + found
        except OSError as error:
            name = error.filename or self.path
            raise LedgerError(f"The usage records in {name} cannot be read: {error.strerror}.") from error
        return found

    def _lying_there(self) -> list[UsageRecord]:
        try:
            with _locked(self._name) as descriptor:
                return _records(descriptor, self._name)
        except OSError as error:
            if error.errno not in ownership.DENIED:
                raise
        # Of another user, say: it can be read, and not locked for writing.
        with open(plainfile.open_file(self.path), "rb") as file:
            return _records(file.fileno(), self._name)

    def drain_into(self, transaction: Transaction[Ledger], keep: Keep[Ledger]) -> Drained:
        """Hand all records to ``keep`` within a transaction; then they are no longer here.

        Who adds a line meanwhile does not wait for it. If this process dies in between, the records are handed over once
        more, and ``keep`` knows them by their ids.

        Args:
            transaction: begins one, and commits it at the end.
            keep: takes what ``transaction`` gave and the records, and returns how many were new and which it refuses;
                these are set aside with the lines that are no records.

        Raises:
            LedgerError: the file cannot be read or emptied, or ``transaction`` or ``keep`` raised it; the lines are
                still there.
        """
        drained = Drained()
        try:
            # What somebody left behind who died goes first; what was added since is then still to be done.
            for _ in range(2 if self.taken.exists() else 1):
                if self.waiting():
                    drained += self._drain(transaction, keep)
        except OSError as error:
            name = error.filename or self.path
            raise LedgerError(f"The usage records in {name} cannot be taken in: {error.strerror}.") from error
        return drained

    def _drain(self, transaction: Transaction[Ledger], keep: Keep[Ledger]) -> Drained:
        with ExitStack() as until_deleted:
            with transaction() as ledger:
                descriptor = self._take(until_deleted)
                if descriptor is None:
                    return Drained()
                drained = Drained()
                for block in _blocks(descriptor, os.fspath(self.taken)):
                    records, bad = _parse(block)
                    added, refused = keep(ledger, records)
                    bad += [_line(record) for record in refused]
                    if bad:
                        # Before the commit: they are there twice if that fails, and not lost.
                        with _locked(os.fspath(self.bad)) as aside:
                            _append(aside, b"\n".join(bad), os.fspath(self.bad))
                    drained += Drained(added, len(records) - added - len(refused), len(bad))
            self.taken.unlink()
        return drained

    def _take(self, until_deleted: ExitStack) -> int | None:
        """The file of lines to take in, locked; None if there are none."""
        while True:
            with _locked(self._name) as descriptor:
                if not self.taken.exists() and not self._move(descriptor):
                    return None
            with contextlib.suppress(FileNotFoundError):
                taken = until_deleted.enter_context(_locked(os.fspath(self.taken), os.O_RDWR))
                # Another may have been done with it while this one waited for the lock.
                if os.path.samestat(os.fstat(taken), os.stat(self.taken)):
                    return taken

    def _move(self, descriptor: int) -> bool:
        """Move the lines to ``taken``. Nobody else does meanwhile: it is done under the lock of this file."""
        if not _size_of(descriptor, self._name):
            return False
        draft = self.path.with_name(f"{self.path.name}.tmp")
        try:
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
            with open(plainfile.open_file(draft, flags, PRIVATE), "wb") as file:
                file.writelines(_blocks(descriptor, self._name))
            os.replace(draft, self.taken)
        except plainfile.NotPlain:
            raise  # it is not ours to be deleted
        except BaseException:
            with contextlib.suppress(OSError):
                draft.unlink()
            raise
        os.ftruncate(descriptor, 0)
        return True


def _holds_something(path: str) -> bool:
    try:
        found = os.stat(path)
    except OSError:
        return False
    # Who takes it in will say what else lies there.
    return found.st_size > 0 or not stat.S_ISREG(found.st_mode)


def _line(record: UsageRecord) -> bytes:
    return _encode(record.as_sparse_dict()).encode()


@contextmanager
def _locked(path: str, flags: int = os.O_RDWR | os.O_CREAT | os.O_APPEND) -> Iterator[int]:
    """The file, open, with an exclusive lock."""
    try:
        descriptor = plainfile.open_unchecked(path, flags, PRIVATE)
    except FileNotFoundError:
        if not flags & os.O_CREAT:
            raise
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


def _blocks(descriptor: int, name: str) -> Iterator[bytes]:
    """What the file holds, a few MiB at a time, cut between lines."""
    size = _size_of(descriptor, name)
    offset = 0
    held: list[bytes] = []
    while offset < size and (part := os.pread(descriptor, min(_BLOCK, size - offset), offset)):
        offset += len(part)
        whole = part.rfind(b"\n") + 1
        if whole:
            yield b"".join((*held, part[:whole]))
            held.clear()
        held.append(part[whole:])
    if any(held):
        yield b"".join(held)


def _records(descriptor: int, name: str) -> list[UsageRecord]:
    return [record for block in _blocks(descriptor, name) for record in _parse(block)[0]]


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
