"""Write what was read into the ledger: each file as a whole or not at all, several small ones in one transaction."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from ..store.bulk_insert import Insertion
from ..store.changes import put_flat
from ..store.dimensions import Dimensions
from ..store.ledger import Ledger
from ..store.proxyrows import filled
from ..store.rows import last_id
from . import unreadable
from .calls import DIMENSION, FEED, Values, columns
from .files import Found
from .progress_rows import NEW_FEED, READ_ON
from .result import Bad
from .sessions import conversations
from .sessions.conversations import Conversation
from .sessions.store import About, unnamed
from .source_files import SourceFile
from .transcripts import copies, match_renamed
from .transcripts.numbers import LAST_MS
from .transcripts.reader import State
from .transcripts.transcript import Chunk
from .write_lock import WriteLock

CALLS = 20_000
"""So many calls are written at once; a larger file is written while it is read. Single calls of others are put into the
spool meanwhile, and reports do not wait."""
_TOGETHER = 5_000
"""So many calls are handed to SQLite together."""
_ACTIVITY = Insertion(
    "INSERT INTO activity (bucket, conversation, user_messages, assistant_messages, tool_calls, tool_results, errors)",
    "(?, ?, ?, ?, ?, ?, ?)",
    "ON CONFLICT (bucket, conversation) DO UPDATE SET"
    " user_messages = user_messages + excluded.user_messages,"
    " assistant_messages = assistant_messages + excluded.assistant_messages,"
    " tool_calls = tool_calls + excluded.tool_calls, tool_results = tool_results + excluded.tool_results,"
    " errors = errors + excluded.errors",
)
_TOOL_USE = Insertion(
    "INSERT INTO tool_use (bucket, name, conversation, calls)",
    "(?, ?, ?, ?)",
    "ON CONFLICT (bucket, conversation, name) DO UPDATE SET calls = calls + excluded.calls",
)
_SEEN = """
UPDATE conversation SET first_ms = coalesce(min(first_ms, ?1), first_ms, ?1),
  last_ms = coalesce(max(last_ms, ?2), last_ms, ?2), counted = counted OR ?3
