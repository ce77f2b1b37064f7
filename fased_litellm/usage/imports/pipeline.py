"""An import: find out whether anything is new among the Node agent's files, and have it read in.

This is run ahead of every report. So it imports no more than looking takes.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from ...paths import Paths
from ..store import importlock, rollups
from ..store.snapshot import asking
from . import redacted
from .files import Found, scan
from .layout import Layout, NodeConfig, find
from .result import Bad, ImportResult
from .source_files import Changes, compare

WAIT_S = 600.0
"""An import that was asked for waits so long for another one."""


class Progress(NamedTuple):
    """How far an import is: bytes that were read, of how many, and calls that were found in them."""

    done: int
    size: int
    calls: int


OnProgress = Callable[[Progress], None]


def run(
    ledger: Path,
    paths: Paths,
    *,
    wait: bool = False,
    full: bool = False,
    on_progress: OnProgress | None = None,
    workers: int | None = None,
) -> ImportResult:
    """Import what is new. If nothing is, files are looked at by ``stat`` alone.

    Args:
        ledger: the path of the ledger; it is not even made if there is nothing to import.
        wait: whether to wait for another import; else this one does nothing while there is one.
        full: whether to read every file again from its beginning.
        on_progress: is called with how far it is.
        workers: as for ``pool.read``.

    Raises:
        LedgerError: the ledger cannot be read or written, or another import does not come to its end. What was
            written before stays; a file is in the ledger as far as it was read at some time, or not at all.
    """
    if not wait and importlock.held(ledger):
        return ImportResult(busy=True)
    config = NodeConfig(paths)
    layout = find(paths, config)
    known = ledger.exists()
    odd: list[tuple[str, str]] = []
    files: list[Found] | None = None
    if not known or not (full or wait):
        files = _scan(layout, odd)
        if not files if not known else _look(ledger, files).none:
            return ImportResult(files=len(files), unreadable=odd)
    with importlock.hold(ledger, wait_s=WAIT_S if wait else 0) as lock:
        config.remember_keys()
        if known or files is None:  # once more, for another import may have been at work until now
            files = _scan(layout, odd)
        files = redacted.files(files)
        result = _work(ledger, config, layout, files, lock, full=full, on_progress=on_progress, workers=workers)
        result.unreadable += odd
        return result


def _scan(layout: Layout, odd: list[tuple[str, str]]) -> list[Found]:
    odd.clear()
    return list(scan(layout, lambda path, what: odd.append((path, what))))


def _look(ledger: Path, files: list[Found], *, full: bool = False) -> Changes:
    with asking(ledger) as connection:
        return compare(connection, files, full=full)


def _work(
    ledger: Path,
    config: NodeConfig,
    layout: Layout,
    files: list[Found],
    lock: int,
    *,
    full: bool,
    on_progress: OnProgress | None,
    workers: int | None,
) -> ImportResult:
    changes = _look(ledger, files, full=full)
    if changes.none:
        return ImportResult(files=len(files))
    from ..store.ledger import Ledger
    from .importer import Importer
    from .job import WorkerDied
    from .sessions import sqlite_store

    result = ImportResult()
    with _without_collector(), Ledger(ledger) as opened:
        importer = Importer(opened, config, layout, result, on_progress, lock)
        try:
            importer.run(files, changes, workers=workers)
        except (WorkerDied, OSError):
            if workers == 0:
                raise
            # Without other processes it takes longer.
            importer.run(files, _look(ledger, files, full=full), workers=0)
        finally:
            sqlite_store.close_all()
        opened.roll_up(due=rollups.DUE)
    return result


@contextmanager
def _without_collector() -> Iterator[None]:
    """Nothing that an import makes goes round in a circle, and there is much of it to look through."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def bad_lines(ledger: Path, result: ImportResult) -> None:
    """Add all bad lines of the files that are there to a result.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    if not ledger.exists():
        return
    with asking(ledger) as connection:
        sql = "SELECT coalesce(sum(bad_lines), 0) FROM feed WHERE NOT gone"
        (result.bad_lines,) = connection.execute(sql).fetchone()
        rows = connection.execute(
            "SELECT path, bad_line.line, bad_line.position, problem FROM bad_line JOIN feed ON feed.id = bad_line.feed "
            "WHERE NOT gone ORDER BY path, bad_line.line"
        )
        result.bad = [Bad(*row) for row in rows]
