"""A file in lines, read in large blocks; and how a file that has grown is told from one that was rewritten."""

from __future__ import annotations

import os
from collections.abc import Iterator
from io import BytesIO
from typing import NamedTuple

from ..hashing import blake2b

BLOCK = 4 * 1024 * 1024
LONGEST_LINE = 32 * 1024 * 1024
"""A longer line is passed over, and counted as bad: it would have to be held whole."""

_FINGER = 1024


class Fingerprint(NamedTuple):
    """Digests of the first bytes of a file and of those before a position: both as before means that it has grown."""

    head: bytes
    head_size: int
    tail: bytes


def fingerprint(descriptor: int, position: int, *, head_size: int | None = None) -> Fingerprint:
    """The fingerprint of a file up to a position.

    Raises:
        OSError: it cannot be read.
    """
    size = min(_FINGER, position) if head_size is None else head_size
    begin = max(0, position - _FINGER)
    head = os.pread(descriptor, size, 0)
    tail = os.pread(descriptor, position - begin, begin)
    return Fingerprint(_digest(head), size, _digest(tail))


def _digest(data: bytes) -> bytes:
    return blake2b(data, digest_size=16).digest()


class Lines:
    """The lines of a part of a file.

    Args:
        descriptor: of the file.
        position: where to begin, in bytes.
        line: how many lines are before that.
        end: where to stop.
        block: how many bytes to read at once.
        longest: how long a line may be, in bytes.

    Attributes:
        position, line: as the arguments, for the lines that were handed out last; behind all of them at the end.
        rest: what follows at the end without an end of line; empty if it is too long.
    """

    def __init__(
        self,
        descriptor: int,
        position: int,
        line: int,
        end: int,
        *,
        block: int = BLOCK,
        longest: int = LONGEST_LINE,
    ) -> None:
        self._descriptor = descriptor
        self._at = position
        self._end = end
        self._block = block
        self._longest = longest
        self._first = 0
        self.position = position
        self.line = line
        self.rest = b""

    def __iter__(self) -> Iterator[list[bytes | None]]:
        """Hand out the lines of a block, with their ends; None for one that is too long."""
        held: list[bytes] = []
        size = 0  # of what is held: the beginning of a line that goes on
        while data := self._read():
            last = data.rfind(b"\n") + 1
            if not last:
                size += len(data)
                held = [*held, data] if size <= self._longest else []
                continue
            lines: list[bytes | None] = [*BytesIO(data[:last])]
            if size:
                lines[0] = self._joined(held, size, data[: data.index(b"\n") + 1])
            else:
                self._first = len(lines[0] or b"")
            yield lines
            self.position = self._at - len(data) + last
            self.line += len(lines)
            size = len(data) - last
            held = [data[last:]] if size else []
        self.rest = b"".join(held)

    def place(self, lines: list[bytes | None], index: int) -> int:
        """Where one of the lines begins that were handed out last, in bytes."""
        if not index:
            return self.position
        return self.position + self._first + sum(len(line) for line in lines[1:index] if line)

    def _read(self) -> bytes:
        size = min(self._block, self._end - self._at)
        data = os.pread(self._descriptor, size, self._at) if size > 0 else b""
        self._at += len(data)
        return data

    def _joined(self, held: list[bytes], size: int, first: bytes) -> bytes | None:
        self._first = size + len(first)
        return b"".join((*held, first)) if self._first <= self._longest + 1 else None
