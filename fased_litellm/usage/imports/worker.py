"""Transcripts read in other processes, so that all processors have something to do while the ledger is written.

A worker gets conversations as lines of JSON on its standard input, and answers with chunks on its standard output, each
as Python's ``marshal`` writes it, behind its length. It ends when its input ends. It never opens the ledger.
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import json
import marshal
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from .jsonlines import fast
from .prices import PriceTable, Written
from .reading import Part, State
from .transcript import Chunk, read_conversation

MOST_WAITING = 48 * 1024
_AHEAD = 1024 * 1024
_LENGTH = 8
_PROGRAM = "import sys, json; sys.path[:] = json.loads(sys.argv[1]); from {} import main; main()"


class WorkerDied(Exception):
    """A worker ended before its work did."""


class Worker:
    """A process that reads transcripts. To be closed, which ends it.

    Args:
        prices: those of the config.

    Raises:
        OSError: it cannot be started.
    """

    def __init__(self, prices: Written) -> None:
        # Without `site`, with the paths as they are here: it starts faster, and finds the same modules.
        root = str(Path(__file__).parents[3])
        paths = [root, *(path for path in sys.path if path and path != root)]
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", _PROGRAM.format(__name__), json.dumps(paths)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            bufsize=0,
        )
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: PT018 - both are pipes
        self._in, self._out = self._process.stdin, self._process.stdout
        _widen(self._out.fileno())
        self.tasks = 0
        self._send(encoded(prices))

    def give(self, task: bytes) -> None:
        """Hand it a task, ``encoded``. What waits at once must not be longer than ``MOST_WAITING``, else both sides
        could wait for each other.

        Raises:
            WorkerDied: it is gone.
        """
        self._send(task)
        self.tasks += 1

    def chunks(self) -> Iterator[Chunk]:
        """The chunks of the task that was given first.

        Raises:
            WorkerDied: it ended before it was done.
        """
        while (data := self._receive()) is not None:
            *head, state, problem = data
            yield Chunk._make((*head, State._make(state) if state else None, problem))
        self.tasks -= 1

    def fileno(self) -> int:
        """Where its answers come from, to wait for."""
        return self._out.fileno()

    def close(self) -> None:
        """End it."""
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

    def _receive(self) -> Any:
        return marshal.loads(self._read(int.from_bytes(self._read(_LENGTH), "big")))  # noqa: S302 - our own process

    def _read(self, size: int) -> bytes:
        parts: list[bytes] = []
        while size and (data := os.read(self._out.fileno(), size)):
            parts.append(data)
            size -= len(data)
        if size:
            raise WorkerDied
        return b"".join(parts)


def encoded(value: Any) -> bytes:
    """A task, or prices, as a worker reads them."""
    return json.dumps(value, separators=(",", ":"), default=bytes.hex).encode() + b"\n"


def main() -> None:
    """What a worker does."""
    gc.disable()  # nothing here goes round in a circle
    source, target = sys.stdin.buffer, sys.stdout.buffer
    prices = PriceTable(json.loads(source.readline()))
    parse = fast()
    try:
        for line in source:
            for conversation in json.loads(line):
                for chunk in read_conversation(map(_part, conversation), prices, parse):
                    _answer(target, (*chunk[:-2], tuple(chunk.state) if chunk.state else None, chunk.problem))
            _answer(target, None)
            target.flush()
    except BrokenPipeError:
        os._exit(0)  # nobody listens any more


def _answer(target: IO[bytes], value: Any) -> None:
    data = marshal.dumps(value)
    target.write(len(data).to_bytes(_LENGTH, "big"))
    target.write(data)


def _part(values: list[Any]) -> Part:
    part = Part._make(values)
    return part._replace(head=bytes.fromhex(values[4]), tail=bytes.fromhex(values[6]))


def _widen(pipe: int) -> None:
    """Let a worker run ahead, where the system can do that."""
    with contextlib.suppress(AttributeError, OSError):
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _AHEAD)
