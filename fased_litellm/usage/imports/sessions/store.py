"""A session store (``sessions.json``): which key a conversation has, and where it takes place.

Fact: the fields are those of Fased's ``src/config/sessions/types.ts``; how channel and source follow from them:
``src/gateway/server-methods/usage.ts``.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from .... import plainfile
from ....redaction import hide_known
from ....refs import SessionKey
from ..files import conversation_name, plain, session_of
from ..redacted import distinct
from ..transcripts.header import NONE, Header
from ..transcripts.jsonlines import chosen, value
from ..transcripts.numbers import moment, text, trimmed
from ..transcripts.tokens import Tokens, of_store

MOST_BYTES = 256 * 1024 * 1024
_WITHOUT_AGENT = ("global", "unknown")
_CHATS = (None, "webchat", "chat")
_HISTORY = frozenset(("previousSessionId", "usageFamilySessionIds", "compactionCheckpoints"))


class About(NamedTuple):
    """What the ledger keeps of a conversation, but for its messages. The fields are those of ``conversation``."""

    session: str
    agent: str
    channel: str = ""
    source: str = "chat"
    task: str = ""
    label: str | None = None
    chat_type: str | None = None
    provider: str | None = None
    model: str | None = None
    provider_override: str | None = None
    model_override: str | None = None
    updated_at_ms: int | None = None

    @property
    def names(self) -> tuple[str, str, str, str, str]:
        """What is part of a call's dimension: session, task, agent, channel, source."""
        return self.session, self.task, self.agent, self.channel, self.source


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a store: what is known of a session.

    Attributes:
        about: its key, and where it takes place.
        session_id: its id.
        name: of its transcript, if that is another.
        tokens: its counters.
        earlier: ids of the sessions which had that key before, or names of their transcripts.
    """

    about: About
    session_id: str
    name: str
    tokens: Tokens
    earlier: tuple[str, ...] = ()

    def with_earlier(self, names: Iterable[str]) -> Entry:
        """The same, with more ids of earlier sessions."""
        return replace(self, earlier=(*self.earlier, *names))


class Store:
    """The entries of a store, by key."""

    def __init__(self, entries: Mapping[str, Entry]) -> None:
        self.entries = entries
        # Fact: where two keys have the same session id, Fased takes the last.
        self._by_id = {entry.session_id: entry for entry in entries.values()}
        self._by_name = {entry.name: entry for entry in entries.values()}
        self._earlier = {name: entry for entry in entries.values() for name in entry.earlier}

    def find(self, name: str) -> Entry | None:
        """The entry of a transcript, by its conversation's name."""
        session_id = session_of(name)
        return self._by_name.get(name) or self._by_name.get(session_id) or self._by_id.get(session_id)

    def recall(self, name: str) -> About | None:
        """What is still known of a transcript that is no entry's any more, since the session was begun anew."""
        entry = self._earlier.get(name) or self._earlier.get(session_of(name))
        return earlier(entry.about) if entry else None


EMPTY = Store({})


def earlier(about: About) -> About:
    """What is known of a session that had the same key before."""
    return about._replace(provider=None, model=None, provider_override=None, model_override=None, updated_at_ms=None)


def read(file: str, agent: str) -> tuple[Store, str | None]:
    """Read a store; or an empty one, and what is wrong with the file."""
    try:
        data = plainfile.read(file, MOST_BYTES)
    except OSError as error:
        return EMPTY, error.strerror or type(error).__name__
    try:
        tree = value(data, chosen(len(data)))
    except ValueError as error:
        return EMPTY, str(error)
    if type(tree) is not dict:
        return EMPTY, "not an object"
    entries: dict[str, Entry] = {}
    for key, found in tree.items():
        entry = entry_of(key, found, agent)
        if entry is not None:
            entries[entry.about.session] = entry
    return Store(entries), None


