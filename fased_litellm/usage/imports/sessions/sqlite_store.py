"""Sessions which newer releases of the agent's upstream keep in SQLite: ``agents/<id>/agent/<name>.sqlite``. Only read.

Facts: ``src/state/openclaw-agent-schema.sql`` of that upstream, and files of its release 2026.9.6. An event is a line as of
a transcript; larger ones are compressed (``event_zstd``). ``transcript_rewrite_watermarks.generation`` is another one once
events were rewritten. Transcripts that were reset or deleted are in ``session_transcript_archives``, old ones in
``session_transcript_cold_archives`` or, by their name, in files.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, NamedTuple
from urllib.parse import quote

from ..transcripts import zstd
from ..transcripts.blocks import LONGEST_LINE
from ..transcripts.jsonlines import plain as plain_json
from .store import Entry, Store, entry_of, of_key

LONGEST_ARCHIVE = 1024**3
"""A transcript that comes to more bytes is not read."""
BUSY_S = 2.0
"""So long a reader waits for whoever has locked the database."""

Kind = Literal["events", "archive", "cold"]

# All sessions with their last event, one step in the index for each: there may be millions of events.
_LAST = """
WITH RECURSIVE known (id) AS (
  SELECT min(session_id) FROM transcript_events UNION ALL
  SELECT (SELECT min(session_id) FROM transcript_events WHERE session_id > known.id) FROM known WHERE id IS NOT NULL
)
SELECT id, (SELECT max(seq) FROM transcript_events WHERE session_id = id) FROM known WHERE id IS NOT NULL
"""


class Unusable(Exception):
    """A database cannot be read; the text says why."""


class Session(NamedTuple):
    """A session in a database, or a transcript of one that was put aside.

    Attributes:
        session_id: its id, as it is there.
        kind: where its lines are.
        key: of the archive, if it is one; else the generation of the events.
        last: number of the last event; how many there are, of an archive.
    """

    session_id: str
    kind: Kind
    key: str
    last: int


class Database:
    """A database that is open for reading. To be closed.

    Args:
        path: of the file.

    Raises:
        Unusable: it cannot be opened.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self._stamp = _stamp(path)
        # While nobody has it open, there is no log beside it, and opening it as usual would leave files there.
        self._alone = not _size(f"{path}-wal")
        how = "mode=ro&immutable=1" if self._alone else "mode=ro"
        with self._explained():
            self._connection = sqlite3.connect(
                f"file:{quote(path)}?{how}", uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False
            )
        try:
            with self._explained():
                self._connection.text_factory = _text
                self._tables = {name for (name,) in self._connection.execute("SELECT name FROM sqlite_master")}
        except Unusable:
            self.close()
            raise

    def close(self) -> None:
        """Close it."""
        self._connection.close()

    @property
    def current(self) -> bool:
        """Whether what was opened is still what lies there."""
        return self._stamp == _stamp(self.path) and (not self._alone or not _size(f"{self.path}-wal"))

    @property
    def has_sessions(self) -> bool:
        """Whether it is one with sessions."""
        return "transcript_events" in self._tables

    def sessions(self) -> list[Session]:
        """All sessions, and transcripts that were put aside."""
        with self._explained():
            generations = {}
            if "transcript_rewrite_watermarks" in self._tables:
                generations = dict(self._rows("SELECT session_id, generation FROM transcript_rewrite_watermarks"))
            found = [Session(name, "events", generations.get(name) or "", last) for name, last in self._rows(_LAST)]
            if "session_transcript_archives" in self._tables:
                sql = "SELECT session_id, generation, length(archive_blob) FROM session_transcript_archives"
                found += [Session(name, "archive", key, size) for name, key, size in self._rows(sql)]
            if "session_transcript_cold_archives" in self._tables:
                columns = self._columns("session_transcript_cold_archives")
                count = "event_count" if "event_count" in columns else "1"
                sql = f"SELECT session_id, archive_name, {count} FROM session_transcript_cold_archives"  # noqa: S608
                found += [Session(name, "cold", key, count) for name, key, count in self._rows(sql)]
        return [one for one in found if type(one.session_id) is str and type(one.key) is str and one.session_id]

    def store(self, agent: str) -> Store:
        """What is known of the sessions, as from a session store.

        Args:
            agent: whose they are if their keys do not say so.
        """
        entries: dict[str, Entry] = {}
        with self._explained():
            for table, current in (("session_entries", "session_id"), ("session_nodes", "current_session_id")):
                for key, session_id, text in self.texts(table, ("session_key", current, "entry_json")):
                    found = entry_of(key, _object(text) | {"sessionId": session_id}, agent)
                    if found:
                        entries[found.about.session] = found
            earlier: dict[str, list[str]] = {}
            for table in ("sessions", "session_windows", "session_transcript_archives"):
                for key, session_id in self.texts(table, ("session_key", "session_id")):
                    earlier.setdefault(of_key(key, agent).session, []).append(session_id)
        for key, names in earlier.items():
            known = entries.get(key) or Entry(of_key(key, agent), names[-1], names[-1], (0, 0, 0, 0, 0))
            entries[key] = known.with_earlier(names)
        return Store(entries)

    def began_ms(self, session_id: str) -> int | None:
        """When a session began that continues another; None for any other."""
        if not {"session_id", "created_at", "reason"} <= self._columns("session_windows"):
            return None
        sql = (
            "SELECT created_at FROM session_windows WHERE session_id = ? AND reason IN ('fork', 'rewind', 'compaction')"
        )
        with self._explained():
            found = self._connection.execute(sql, (session_id,)).fetchone()
        return int(found[0]) if found else None

    def generation(self, session_id: str) -> str:
        """Of a session's events; '' for none."""
        if "transcript_rewrite_watermarks" not in self._tables:
            return ""
        with self._explained():
            sql = "SELECT generation FROM transcript_rewrite_watermarks WHERE session_id = ?"
            found = self._connection.execute(sql, (session_id,)).fetchone()
        return str(found[0]) if found else ""

    def events(self, session_id: str, first: int, last: int | None = None) -> Iterator[tuple[int, bytes | str]]:
        """The events of a session from one number on: number, and its text; a ``str`` says why it cannot be read.

        Raises:
            Unusable: they cannot be read, or some are compressed in a way that is not known here.
        """
        compressed = "event_zstd" if "event_zstd" in self._columns("transcript_events") else "NULL"
        sql = (
            f"SELECT seq, event_json, {compressed} FROM transcript_events "  # noqa: S608 - names of columns
            "WHERE session_id = ? AND seq >= ? AND seq <= ? ORDER BY seq"
        )
        with self._explained():
            for seq, text, data in self._connection.execute(sql, (session_id, first, 2**62 if last is None else last)):
                yield seq, _event(text, data)

    def archive(self, session: Session) -> bytes:
        """A transcript that was put aside.

        Raises:
            Unusable: it cannot be read.
        """
        if session.kind == "archive":
            sql = "SELECT archive_blob FROM session_transcript_archives WHERE session_id = ? AND generation = ?"
        else:
            blob = "archive_blob" if "archive_blob" in self._columns("session_transcript_cold_archives") else "NULL"
            sql = f"SELECT {blob} FROM session_transcript_cold_archives WHERE session_id = ? AND archive_name = ?"  # noqa: S608
        with self._explained():
            found = self._connection.execute(sql, (session.session_id, session.key)).fetchone()
        if found is None:
            raise FileNotFoundError
        return unpacked(_cold_file(self.path, session.key) if found[0] is None else bytes(found[0]))

    def texts(self, table: str, columns: tuple[str, ...], **where: str) -> list[tuple[Any, ...]]:
        """Texts of a table; none where it is not there, or has not these columns.

        Args:
            table: its name.
            columns: whose texts.
            where: column → the value it has to have.

        Raises:
            Unusable: it cannot be read.
        """
        with self._explained():
            if not {*columns, *where} <= self._columns(table):
                return []
            condition = "".join(f" AND {name} = ?" for name in where)
            sql = f"SELECT {', '.join(columns)} FROM {table} WHERE 1{condition}"  # noqa: S608 - names of columns
            rows = self._connection.execute(sql, tuple(where.values()))
            return [row for row in rows if all(type(value) is str for value in row)]

    def check(self) -> None:
        """See that it is what it was while it was read.

        Raises:
            Unusable: it was written meanwhile in a way that this reading may have come between.
        """
        if self._alone and not self.current:
            raise Unusable("it was written meanwhile; the next import reads it")

    @contextlib.contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, UnicodeError, TypeError, ValueError) as error:
            raise Unusable(str(error) or type(error).__name__) from error

    def _rows(self, sql: str) -> list[Any]:
        return self._connection.execute(sql).fetchall()

    def _columns(self, table: str) -> set[str]:
        if table not in self._tables:
            return set()
        return {row[1] for row in self._connection.execute(f"PRAGMA table_info({table})")}


