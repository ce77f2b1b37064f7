"""Copies whose time is another one, in sessions that continue each other.

An agent that writes the kept messages of a session into its successor may give the lines the time of that moment, or new ids.
The message itself is the same: the id of the provider's reply, and the time since which the agent waited for it. Both are only
compared among sessions of one kin, that is those which a header names as the parent of another, over any number of steps, and
also where that one is gone. A gateway that gives many replies one id proves nothing by it.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from ...store.changes import change
from ..sessions.conversations import short
from .copies import Settled

Name = tuple[str, str]
"""Agent and name of a conversation."""

_EDGES = """
SELECT DISTINCT conversation.agent, conversation.name, feed.parent FROM feed
JOIN conversation ON conversation.id = feed.conversation WHERE feed.parent <> ''
"""
_ROWS = """
SELECT call.id, call.call_id, call.started_at_ms, call.latency_ms, response_id, provider, model,
  total_tokens, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens,
  coalesce(feed.parent, '') <> '', coalesce(feed.copied_until_ms, 0)
FROM call JOIN dimension ON dimension.id = call.dimension LEFT JOIN feed ON feed.id = call.feed
WHERE call_id >= ?1 || '/' AND call_id < ?1 || '0' AND counted
"""


class _Row(NamedTuple):
    """A call, as far as it is compared."""

    id: int
    session: str
    message: str
    started_at_ms: int
    waited_since_ms: int | None
    response_id: str | None
    names: tuple[str, str]
    tokens: tuple[int, ...]
    continues: bool
    until_ms: int

    @property
    def response(self) -> tuple[str, str | None]:
        """The provider, and its id of the reply."""
        return self.names[0], self.response_id


def settle(connection: sqlite3.Connection, touched: Collection[Name], before: int) -> Settled:
    """See to it that each call counts once, whatever time its copies have.

    Args:
        connection: in the transaction in which rows were added, after ``copies.settle``.
        touched: conversations that have new rows.
        before: rows with a higher id were added.

    Raises:
        sqlite3.Error: it cannot be written.
    """
    gone: list[_Row] = []
    for kin in _kins(connection.execute(_EDGES), touched):
        gone += _repeats([row for name in sorted(kin) for row in _rows(connection, short(*name))])
    change(connection, {row.id: {"counted": 0} for row in gone})
    connection.executemany(
        "DELETE FROM inherited WHERE started_at_ms = ? AND message = ? AND call_id = ?",
        [(row.started_at_ms, f"/{row.message}", f"{row.session}/{row.message}") for row in gone],
    )
    return Settled(len(gone), sum(row.id > before for row in gone))


def _kins(edges: Iterable[tuple[str, str, str]], touched: Collection[Name]) -> Iterator[set[Name]]:
    """The kins of which one was touched."""
    near: defaultdict[Name, set[Name]] = defaultdict(set)
    for agent, name, parent in edges:
        near[agent, name].add((agent, parent))
        near[agent, parent].add((agent, name))
    done: set[Name] = set()
    for begin in touched:
        if begin in done or begin not in near:
            continue
        kin, left = {begin}, [begin]
        while left:
            fresh = near[left.pop()] - kin
            kin |= fresh
            left += fresh
        done |= kin
        yield kin


def _rows(connection: sqlite3.Connection, prefix: str) -> Iterator[_Row]:
    for number, call_id, started, latency, response, provider, model, *tokens, continues, until in connection.execute(
        _ROWS, (prefix,)
    ):
        waited = None if latency is None else round(started - latency)
        yield _Row(
            number,
            prefix,
            call_id[len(prefix) + 1 :],
            started,
            waited,
            response,
            (provider, model),
            tuple(tokens),
            bool(continues),
            until,
        )


def _repeats(rows: Sequence[_Row]) -> list[_Row]:
    """The rows that are calls of another one."""
    telling = _telling(rows)
    groups: defaultdict[tuple[Any, ...], list[_Row]] = defaultdict(list)
    for row in rows:
        if row.tokens[0]:
            groups[row.message, row.names, row.tokens].append(row)
            if row.response in telling and row.waited_since_ms is not None:
                groups[row.response, row.waited_since_ms, row.names, row.tokens].append(row)
    gone: dict[int, _Row] = {}
    for group in groups.values():
        if len(group) > 1:
            kept: list[_Row] = []
            for row in sorted(group, key=_rank):
                if any(_is_copy(row, other, telling) for other in kept):
                    gone[row.id] = row
                else:
                    kept.append(row)
    return list(gone.values())


def _telling(rows: Sequence[_Row]) -> Collection[tuple[str, str | None]]:
    """Providers' ids of replies that tell one reply from others: no session has one twice, and the provider gives several."""
    sessions: defaultdict[tuple[str, tuple[str, str | None]], set[str]] = defaultdict(set)
    for row in rows:
        if row.response_id is not None:
            sessions[row.session, row.response].add(row.message)
    found = {response for _, response in sessions}
    several = Counter(provider for provider, _ in found)
    return {response for response in found if several[response[0]] > 1} - {
        response for (_, response), messages in sessions.items() if len(messages) > 1
    }


def _is_copy(row: _Row, other: _Row, telling: Collection[tuple[str, str | None]]) -> bool:
    if row.session == other.session or not (row.continues or other.continues):
        return False
    if row.response_id and other.response_id and row.response_id != other.response_id:
        return False
    if row.waited_since_ms is not None and row.waited_since_ms == other.waited_since_ms:
        return True
    return row.response == other.response and row.response in telling


def _rank(row: _Row) -> tuple[bool, int, int, str]:
    """Of the rows of one call, the one with the least counts."""
    return row.continues, row.until_ms if row.continues else 0, row.started_at_ms, row.session