def unnamed(agent: str, name: str, header: Header = NONE) -> About:
    """What is known of a transcript that no store names, by what it begins with.

    Fact: its key is ``agent:<agent>:<session id>``; that of a task's run, ``agent:<agent>:cron:<id>:run:<session id>``.
    """
    if header.names:
        return about(canonical(header.names["sessionKey"], agent), agent, header.names)
    if header.task:
        return about(f"agent:{agent}:cron:{header.task}:run:{session_of(name)}", agent, {})
    return about(f"agent:{agent}:{name}", agent, {})


def about(key: str, agent: str, entry: Mapping[str, Any]) -> About:
    """What a key and its entry say of a session.

    Args:
        agent: whose it is if the key does not say so.
    """
    parsed = SessionKey.parse(hide_known(key))
    origin = _mapping(entry.get("origin"))
    channel = _lower(entry.get("channel")) or _lower(origin.get("provider")) or parsed.channel
    return About(
        session=trimmed(parsed.key) or "",
        agent=parsed.agent or agent,
        channel=channel or "",
        source=_source(parsed, _lower(origin.get("surface")), channel),
        task=trimmed(parsed.task) or "",
        label=text(entry.get("label")),
        chat_type=_lower(entry.get("chatType")) or _lower(origin.get("chatType")),
        provider=text(entry.get("modelProvider")),
        model=text(entry.get("model")),
        provider_override=text(entry.get("providerOverride")),
        model_override=text(entry.get("modelOverride")),
        updated_at_ms=moment(entry.get("updatedAt")) or None,
    )


def agent_of(session: str) -> str:
    """The agent in a canonical key, '' for none."""
    head, _, rest = session.partition(":")
    return rest.partition(":")[0] if head == "agent" else ""


def canonical(key: str, agent: str) -> str:
    """A key as Fased stores it today: ``agent:<agent>:…``."""
    key = key.strip().lower()
    return key if key.startswith("agent:") or key in _WITHOUT_AGENT else f"agent:{agent}:{key}"


def of_key(key: str, agent: str) -> About:
    """What a key alone says of a session.

    Args:
        agent: whose it is if the key does not say so.
    """
    return about(canonical(key, agent), agent, {})


def entry_of(key: str, entry: Any, agent: str) -> Entry | None:
    """An entry of a store; None if it makes no sense."""
    if type(entry) is not dict or not key.strip():
        return None
    session_id = entry.get("sessionId")
    if type(session_id) is not str or not session_id.strip():
        return None
    session_id = distinct(plain(session_id.strip()))[:255]
    file = entry.get("sessionFile")
    name = os.path.basename(file.strip()) if type(file) is str else ""
    name = distinct(plain(name[: -len(".jsonl")])) if name.endswith(".jsonl") else session_id
    return Entry(about(canonical(key, agent), agent, entry), session_id, name, of_store(entry), _earlier(entry))


def _earlier(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """Facts: ``compactionCheckpoints`` of Fased's entries, and what its upstream has beside them."""
    if entry.keys().isdisjoint(_HISTORY):
        return ()
    found = [entry.get("previousSessionId"), *_list(entry.get("usageFamilySessionIds"))]
    for checkpoint in _list(entry.get("compactionCheckpoints")):
        for part in map(_mapping, (checkpoint, _mapping(checkpoint).get("preCompaction"))):
            file = part.get("sessionFile")
            named = conversation_name(os.path.basename(file)) if type(file) is str else None
            found += [part.get("sessionId"), named and named[0]]
    return tuple(distinct(plain(name))[:255] for name in found if type(name) is str and name)


def _source(key: SessionKey, surface: str | None, channel: str | None) -> str:
    if key.source == "subagent" or surface == "subagent":
        return "subagent"
    if key.source == "task":
        return "task"
    if surface in ("cli", "tui") or key.source == "cli":
        return "cli"
    if surface == "system" or key.source == "system":
        return "system"
    return "chat" if channel in _CHATS else "channel"


def _lower(value: Any) -> str | None:
    found = text(value)
    return found.lower() if found else None


def _list(value: Any) -> list[Any]:
    return value if type(value) is list else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if type(value) is dict else {}
