"""The work of an import: read what is new, and write it into the ledger."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterable, Iterator

from ..asking import asking
from ..ledger import Ledger
from . import conversations, pool, sessions, tasks
from .conversations import Conversation
from .feeds import Changes, Feed
from .files import Found
from .layout import Layout, NodeConfig
from .pipeline import Progress, Tell
from .reading import Part, Unreadable
from .result import ImportResult
from .sessions import Stores
from .transcript import Chunk
from .writing import Source, begin_feed, keep_reading, write

_CACHE = "PRAGMA cache_size = -65536"
_LOG = "PRAGMA wal_autocheckpoint = 8000"
_MUCH = 64 * 1024 * 1024


class Work:
    """One import, under the lock of imports.

    Args:
        ledger: where to.
        config: has the prices.
        layout: where the files lie.
        tell: is told how far it is.
    """

    def __init__(self, ledger: Ledger, config: NodeConfig, layout: Layout, tell: Tell | None) -> None:
        self._ledger = ledger
        self._config = config
        self._layout = layout
        self._tell = tell or (lambda _: None)
        self._result = ImportResult()

    def run(self, files: list[Found], changes: Changes, *, workers: int | None) -> ImportResult:
        """Bring the ledger up to date.

        Args:
            files: all that are there.
            changes: what is different from what the ledger knows.
            workers: as for ``pool.read``.

        Raises:
            LedgerError: it cannot be written.
            WorkerDied, OSError: other processes are of no use here.
        """
        result = self._result
        result.files = len(files)
        self._tidy(changes)
        stores = Stores(file for file in files if file.kind == "store")
        fresh = [source for source in changes.fresh if source[0].kind == "store"]
        for file, _ in fresh:
            store = stores.read(file)
            agents = {folder.agent for folder in self._layout.sessions if folder.store == file.file}
            with self._ledger.transaction() as connection:
                result.renamed += sessions.name(connection, self._ledger.dimensions, agents, store)
        self._transcripts([source for source in changes.fresh if source[0].kind == "transcript"], stores, workers)
        # Only now it is known which sessions have a transcript.
        for file, feed in changes.fresh:
            if file.kind == "runs":
                self._run_log(file, feed)
        for file, feed in fresh:
            self._counters(file, feed, stores)
        result.unreadable += stores.problems.items()
        if self._config.problem:
            result.notes.append(f"Prices of the config are not used: {self._config.problem}")
        return result

    def _tidy(self, changes: Changes) -> None:
        """Keep where files are now, and which are gone."""
        self._result.moved, self._result.gone = len(changes.moved), len(changes.gone)
        if not (changes.moved or changes.gone):
            return
        with self._ledger.transaction() as connection:
            connection.executemany("UPDATE feed SET gone = 1 WHERE id = ?", [(feed.id,) for feed in changes.gone])
            for feed, path in changes.moved:
                connection.execute("UPDATE feed SET path = path || '#' || id WHERE path = ?", (path,))
                connection.execute("UPDATE feed SET path = ?, gone = 0 WHERE id = ?", (path, feed.id))

    def _transcripts(self, fresh: list[tuple[Found, Feed | None]], stores: Stores, workers: int | None) -> None:
        if not fresh:
            return
        with asking(self._ledger.path) as connection:
            sources = [Source(file, feed, _conversation(connection, file, feed)) for file, feed in fresh]
        todo = _todo(sources)
        reading = pool.read(todo, self._config.prices(), workers=workers)
        with contextlib.closing(reading) as chunks:
            counted = self._counted(chunks, sources, sum(size for _, size in todo))
            for written in write(self._ledger, counted, sources, stores.entry):
                self._result.added += written.added
                self._result.replaced += written.replaced
                self._result.covered += written.covered

    def _counted(self, chunks: Iterable[Chunk], sources: list[Source], size: int) -> Iterator[Chunk]:
        """The chunks, with a word to who wants to know how far it is, for each hundredth of the way."""
        calls = done = told = 0
        for chunk in chunks:
            file, feed, _ = sources[chunk.key]
            calls += sum(map(len, chunk.calls.values()))
            if chunk.problem is not None:
                self._result.unreadable.append((file.path, chunk.problem))
            if chunk.state:
                self._result.read += 1
                done += _size(file, feed, restarted=chunk.restarted)
            yield chunk
            if done - told > size // 100:
                told = done
                self._tell(Progress(done, size, calls))
        self._result.bytes_read += done

    def _run_log(self, file: Found, feed: Feed | None) -> None:
        try:
            reading, runs = tasks.read(_part(0, Source(file, feed)), self._layout.agent)
        except FileNotFoundError:
            return
        except Unreadable as error:
            self._result.unreadable.append((file.path, str(error)))
            return
        with self._ledger.transaction() as connection:
            number = begin_feed(connection, file, feed)
            put = tasks.count(connection, self._ledger.dimensions, number, runs)
            keep_reading(connection, number, reading)
        self._result.added += put.added
        self._result.replaced += put.replaced
        self._result.read += 1
        self._result.bytes_read += _size(file, feed, restarted=reading.restarted)

    def _counters(self, file: Found, feed: Feed | None, stores: Stores) -> None:
        store = stores.read(file)
        if file.path in stores.problems:
            return
        with self._ledger.transaction() as connection:
            number = begin_feed(connection, file, feed)
            put = sessions.count(connection, self._ledger.dimensions, number, file, store)
            connection.execute(
                "UPDATE feed SET device = ?, inode = ?, size = ?, mtime_ns = ?, position = 0, gone = 0 WHERE id = ?",
                (file.device, file.inode, file.size, file.mtime_ns, number),
            )
        self._result.added += put.added
        self._result.replaced += put.replaced
        self._result.read += 1


def _conversation(connection: sqlite3.Connection, file: Found, feed: Feed | None) -> Conversation | None:
    """The conversation of a transcript: of one with another name, that which it was counted in."""
    if feed and feed.conversation is not None:
        return conversations.get(connection, feed.conversation)
    return conversations.find(connection, file.agent, file.name)


def _todo(sources: list[Source]) -> list[tuple[list[Part], int]]:
    """What is to be read, by conversation, each from the oldest of its files on, with the number of bytes."""
    grouped: dict[object, list[int]] = {}
    for key, (file, _, conversation) in enumerate(sources):
        grouped.setdefault(conversation.id if conversation else (file.agent, file.name), []).append(key)
    found: list[tuple[int, list[Part], int]] = []
    for keys in grouped.values():
        # What was put aside is older than what is in use.
        keys.sort(
            key=lambda key: (not sources[key].file.archived, sources[key].file.archived, sources[key].file.mtime_ns)
        )
        parts = [_part(key, sources[key]) for key in keys]
        size = sum(_size(sources[key].file, sources[key].feed) for key in keys)
        found.append((sources[keys[-1]].file.mtime_ns, parts, size))
    # In the order of time, new rows are neighbours in the indexes.
    found.sort(key=lambda each: each[0])
    return [(parts, size) for _, parts, size in found]


def _part(key: int, source: Source) -> Part:
    file, feed, conversation = source
    seen = conversation.last_ms if conversation else None
    if feed is None:
        return Part(key, file.file, seen_until_ms=seen)
    return Part(key, file.file, feed.position, feed.line, feed.head, feed.head_size, feed.tail, seen)


def _size(file: Found, feed: Feed | None, *, restarted: bool = False) -> int:
    """How many bytes of a file are new."""
    if feed is None or restarted or file.size < feed.position:
        return file.size
    return file.size - feed.position
