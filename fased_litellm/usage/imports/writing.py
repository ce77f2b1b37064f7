"""Write what was read into the ledger: each file as a whole or not at all, several small ones in one transaction."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ..changes import put_many
from ..dimensions import Dimensions
from ..ledger import Ledger
from . import conversations
from .conversations import Conversation
from .feeds import Feed
from .files import Found
from .messages import columns
from .reading import MOST_BAD_LINES, BadLine, State
from .store import Entry, unnamed
from .transcript import Chunk

_CALLS = 20_000
"""So many calls are written at once; a larger file is written while it is read. Single calls of others are put into the
spool meanwhile, and reports do not wait."""
_ACTIVITY = """
INSERT INTO activity (bucket, conversation, user_messages, assistant_messages, tool_calls, tool_results, errors)
VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (bucket, conversation) DO UPDATE SET
  user_messages = user_messages + excluded.user_messages,
  assistant_messages = assistant_messages + excluded.assistant_messages,
  tool_calls = tool_calls + excluded.tool_calls, tool_results = tool_results + excluded.tool_results,
  errors = errors + excluded.errors
"""
_TOOL_USE = """
INSERT INTO tool_use (bucket, conversation, name, calls) VALUES (?, ?, ?, ?)
ON CONFLICT (bucket, conversation, name) DO UPDATE SET calls = calls + excluded.calls
"""
_SEEN = """
UPDATE conversation SET first_ms = coalesce(min(first_ms, :first), first_ms, :first),
  last_ms = coalesce(max(last_ms, :last), last_ms, :last), counted = counted OR :billed
