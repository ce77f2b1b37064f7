"""The files of the Node agent as they lie there now: names and what ``stat`` says. Nothing is opened.

Fact: the names are those of Fased's ``src/config/sessions/paths.ts`` and ``artifacts.ts``: ``<session id>.jsonl``,
``<session id>-topic-<thread id>.jsonl``, and with ``.reset.``, ``.deleted.`` or ``.bak.`` and a time behind it once a session
was begun anew, deleted or shortened. What is before a ``.checkpoint.<uuid>`` is a copy, and not read.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Literal, NamedTuple

from ...plainfile import what_is
from .layout import Layout, SessionFolder

if TYPE_CHECKING:
    from .sessions.sqlite_store import Session

Kind = Literal["transcript", "store", "runs", "tasks", "database", "events"]
"""``tasks`` defines them. ``events`` is a session in a ``database``, which only the database tells."""

_ARCHIVED = re.compile(r"(.+)\.jsonl\.(?:reset|deleted|bak)\.(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(?:\.\d{3})?Z)(?:\.zst)?")
_COPY = re.compile(r".+\.(?:checkpoint\.[0-9a-f-]{36}|trajectory)", re.IGNORECASE)
_TIMED = r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d-\d{3}Z_(.+)"
_TOPIC = "-topic-"


class Found(NamedTuple):
    """A file.

    Attributes:
        path: as text for the ledger; a name that is no UTF-8 has its odd bytes spelled out in it. For a session in a
            database, behind that and a ``#`` its id.
        file: as to be opened.
        agent: whose it is; '' for run logs.
        name: of the conversation, for a transcript; of the task, for a log; else ''.
        archived: when the transcript was put aside, as text that sorts by time; '' for one that is in use.
        device, inode, size, mtime_ns: as ``stat`` says; with the log beside it, for a database. About what there is to
            read, for a session in one.
        stored: which session it is, for one in a database.
    """

    kind: Kind
    path: str
    file: str
    agent: str
    name: str
    archived: str
    device: int
    inode: int
    size: int
    mtime_ns: int
    stored: Session | None = None


Odd = Callable[[str, str], None]
"""Is told the path of something that is no file, but has the name of one; and what it is."""


def scan(layout: Layout, odd: Odd = lambda *_: None) -> Iterator[Found]:
    """All files to read, in no order. Folders that cannot be read are passed over.

    Args:
        layout: where they lie.
        odd: is told of what lies in the place of a file.
    """
    looked: set[str] = set()
    for folder in layout.sessions:
        real = os.path.realpath(folder.path)
        if real not in looked:
            looked.add(real)
            yield from _transcripts(folder, odd)
        if store := _plain("store", folder.store, folder.owner, odd):
            yield store
    for agent, path in layout.databases:
        for entry in entries(path):
            if entry.name.endswith(".sqlite") and (found := _stat(entry, odd)):
                yield _with_log(_found("database", entry.path, agent, "", "", found))
    for path in layout.tasks:
        if made := _plain("tasks", path, "", odd):
            yield _with_log(made) if path.endswith(".sqlite") else made
    for entry in entries(layout.runs):
        if entry.name.endswith(".jsonl") and (found := _stat(entry, odd)):
            yield _found("runs", entry.path, "", entry.name[: -len(".jsonl")], "", found)


def session_of(name: str) -> str:
    """The session id in the name of a transcript.

    Fact: a file that continues another after a compaction has a time before the id, and so have all of the coding agent.
    """
    name = name.partition(_TOPIC)[0] or name
    if "Z_" in name and (timed := re.fullmatch(_TIMED, name)):
        return timed[1]
    return name


def conversation_name(file: str) -> tuple[str, str] | None:
    """The conversation which a file name stands for, and when it was put aside; None if it is no transcript."""
    if file.endswith(".jsonl"):
        name = file[: -len(".jsonl")]
        return None if not name or _COPY.fullmatch(name) else (name, "")
    archived = _ARCHIVED.fullmatch(file)
    if archived is None or _COPY.fullmatch(archived[1]):
        return None
    return archived[1], archived[2]


def _transcripts(folder: SessionFolder, odd: Odd) -> Iterator[Found]:
    for entry in entries(folder.path):
        if ".jsonl" not in entry.name:
            continue
        named = conversation_name(entry.name)
        if named and (found := _stat(entry, odd)):
            yield _found("transcript", entry.path, folder.agent, *named, found)


def _with_log(database: Found) -> Found:
    """A database with what is said of the log beside it, where the newest of it is."""
    try:
        log = os.stat(f"{database.file}-wal")
    except OSError:
        return database
    if not log.st_size:
        return database
    return database._replace(size=database.size + log.st_size, mtime_ns=max(database.mtime_ns, log.st_mtime_ns))


def _plain(kind: Kind, path: str, agent: str, odd: Odd) -> Found | None:
    """A file by its path, if it is there."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return _found(kind, path, agent, "", "", found) if _is_file(path, found, odd) else None


def _found(kind: Kind, file: str, agent: str, name: str, archived: str, found: os.stat_result) -> Found:
    return Found(
        kind,
        file if file.isascii() else plain(file),
        file,
        agent,
        name if name.isascii() else plain(name),
        archived,
        found.st_dev,
        found.st_ino,
        found.st_size,
        found.st_mtime_ns,
    )


def plain(name: str) -> str:
    """A file name, or a text from JSON, as text that UTF-8 can hold."""
    try:
        data = name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # JSON may hold halves of surrogate pairs which no file name has
        data = name.encode("utf-8", "surrogatepass")
    return data.decode("utf-8", "backslashreplace")


def entries(folder: str) -> Iterator[os.DirEntry[str]]:
    """What is in a folder; nothing if it cannot be read."""
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except OSError:
        return


def _stat(entry: os.DirEntry[str], odd: Odd) -> os.stat_result | None:
    try:
        found = entry.stat()
    except OSError:
        return None
    return found if _is_file(entry.path, found, odd) else None


def _is_file(path: str, found: os.stat_result, odd: Odd) -> bool:
    if stat.S_ISREG(found.st_mode):
        return True
    odd(plain(path), f"it is {what_is(found)}, not a regular file")
    return False
