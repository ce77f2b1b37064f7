"""Which sessions of the databases of an installation have something new."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from ..files import Found, plain
from ..redacted import distinct
from ..source_files import SourceFile, in_database
from . import sqlite_store
from .sqlite_store import Session

_EVENT = 1024
"""So many bytes an event is taken for, before it is read."""


def fresh(connection: sqlite3.Connection, database: Found, *, full: bool) -> Sequence[tuple[Found, SourceFile | None]]:
    """The sessions of a database to read, each with what is known of it.

    Args:
        connection: to the ledger.
        database: it.
        full: whether to read all of them from their beginning.

    Raises:
        Unusable: it cannot be read.
    """
    opened = sqlite_store.opened(database.file)
    if not opened.has_sessions:
        return ()
    known = in_database(connection, database.path)
    found = []
    for session in opened.sessions():
        archive = session.kind != "events"
        path = "#".join((database.path, *map(_name, (session.session_id, *([session.key] if archive else [])))))
        feed = known.get(path)
        if full or feed is None or not (archive or _is_read(session, feed)):
            feed = feed._replace(position=0, line=0) if feed and full else feed
            found.append((_found(database, path, session, feed), feed))
    return found


def unread(database: str, problems: Iterable[tuple[str, str]]) -> list[str]:
    """What is wrong with sessions in a database: each reason once.

    Args:
        database: its path.
        problems: files that cannot be read, with the reason.
    """
    begin = f"{database}#"
    reasons = [problem for path, problem in problems if path.startswith(begin)]
    return [f"{_sessions(reasons.count(reason))} in it: {reason}" for reason in dict.fromkeys(reasons)]


def _sessions(number: int) -> str:
    return f"{number:,} session{'' if number == 1 else 's'}"


def _name(text: str) -> str:
    return distinct(plain(text))


def _is_read(session: Session, feed: SourceFile) -> bool:
    return feed.position == session.last + 1 and feed.head == _name(session.key).encode()


def _found(database: Found, path: str, session: Session, feed: SourceFile | None) -> Found:
    events = session.kind == "events"
    new = max(0, session.last + 1 - (feed.position if feed else 0)) * _EVENT if events else session.last
    return database._replace(
        kind="events",
        path=path,
        name=_name(session.session_id)[:255],
        archived="" if events else "0",  # older than what is in use
        size=new,
        stored=session,
    )
