"""When the Node agent summed up what was said: calls of which no transcript has the usage.

Facts: after a compaction, the agent adds a line of the type ``compaction``, and after it has left a branch, one of the type
``branch_summary``; neither has the usage of the call, or calls, by which the summary was made (seen with pi-coding-agent 0.80).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from ....paths import Paths
from ..files import Found, scan
from ..layout import NodeConfig, find
from ..sessions import databases, sqlite_store
from .jsonlines import Parse, chosen
from .numbers import moment
from .reader import Part, Unreadable
from .unpacking import opened

_TYPES = ("compaction", "branch_summary")
_WORDS = tuple(word.encode() for word in _TYPES)


def summaries(paths: Paths, ledger: sqlite3.Connection, since_ms: int) -> list[int]:
    """The times of all summaries, in milliseconds since 1970, UTC, in transcripts that were written since then.

    Args:
        paths: the installation.
        ledger: a connection to it, for sessions in databases.
        since_ms: files that are older are not looked at.
    """
    times: list[int] = []

    def take(entry: Any, _: bytes) -> str | None:
        if type(entry) is dict and entry.get("type") in _TYPES and (at_ms := moment(entry.get("timestamp"))):
            times.append(at_ms)
        return None

    try:
        for file in _transcripts(paths, ledger, since_ms):
            with suppress(Unreadable, FileNotFoundError, sqlite_store.Unusable):
                reading = opened(Part(0, file.file, stored=file.stored), _only(chosen(file.size)))
                try:
                    for _ in reading.lines(take):
                        pass
                finally:
                    reading.close()
    finally:
        sqlite_store.close_all()
    return sorted(time for time in times if time >= since_ms)


def _transcripts(paths: Paths, ledger: sqlite3.Connection, since_ms: int) -> Iterator[Found]:
    for file in scan(find(paths, NodeConfig(paths))):
        if file.mtime_ns // 1_000_000 < since_ms:
            continue
        if file.kind == "transcript":
            yield file
        elif file.kind == "database":
            with suppress(sqlite_store.Unusable):
                yield from (session for session, _ in databases.fresh(ledger, file, full=True))


def _only(parse: Parse) -> Parse:
    """Reads the lines in which such a type may stand, and no others."""
    return lambda line: parse(line) if any(word in line for word in _WORDS) else None
