"""Change rows that are there. A row is never deleted; changed, it gets a new id above all others.

So "what changed since I last looked" is always "what has a higher id than the highest I saw".
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from typing import Any

from . import rollups
from .rows import COLUMNS, Row, complete, insertion, last_id

_BATCH = 400
_CHANGEABLE = frozenset(COLUMNS) - {"call_id"}
# Who adds new rows to sums made before learns by this that older rows are no longer what they were.
_COUNT_CHANGES = "INSERT INTO meta VALUES ('changes', '1') ON CONFLICT (name) DO UPDATE SET value = value + 1"


@dataclass(frozen=True, slots=True)
class UpsertResult:
    """What ``put_many`` did: rows that are new, and rows that took the place of older content."""

    added: int = 0
    replaced: int = 0


def change(connection: sqlite3.Connection, changes: Mapping[int, Mapping[str, Any]]) -> int:
    """Give rows new values, and take the old ones out of the sums.

    Args:
        connection: in a transaction.
        changes: id of a row → column of ``rows.COLUMNS`` → its new value. ``dimension`` is an id of ``Dimensions.of``;
            ``counted`` 0 takes the row out of all reports.

    Returns:
        How many rows were changed; an id that is not there is passed over.

    Raises:
        KeyError: there is no such column, or it must not be changed.
        sqlite3.Error, OverflowError: it cannot be written; the transaction must be rolled back.
    """
    todo = iter(changes.items())
    changed = 0
    while batch := dict(islice(todo, _BATCH)):
        changed += _change(connection, batch)
    return changed


def put_many(
    connection: sqlite3.Connection,
    rows: Sequence[Row],
    columns: tuple[str, ...] = COLUMNS,
) -> UpsertResult:
    """Add rows; where a call id is there already with other content, the new content takes its place.

    Content is all but the feed, and whether the row counts. A price that was looked up stays, unless the tokens or the
    names are others: it is a fact about the day of the look, and reading the same usage again must not change it. A
    cost which the transcript itself names is part of its content.

    Args:
        connection, columns: as in ``insert_many``; a column that is left out is NULL or 0.
        rows: of one call id, the last counts.

    Raises:
        sqlite3.Error, OverflowError: they cannot be written; the transaction must be rolled back.
    """
    return put_flat(connection, list(chain.from_iterable(rows)), columns)


def put_flat(
    connection: sqlite3.Connection,
    values: list[Any],
    columns: tuple[str, ...],
) -> UpsertResult:
    """As ``put_many``, for rows whose values stand one after the other."""
    width = len(columns)
    added = insertion(columns).flat(connection, values)
    if added * width == len(values):
        return UpsertResult(added)
    rows = zip(*[iter(values)] * width, strict=True)
    wanted = {row[0]: row for row in (complete(row, columns) for row in rows)}
    todo = iter(wanted)
    replaced = 0
    while batch := list(islice(todo, _BATCH)):
        marks = ", ".join("?" * len(batch))
        sql = f"SELECT id, {', '.join(COLUMNS)} FROM call WHERE call_id IN ({marks})"  # noqa: S608 - names of columns
        found = connection.execute(sql, batch).fetchall()
        changes = {number: new for number, *old in found if (new := _outdated(old, wanted[old[0]]))}
        replaced += change(connection, changes)
    return UpsertResult(added, replaced)


def _change(connection: sqlite3.Connection, batch: Mapping[int, Mapping[str, Any]]) -> int:
    before = last_id(connection)
    rollups.take_out(connection, batch)
    statements: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
    for fresh, (number, values) in enumerate(batch.items(), before + 1):
        if unknown := set(values) - _CHANGEABLE:
            raise KeyError(f"Not a column of a call that changes: {', '.join(sorted(unknown))}.")
        statements.setdefault(tuple(values), []).append((fresh, *values.values(), number))
    changed = 0
    for names, values_of in statements.items():
        setting = ", ".join(f"{name} = ?" for name in ("id", *names))
        changed += connection.executemany(f"UPDATE call SET {setting} WHERE id = ?", values_of).rowcount  # noqa: S608
    connection.execute(_COUNT_CHANGES)
    return changed


_COST = tuple(
    COLUMNS.index(name)
    for name in (
        "cost_pico",
        "cost_source",
        "input_cost_pico",
        "output_cost_pico",
        "cache_read_cost_pico",
        "cache_write_cost_pico",
        "price_note",
    )
)
_SOURCE = COLUMNS.index("cost_source")
_TOTAL = COLUMNS.index("total_tokens")
_ASIDE = frozenset(COLUMNS.index(name) for name in ("feed", "counted"))
_CONTENT = tuple(place for place in range(len(COLUMNS)) if place not in _ASIDE and place not in _COST)


def _outdated(old: Sequence[Any], new: Row) -> dict[str, Any]:
    """The values that have to change, none if the old row will do: a placeholder without tokens erases nothing."""
    if not new[_TOTAL] and old[_TOTAL]:
        return {}
    same = all(old[place] == new[place] for place in _CONTENT)
    if same:
        told = "transcript" in (old[_SOURCE], new[_SOURCE]) or (old[_COST[0]] is None and new[_COST[0]] is not None)
        if not told or all(old[place] == new[place] for place in _COST):
            return {}
    return {name: new[place] for place, name in enumerate(COLUMNS) if place and name != "counted"}
