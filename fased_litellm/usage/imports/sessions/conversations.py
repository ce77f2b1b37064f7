"""The ledger's conversations, and the names which their calls have by them."""

from __future__ import annotations

import sqlite3
from base64 import b32encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from ...store.bulk_insert import Insertion
from ...store.changes import change
from ...store.dimensions import NAMES, Dimensions, malformed
from ..files import session_of
from ..hashing import blake2b
from .store import About, agent_of, earlier, unnamed

# In the order of the fields of `About`, but for the agent, which is in the session key.
_ABOUT = (
    "session",
    "channel",
    "source",
    "task",
    "label",
    "chat_type",
    "provider",
    "model",
    "provider_override",
    "model_override",
    "updated_at_ms",
)
_SELECT = f"SELECT id, agent, name, session_id, counted, last_ms, {', '.join(_ABOUT)} FROM conversation"  # noqa: S608
ADDITION = Insertion(
    f"INSERT INTO conversation (id, agent, name, session_id, first_ms, last_ms, counted, {', '.join(_ABOUT)})",
    f"({', '.join('?' * (7 + len(_ABOUT)))})",
)
_TEXTS = ("agent", "name", "session_id", "session", "channel", "source", "task")
_MAYBE_TEXTS = ("label", "chat_type", "provider", "model", "provider_override", "model_override")
_MAYBE_TIMES = ("last_ms", "updated_at_ms")
_UNSOUND = " OR ".join(
    [f"typeof({name}) <> 'text'" for name in _TEXTS]
    + [f"typeof({name}) NOT IN ('text', 'null')" for name in _MAYBE_TEXTS]
    + [f"typeof({name}) NOT IN ('integer', 'null')" for name in _MAYBE_TIMES]
)
_OWNED = ("session", "task", "agent", "channel", "source")


@dataclass(slots=True)
class Conversation:
    """A row of ``conversation``."""

    id: int
    agent: str
    name: str
    session_id: str
    counted: bool
    last_ms: int | None
    about: About

    @property
    def nameless(self) -> bool:
        """Whether nothing says what it is called."""
        return self.about.session == unnamed(self.agent, self.name).session

    @property
    def prefix(self) -> str:
        """What the ids of its calls begin with. Short, for the ledger holds each id twice: in the row, and in its index."""
        return f"{short(self.agent, self.name)}/"


def short(agent: str, name: str) -> str:
    """Ten characters that stand for a conversation: 50 bits of a digest of its name.

    Among 20,000 conversations, two have the same in one of five million ledgers; only messages with one id would then
    be taken for one.
    """
    return b32encode(blake2b(f"{agent}/{name}".encode(), digest_size=10).digest())[:10].decode().lower()


def any_known(connection: sqlite3.Connection) -> bool:
    """Whether there is a conversation at all."""
    return connection.execute("SELECT 1 FROM conversation LIMIT 1").fetchone() is not None


def find(connection: sqlite3.Connection, agent: str, name: str) -> Conversation | None:
    """A conversation by its name, None if it is not known."""
    rows = _rows(connection.execute(f"{_SELECT} WHERE agent = ? AND name = ?", (agent, name)))
    return next(rows, None)


def known(connection: sqlite3.Connection, number: int) -> Conversation | None:
    """A conversation by its id, None if there is none."""
    return next(_rows(connection.execute(f"{_SELECT} WHERE id = ?", (number,))), None)


def get(connection: sqlite3.Connection, number: int) -> Conversation:
    """A conversation that is there, by its id."""
    found = known(connection, number)
    assert found is not None
    return found


def any_unsound(connection: sqlite3.Connection) -> bool:
    """Whether there is a row of which one raises that it is malformed."""
    return connection.execute(f"SELECT 1 FROM conversation WHERE {_UNSOUND} LIMIT 1").fetchone() is not None  # noqa: S608


def of_session(
    connection: sqlite3.Connection, agent: str, session_id: str, *, but: str | None = None
) -> list[Conversation]:
    """The conversations with that session id: one, or one for each topic; without those whose session key is ``but``."""
    sql = f"{_SELECT} WHERE session_id = ? AND agent = ? AND session IS NOT ?"
    return list(_rows(connection.execute(sql, (session_id, agent, but))))


def new(number: int, agent: str, name: str, about: About) -> Conversation:
    """A conversation that is not in the ledger yet."""
    return Conversation(number, agent, name, session_of(name), counted=False, last_ms=None, about=about)


