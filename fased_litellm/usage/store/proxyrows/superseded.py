"""A call that ``--fill`` added gives way to the same call from a transcript or from this package, whichever comes first.

The same statements as in ``matching`` say which is which. They are asked about a few calls and a few filled rows at a time: those
that came, and all that these could be taken for, however far that leads. So the outcome does not depend on the order in which
they came, and of calls that look alike none takes the place of another one's row.

A row that gave way is kept and not counted, as any other; where it knew the cost and the call did not, the call has it now. It
counts again if what took its place does not count any more.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

from ...record import ESTIMATE
from ..changes import change
from . import matching
from .ids import AFTER_PREFIX, COST_SOURCE, ID_PREFIX
from .matching import MARGIN_MS
from .scratch import Candidate, Filled, insert_calls, insert_filled, scratch

_LONGEST_MS = 3_600_000
"""No call that is known by its content alone takes longer, in milliseconds."""
_SHARED = 16
"""An id that more rows than this have names nothing."""
_BATCH = 400

_REGISTER = f"""
INSERT OR IGNORE INTO filled SELECT call_id, proxy_call_id, response_id, model, total_tokens, started_at_ms,
  started_at_ms + CAST(coalesce(latency_ms, 0) AS INTEGER), NULL, NULL
FROM call JOIN dimension ON dimension.id = call.dimension
WHERE call.id > ? AND +call_id >= '{ID_PREFIX}' AND +call_id < '{AFTER_PREFIX}'
"""  # noqa: S608 - constants
_CALL_COLUMNS = "call_id, proxy_call_id, response_id, model, total_tokens, started_at_ms, feed, dimension.status"
_COUNTED = f"""
SELECT {_CALL_COLUMNS} FROM call JOIN dimension ON dimension.id = call.dimension
WHERE counted AND provider = 'litellm' AND NOT (+call_id >= '{ID_PREFIX}' AND +call_id < '{AFTER_PREFIX}')
"""  # noqa: S608 - constants
# What an id has told is not asked again.
_CALLS = f"""
{_COUNTED} AND NOT EXISTS (SELECT 1 FROM filled WHERE replaced_by = call.call_id AND matched_by <> 'content') AND
"""  # noqa: S608 - constants
_ROW = "call_id, proxy_call_id, response_id, model, total_tokens, started_at_ms, ended_at_ms, replaced_by, matched_by"
_ROWS = f"SELECT {_ROW} FROM filled WHERE "  # noqa: S608 - constants
_OPEN_ROWS = f"{_ROWS} coalesce(matched_by, 'content') = 'content' AND "
_FREE_ROW = """
SELECT filled.call_id, call.id, cost_pico FROM filled JOIN call USING (call_id)
WHERE filled.proxy_call_id = ? AND +replaced_by IS NULL AND counted LIMIT 2
"""
_LEFT = f"""
SELECT {", ".join(f"filled.{name}" for name in _ROW.split(", "))} FROM filled JOIN call ON call.call_id = filled.replaced_by
WHERE NOT call.counted
"""  # noqa: S608 - constants


def settle(connection: sqlite3.Connection, before: int, *, left: bool = False, names: Iterable[str] = ()) -> None:
    """As ``filled.settle``; rows of ``--fill`` among the new ones were registered.

    Args:
        names: the ids of these.
    """
    rows = [Filled(*row) for name in names for row in connection.execute(f"{_ROWS} call_id = ?", (name,))]
    calls = [call for call in _new_calls(connection, before) if not _named(connection, call)]
    if left:
        rows += map(Filled._make, connection.execute(_LEFT))
    if calls or rows:
        _Group(connection, calls, rows).settle()


def register(connection: sqlite3.Connection, before: int = 0) -> None:
    """Make the rows of ``--fill`` with a higher id than that known, so that ``settle`` finds them."""
    connection.execute(_REGISTER, (before,))


def settle_all(connection: sqlite3.Connection) -> None:
    """Find out anew which of all filled rows count, as in a ledger that was damaged."""
    register(connection)
    rows = [Filled(*row) for row in connection.execute(f"SELECT {_ROW} FROM filled")]  # noqa: S608 - constants
    if rows:
        _Group(connection, [], rows).settle()


def _named(connection: sqlite3.Connection, call: Candidate) -> bool:
    """Let a call take the place of the free row that its id names, as nearly all do; False where more has to be looked at."""
    found = connection.execute(_FREE_ROW, (call.call_id,)).fetchall()
    if len(found) != 1:
        return False
    ((name, number, cost),) = found
    how = "UPDATE filled SET replaced_by = ?, matched_by = 'call-id' WHERE call_id = ?"
    connection.execute(how, (call.call_id, name))
    known = connection.execute(
        "SELECT id, cost_pico, cost_source FROM call WHERE call_id = ?", (call.call_id,)
    ).fetchone()
    changes: dict[int, dict[str, Any]] = {number: {"counted": 0}}
    if cost is not None and (known[1] is None or known[2] == ESTIMATE):
        changes[known[0]] = {"cost_pico": cost, "cost_source": COST_SOURCE, **_NO_PARTS}
    change(connection, changes)
    return True


def _new_calls(connection: sqlite3.Connection, before: int) -> list[Candidate]:
    """New calls that may be the call of a filled row."""
    (added,) = connection.execute("SELECT count(*) FROM call WHERE id > ?", (before,)).fetchone()
    (known,) = connection.execute("SELECT count(*) FROM filled").fetchone()
    if added <= known:
        return [Candidate(*row) for row in connection.execute(f"{_CALLS} call.id > ?", (before,))]
    return _calls_of(connection, [Filled(*row) for row in connection.execute(f"{_ROWS} 1")], before)


def _calls_of(connection: sqlite3.Connection, rows: Sequence[Filled], before: int = 0) -> list[Candidate]:
    """The counted calls that may be those of these rows."""
    found: list[Candidate] = []
    for row in rows:
        if row.proxy_call_id is not None:
            found += map(
                Candidate._make,
                connection.execute(f"{_CALLS} call_id = ? AND call.id > ?", (row.proxy_call_id, before)),
            )
    contents = {(row.model, row.total_tokens) for row in rows}
    ids = {row.proxy_call_id for row in rows} - {None}, {row.response_id for row in rows} - {None}
    for begin, end in _spans(rows):
        for call in map(
            Candidate._make,
            connection.execute(f"{_CALLS} started_at_ms BETWEEN ? AND ? AND call.id > ?", (begin, end, before)),
        ):
            content = _known_by_content(call) and (call.model, call.total_tokens) in contents
            if content or call.proxy_call_id in ids[0] or call.response_id in ids[1]:
                found.append(call)
    return found


def _spans(rows: Sequence[Filled]) -> list[tuple[int, int]]:
    """Times at which the calls of these rows may be, joined where they touch."""
    spans: list[tuple[int, int]] = []
    for begin, end in sorted((row.started_at_ms - MARGIN_MS, row.ended_at_ms + MARGIN_MS) for row in rows):
        if spans and begin <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((begin, end))
    return spans


def _rows_of(connection: sqlite3.Connection, calls: Sequence[Candidate]) -> list[Filled]:
    """The filled rows that may be those of these calls."""
    found: list[Filled] = []
    looked_until: dict[tuple[str, int], int] = {}
    for call in sorted(calls, key=lambda call: call.started_at_ms):
        for name, value in (
            ("proxy_call_id", call.call_id),
            ("proxy_call_id", call.proxy_call_id),
            ("response_id", call.response_id),
        ):
            if value is not None:
                rows = connection.execute(f"{_OPEN_ROWS} {name} = ? LIMIT {_SHARED + 1}", (value,)).fetchall()
                found += map(Filled._make, rows if len(rows) <= _SHARED else ())
        if _known_by_content(call):
            content = call.model, call.total_tokens
            until = call.started_at_ms + matching.NEAR_MS
            since = max(call.started_at_ms - _LONGEST_MS, looked_until.get(content, 0))
            looked_until[content] = until
            sql = f"{_OPEN_ROWS} model = ? AND total_tokens = ? AND started_at_ms BETWEEN ? AND ?"
            rows = connection.execute(sql, (*content, since, until)).fetchall()
            found += (
                row for row in map(Filled._make, rows) if row.ended_at_ms >= call.started_at_ms - matching.NEAR_MS
            )
    return found


def _known_by_content(call: Candidate) -> bool:
    return (call.feed is not None or call.proxy_call_id is not None) and call.total_tokens > 0


class _Group:
    """Calls and filled rows that could be taken for each other, found from some of them."""

    def __init__(self, connection: sqlite3.Connection, calls: Iterable[Candidate], rows: Iterable[Filled]) -> None:
        self._connection = connection
        self._calls: dict[str, Candidate] = {}
        self._rows: dict[str, Filled] = {}
        more_calls, more_rows = list(calls), list(rows)
        for row in more_rows:
            if row.replaced_by is not None:
                found = connection.execute(f"{_COUNTED} AND call_id = ?", (row.replaced_by,))
                more_calls += map(Candidate._make, found)
        while more_calls or more_rows:
            fresh_calls = {call.call_id: call for call in more_calls if call.call_id not in self._calls}
            fresh_rows = {row.call_id: row for row in more_rows if row.call_id not in self._rows}
            self._calls |= fresh_calls
            self._rows |= fresh_rows
            more_rows = _rows_of(connection, list(fresh_calls.values())) if fresh_calls else []
            more_calls = _calls_of(connection, list(fresh_rows.values())) if fresh_rows else []

    def settle(self) -> None:
        """Say of each row which call took its place, and count those that none did."""
        if not self._rows:
            return
        pairs = self._pairs()
        rows = {name: row for name, row in self._rows.items() if pairs.get(name) != (row.replaced_by, row.matched_by)}
        self._connection.executemany(  # first those that are free now: a call takes the place of one row
            "UPDATE filled SET replaced_by = NULL, matched_by = NULL WHERE call_id = ?", [(name,) for name in rows]
        )
        self._connection.executemany(
            "UPDATE filled SET replaced_by = ?, matched_by = ? WHERE call_id = ?",
            [(*pairs[name], name) for name in rows if name in pairs],
        )
        names = iter(self._rows)
        while some := list(islice(names, _BATCH)):
            self._count(some, pairs)

    def _pairs(self) -> dict[str, tuple[str, str]]:
        """Filled row → the call that takes its place, and how it was found."""
        with scratch() as pairing:
            insert_calls(pairing, self._calls.values())
            insert_filled(pairing, self._rows.values())
            matching.match(pairing)
            return {row: (call, how) for row, call, how in pairing.execute(matching.PAIRS)}

    def _count(self, names: list[str], pairs: dict[str, tuple[str, str]]) -> None:
        """Count rows without a call, and no others; a call without a cost has the row's."""
        changes: dict[int, dict[str, Any]] = {}
        calls = {pairs[name][0]: name for name in names if name in pairs}
        costs: dict[str, int] = {}
        for number, name, counted, cost in self._select(names):
            if bool(counted) == (name in pairs):
                changes[number] = {"counted": int(name not in pairs)}
            if cost is not None:
                costs[name] = cost
        for number, name, source, cost in self._select(list(calls), "cost_source"):
            if (cost is None or source == ESTIMATE) and calls[name] in costs:
                changes[number] = {"cost_pico": costs[calls[name]], "cost_source": COST_SOURCE, **_NO_PARTS}
        change(self._connection, changes)

    def _select(self, names: list[str], column: str = "counted") -> list[tuple[int, str, Any, int | None]]:
        marks = ", ".join("?" * len(names))
        return self._connection.execute(
            f"SELECT id, call_id, {column}, cost_pico FROM call WHERE call_id IN ({marks})",  # noqa: S608 - names of columns
            names,
        ).fetchall()


_NO_PARTS = dict.fromkeys(
    ("input_cost_pico", "output_cost_pico", "cache_read_cost_pico", "cache_write_cost_pico", "price_note")
)