WHERE id = :id
"""


@dataclass(slots=True)
class Written:
    """What became of what was read: calls that are new, and those whose numbers are others now."""

    added: int = 0
    replaced: int = 0
    covered: int = 0


Source = tuple[Found, Feed | None]
"""A file as it lies there, and what the ledger knows of it."""


def write(
    ledger: Ledger, chunks: Iterator[Chunk], sources: Sequence[Source], entries: Callable[[Found], Entry | None]
) -> Iterator[Written]:
    """Write the chunks of transcripts as they come; the chunks of a file one after the other.

    Args:
        sources: the file of a chunk, by its key.
        entries: what a store says of a file.

    Yields:
        What was written, after each commit.

    Raises:
        LedgerError: they cannot be written. What was committed stays; the file at hand is as if it had not been begun.
    """
    waiting: list[Chunk] = []
    calls = 0
    for chunk in chunks:
        if chunk.problem is not None:
            waiting = [held for held in waiting if held.key != chunk.key]
            continue
        waiting.append(chunk)
        calls += sum(map(len, chunk.calls.values()))
        if calls >= _CALLS:
            yield _write(ledger, waiting, chunks, _Batch(sources, entries))
            waiting, calls = [], 0
    if waiting:
        yield _write(ledger, waiting, chunks, _Batch(sources, entries))


def _write(ledger: Ledger, waiting: list[Chunk], more: Iterator[Chunk], batch: _Batch) -> Written:
    """Write chunks in one transaction, and the others of a file that has begun."""
    with ledger.transaction() as connection:
        batch.open(connection, ledger.dimensions)
        for chunk in waiting:
            batch.take(chunk)
        while batch.unfinished:
            batch.take(next(more))
        batch.finish()
    return batch.written


class _Batch:
    """What is written in one transaction."""

    def __init__(self, sources: Sequence[Source], entries: Callable[[Found], Entry | None]) -> None:
        self._sources = sources
        self._entries = entries
        self._rows: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
        self._waiting = 0
        self._present: set[int] = set()
        self._billed: list[str] = []
        self._file: _Open | None = None
        self.written = Written()

    def open(self, connection: sqlite3.Connection, dimensions: Dimensions) -> None:
        """Begin."""
        self._connection = connection
        self._dimensions = dimensions

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
            file.dimensions.append(self._dimensions.of(full)[0])
        prefix, feed, dimensions = file.conversation.prefix, file.feed, file.dimensions
        for shape, calls in chunk.calls.items():
            rows = self._rows.setdefault((*columns(shape), "feed"), [])
            rows.extend((prefix + call[0], dimensions[call[1]], *call[2:], feed) for call in calls)
            self._waiting += len(calls)
        self._count(file.conversation.id, chunk)
        if chunk.bad:
            add_bad_lines(self._connection, feed, chunk.bad)
        if chunk.state:
            self._end(file, chunk, chunk.state)
        if not chunk.state or self._waiting >= _CALLS:
            self._put()
        self._file = None if chunk.state else file

    def finish(self) -> None:
        """Write what is left."""
        self._put()
        if self._billed:
            self.written.covered += conversations.cover(self._connection, self._billed)

    def _begin(self, chunk: Chunk) -> _Open:
        found, feed = self._sources[chunk.key]
        if not chunk.state:
            self._put()
            self._before = replace(self.written)
            self._connection.execute("SAVEPOINT file")
        conversation = self._conversation(found, feed)
        if conversation.id in self._present:
            self._put()  # what the later one of two files says of a message counts
        self._present.add(conversation.id)
        number = feed.id if feed else add_feed(self._connection, found, conversation.id)
        if chunk.restarted and feed:
            self._connection.execute("DELETE FROM bad_line WHERE feed = ?", (number,))
        return _Open(number, conversation)

    def _forget_file(self) -> None:
        """Take back what there is of a file that cannot be read to its end."""
        if self._file is None:
            return
        self._connection.execute("ROLLBACK TO file")
        self._dimensions.forget()
        self._rows.clear()
        self._waiting = 0
        self._file = None
        self.written = self._before

    def _conversation(self, found: Found, feed: Feed | None) -> Conversation:
        if feed and feed.conversation is not None:
            return conversations.get(self._connection, feed.conversation)
        known = conversations.find(self._connection, found.agent, found.name)
        if known:
            return known
        entry = self._entries(found)
        about = entry.about if entry else unnamed(found.agent, found.name)
        return conversations.add(self._connection, found.agent, found.name, about)

    def _count(self, conversation: int, chunk: Chunk) -> None:
        if chunk.activity:
            counts = ((bucket, conversation, *count) for bucket, count in chunk.activity.items())
            self._connection.executemany(_ACTIVITY, counts)
        if chunk.tools:
            uses = ((bucket, conversation, name, count) for (bucket, name), count in chunk.tools.items())
            self._connection.executemany(_TOOL_USE, uses)

    def _end(self, file: _Open, chunk: Chunk, state: State) -> None:
        conversation = file.conversation
        if chunk.last_ms is not None:
            values = {"id": conversation.id, "first": chunk.first_ms, "last": chunk.last_ms, "billed": chunk.billed}
            self._connection.execute(_SEEN, values)
        if chunk.billed and not conversation.counted:
            self._billed.append(conversation.session_id)
        keep_state(self._connection, file.feed, state, restarted=chunk.restarted)

    def _put(self) -> None:
        for names, rows in self._rows.items():
            put = put_many(self._connection, rows, names, self._dimensions)
            self.written.added += put.added
            self.written.replaced += put.replaced
        self._rows.clear()
        self._waiting = 0


@dataclass(slots=True)
class _Open:
    """The file which is being written."""

    feed: int
    conversation: Conversation
    dimensions: list[int] = field(default_factory=list)


def add_feed(connection: sqlite3.Connection, found: Found, conversation: int | None) -> int:
    """Add a file of which nothing was read yet.

    Returns:
        Its id.
    """
    sql = "INSERT INTO feed (kind, path, agent, conversation) VALUES (?, ?, ?, ?)"
    added = connection.execute(sql, (found.kind, found.path, found.agent, conversation)).lastrowid
    assert added is not None
    return added


def keep_state(connection: sqlite3.Connection, feed: int, state: State, *, restarted: bool) -> None:
    """Keep how far a file was read."""
    setting = ", ".join(f"{name} = ?" for name in State._fields[:-1])
    bad = "" if restarted else "bad_lines + "
    connection.execute(
        f"UPDATE feed SET {setting}, bad_lines = {bad}?, gone = 0, read_at_ms = ? WHERE id = ?",  # noqa: S608
        (*state, time.time_ns() // 1_000_000, feed),
    )


def add_bad_lines(connection: sqlite3.Connection, feed: int, lines: Iterable[BadLine]) -> None:
    """Keep bad lines of a file, the first thousand."""
    (known,) = connection.execute("SELECT count(*) FROM bad_line WHERE feed = ?", (feed,)).fetchone()
    kept = [(feed, *line) for line in lines][: max(0, MOST_BAD_LINES - known)]
    connection.executemany("INSERT OR REPLACE INTO bad_line (feed, line, position, problem) VALUES (?, ?, ?, ?)", kept)