_opened: dict[str, Database] = {}


def opened(path: str) -> Database:
    """A database, opened once for many sessions.

    Raises:
        Unusable: it cannot be opened.
    """
    known = _opened.get(path)
    if known is not None and not known.current:
        known.close()
        known = None
    if known is None:
        _opened.pop(path, None)
        known = _opened[path] = Database(path)
    return known


def close_all() -> None:
    """Close all databases that are open."""
    while _opened:
        _opened.popitem()[1].close()


def unpacked(data: bytes) -> bytes:
    """A transcript that may be compressed.

    Raises:
        Unusable: it cannot be decompressed.
    """
    if not data.startswith(b"\x28\xb5\x2f\xfd"):
        return data
    try:
        return zstd.decompress(data, LONGEST_ARCHIVE)
    except (zstd.Missing, ValueError) as error:
        raise Unusable(str(error)) from error


def _event(text: Any, data: Any) -> bytes | str:
    if data is None:
        found = text.encode("utf-8", "surrogateescape") if type(text) is str else text
    else:
        try:
            found = zstd.decompress(bytes(data), LONGEST_LINE)
        except zstd.Missing as error:
            raise Unusable(str(error)) from error
        except ValueError as error:
            return str(error)
    if type(found) is not bytes:
        return "not a text"
    return found.replace(b"\n", b" ")


def _cold_file(database: str, name: str) -> bytes:
    """Fact: ``sessions/cold`` beside the agent's folder; ``cold`` beside the database of one that lies elsewhere."""
    if os.path.basename(name) != name:
        raise Unusable("the name of its archive is a path")
    folder = Path(database).parent
    for place in (folder.parent / "sessions" / "cold", folder / "cold", folder.parent / "sessions"):
        with contextlib.suppress(OSError):
            return (place / name).read_bytes()
    raise Unusable(f"its archive {name} is not there")


def _object(text: str) -> dict[str, Any]:
    try:
        found = plain_json(text.encode("utf-8", "surrogateescape"))
    except ValueError:
        return {}
    return found if type(found) is dict else {}


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _stamp(path: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _size(path: str) -> int:
    try:
        return os.stat(path).st_size
    except OSError:
        return 0
