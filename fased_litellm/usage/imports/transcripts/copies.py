"""Calls that several transcripts have, since a session was forked, branched or continued in another file: each counts once.

A copy keeps the id, the time, the model, the tokens and the provider's id of the message, so these tell it from another
call. That is looked for only where a header says that there may be copies (``Header.copied_until_ms``, ``parent``): two
sessions that merely have the same ids, or one id for all replies as some gateways give, stay apart.

Of the rows of one call, the one in the session where it happened counts: a session cannot have made a call before it
began. Where that one was never seen, the oldest of the others does; it waits in the table ``inherited`` for a better one.
So what counts does not depend on the order in which files are read, nor on files that are gone by now.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from ...store.changes import change
from ...store.rows import last_id

_SLASH = 11
"""Place of the slash in the id of an imported call, from 1; what follows is the id of the message."""

_REGISTER = f"""
INSERT OR IGNORE INTO inherited (started_at_ms, message, call_id, began_ms)
SELECT started_at_ms, substr(call_id, {_SLASH}), call_id, ?3 FROM call
WHERE call_id >= ?1 || '/' AND call_id < ?1 || '0' AND id > ?2 AND started_at_ms < ?3 AND counted
"""  # noqa: S608 - numbers of our own
_TWINS = f"""
SELECT DISTINCT one.started_at_ms, substr(one.call_id, {_SLASH}) FROM call AS one
CROSS JOIN call AS two ON two.started_at_ms = one.started_at_ms
WHERE one.call_id >= ?1 || '/' AND one.call_id < ?1 || '0' AND one.id > ?2
  AND two.id <> one.id AND substr(two.call_id, {_SLASH}) = substr(one.call_id, {_SLASH})
"""  # noqa: S608
_ARRIVED = """
SELECT DISTINCT inherited.started_at_ms, message FROM {} ON call.started_at_ms = inherited.started_at_ms
WHERE call.id > ? AND message = substr(call.call_id, {}) AND inherited.call_id <> call.call_id
"""
_FROM_FEW = _ARRIVED.format("inherited CROSS JOIN call", _SLASH)
_FROM_MANY = _ARRIVED.format("call CROSS JOIN inherited", _SLASH)
_ROWS = f"""
SELECT call.id, call.call_id, call.started_at_ms, substr(call.call_id, {_SLASH}) AS message, total_tokens,
  input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, response_id, provider, model,
  inherited.began_ms, coalesce(feed.parent, '') <> '', feed.copied_until_ms
FROM call JOIN dimension ON dimension.id = call.dimension
LEFT JOIN feed ON feed.id = call.feed
LEFT JOIN inherited ON inherited.started_at_ms = call.started_at_ms AND inherited.message = substr(call.call_id, {_SLASH})
  AND inherited.call_id = call.call_id
WHERE call.started_at_ms = ? AND substr(call.call_id, {_SLASH}) = ? AND call.feed IS NOT NULL AND counted
"""  # noqa: S608

_FORGET = "DELETE FROM inherited WHERE started_at_ms = ? AND message = ? AND call_id = ?"


class Heir(NamedTuple):
    """A transcript that may have copies, of which something was read.

    Attributes:
        prefix: of the ids of its calls, without the slash.
        since: only rows with a higher id are new; 0 for all.
        copied_until_ms: calls before that may be copies; None for none.
    """

    prefix: str
    since: int
    copied_until_ms: int | None


class Settled(NamedTuple):
    """How many calls do not count any more, and how many of them had an id above the one that was given."""

    copies: int = 0
    fresh: int = 0


class _Row(NamedTuple):
    """A call, as far as it is compared."""

    id: int
    call_id: str
    started_at_ms: int
    message: str
    tokens: tuple[int, ...]
    response_id: str | None
    names: tuple[str, str]
    kind: int
    began_ms: int

    def repeats(self, other: _Row) -> bool:
        """Whether this one is the call of the other one, which ranks before it."""
        if self.names != other.names or (self.tokens != other.tokens and self.tokens[0] and other.tokens[0]):
            return False
        if self.response_id and other.response_id and self.response_id != other.response_id:
            return False
        # Two sessions that both had begun by then made two calls, whatever their ids.
        return self.kind != _OWN or other.kind != _OWN


_OWN, _CONTINUED, _INHERITED = range(3)
"""Kinds of rows: of a session of its own; of one that continues another; from before its session began."""


def settle(connection: sqlite3.Connection, heirs: Iterable[Heir], before: int) -> Settled:
    """See to it that each call counts once.

    Args:
        connection: in the transaction in which rows were added.
        heirs: transcripts among those that were read which may have copies.
        before: rows with a higher id were added.

    Raises:
        sqlite3.Error: it cannot be written.
    """
    found: set[tuple[int, str]] = set()
    for prefix, since, until in heirs:
        if until is not None:
            connection.execute(_REGISTER, (prefix, since, until))
        found.update(connection.execute(_TWINS, (prefix, since)))
    found.update(_arrived(connection, before))
    gone: list[_Row] = []
    for chosen in found:
        gone += _repeats(_row(row) for row in connection.execute(_ROWS, chosen))
    connection.executemany(_FORGET, [(row.started_at_ms, row.message, row.call_id) for row in gone])
    change(connection, {row.id: {"counted": 0} for row in gone})
    return Settled(len(gone), sum(row.id > before for row in gone))


def _arrived(connection: sqlite3.Connection, before: int) -> Iterator[tuple[int, str]]:
    """New rows that may be better than one that waits."""
    (waiting,) = connection.execute("SELECT count(*) FROM inherited").fetchone()
    if waiting:
        few = waiting < last_id(connection) - before
        yield from connection.execute(_FROM_FEW if few else _FROM_MANY, (before,))


def _repeats(rows: Iterable[_Row]) -> list[_Row]:
    """Of the rows with one message, those that are calls of another one of them."""
    kept: list[_Row] = []
    gone: list[_Row] = []
    for row in sorted(rows, key=_rank):
        (gone if any(row.repeats(other) for other in kept) else kept).append(row)
    return gone


def _row(values: Sequence[Any]) -> _Row:
    *known, began_ms, continues, until = values
    number, call_id, started_at_ms, message, total, fresh, output, read, written, response, provider, model = known
    tokens = (total, fresh, output, read, written)
    if began_ms is not None:
        kind, rank = _INHERITED, began_ms
    else:
        kind, rank = (_CONTINUED, until or 0) if continues else (_OWN, 0)
    return _Row(number, call_id, started_at_ms, message, tokens, response, (provider, model), kind, rank)


def _rank(row: _Row) -> tuple[bool, int, int, str]:
    """Of the rows of one call, the one with the least counts."""
    return not row.tokens[0], row.kind, row.began_ms, row.call_id
