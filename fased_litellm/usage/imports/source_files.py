"""What the ledger knows of the files that were read, and which of those that are there have to be read."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from .files import Found
from .transcripts.blocks import Fingerprint, fingerprint

_COLUMNS = "id, kind, path, conversation, inode, size, mtime_ns, position, line, head, head_size, tail, copied_until_ms, parent"


class SourceFile(NamedTuple):
    """A file that was read; the fields are those of the table ``feed``."""

    id: int
    kind: str
    path: str
    conversation: int | None
    inode: int
    size: int
    mtime_ns: int
    position: int
    line: int
    head: bytes
    head_size: int
    tail: bytes
    copied_until_ms: int | None = None
    parent: str = ""

    @property
    def sound(self) -> bool:
        """Whether all of it is of the kind that belongs there; SQLite takes any, and a ledger may have been damaged."""
        if not all(type(count) is int and count >= 0 for count in (self.position, self.line, self.head_size)):
            return False
        # Of a file of which nothing was read, there are no marks.
        if self.position and not (
            type(self.head) is bytes and type(self.tail) is bytes and self.head_size <= self.position
        ):
            return False
        numbers = (self.conversation, self.copied_until_ms)
        return (
            type(self.path) is str
            and type(self.parent) is str
            and all(number is None or type(number) is int for number in numbers)
        )

    def forgotten(self) -> SourceFile:
        """The same file, as if nothing of it had been read: it is read from its beginning."""
        conversation = self.conversation if type(self.conversation) is int else None
        return self._replace(
            conversation=conversation,
            position=0,
            line=0,
            head=b"",
            head_size=0,
            tail=b"",
            copied_until_ms=None,
            parent="",
        )


@dataclass(slots=True)
class Changes:
    """What is different from what the ledger knows.

    Attributes:
        full: whether every file is to be read again from its beginning.
        found: how many files there are.
        fresh: files to read, each with what is known of it; None for one that was never read.
        moved: feeds whose file has another name now, and that name.
        gone: feeds whose file is no longer there.
    """

    full: bool = False
    found: int = 0
    fresh: list[tuple[Found, SourceFile | None]] = field(default_factory=list)
    moved: list[tuple[SourceFile, str]] = field(default_factory=list)
    gone: list[SourceFile] = field(default_factory=list)

    @property
    def none(self) -> bool:
        """Whether there is nothing to do."""
        return not (self.fresh or self.moved or self.gone)

    @property
    def size(self) -> int:
        """About how many bytes there are to read."""
        return sum(max(file.size - (feed.position if feed else 0), 0) for file, feed in self.fresh)


def compare(connection: sqlite3.Connection, files: Iterable[Found], *, full: bool = False) -> Changes:
    """Compare what the ledger knows with what is there.

    Args:
        full: whether to read every file again from its beginning.

    Raises:
        sqlite3.Error: the ledger cannot be read.
    """
    changes = Changes(full)
    unseen = {feed.path: feed for feed in _select(connection, "NOT gone AND kind <> 'events'")}
    strange: list[Found] = []
    for file in files:
        changes.found += 1
        feed = unseen.pop(file.path, None)
        if feed is None:
            strange.append(file)
        elif full or (feed.inode, feed.size, feed.mtime_ns) != (file.inode, file.size, file.mtime_ns):
            changes.fresh.append((file, feed))
    if strange:
        _match_moved(connection, strange, unseen, changes)
    changes.gone = list(unseen.values())
    # Another file under the same name is read from its beginning, whatever it begins with.
    changes.fresh = [(file, feed and _checked(feed, file, full=full)) for file, feed in changes.fresh]
    return changes


def _checked(feed: SourceFile, file: Found, *, full: bool) -> SourceFile:
    if not feed.sound:
        return feed.forgotten()
    return feed._replace(position=0, line=0) if full or feed.inode != file.inode else feed


def _match_moved(
    connection: sqlite3.Connection, files: Sequence[Found], unseen: dict[str, SourceFile], changes: Changes
) -> None:
    """Tell files under names that are new from those that had another name before.

    Where a transcript has been put aside, a new one may lie under its old name.
    """
    gone = {feed.path: feed for feed in _select(connection, "gone")}
    candidates = {feed.inode: feed for feed in (*gone.values(), *unseen.values())}
    candidates |= {feed.inode: feed for file, feed in changes.fresh if feed and feed.inode != file.inode}
    for file in files:
        feed = candidates.get(file.inode)
        if feed is None or feed.path == file.path or not _same(feed, file):
            changes.fresh.append((file, gone.get(file.path)))
            continue
        del candidates[file.inode]
        unseen.pop(feed.path, None)
        changes.moved.append((feed, file.path))
        changes.fresh = [(there, None if known is feed else known) for there, known in changes.fresh]
        if feed.size != file.size or feed.mtime_ns != file.mtime_ns:
            changes.fresh.append((file, feed))


def _same(feed: SourceFile, file: Found) -> bool:
    """Whether a file still begins with what was read of it under another name."""
    if not feed.sound or feed.kind != file.kind or not feed.position or file.size < feed.position:
        return False
    try:
        descriptor = os.open(file.file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        known = Fingerprint(feed.head, feed.head_size, feed.tail)
        return fingerprint(descriptor, feed.position, head_size=feed.head_size) == known
    except OSError:
        return False
    finally:
        os.close(descriptor)


def in_database(connection: sqlite3.Connection, database: str) -> dict[str, SourceFile]:
    """What was read of the sessions in a database, by the path of each.

    Args:
        database: its path, as text for the ledger.
    """
    begin = f"{database}#"
    rows = connection.execute(f"SELECT {_COLUMNS} FROM feed WHERE path >= ? AND path < ?", (begin, f"{database}$"))  # noqa: S608
    return {feed.path: feed for feed in (SourceFile(*row) for row in rows) if feed.kind == "events"}


def _select(connection: sqlite3.Connection, condition: str) -> list[SourceFile]:
    rows = connection.execute(f"SELECT {_COLUMNS} FROM feed WHERE {condition}")  # noqa: S608 - written above
    return [SourceFile(*row) for row in rows]
