"""A job of an import: some conversations, read and written, here or in a process of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..store.ledger import Ledger
from .prefetch import Range
from .prices import PriceTable
from .result import MOST_TOLD, Bad
from .sessions import sqlite_store
from .transcripts.jsonlines import Parse
from .transcripts.reader import Part
from .transcripts.transcript import Chunk, read_conversation
from .writing import Source, Written, write

if TYPE_CHECKING:
    from .write_lock import WriteLock

Job = Sequence[Source]
"""The files of one conversation, oldest first."""


class WorkerDied(Exception):
    """A worker ended before its work did."""


class Done(NamedTuple):
    """What was read and written since the last time.

    Attributes:
        files: how many files were read.
        size: how many bytes of them were new.
        added, replaced, superseded, copies: as of ``writing.Written``.
        bad_lines, bad: lines that could not be read, and were not known before: how many, and the first ten.
        unreadable: files that cannot be read, with the reason.
    """

    files: int
    size: int
    added: int
    replaced: int
    superseded: int
    copies: int
    bad_lines: int
    bad: Sequence[Bad]
    unreadable: Sequence[Sequence[str]]


class _Chunks:
    """The chunks of jobs, from the reader to the writer, counted on their way."""

    def __init__(self, jobs: Iterable[Job], prices: PriceTable, parse: Parse) -> None:
        self.sources: list[Source] = []
        self._jobs = jobs
        self._prices = prices
        self._parse = parse
        self._files = self._size = 0
        self._unreadable: list[tuple[str, str]] = []

    def __iter__(self) -> Iterator[Chunk]:
        for job in self._jobs:
            parts = [part_of(key, source) for key, source in enumerate(job, len(self.sources))]
            self.sources += job
            for chunk in read_conversation(parts, self._prices, self._parse):
                source = self.sources[chunk.key]
                if chunk.problem is not None:
                    self._unreadable.append((source.file.path, chunk.problem))
                if chunk.state:
                    self._files += source.file.kind != "events"
                    self._size += size_of(source, restarted=chunk.restarted)
                yield chunk

    def done(self, written: Written) -> Done:
        """What there is to tell."""
        counts = written.added, written.replaced, written.superseded, written.copies
        told = Done(
            self._files, self._size, *counts, len(written.bad), written.bad[:MOST_TOLD], tuple(self._unreadable)
        )
        self._files = self._size = 0
        self._unreadable.clear()
        return told


def read_in(
    ledger: Ledger,
    jobs: Iterable[Job],
    prices: PriceTable,
    parse: Parse,
    write_lock: WriteLock | None = None,
    *,
    at_once: int | None = None,
) -> Iterator[Done]:
    """Read conversations, and write them; yields after each commit, and at the end.

    Args:
        write_lock: of the processes that have jobs of the same import; None if there is this one alone.
        at_once: as for ``writing.write``.

    Raises:
        LedgerError: they cannot be written.
        OrphanedError: as of ``write_lock``.
    """
    chunks = _Chunks(jobs, prices, parse)
    try:
        for written in write(ledger, iter(chunks), chunks.sources, write_lock, at_once=at_once):
            yield chunks.done(written)
    finally:
        sqlite_store.close_all()
    yield chunks.done(Written())


def part_of(key: int, source: Source) -> Part:
    """What is to be read of a file."""
    file, feed, conversation, _ = source
    seen = conversation.last_ms if conversation else None
    if feed is None:
        return Part(key, file.file, seen_until_ms=seen, stored=file.stored)
    return Part(key, file.file, feed.position, feed.line, feed.head, feed.head_size, feed.tail, seen, file.stored)


def range_of(source: Source) -> Range:
    """What is to be read of a file, if it has only grown."""
    return source.file.file, source.feed.position if source.feed and not source.file.stored else 0


def size_of(source: Source, *, restarted: bool = False) -> int:
    """How many bytes of a file are new."""
    file, feed, _, _ = source
    if feed is None or restarted or file.stored or file.size < feed.position:
        return file.size
    return file.size - feed.position
