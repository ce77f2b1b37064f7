"""When the Node agent summed up what was said: calls of which no transcript has the usage.

Facts: after a compaction, the agent adds a line of the type ``compaction``, and after it has left a branch, one of the type
``branch_summary``; neither has the usage of the call, or calls, by which the summary was made (seen with pi-coding-agent 0.80).
The session's model is asked, between the message before and the line. ``tokensBefore`` of a compaction is what the context held,
by the usage of the last reply; what is summed up is a part of that, as text.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, NamedTuple

from ....config.agents import section
from ....paths import Paths
from ..files import Found, scan
from ..layout import NodeConfig, find
from ..sessions import databases, sqlite_store
from .jsonlines import Parse, chosen
from .messages import NOT_PROVIDERS
from .numbers import moment, number, text
from .reader import Part, Unreadable
from .unpacking import opened

_TYPES = ("compaction", "branch_summary")
_WORDS = tuple(word.encode() for word in _TYPES)


class Summary(NamedTuple):
    """What the line of a summary says of the calls by which it was made.

    Attributes:
        at_ms: when the line was written, in milliseconds since 1970, UTC.
        since_ms: when the message before it was written: the agent began no sooner; None where there is none.
        models: one of these was asked; none where that is not known.
        tokens: of the context that was summed up; None where the line does not say it.
    """

    at_ms: int
    since_ms: int | None
    models: tuple[str, ...]
    tokens: int | None


class _Session:
    """Takes in the lines of one transcript."""

    def __init__(self) -> None:
        self.found: list[tuple[int, int | None, str | None, int | None]] = []
        self._last_ms: int | None = None
        self._model: str | None = None
        self._first_model: str | None = None

    def take(self, entry: Any, _: bytes) -> str | None:
        if type(entry) is not dict:
            return None
        kind, at_ms = entry.get("type"), moment(entry.get("timestamp"))
        if kind in _TYPES and at_ms:
            tokens = number(entry.get("tokensBefore"))
            self.found.append((at_ms, self._last_ms, self._model, int(tokens) if tokens and tokens > 0 else None))
        elif kind == "model_change":
            self._use(entry.get("modelId"))
        elif type(message := entry.get("message")) is dict:
            if at_ms:
                self._last_ms = at_ms
            if message.get("role") == "assistant" and message.get("provider") not in NOT_PROVIDERS:
                self._use(message.get("model"))
        return None

    def _use(self, model: Any) -> None:
        self._model = text(model) or self._model
        self._first_model = self._first_model or self._model

    def summaries(self, configured: str | None) -> Iterator[Summary]:
        for at_ms, since_ms, model, tokens in self.found:
            # A file that begins with a summary has the messages which were kept behind it.
            known = model or self._first_model
            models = tuple(dict.fromkeys(one for one in (known, configured) if one)) if known else ()
            # Messages that were kept may have times behind that of the line.
            yield Summary(
                at_ms,
                None if since_ms is None or since_ms > at_ms else since_ms,
                models,
                tokens,
            )


def summaries(paths: Paths, ledger: sqlite3.Connection, since_ms: int) -> list[Summary]:
    """All summaries since then, in transcripts that were written since then.

    Args:
        paths: the installation.
        ledger: a connection to it, for sessions in databases.
        since_ms: milliseconds since 1970, UTC; files that are older are not looked at.
    """
    found: list[Summary] = []
    config = NodeConfig(paths)
    try:
        for file in _transcripts(paths, ledger, since_ms, config):
            with suppress(Unreadable, FileNotFoundError, sqlite_store.Unusable):
                parse = chosen(file.size)
                if _read(file, _only(parse)).found:  # few have any, and only of these all lines are looked at
                    found += _read(file, parse).summaries(_configured(config))
    finally:
        sqlite_store.close_all()
    return sorted({one for one in found if one.at_ms >= since_ms})


def _read(file: Found, parse: Parse) -> _Session:
    session = _Session()
    reading = opened(Part(0, file.file, stored=file.stored), parse)
    try:
        for _ in reading.lines(session.take):
            pass
    finally:
        reading.close()
    return session


def _configured(config: NodeConfig) -> str | None:
    """The model that makes summaries, where the config names one. Fact: ``agents.defaults.compaction.model`` of the agent's upstream."""
    ref = text(section(config.value, "agents", "defaults", "compaction").get("model"))
    return ref.partition("/")[2] or ref if ref else None


def _transcripts(paths: Paths, ledger: sqlite3.Connection, since_ms: int, config: NodeConfig) -> Iterator[Found]:
    for file in scan(find(paths, config)):
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
