"""The single calls of a query, one by one, for formats that have an entry for each or count them anew."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any, NamedTuple

from ...redaction import redact
from ..query.conditions import conditions
from ..query.dialect import SQLITE
from ..query.query import Query
from .names import NameRedactor

_COLUMNS = (
    "call.call_id, call.response_id, dimension.provider, dimension.model, dimension.served_model, dimension.agent, "
    "dimension.task, dimension.channel, dimension.session, dimension.source, dimension.role, dimension.status, "
    "call.requested_model, call.cause, call.started_at_ms, call.http_status, call.input_tokens, call.output_tokens, "
    "call.cache_read_tokens, call.cache_write_tokens, call.reasoning_tokens, call.cost_pico, call.latency_ms, "
    "call.time_to_first_token_ms, call.feed IS NOT NULL"
)
"""In the order of the fields of ``ExportedCall``."""
_NAMES = slice(2, 14)
_KEPT = 10_000


class ExportedCall(NamedTuple):
    """One call; '' or None where there is no value. Times are milliseconds, tokens as in ``UsageRecord``.

    ``imported`` is true of what was read from the Node agent's files: ``started_at_ms`` is when its reply was there then.
    """

    call_id: str
    response_id: str | None
    provider: str
    model: str
    served_model: str
    agent: str
    task: str
    channel: str
    session: str
    source: str
    role: str
    status: str
    requested_model: str | None
    cause: str | None
    started_at_ms: int
    http_status: int | None
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    cost_pico: int | None
    latency_ms: float | None
    time_to_first_token_ms: float | None
    imported: bool

    @property
    def names(self) -> tuple[str | None, ...]:
        """The names, from ``provider`` to ``cause``, which many calls have in common."""
        names: tuple[Any, ...] = self[2:14]
        return names


def calls(connection: sqlite3.Connection, query: Query) -> Iterator[ExportedCall]:
    """The calls that a report of the query counts, in the order in which they began.

    Raises:
        UsageError: the filter asks for what a report does not have.
        sqlite3.Error: the ledger cannot be read.
    """
    known = NameRedactor()
    hidden: dict[tuple[str | None, ...], tuple[str | None, ...]] = {}
    for row in connection.execute(*select(query, _COLUMNS, "ORDER BY call.started_at_ms")):
        names = row[_NAMES]
        shown = hidden.get(names)
        if shown is None:
            if len(hidden) >= _KEPT:
                hidden.clear()
            shown = hidden[names] = tuple(map(known.or_none, names))
        yield ExportedCall(redact(row[0]), row[1] and redact(row[1]), *shown, *row[_NAMES.stop :])  # type: ignore[arg-type]


def select(query: Query, columns: str, rest: str) -> tuple[str, list[Any]]:
    """A statement over the calls that a report of the query counts, ``call`` joined with ``dimension``; and its values.

    Args:
        query: whose window and filters count.
        columns: what to select, and
        rest: what stands behind the conditions: SQL of this package, no word of people.
    """
    made = conditions(query, SQLITE)
    ctes = ", ".join(f"{name} AS ({sql})" for name, sql in made.ctes.items())
    terms = [
        f"call.started_at_ms >= {query.from_ms}",
        f"call.started_at_ms < {query.to_ms}",
        "call.counted",
        *made.terms,
    ]
    sql = (
        f"{f'WITH {ctes} ' if ctes else ''}SELECT {columns} FROM call "  # noqa: S608 - names of columns; what people wrote is bound
        f"CROSS JOIN dimension ON dimension.id = call.dimension WHERE {' AND '.join(terms)} {rest}"
    )
    return sql, made.values


def host(connection: sqlite3.Connection) -> str | None:
    """The random id of the machine whose history this is."""
    found = connection.execute("SELECT value FROM meta WHERE name = 'host'").fetchone()
    return found[0] if found else None


def first_ms(connection: sqlite3.Connection) -> int:
    """When the oldest call began, milliseconds since 1970 UTC; 0 where there is none."""
    (found,) = connection.execute("SELECT min(started_at_ms) FROM call").fetchone()
    return found or 0
