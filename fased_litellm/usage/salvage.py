"""Read what can still be read of a damaged ledger."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from .dimensions import NAMES, Dimensions, Names
from .money import MAX_COST_USD, to_pico
from .record import MAX_COUNT, MAX_TEXT, STATUSES
from .rows import COLUMNS, Row, insert_many

FORGOTTEN_FEED = 0
"""Stands in ``call.feed`` for a file that is not known any more; those that are known count from 1."""

UNREADABLE = (sqlite3.DatabaseError, UnicodeDecodeError)

_BATCH = 2000
_FEW = 8
"""So many neighbours of an unreadable row are given up together: rows share pages, and each attempt takes time."""

_MOST_ATTEMPTS = 400_000  # some seconds
_MOST_PER_PAGE = 2048  # entries of an index

_MAX_MS = 253_402_300_799_999  # the end of the year 9999
_MAX_PICO = to_pico(MAX_COST_USD)


@dataclass(frozen=True, slots=True)
class Salvaged:
    """What was found in a damaged ledger.

    Attributes:
        calls: rows that were saved, own and imported ones.
        own: those of them that this package recorded itself.
    """

    calls: int = 0
    own: int = 0


def salvage(damaged: sqlite3.Connection, target: sqlite3.Connection) -> Salvaged:
    """Copy all rows that can be read and make sense, with their names, and the name of this host.

    What cannot be read is passed over; a row whose names are lost is saved without them, so that its tokens and cost
    are not lost as well. What is known of the Node agent's files is left out: they are read anew.

    Args:
        damaged: a connection to what is there.
        target: to a new ledger, in a transaction.

    Raises:
        sqlite3.Error: the new ledger cannot be written.
    """
    damaged.text_factory = lambda data: data.decode("utf-8", "replace")
    dimensions = Dimensions(target)
    names = {row[0]: found for row in _rows(damaged, "dimension", NAMES) if (found := _names(row[1:])) is not None}
    columns = [name for name in COLUMNS if name in _columns(damaged, "call")]
    calls = own = 0
    batch: list[Row] = []
    for _, *values in _rows(damaged, "call", columns):
        known = dict(zip(columns, values, strict=True))
        row = _row(known, names.get(known["dimension"]), dimensions)
        if row is None:
            continue
        batch.append(row)
        if len(batch) == _BATCH:
            calls += insert_many(target, batch)
            batch.clear()
        own += known.get("feed") is None
    calls += insert_many(target, batch)
    _keep_host(damaged, target)
    return Salvaged(calls, min(own, calls))


def _row(known: dict[str, Any], names: Names | None, dimensions: Dimensions) -> Row | None:
    known = {"counted": 1, **known}
    if not all(_SOUND[name](known.get(name)) for name in COLUMNS if name != "dimension"):
        return None
    if names is None:
        lost = dict.fromkeys(NAMES, "") | {"status": "error" if known["cause"] else "ok"}
        names = tuple(lost.values())
    known["dimension"] = dimensions.of(names)[0]
    if known.get("feed") is not None:
        known["feed"] = FORGOTTEN_FEED
    return tuple(known.get(name) for name in COLUMNS)


def _names(values: tuple[Any, ...]) -> Names | None:
    found = dict(zip(NAMES, values, strict=True))
    sound = all(isinstance(text, str) and len(text) <= MAX_TEXT for text in values)
    return values if sound and found["status"] in STATUSES else None


def _rows(connection: sqlite3.Connection, table: str, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """``(id, *columns)`` of all rows that can be read."""
    sql = f"SELECT id, {', '.join(columns)} FROM {table} WHERE id >= ? AND id <= ? ORDER BY id"  # noqa: S608 - own names
    todo = [(1, _last(connection, table))]
    attempts = _MOST_ATTEMPTS
    while todo and attempts:
        attempts -= 1
        first, last = todo.pop()
        reached = first - 1
        try:
            for row in connection.execute(sql, (first, last)):
                if not reached < row[0] <= last:
                    break  # pages that point at each other would go round for ever
                yield row
                reached = row[0]
            else:
                continue
        except UNREADABLE:
            pass
        # Somewhere behind `reached`: the one half of the rest, then the other, until little is left.
        first = reached + 1
        if last - first >= _FEW:
            middle = (first + last) // 2
            todo += [(middle + 1, last), (first, middle)]


def _last(connection: sqlite3.Connection, table: str) -> int:
    """The highest id that can be found, from the table itself or from one of its indexes."""
    found = 0
    ((pages,), *_) = _list(connection, "PRAGMA page_count") or [(0,)]
    for index in ["", *(row[1] for row in _list(connection, f"PRAGMA index_list({table})"))]:
        source = f"{table} INDEXED BY {index}" if index else table
        for sql in (f"SELECT max(id) FROM {source}", f"SELECT id FROM {source}"):  # noqa: S608 - own names
            try:
                for (number,) in islice(connection.execute(sql), pages * _MOST_PER_PAGE):
                    found = max(found, number or 0)
            except UNREADABLE:
                continue
            else:
                break
    return found


def _columns(connection: sqlite3.Connection, table: str) -> set[str]:
    return {row[1] for row in _list(connection, f"PRAGMA table_info({table})")}


def _list(connection: sqlite3.Connection, sql: str) -> list[tuple[Any, ...]]:
    try:
        return connection.execute(sql).fetchall()
    except UNREADABLE:
        return []


def _keep_host(damaged: sqlite3.Connection, target: sqlite3.Connection) -> None:
    for (value,) in _list(damaged, "SELECT value FROM meta WHERE name = 'host'"):
        if isinstance(value, str) and len(value) == 32 and value.isalnum() and value.isascii():
            target.execute("UPDATE meta SET value = ? WHERE name = 'host'", (value,))


def _text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= MAX_TEXT


def _no_text(value: object) -> bool:
    return value is None or _text(value)


def _count(value: object) -> bool:
    return type(value) is int and 0 <= value <= MAX_COUNT


def _no_count(value: object) -> bool:
    return value is None or _count(value)


def _no_cost(value: object) -> bool:
    return value is None or (type(value) is int and 0 <= value <= _MAX_PICO)


def _no_duration(value: object) -> bool:
    return value is None or (isinstance(value, int | float) and 0 <= value < float("inf"))


def _time(value: object) -> bool:
    return type(value) is int and 0 <= value <= _MAX_MS


_SOUND: dict[str, Callable[[object], bool]] = {
    **dict.fromkeys(COLUMNS, _no_text),
    **{name: _count for name in COLUMNS if name.endswith("_tokens")},
    **{name: _no_cost for name in COLUMNS if name.endswith("_pico")},
    **{name: _no_duration for name in COLUMNS if name.endswith("_ms")},
    **dict.fromkeys(("http_status", "retries", "fallbacks", "feed"), _no_count),
    "call_id": _text,
    "cost_source": _text,
    "started_at_ms": _time,
    "counted": lambda value: value in (0, 1),
}
