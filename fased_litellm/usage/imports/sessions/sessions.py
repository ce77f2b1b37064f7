"""What the session stores say, in the ledger: the names of conversations, and counters of sessions without transcript.

Fact: counters count only where no transcript gives tokens: Fased's ``src/gateway/server-methods/usage.ts``.
"""

from __future__ import annotations

import os
import re
import sqlite3
from collections.abc import Iterable, Iterator, Sequence

from .... import plainfile
from ...store.changes import UpsertResult, put_many
from ...store.dimensions import Dimensions
from ..calls import ALWAYS
from ..files import Found, entries, session_of
from ..transcripts.jsonlines import plain
from ..transcripts.numbers import text
from . import conversations, sqlite_store
from .sqlite_store import Unusable
from .store import EMPTY, About, Store, of_key, read

_BACKUP = re.compile(r"sessions\.json\.bak(?:\..+)?")
"""Fact: ``LEGACY_STORE_BACKUP_RE`` of Fased's ``src/config/sessions/artifacts.ts``."""
_HEAD = 64 * 1024
_KEY = re.compile(rb'"sessionKey"\s*:\s*("(?:[^"\\]|\\.){1,600}")')


class Stores:
    """The stores of an installation, and its databases. Each is read when something in it is looked for, and once.

    Args:
        files: both.
    """

    def __init__(self, files: Iterable[Found]) -> None:
        self._files: dict[str, list[Found]] = {}
        self._databases: dict[str, list[Found]] = {}
        for file in files:
            if file.kind == "database":
                self._databases.setdefault(file.agent, []).append(file)
            else:
                self._files.setdefault(os.path.dirname(file.file), []).append(file)
        self._read: dict[str, Store] = {}
        self._older: dict[str, tuple[Sequence[str], set[str]]] = {}
        self.problems: dict[str, str] = {}
        """Stores that cannot be read, with the reason."""

    def read(self, file: Found) -> Store:
        """The entries of a store; none if it cannot be read."""
        known = self._read.get(file.file)
        if known is None:
            known, problem = _in_database(file) if file.kind == "database" else read(file.file, file.agent)
            self._read[file.file] = known
            if problem:
                self.problems[file.path] = problem
        return known

    def about(self, transcript: Found) -> About | None:
        """What is known of a transcript by what lies beside it; None for nothing."""
        files = *self._files.get(os.path.dirname(transcript.file), ()), *self._databases.get(transcript.agent, ())
        beside = [self.read(file) for file in files]
        for store in beside:
            if entry := store.find(transcript.name):
                return entry.about
        for store in (*beside, *self._backups(transcript)):
            entry = store.find(transcript.name)
            if found := entry.about if entry else store.recall(transcript.name):
                return found
        steps = f"{session_of(transcript.name)}.trajectory.jsonl"
        return of_trajectory(transcript, steps) if steps in self._beside(transcript)[1] else None

    def _beside(self, transcript: Found) -> tuple[Sequence[str], set[str]]:
        """Names of files beside a transcript: older forms of the store, the newest first, and records of steps."""
        folder = os.path.dirname(transcript.file)
        if folder not in self._older:
            names = [entry.name for entry in entries(folder)]
            backups = sorted(filter(_BACKUP.match, names), key=lambda name: (len(name), name), reverse=True)
            self._older[folder] = backups, {name for name in names if name.endswith(".trajectory.jsonl")}
        return self._older[folder]

    def _backups(self, transcript: Found) -> Iterator[Store]:
        folder = os.path.dirname(transcript.file)
        for name in self._beside(transcript)[0]:
            file = os.path.join(folder, name)
            if file not in self._read:
                self._read[file], _ = read(file, transcript.agent)
            yield self._read[file]


def _in_database(file: Found) -> tuple[Store, str | None]:
    try:
        database = sqlite_store.opened(file.file)
        return (database.store(file.agent) if database.has_sessions else EMPTY), None
    except Unusable as error:
        return EMPTY, str(error)


def of_trajectory(transcript: Found, name: str) -> About | None:
    """What the record of a session's steps says of it.

    Args:
        transcript: of the session.
        name: of the record, beside it.

    Fact: ``<session id>.trajectory.jsonl`` of the agent's upstream has ``sessionKey`` in each line.
    """
    try:
        descriptor = plainfile.open_file(os.path.join(os.path.dirname(transcript.file), name))
    except OSError:
        return None
    try:
        told = _KEY.search(os.read(descriptor, _HEAD))
        key = plain(told[1]) if told else ""
    except (OSError, ValueError):
        return None
    finally:
        os.close(descriptor)
    return of_key(key, transcript.agent) if text(key) else None


def name(connection: sqlite3.Connection, dimensions: Dimensions, agents: Iterable[str], store: Store) -> int:
    """Say of the known conversations what a store says of them now.

    Args:
        agents: whose transcripts lie beside it.

    Returns:
        How many calls have other names by that.
    """
    renamed = 0
    sessions = {session_of(each) for entry in store.entries.values() for each in (entry.name, entry.session_id)}
    for session_id in sorted(sessions):
        for agent in agents:
            for conversation in conversations.of_session(connection, agent, session_id):
                entry = store.find(conversation.name)
                if entry and entry.about != conversation.about:
                    renamed += conversations.rename(connection, dimensions, conversation, entry.about)
    return renamed


def count(connection: sqlite3.Connection, dimensions: Dimensions, feed: int, file: Found, store: Store) -> UpsertResult:
    """Count the sessions of a store that no transcript counts.

    A session has one such call, whose numbers are always the newest.
    """
    rows = []
    for entry in store.entries.values():
        if not entry.tokens[4] or conversations.superseded(connection, entry.session_id):
            continue
        about = entry.about
        call_id = f"store:{about.session}/{entry.session_id}"
        provider = about.provider or about.provider_override or ""
        model = about.model or about.model_override or ""
        dimension = dimensions.of((*about.names, "", provider, model, "ok", ""))
        when = about.updated_at_ms or file.mtime_ns // 1_000_000
        rows.append((call_id, dimension, when, *entry.tokens, "unknown", feed))
        stand_in(connection, entry.session_id, call_id)
        if not conversations.find(connection, file.agent, entry.name):
            conversations.add(connection, file.agent, entry.name, about)
    return put_many(connection, rows, ALWAYS) if rows else UpsertResult()


def stand_in(connection: sqlite3.Connection, session_id: str, call_id: str) -> None:
    """Remember that a call gives way as soon as the transcript of that session is counted."""
    connection.execute("INSERT OR IGNORE INTO stand_in (session_id, call_id) VALUES (?, ?)", (session_id, call_id))
