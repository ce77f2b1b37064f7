"""A database as newer releases of the agent's upstream keep their sessions in, for tests."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.usage.imports.node import T0, Node

try:
    from compression import zstd  # type: ignore[import-not-found,unused-ignore]
except ImportError:
    from backports import zstd  # type: ignore[import-untyped,unused-ignore]

# The tables and columns of release 2026.9.6 that have to do with sessions.
_TABLES = """
CREATE TABLE schema_meta (meta_key TEXT PRIMARY KEY, role TEXT NOT NULL, schema_version INTEGER NOT NULL, agent_id TEXT) STRICT;
CREATE TABLE session_nodes (
  session_key TEXT NOT NULL PRIMARY KEY, current_session_id TEXT NOT NULL, entry_json TEXT NOT NULL, updated_at INTEGER NOT NULL,
  label TEXT, display_name TEXT
) STRICT;
CREATE TABLE session_windows (
  session_id TEXT NOT NULL PRIMARY KEY, session_key TEXT NOT NULL, previous_session_id TEXT, reason TEXT,
  created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
) STRICT;
CREATE TABLE transcript_events (
  session_id TEXT NOT NULL, seq INTEGER NOT NULL, event_json TEXT, created_at INTEGER NOT NULL,
  event_zstd BLOB, event_utf8_bytes INTEGER, navigation_json TEXT,
  PRIMARY KEY (session_id, seq)
) STRICT;
CREATE TABLE transcript_rewrite_watermarks (
  session_id TEXT NOT NULL PRIMARY KEY, generation TEXT NOT NULL, updated_at INTEGER NOT NULL
) STRICT;
CREATE TABLE session_transcript_archives (
  session_id TEXT NOT NULL, generation TEXT NOT NULL, session_key TEXT NOT NULL, reason TEXT NOT NULL,
  encoding TEXT NOT NULL, archive_blob BLOB NOT NULL, archive_name TEXT NOT NULL UNIQUE, created_at INTEGER NOT NULL,
  PRIMARY KEY (session_id, generation)
) STRICT;
CREATE TABLE session_transcript_cold_archives (
  session_id TEXT NOT NULL PRIMARY KEY, generation TEXT NOT NULL, archive_name TEXT NOT NULL UNIQUE,
  event_count INTEGER NOT NULL, storage TEXT NOT NULL, archive_blob BLOB
) STRICT;
"""

compress = zstd.compress


class AgentDatabase:
    """The database of one agent. Each change is one of a program that opens it, writes and closes it.

    Args:
        node: whose agent it is.
        agent: its id.
        tables: SQL of its tables.
    """

    def __init__(self, node: Node, agent: str = "main", *, tables: str = _TABLES) -> None:
        folder = node.state / "agents" / agent / "agent"
        folder.mkdir(parents=True, exist_ok=True)
        self.node, self.agent = node, agent
        self.path = folder / "openclaw-agent.sqlite"
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(tables)
        node.touch(self.path)

    def run(self, sql: str, *values: Any) -> None:
        self.many([(sql, values)])

    def many(self, statements: Iterable[tuple[str, tuple[Any, ...]]]) -> None:
        with closing(sqlite3.connect(self.path)) as connection, connection:
            for sql, values in statements:
                connection.execute(sql, values)
        self.node.touch(self.path)

    def session(
        self, session_id: str, key: str, entry: Mapping[str, Any] | None = None, *, reason: str = "initial"
    ) -> None:
        """A session that has that key from now on."""
        text = json.dumps({"sessionId": session_id, **(entry or {})})
        self.many(
            [
                ("INSERT OR REPLACE INTO session_nodes VALUES (?, ?, ?, ?, NULL, NULL)", (key, session_id, text, T0)),
                (
                    "INSERT OR REPLACE INTO session_windows VALUES (?, ?, NULL, ?, ?, ?)",
                    (session_id, key, reason, T0, T0),
                ),
            ]
        )

    def add(self, session_id: str, events: Iterable[Any], *, compressed: bool = False, generation: str = "g1") -> None:
        """Add events to a session."""
        with closing(sqlite3.connect(self.path)) as connection:
            sql = "SELECT coalesce(max(seq) + 1, 1) FROM transcript_events WHERE session_id = ?"
            (first,) = connection.execute(sql, (session_id,)).fetchone()
        statements: list[tuple[str, tuple[Any, ...]]] = [
            ("INSERT OR REPLACE INTO transcript_rewrite_watermarks VALUES (?, ?, ?)", (session_id, generation, T0))
        ]
        for number, event in enumerate(events, first):
            text = event if isinstance(event, str) else json.dumps(event, ensure_ascii=False)
            data = compress(text.encode()) if compressed else None
            row = (
                session_id,
                number,
                None if compressed else text,
                T0,
                data,
                len(text.encode()) if compressed else None,
            )
            statements.append(("INSERT INTO transcript_events VALUES (?, ?, ?, ?, ?, ?, NULL)", row))
        self.many(statements)

    def archive(self, session_id: str, key: str, lines: bytes, *, compressed: bool = True) -> None:
        """Put a session aside, as when it is reset or deleted."""
        data = compress(lines) if compressed else lines
        row = (session_id, "g1", key, "deleted", "zstd" if compressed else "identity", data, f"{session_id}.jsonl", T0)
        self.many(
            [
                ("DELETE FROM transcript_events WHERE session_id = ?", (session_id,)),
                ("DELETE FROM session_windows WHERE session_id = ?", (session_id,)),
                ("INSERT INTO session_transcript_archives VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row),
            ]
        )

    def cool(self, session_id: str, lines: bytes, *, file: Path | None = None) -> None:
        """Put a session that is rarely used into an archive, within the database or in a file."""
        name = f"{session_id}.jsonl.zst"
        if file:
            file.mkdir(parents=True, exist_ok=True)
            (file / name).write_bytes(compress(lines))
        row = (session_id, "g1", name, 1, "file" if file else "sqlite", None if file else compress(lines))
        self.many(
            [
                ("DELETE FROM transcript_events WHERE session_id = ?", (session_id,)),
                ("INSERT INTO session_transcript_cold_archives VALUES (?, ?, ?, ?, ?, ?)", row),
            ]
        )
