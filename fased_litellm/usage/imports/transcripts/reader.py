"""Read a file of JSON lines, or what has been added to it. Nothing is written here."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from . import damaged, header
from .blocks import Fingerprint, Lines, fingerprint
from .header import Header
from .jsonlines import Parse, value

if TYPE_CHECKING:
    from ..sessions.sqlite_store import Session

MOST_BAD_LINES = 1000
"""So many bad lines of a file are kept by number and problem; all are counted."""

BadLine = tuple[int, int, str]
"""Number of the line, from 1; where it begins, in bytes; what is wrong with it."""

Take = Callable[[Any, bytes], str | None]
"""Takes in the value of a line, and the line. It gives what is wrong with a line that it took in all the same, if anything is,
and raises ``ValueError`` for one that makes no sense."""


class Part(NamedTuple):
    """What is to be read: a file from a position on, or from its beginning.

    Attributes:
        key: by which what is read is known.
        path: of the file.
        position, line: how much of it was read before; 0 for nothing.
        head, head_size, tail: its ``Fingerprint`` then. If it has another one, it is read from its beginning.
        seen_until_ms: messages of this conversation up to then were counted before; None for none.
        stored: which session, where it is one in a database. Then ``position`` is the number of the next event, ``head``
            the generation, and ``tail`` a digest of the last event.
    """

    key: int
    path: str
    position: int = 0
    line: int = 0
    head: bytes = b""
    head_size: int = 0
    tail: bytes = b""
    seen_until_ms: int | None = None
    stored: Session | None = None


class State(NamedTuple):
    """How far a file was read; the fields are those of the table ``feed``, ``bad_lines`` but for those known before."""

    device: int
    inode: int
    size: int
    mtime_ns: int
    position: int
    line: int
    head: bytes
    head_size: int
    tail: bytes
    bad_lines: int


class Unreadable(Exception):
    """A file cannot be read; the text says why."""


class Reading:
    """The reading of one file, which is open meanwhile.

    Args:
        part: what is to be read.
        parse: the way to read a line.

    Attributes:
        restarted: whether it is read from its beginning.
        mtime_ms: when it was changed last.
        bad: the bad lines since this list was emptied last, the first thousand of all.
        state: how far it was read; set at the end.

    Raises:
        FileNotFoundError: it is gone.
        Unreadable: it cannot be opened, or is no regular file.
    """

    def __init__(self, part: Part, parse: Parse) -> None:
        self._parse = parse
        self._bad_lines = 0
        self.bad: list[BadLine] = []
        self.state: State | None = None
        self._open(part)
        self.mtime_ms = max(0, self._found.st_mtime_ns // 1_000_000)

    def _open(self, part: Part) -> None:
        """Open what is to be read."""
        try:
            # A named pipe would otherwise be waited for.
            self._descriptor = os.open(part.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise Unreadable(error.strerror or type(error).__name__) from error
        try:
            self._found = os.fstat(self._descriptor)
            regular = stat.S_ISREG(self._found.st_mode)
            if regular:
                self._begin_at(part, self._found.st_size)
        except OSError as error:
            self.close()
            raise Unreadable(error.strerror or type(error).__name__) from error
        if not regular:
            self.close()
            raise Unreadable("not a regular file")

    def _begin_at(self, part: Part, size: int) -> None:
        """Find out whether the file, of that size, still begins with what was read of it."""
        self._size = size
        self.restarted = not _grown(self._descriptor, part, size)
        self._begin = (0, 0) if self.restarted else (part.position, part.line)

    def _mark(self, position: int) -> tuple[int, bytes, int, bytes]:
        """What is kept of a reading that came so far: position, and ``Fingerprint``."""
        mark = fingerprint(self._descriptor, position)
        return position, mark.head, mark.head_size, mark.tail

    def header(self) -> Header:
        """The header of a transcript, looked at beside what is read.

        Raises:
            Unreadable: the file cannot be read.
        """
        try:
            return header.read(self._descriptor, self._parse)
        except OSError as error:
            raise Unreadable(error.strerror or type(error).__name__) from error

    def close(self) -> None:
        """Close the file."""
        os.close(self._descriptor)

    def lines(self, take: Take, decode: Parse | None = None) -> Iterator[None]:
        """Hand all lines to ``take``, with a pause after each block, in which one may look at what came of them.

        Args:
            decode: is tried before the reading's own way, and may leave out what ``take`` does not ask for.

        Raises:
            Unreadable: the file cannot be read to its end.
        """
        decode = decode or self._parse
        lines = Lines(self._descriptor, *self._begin, self._size)
        try:
            for block in lines:
                for index, line in enumerate(block):
                    if line is None:
                        problem: str | None = "longer than 32 MiB"
                    else:
                        try:
                            problem = take(decode(line), line)
                        except (ValueError, RecursionError):
                            problem = self._problem(line, take)
                    if problem:
                        self._complain(lines.line + index + 1, lines.place(block, index), problem)
                yield
            mark = self._mark(lines.position + self._last_line(lines, take))
        except OSError as error:
            raise Unreadable(error.strerror or type(error).__name__) from error
        self.state = State(
            self._found.st_dev,
            self._found.st_ino,
            self._found.st_size,
            self._found.st_mtime_ns,
            mark[0],
            lines.line,
            mark[1],
            mark[2],
            mark[3],
            self._bad_lines,
        )

    def _problem(self, line: bytes, take: Take) -> str | None:
        """Take in a line; what is wrong with it, if anything is."""
        try:
            return take(value(line, self._parse), line)
        except ValueError as error:
            if line.isspace():
                return None
            found = damaged.read(line, str(error))
        told = [problem for entry, text in found.entries if (problem := take(entry, text))]
        return found.problem or (told[0] if told else None)

    def _complain(self, number: int, position: int, problem: str) -> None:
        self._bad_lines += 1
        if self._bad_lines <= MOST_BAD_LINES:
            self.bad.append((number, position, problem))

    def _last_line(self, lines: Lines, take: Take) -> int:
        """Take in a last line that has no end, if it is whole: a part of an object is never an object.

        Returns:
            How many bytes of it are done with; 0 if it waits for its rest.
        """
        rest = lines.rest
        line = rest.lstrip(b"\0")
        if not line.startswith(b"{"):
            return 0
        try:
            problem = take(value(line, self._parse), line)
        except ValueError:
            return 0
        if line is not rest:
            problem = damaged.read(rest, "").problem
        if problem:
            self._complain(lines.line + 1, lines.position, problem)
        return len(rest)


def _grown(descriptor: int, part: Part, size: int) -> bool:
    """Whether the file still begins with what was read of it."""
    if not part.position or size < part.position:
        return False
    known = Fingerprint(part.head, part.head_size, part.tail)
    return fingerprint(descriptor, part.position, head_size=part.head_size) == known
