"""The work of an import: read what is new, and write it into the ledger."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, nullcontext
from itertools import chain

from ..store import database
from ..store.ledger import Ledger
from ..store.proxyrows import filled
from ..store.rows import last_id
from ..store.snapshot import asking
from . import progress_rows
from .files import Found
from .job import Job, size_of
from .layout import Layout, NodeConfig
from .pipeline import OnProgress, Progress
from .pool import Pool
from .prices import NOTHING
from .result import MOST_TOLD, Bad, ImportResult
from .sessions import conversations, databases, sessions, task_labels, tasks
from .sessions.runlogs import RunLogs
from .sessions.sessions import Stores
from .sessions.sqlite_store import Unusable
from .source_files import Changes, SourceFile
from .transcripts.reader import Unreadable
from .writing import Source

_STORES = ("store", "database")


class Importer:
    """One import, under the lock of imports.

    Args:
        ledger: where to.
        config: has the prices.
        layout: where the files lie.
        result: what was done is added to it.
        on_progress: is called with how far it is.
        lock: descriptor of that lock.
    """

    def __init__(
        self,
        ledger: Ledger,
        config: NodeConfig,
        layout: Layout,
        result: ImportResult,
        on_progress: OnProgress | None,
        lock: int,
    ) -> None:
        self._ledger = ledger
        self._config = config
        self._layout = layout
        self._result = result
        self._on_progress = on_progress or (lambda _: None)
        self._lock = lock

    def run(self, files: list[Found], changes: Changes, *, workers: int | None) -> None:
        """Bring the ledger up to date; once more, if other processes were of no use.

        Args:
            files: all that are there.
            changes: what is different from what the ledger knows.
            workers: as for ``Pool``.

        Raises:
            LedgerError: it cannot be written.
            WorkerDied, OSError: other processes are of no use here.
        """
        result = self._result
        result.files = len(files)
        result.unreadable.clear()  # what cannot be read is tried again
        self._tidy(changes)
        transcripts = [source for source in changes.fresh if source[0].kind == "transcript"]
        transcripts += self._in_databases(changes)
        size = sum(size_of(Source(file, feed)) for file, feed in transcripts)
        prices = self._config.prices() if transcripts else NOTHING
        with Pool(self._ledger, size, prices, self._lock, workers=workers) as pool:
            stores = Stores(file for file in files if file.kind in _STORES)
            fresh = [source for source in changes.fresh if source[0].kind in _STORES]
            with asking(self._ledger.path) as connection:
                any_known = conversations.any_known(connection)
            for file, _ in fresh if any_known else []:  # else workers need not wait until all stores are read
                store = stores.read(file)
                agents = {folder.agent for folder in self._layout.sessions if folder.store == file.file} or {file.agent}
                with self._ledger.transaction() as connection:
                    result.renamed += sessions.name(connection, self._ledger.dimensions, agents, store)
            logs = RunLogs((source for source in changes.fresh if source[0].kind == "runs"), self._layout.agent)
            if transcripts:
                self._transcripts(
                    pool, chain(self._jobs(transcripts, stores, any_known=any_known), logs.read_ahead()), size
                )
        # Only now it is known which sessions have a transcript.
        for file, feed in logs.files:
            self._run_log(file, feed, logs)
        with self._ledger.transaction() as connection:
            result.renamed += conversations.hand_on(connection, self._ledger.dimensions)
        for file, feed in fresh:
            self._counters(file, feed, stores)
        for file, feed in changes.fresh:
            if file.kind == "tasks":
                self._task_names(file, feed)
        result.unreadable += stores.problems.items()
        if self._config.problem:
            result.notes.append(f"Prices of the config are not used: {self._config.problem}")

    def _tidy(self, changes: Changes) -> None:
        """Keep where files are now, and which are gone."""
        self._result.moved += len(changes.moved)
        self._result.gone += len(changes.gone)
        if not (changes.moved or changes.gone):
            return
        with self._ledger.transaction() as connection:
            connection.executemany("UPDATE feed SET gone = 1 WHERE id = ?", [(feed.id,) for feed in changes.gone])
            for feed, path in changes.moved:
                connection.execute("UPDATE feed SET path = path || '#' || id WHERE path = ?", (path,))
                connection.execute("UPDATE feed SET path = ?, gone = 0 WHERE id = ?", (path, feed.id))

    def _in_databases(self, changes: Changes) -> list[tuple[Found, SourceFile | None]]:
        """The sessions in databases of which something is new."""
        found: list[tuple[Found, SourceFile | None]] = []
        fresh = [file for file, _ in changes.fresh if file.kind == "database"]
        if fresh:
            with asking(self._ledger.path) as connection:
                for file in fresh:
                    with contextlib.suppress(Unusable):  # which is told with the stores
                        found += databases.fresh(connection, file, full=changes.full)
        return found

    def _transcripts(self, pool: Pool, jobs: Iterator[Job], size: int) -> None:
        result, read = self._result, 0
        for done in pool.run(jobs):
            read += done.size
            result.read += done.files
            result.bytes_read += done.size
            result.added += done.added
            result.replaced += done.replaced
            result.superseded += done.superseded
            result.copies += done.copies
            self._complain(done.bad, done.bad_lines)
            result.unreadable += [(file, problem) for file, problem in done.unreadable]
            self._on_progress(Progress(read, size, result.added))

    def _jobs(self, fresh: list[tuple[Found, SourceFile | None]], stores: Stores, *, any_known: bool) -> Iterator[Job]:
        """What is to be read, by conversation, each from the oldest of its files on."""
        grouped: dict[object, list[Source]] = {}
        with asking(self._ledger.path) as connection:
            told = tasks.any_told(connection)
            for file, feed in fresh:
                source = _source(connection, file, feed) if any_known else Source(file, feed)
                known = source.conversation
                grouped.setdefault(known.id if known else (file.agent, file.name), []).append(source)
        for job in grouped.values():
            # What was put aside is older than what is in use.
            job.sort(key=lambda source: (not source.file.archived, source.file.archived, source.file.mtime_ns))
        # Not in a transaction: while one is open, SQLite's log only grows.
        with closing(database.connect(self._ledger.path)) if told else nullcontext() as logs:
            # In the order of time, new rows are neighbours in the indexes.
            for job in sorted(grouped.values(), key=lambda job: job[-1].file.mtime_ns):
                # Only now, while others work: there may be many.
                yield [source if source.conversation else _named(source, stores, logs) for source in job]

    def _run_log(self, file: Found, feed: SourceFile | None, logs: RunLogs) -> None:
        try:
            reading, runs = logs.read(file, feed)
        except FileNotFoundError:
            return
        except Unreadable as error:
            self._result.unreadable.append((file.path, str(error)))
            return
        with self._ledger.transaction() as connection:
            before = last_id(connection)
            number = progress_rows.begin(connection, file, feed)
            self._result.renamed += tasks.name(connection, self._ledger.dimensions, runs)
            put = tasks.count(connection, self._ledger.dimensions, number, runs)
            filled.settle(connection, before)
            fresh = progress_rows.keep(connection, number, reading)
        self._complain([Bad(file.path, *line) for line in fresh])
        self._result.added += put.added
        self._result.replaced += put.replaced
        self._result.read += 1
        self._result.bytes_read += size_of(Source(file, feed), restarted=reading.restarted)

    def _complain(self, bad: Sequence[Bad], number: int | None = None) -> None:
        self._result.fresh_bad_lines += len(bad) if number is None else number
        self._result.fresh_bad += bad[: MOST_TOLD - len(self._result.fresh_bad)]

    def _task_names(self, file: Found, feed: SourceFile | None) -> None:
        names, problem = task_labels.read(file.file)
        if problem:
            self._result.unreadable.append((file.path, problem))
            return
        with self._ledger.transaction() as connection:
            task_labels.keep(connection, names, defined=True)
            progress_rows.is_read(connection, progress_rows.begin(connection, file, feed), file)
        self._result.read += 1

    def _counters(self, file: Found, feed: SourceFile | None, stores: Stores) -> None:
        store = stores.read(file)
        if problems := databases.unread(file.path, self._result.unreadable):
            others = [told for told in self._result.unreadable if not told[0].startswith(f"{file.path}#")]
            self._result.unreadable = others + [(file.path, problem) for problem in problems]
            return
        if file.path in stores.problems:
            return
        with self._ledger.transaction() as connection:
            before = last_id(connection)
            number = progress_rows.begin(connection, file, feed)
            put = sessions.count(connection, self._ledger.dimensions, number, file, store)
            filled.settle(connection, before)
            task_labels.keep(connection, task_labels.of_store(store), defined=False)
            progress_rows.is_read(connection, number, file)
        self._result.added += put.added
        self._result.replaced += put.replaced
        self._result.read += 1


def _source(connection: sqlite3.Connection, file: Found, feed: SourceFile | None) -> Source:
    """A transcript with its conversation: for one with another name, that which it was counted in."""
    if feed and feed.conversation is not None and (known := conversations.known(connection, feed.conversation)):
        return Source(file, feed, known)
    return Source(file, feed, conversations.find(connection, file.agent, file.name))


def _named(source: Source, stores: Stores, ledger: sqlite3.Connection | None) -> Source:
    """A transcript of a new conversation, with what a store, or a log that was read before, says of that."""
    about = stores.about(source.file)
    if about is None and ledger:
        about = tasks.recall(ledger, source.file)
    return source._replace(about=about)
