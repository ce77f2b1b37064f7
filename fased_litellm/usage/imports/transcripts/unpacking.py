"""Read what is no plain file of lines: a compressed transcript, or a session in a database. Its lines are laid out in memory."""

from __future__ import annotations

import os
from collections.abc import Iterable

from ..files import plain
from ..hashing import blake2b
from ..redacted import distinct
from ..sessions import sqlite_store
from ..sessions.sqlite_store import Unusable
from .header import Header
from .jsonlines import Parse
from .reader import Part, Reading, Unreadable

_FIRST = -(2**62)


def opened(part: Part, parse: Parse) -> Reading:
    """The reading of a part of a transcript, wherever that is.

    Raises:
        FileNotFoundError: it is gone.
        Unreadable: it cannot be opened.
    """
    if part.stored is None:
        return _Compressed(part, parse) if part.path.endswith(".zst") else Reading(part, parse)
    return _Events(part, parse) if part.stored.kind == "events" else _Archive(part, parse)


class _Compressed(Reading):
    """A transcript in a compressed file."""

    def _open(self, part: Part) -> None:
        super()._open(part)
        try:
            data = sqlite_store.unpacked(_whole(self._descriptor))
        except (Unusable, OSError) as error:
            raise Unreadable(str(error)) from error
        finally:
            self.close()
        self._descriptor = _in_memory([data])
        self._begin_at(part, len(data))


class _Archive(Reading):
    """A transcript that was put aside within a database, or by it."""

    def _open(self, part: Part) -> None:
        assert part.stored is not None
        try:
            self._found = os.stat(part.path)
            data = sqlite_store.opened(part.path).archive(part.stored)
        except Unusable as error:
            raise Unreadable(str(error)) from error
        self._descriptor = _in_memory([data])
        self._begin_at(part, len(data))


class _Events(Reading):
    """The events of a session in a database."""

    def _open(self, part: Part) -> None:
        assert part.stored is not None
        self._session = part.stored.session_id
        try:
            self._found = os.stat(part.path)
            self._database = sqlite_store.opened(part.path)
            self._generation = distinct(plain(self._database.generation(self._session)))
            self.restarted = not self._grown(part)
            lines = self._lines(part)
            self._database.check()
        except Unusable as error:
            raise Unreadable(str(error)) from error
        self._descriptor = _in_memory(lines)
        self._size = sum(map(len, lines))

    def _grown(self, part: Part) -> bool:
        if not part.position or part.head != self._generation.encode():
            return False
        last = [text for _, text in self._database.events(self._session, part.position - 1, part.position - 1)]
        return len(last) == 1 and _digest(last[0]) == part.tail

    def _lines(self, part: Part) -> list[bytes]:
        self._begin = (0, 0 if self.restarted else part.line)
        self._next, self._tail = (0, b"") if self.restarted else (part.position, part.tail)
        found: list[bytes] = []
        for number, text in self._database.events(self._session, _FIRST if self.restarted else part.position):
            if isinstance(text, str):
                self._complain(self._begin[1] + len(found) + 1, number, text)
            found.append((b"" if isinstance(text, str) else text) + b"\n")
            self._next, self._tail = number + 1, _digest(text)
        return found

    def _mark(self, position: int) -> tuple[int, bytes, int, bytes]:
        return self._next, self._generation.encode(), 0, self._tail

    def header(self) -> Header:
        found = super().header()
        if found.began_ms is None:
            try:
                found = found._replace(began_ms=self._database.began_ms(self._session))
            except Unusable as error:
                raise Unreadable(str(error)) from error
        return found


def _digest(text: bytes | str) -> bytes:
    return blake2b(text.encode() if isinstance(text, str) else text, digest_size=16).digest()


def _whole(descriptor: int) -> bytes:
    with os.fdopen(os.dup(descriptor), "rb") as file:
        return file.read()


def _in_memory(parts: Iterable[bytes]) -> int:
    """A descriptor from which these bytes can be read; no file has them where the system can help it."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("fased", os.MFD_CLOEXEC)
    else:
        import tempfile  # it takes a millisecond

        with tempfile.TemporaryFile() as file:
            descriptor = os.dup(file.fileno())
    with os.fdopen(os.dup(descriptor), "wb") as target:
        target.writelines(parts)
    return descriptor