WHERE id = ?4
"""


@dataclass(slots=True)
class Written:
    """What became of what was read: calls that are new, those whose numbers are others now, task runs and counters that
    gave way, copies that do not count, and lines that could not be read and were not known before."""

    added: int = 0
    replaced: int = 0
    superseded: int = 0
    copies: int = 0
    bad: list[Bad] = field(default_factory=list)


class Source(NamedTuple):
    """A file as it lies there, what the ledger knows of it and of its conversation, and what a store says of a new one."""

    file: Found
    feed: SourceFile | None = None
    conversation: Conversation | None = None
    about: About | None = None


def write(
    ledger: Ledger,
    chunks: Iterator[Chunk],
    sources: Sequence[Source],
    write_lock: WriteLock | None = None,
    *,
    at_once: int | None = None,
) -> Iterator[Written]:
    """Write the chunks of transcripts as they come; the chunks of a file one after the other.

    Args:
        sources: the file of a chunk, by its key.
        write_lock: to be held while writing, if several processes write.
        at_once: how many calls are written at once, ``CALLS`` by default.

    Yields:
        What was written, after each commit.

    Raises:
        LedgerError: they cannot be written. What was committed stays; the file at hand is as if it had not been begun.
        OrphanedError: as of ``write_lock``.
    """
    enough = at_once or CALLS
    made: dict[tuple[str, str], Conversation] = {}
    waiting: list[Chunk] = []
    calls = 0
    for chunk in chunks:
        if chunk.problem is not None:
            waiting = [held for held in waiting if held.key != chunk.key]
            continue
        waiting.append(chunk)
        calls += chunk.total
        # While another one writes, there is more to read.
        if calls >= enough and (write_lock is None or write_lock.acquire(wait=calls >= 2 * enough)):
            yield _write(ledger, waiting, chunks, _Batch(sources, made), write_lock)
            waiting, calls = [], 0
    if waiting:
        if write_lock:
            write_lock.acquire(wait=True)
        yield _write(ledger, waiting, chunks, _Batch(sources, made), write_lock)


def _write(
    ledger: Ledger, waiting: list[Chunk], more: Iterator[Chunk], batch: _Batch, write_lock: WriteLock | None
) -> Written:
    """Write chunks in one transaction, and the others of a file that has begun."""
    with ledger.transaction() as connection:
        batch.open(connection, ledger.dimensions)
        waiting.reverse()
        while waiting:  # what was taken need not stay in memory until all is written
            batch.take(waiting.pop())
        while batch.unfinished:
            batch.take(next(more))
        batch.finish()
    if write_lock:
        write_lock.release()
    return batch.written


class _Batch:
    """What is written in one transaction.

    Args:
        sources: as for ``write``.
        made: the conversations that were added before, by agent and name.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        made: dict[tuple[str, str], Conversation],
    ) -> None:
        self._sources = sources
        self._made = made
        self._file: _Open | None = None
        self._present: set[int] = set()
        self._billed: list[str] = []
        self._heirs: list[copies.Heir] = []
        self._touched: dict[match_renamed.Name, None] = {}
        self.written = Written()
        self._drop()

    def _drop(self) -> None:
        """Begin anew with what waits to be written."""
        self._calls: dict[int, Values] = {}
        self._inserted: dict[Insertion, list[Any]] = {
            table: [] for table in (conversations.ADDITION, NEW_FEED, _ACTIVITY, _TOOL_USE)
        }
        self._updated: dict[str, list[tuple[Any, ...]]] = {_SEEN: [], READ_ON: []}
        self._waiting = 0

    def open(self, connection: sqlite3.Connection, dimensions: Dimensions) -> None:
        """Begin."""
        self._connection = connection
        self._dimensions = dimensions
        # Nobody else adds to these tables while the lock of imports is held. So all is written at once, at the end.
        self._last_call = last_id(connection)
        sql = "SELECT coalesce(max(id), 0) FROM {}"
        self._last_feed, self._last_conversation = (
            connection.execute(sql.format(table)).fetchone()[0] for table in ("feed", "conversation")
        )

    @property
    def unfinished(self) -> bool:
        """Whether more chunks of a file have to follow."""
        return self._file is not None

    def take(self, chunk: Chunk) -> None:
        """Take in a chunk."""
        if chunk.problem is not None:
            self._forget_file()
            return
        file = self._file or self._begin(chunk)
        for names in chunk.names[len(file.dimensions) :]:
            provider, model, status, served = names
            full = (*file.conversation.about.names, "", provider or "", model or "", status, served or "")
            file.dimensions.append(self._dimensions.of(full))
        self._take_calls(file, chunk)
        conversation = file.conversation.id
        activity, tools = self._inserted[_ACTIVITY], self._inserted[_TOOL_USE]
        for bucket, counts in chunk.activity.items():
            activity += (bucket, conversation, *counts)
        for (bucket, tool), count in chunk.tools.items():
            tools += (bucket, tool, conversation, count)
        if chunk.bad:
            fresh = unreadable.keep(self._connection, file.feed, chunk.bad, file.known_bad)
            self.written.bad += [Bad(file.source.file.path, *line) for line in fresh]
        if chunk.state:
            self._end(file, chunk, chunk.state)
        self._file = None if chunk.state else file
        if self._file or self._waiting >= _TOGETHER:
            self._put()

    def _take_calls(self, file: _Open, chunk: Chunk) -> None:
        prefix, dimensions = file.conversation.prefix, file.dimensions
        for shape, values in chunk.calls.items():
            width = len(columns(shape))
            values[::width] = [prefix + identity for identity in values[::width]]
            values[DIMENSION::width] = [dimensions[place] for place in values[DIMENSION::width]]
            values[FEED::width] = [file.feed] * (len(values) // width)
            waiting = self._calls.setdefault(shape, [])
            waiting += values
        self._waiting += chunk.total

    def finish(self) -> None:
        """Write what is left."""
        self._put()
        settled = copies.settle(self._connection, self._heirs, self._last_call)
        again = match_renamed.settle(self._connection, self._touched, self._last_call)
        self.written.added -= settled.fresh + again.fresh
        self.written.copies += settled.copies + again.copies
        superseded = conversations.supersede(self._connection, self._billed) if self._billed else 0
        self.written.superseded += superseded
        filled.settle(self._connection, self._last_call, left=bool(settled.copies or again.copies or superseded))

    def _begin(self, chunk: Chunk) -> _Open:
        source = self._sources[chunk.key]
        header = chunk.header
        if not chunk.state:
            self._put()
            self._before = replace(self.written, bad=[*self.written.bad])
            self._connection.execute("SAVEPOINT file")
        name = (source.file.agent, source.file.name)
        conversation = source.conversation or self._made.get(name)
        if conversation and conversation.id in self._present:
            self._put()  # what the later one of two files says of a message counts
        fresh = conversation is None
        if conversation is None:
            self._last_conversation += 1
            conversation = conversations.new(self._last_conversation, *name, source.about or unnamed(*name, header))
            self._made[name] = conversation
        self._present.add(conversation.id)
        if source.feed is None:
            self._last_feed += 1
            return _Open(source, self._last_feed, conversation, fresh)
        opened = _Open(source, source.feed.id, conversation, fresh)
        if chunk.restarted:
            opened.known_bad = unreadable.forget(self._connection, source.feed.id)
            self._connection.execute(
                "UPDATE feed SET copied_until_ms = ?, parent = ?, summed_up = ? WHERE id = ?",
                (header.copied_until_ms, header.parent, header.summed_up, source.feed.id),
            )
        return opened

    def _end(self, file: _Open, chunk: Chunk, state: State) -> None:
        conversation = file.conversation
        self._touched[conversation.agent, conversation.name] = None
        if file.fresh:
            row = conversations.row(conversation, chunk.first_ms, chunk.last_ms, counted=chunk.billed)
            self._inserted[conversations.ADDITION] += row
        elif chunk.last_ms is not None:
            self._updated[_SEEN].append((chunk.first_ms, chunk.last_ms, chunk.billed, conversation.id))
        if chunk.billed and not conversation.counted:
            self._billed.append(conversation.session_id)
        now = time.time_ns() // 1_000_000
        found, known = file.source.file, file.source.feed
        header = chunk.header
        until, parent = header.copied_until_ms, header.parent
        if known and not chunk.restarted:
            until, parent = known.copied_until_ms, known.parent
        if parent or chunk.copies or until == LAST_MS:
            since = 0 if chunk.restarted else self._last_call
            self._heirs.append(copies.Heir(conversation.prefix[:-1], since, until))
        if known:
            self._updated[READ_ON].append((*state, now, file.feed))
        else:
            row = (file.feed, found.kind, found.path, found.agent, conversation.id)
            row = (*row, until, parent, header.summed_up, *state, now)
            self._inserted[NEW_FEED] += row

    def _forget_file(self) -> None:
        """Take back what there is of a file that cannot be read to its end."""
        if self._file is None:
            return
        self._connection.execute("ROLLBACK TO file")
        self._dimensions.forget()
        if self._file.fresh:
            del self._made[self._file.source.file.agent, self._file.source.file.name]
        self._drop()
        self._file = None
        self.written = self._before

    def _put(self) -> None:
        for shape, calls in self._calls.items():
            put = put_flat(self._connection, calls, columns(shape))
            self.written.added += put.added
            self.written.replaced += put.replaced
        for table, values in self._inserted.items():
            table.flat(self._connection, values)
        for sql, rows in self._updated.items():
            if rows:
                self._connection.executemany(sql, rows)
        self._drop()


@dataclass(slots=True)
class _Open:
    """The file which is being written; ``fresh`` if its conversation is not in the ledger yet."""

    source: Source
    feed: int
    conversation: Conversation
    fresh: bool
    known_bad: unreadable.Known = frozenset()
    dimensions: list[int] = field(default_factory=list)
