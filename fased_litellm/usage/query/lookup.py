"""Find the one session or task that is meant, or say which ones are near."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from ...errors import NotInHistory
from ...refs import SessionKey
from .calls import CallSubject
from .dialect import SQLITE, Connection, Dialect
from .filters import Value
from .filtersql import like
from .tasknames import ids_of, task_names

_NEAREST = 3
_CANDIDATES = 2_000


def session(connection: Connection, text: str, dialect: Dialect = SQLITE) -> CallSubject:
    """The session of a key, whatever its case, or of a session id.

    Raises:
        NotInHistory: there is none with calls; names the nearest.
        sqlite3.Error: the database cannot be read.
    """
    word = text.strip()
    for key in dict.fromkeys((word, word.lower(), *_of_session_id(connection, word, dialect))):
        if key and _is_there(connection, "session", key, dialect):
            return _described(connection, key, dialect)
    raise NotInHistory(
        f"No call of the session {text!r} is in the history.", hint=_hint(connection, "session", word, dialect)
    )


def task(connection: Connection, text: str, dialect: Dialect = SQLITE) -> CallSubject:
    """The task of an id, of a session key of one of its runs, or of a name that it alone has.

    Raises:
        NotInHistory: there is none with calls; names the nearest.
        sqlite3.Error: the database cannot be read.
    """
    word = text.strip()
    names = task_names(connection, dialect)
    for name in dict.fromkeys((word, word.lower(), SessionKey.parse(word).task if word else None)):
        if name and _is_there(connection, "task", name, dialect):
            return CallSubject("task", name, names.get(name))
    called = [name for name in ids_of(names, word) if _is_there(connection, "task", name, dialect)]
    if len(called) == 1:
        return CallSubject("task", called[0], names[called[0]])
    if called:
        raise NotInHistory(
            f"{len(called)} tasks are called {text!r}.", hint=f"Give the id of one: {', '.join(called)}."
        )
    raise NotInHistory(
        f"No call of the task {text!r} is in the history.", hint=_hint(connection, "task", word, dialect)
    )


def _is_there(connection: Connection, column: str, name: str, dialect: Dialect) -> bool:
    sql = f"SELECT 1 FROM {dialect.dimension} AS dimension WHERE {column} = {dialect.mark} LIMIT 1"  # noqa: S608 - names of columns
    return bool(list(connection.execute(sql, (name,))))


def _of_session_id(connection: Connection, session_id: str, dialect: Dialect) -> Iterable[str]:
    if not dialect.conversations:
        return ()
    sql = (
        "SELECT session FROM conversation "  # noqa: S608 - a mark
        f"WHERE session_id = {dialect.mark} ORDER BY coalesce(last_ms, 0) DESC"
    )
    return [str(row[0]) for row in connection.execute(sql, (session_id,))]


def _described(connection: Connection, key: str, dialect: Dialect) -> CallSubject:
    if not dialect.conversations:
        return CallSubject("session", key)
    sql = (
        "SELECT session_id, label, chat_type FROM conversation "  # noqa: S608 - a mark
        f"WHERE session = {dialect.mark} ORDER BY coalesce(last_ms, 0) DESC, id DESC"
    )
    rows = list(connection.execute(sql, (key,)))
    labels = [str(row[1]) for row in rows if row[1]]
    chats = [str(row[2]) for row in rows if row[2]]
    ids = tuple(dict.fromkeys(str(row[0]) for row in rows))
    return CallSubject("session", key, labels[0] if labels else None, ids, chats[0] if chats else None)


def _hint(connection: Connection, column: str, word: str, dialect: Dialect) -> str:
    found = _near(connection, column, word, dialect)
    # A name from elsewhere must not steer a terminal.
    shown = [name if name.isprintable() else repr(name) for name in found]
    which = f"Did you mean {' or '.join(shown)}? " if shown else ""
    return f"{which}All are shown by `fased usage --by {column} --all`."


def _near(connection: Connection, column: str, word: str, dialect: Dialect) -> list[str]:
    """Names that contain the word, else names that look like it."""
    start = f"SELECT {column} FROM {dialect.dimension} AS dimension WHERE {column} <> ''"  # noqa: S608 - names of columns
    end = f"GROUP BY {column} ORDER BY max(id) DESC LIMIT"
    part = f"{start} AND {dialect.lower.format(column)} LIKE {dialect.mark} ESCAPE '\\' {end} {_NEAREST}"
    found = [str(row[0]) for row in connection.execute(part, (like(Value(word)),))] if word else []
    if found:
        return found
    names = [str(row[0]) for row in connection.execute(f"{start} {end} {_CANDIDATES}", ())]
    return get_close_matches(word.lower(), names, n=_NEAREST)