def row(
    conversation: Conversation, first_ms: int | None = None, last_ms: int | None = None, *, counted: bool = False
) -> tuple[Any, ...]:
    """The values of ``ADDITION``."""
    key = conversation.id, conversation.agent, conversation.name, conversation.session_id
    return (*key, first_ms, last_ms, counted, *_values(conversation.about))


def add(connection: sqlite3.Connection, agent: str, name: str, about: About) -> None:
    """Add a conversation of which no transcript is known."""
    (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM conversation").fetchone()
    connection.execute(ADDITION.one, row(new(last + 1, agent, name, about)))


def rename(connection: sqlite3.Connection, dimensions: Dimensions, conversation: Conversation, about: About) -> int:
    """Say of a conversation what a store says now; its calls get new names if that changes them.

    Returns:
        How many calls have new names.
    """
    setting = ", ".join(f"{name} = ?" for name in _ABOUT)
    connection.execute(f"UPDATE conversation SET {setting} WHERE id = ?", (*_values(about), conversation.id))  # noqa: S608
    old, conversation.about = conversation.about, about
    if old.names == about.names:
        return 0
    selected = ", ".join(f"dimension.{name}" for name in NAMES)
    calls = connection.execute(
        f"SELECT call.id, {selected} FROM dimension JOIN call ON call.dimension = dimension.id "  # noqa: S608
        "WHERE dimension.session = ? AND call.feed IN (SELECT id FROM feed WHERE conversation = ?)",
        (old.session, conversation.id),
    ).fetchall()
    changes: dict[int, dict[str, Any]] = {}
    for number, *names in calls:
        renamed = (*about.names, *names[len(_OWNED) :])
        changes[number] = {"dimension": dimensions.of(renamed)}
    return change(connection, changes)


def hand_on(connection: sqlite3.Connection, dimensions: Dimensions) -> int:
    """Name conversations of which nothing else tells the key after those that continue them.

    Returns:
        How many calls have other names by that.
    """
    renamed = 0
    sql = (
        "SELECT DISTINCT parent.id, child.id FROM feed JOIN conversation AS child ON child.id = feed.conversation "
        "JOIN conversation AS parent ON parent.agent = child.agent AND parent.name = feed.parent WHERE feed.summed_up"
    )
    pairs = connection.execute(sql).fetchall()
    while pairs:  # several may continue each other
        left = []
        for parent, child in pairs:
            nameless, named = get(connection, parent), get(connection, child)
            if nameless.nameless and not named.nameless:
                renamed += rename(connection, dimensions, nameless, earlier(named.about))
            elif nameless.nameless:
                left.append((parent, child))
        pairs = left if len(left) < len(pairs) else []
    return renamed


def supersede(connection: sqlite3.Connection, session_ids: Iterable[str]) -> int:
    """Take out of all reports what was read about sessions elsewhere, now that their transcripts are here.

    Returns:
        How many rows gave way.
    """
    changes: dict[int, dict[str, Any]] = {}
    if connection.execute("SELECT 1 FROM stand_in LIMIT 1").fetchone() is None:
        return 0
    for session_id in session_ids:
        rows = connection.execute(
            "SELECT call.id FROM stand_in JOIN call USING (call_id) WHERE stand_in.session_id = ? AND call.counted",
            (session_id,),
        )
        changes |= {number: {"counted": 0} for (number,) in rows}
    return change(connection, changes)


def superseded(connection: sqlite3.Connection, session_id: str) -> bool:
    """Whether a transcript of the session was counted."""
    sql = "SELECT 1 FROM conversation WHERE session_id = ? AND counted"
    return connection.execute(sql, (session_id,)).fetchone() is not None


def _values(about: About) -> list[Any]:
    return [getattr(about, name) for name in _ABOUT]


def _rows(rows: Iterable[tuple[Any, ...]]) -> Iterator[Conversation]:
    for row in rows:
        number, agent, name, session_id, counted, last_ms, session, *values = row
        if not _sound(agent, name, session_id, last_ms, session, *values):
            raise malformed("conversation", number)
        about = About(session, agent_of(session) or agent, *values)
        yield Conversation(number, agent, name, session_id, bool(counted), last_ms, about)


def _sound(agent: Any, name: Any, session_id: Any, last_ms: Any, session: Any, *rest: Any) -> bool:
    """Whether the values of a row, in the order of ``_SELECT``, are such as belong there; SQLite takes any."""
    *names, updated_at_ms = rest
    texts, maybe = (agent, name, session_id, session, *names[:3]), names[3:]
    return (
        all(type(text) is str for text in texts)
        and all(text is None or type(text) is str for text in maybe)
        and all(time is None or type(time) is int for time in (last_ms, updated_at_ms))
    )
