"""Jobs of an import in other processes, so that all processors have something to do.

A worker is handed conversations on its standard input, reads them, writes them into the ledger, and tells on its standard
output what it has done: each message as ``pickle`` writes it, behind its length. It ends when its input ends.

It holds the lock of imports as long as the process that started it does, and longer: if that one is killed, no other
import begins before its workers have ended.
"""

from __future__ import annotations

import gc
import json
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NamedTuple

from ... import errors
from ...errors import LedgerError
from ...redaction import Secret, remember
from ..store.ledger import Ledger
from .job import Done, Job, WorkerDied, read_in
from .prices import Known, PriceTable
from .transcripts.jsonlines import fast
from .write_lock import OrphanedError, WriteLock

_LENGTH = 8
_LOG = "PRAGMA wal_autocheckpoint = 8000"
_PROGRAM = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from {} import main; main()"
READY = "ready"
"""A worker's word that it begins with what it was handed: it may have more."""


class Setting(NamedTuple):
    """What a worker has to know.

    Attributes:
        ledger: where to write.
        prices: those of the config, and of the proxies.
        at_once: how many calls it writes at once.
        cache_kib: how much of the ledger it keeps in memory.
        keys: what to hide.
    """

    ledger: Path
    prices: Known
    at_once: int
    cache_kib: int
    keys: tuple[Secret, ...] = ()


class Worker:
    """A process that does jobs of an import. To be closed, which ends it.

    Args:
        setting: what it has to know.
        lock: descriptor of the lock of imports.
        write_lock: of all workers.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self, setting: Setting, lock: int, write_lock: WriteLock) -> None:
        # Without `site`, with the paths as they are here: it starts faster, and finds the same modules.
        root = str(Path(__file__).parents[3])
        paths = [root, *(path for path in sys.path if path and path != root)]
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _PROGRAM.format(__name__), json.dumps(paths)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
            pass_fds=(lock, *write_lock.descriptors),
        )
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: PT018 - both are pipes
        self._in, self._out = self._process.stdin, self._process.stdout
        self.done = False
        """Whether it has done all that it was handed, and ended."""
        self._send(encoded((setting, write_lock.descriptors)))

    def give(self, task: bytes) -> None:
        """Hand it jobs, ``encoded``.

        Raises:
            WorkerDied: it is gone.
        """
        self._send(task)

    def finish(self) -> None:
        """Let it end when it has done what it was handed."""
        self._in.close()

    def answer(self) -> Done | str | None:
        """What it tells next: ``READY``, or what it has done; None, and ``done`` is set, at the end.

        Raises:
            WorkerDied: it ended before it was done.
            LedgerError: it could not write.
        """
        told = pickle.loads(self._read(int.from_bytes(self._read(_LENGTH), "big")))  # noqa: S301 - our own process
        if isinstance(told, dict):
            kind = getattr(errors, told["kind"], LedgerError)
            raise kind(told["message"], hint=told["hint"])
        self.done = told is None
        answer: Done | str | None = told
        return answer

    def fileno(self) -> int:
        """Where its answers come from, to wait for."""
        return self._out.fileno()

    def close(self) -> None:
        """End it; what it is writing is not kept."""
        self._process.kill()
        self._process.wait()
        self._in.close()
        self._out.close()

    def _send(self, data: bytes) -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(self._in.fileno(), view) :]
        except OSError as error:
            raise WorkerDied from error

    def _read(self, size: int) -> bytes:
        parts: list[bytes] = []
        while size and (data := os.read(self._out.fileno(), size)):
            parts.append(data)
            size -= len(data)
        if size:
            raise WorkerDied
        return b"".join(parts)


def packed(value: Any) -> bytes:
    """A value, for another process; a job, for a task."""
    return pickle.dumps(value, pickle.HIGHEST_PROTOCOL)


def encoded(value: Any) -> bytes:
    """A message, as it goes through a pipe. A task is a list of jobs, each packed."""
    data = packed(value)
    return len(data).to_bytes(_LENGTH, "big") + data


def main() -> None:
    """What a worker does."""
    gc.disable()  # nothing here goes round in a circle
    source, target = sys.stdin.buffer, sys.stdout.buffer
    setting, descriptors = next(_messages(source))
    for key in setting.keys:
        remember(key)
    try:
        with Ledger(setting.ledger) as ledger:
            with ledger.transaction() as connection:
                connection.execute(_LOG)
                connection.execute(f"PRAGMA cache_size = {-setting.cache_kib}")
            jobs, prices, write_lock = _jobs(source, target), PriceTable(*setting.prices), WriteLock(*descriptors)
            for done in read_in(ledger, jobs, prices, fast(), write_lock, at_once=setting.at_once):
                _answer(target, done)
        _answer(target, None)
    except LedgerError as error:
        _answer(target, {"kind": type(error).__name__, "message": error.message, "hint": error.hint})
    except OrphanedError:
        os._exit(1)


def _jobs(source: IO[bytes], target: IO[bytes]) -> Iterator[Job]:
    for jobs in _messages(source):
        _answer(target, READY)
        for job in jobs:
            yield pickle.loads(job)  # noqa: S301 - our own process


def _messages(source: IO[bytes]) -> Iterator[Any]:
    while len(length := source.read(_LENGTH)) == _LENGTH:
        size = int.from_bytes(length, "big")
        if len(data := source.read(size)) < size:
            return
        yield pickle.loads(data)  # noqa: S301 - our own process


def _answer(target: IO[bytes], value: Any) -> None:
    try:
        target.write(encoded(value))
        target.flush()
    except BrokenPipeError:
        os._exit(1)  # nobody listens any more; what was committed is in the ledger
