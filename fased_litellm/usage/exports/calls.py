"""The single calls of a query, one by one, for formats that have an entry for each or count them anew."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from ..conditions import conditions
from ..dialect import SQLITE
from ..query import Query
from .names import Names
from .otlp import Call

_COLUMNS = (
    "call.call_id, call.started_at_ms, dimension.provider, dimension.model, dimension.served_model, dimension.agent, "
    "dimension.task, dimension.channel, dimension.session, dimension.source, dimension.role, dimension.status, "
    "call.requested_model, call.response_id, call.cause, call.http_status, call.input_tokens, call.output_tokens, "
    "call.cache_read_tokens, call.cache_write_tokens, call.reasoning_tokens, call.total_tokens, call.cost_pico, "
    "call.latency_ms, call.time_to_first_token_ms"
)
"""In the order of the fields of ``Call``."""


def calls(connection: sqlite3.Connection, query: Query) -> Iterator[Call]:
    """The calls that a report of the query counts, in the order in which they began.

    Raises:
        UsageError: the filter asks for what a report does not have.
        sqlite3.Error: the ledger cannot be read.
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
        f"{f'WITH {ctes} ' if ctes else ''}SELECT {_COLUMNS} FROM call "  # noqa: S608 - names of columns; what people wrote is bound
        f"CROSS JOIN dimension ON dimension.id = call.dimension WHERE {' AND '.join(terms)} ORDER BY call.started_at_ms"
    )
    names = Names()
    for row in connection.execute(sql, made.values):
        yield Call._make(names(value) if isinstance(value, str) else value for value in row)


def host(connection: sqlite3.Connection) -> str | None:
    """The random id of the machine whose history this is."""
    found = connection.execute("SELECT value FROM meta WHERE name = 'host'").fetchone()
    return found[0] if found else None
