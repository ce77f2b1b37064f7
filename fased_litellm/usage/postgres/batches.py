"""What a ledger has to send: its rows by their ids, in batches, as the objects that the database's functions take."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..store.dimensions import NAMES
from ..store.rows import COLUMNS

_LOCAL = {"feed"}
"""Columns that mean something on this machine alone."""
SENT: tuple[str, ...] = ("id", *(name for name in COLUMNS if name not in _LOCAL))

_ROWS = f"SELECT {', '.join(SENT)} FROM call WHERE id > ? ORDER BY id LIMIT ?"  # noqa: S608 - names of columns
_DIMENSION = SENT.index("dimension")
_CALL_ID = SENT.index("call_id")
_STARTED = SENT.index("started_at_ms")
DAY_MS = 86_400_000
_SYMBOL_FOR_NULL = "\u2400"


@dataclass(frozen=True, slots=True)
class Identity:
    """Which ledger this is: ``host`` names the machine, ``ledger`` the file; both are random."""

    host: str
    ledger: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows that follow each other.

    Attributes:
        rows: a value for each of ``SENT``.
    """

    rows: Sequence[Sequence[Any]]

    @property
    def last_id(self) -> int:
        """The id of the last row."""
        return int(self.rows[-1][0])

    @property
    def last_call(self) -> str:
        """The call of the last row."""
        return str(self.rows[-1][_CALL_ID]).replace("\0", _SYMBOL_FOR_NULL)

    @property
    def days(self) -> set[int]:
        """The days of UTC on which the calls began, by their first milliseconds since 1970."""
        return {row[_STARTED] // DAY_MS * DAY_MS for row in self.rows}

    @property
    def dimensions(self) -> set[int]:
        """The ledger's ids of the combinations of names which the rows have."""
        return {row[_DIMENSION] for row in self.rows}


def identity(connection: sqlite3.Connection) -> Identity:
    """Which ledger this is."""
    known = dict(connection.execute("SELECT name, value FROM meta WHERE name IN ('host', 'ledger')"))
    return Identity(known["host"], known["ledger"])


def has(connection: sqlite3.Connection, call_id: str, number: int) -> bool:
    """Whether the ledger has a call under that id of a row, or, since it changed, under a higher one."""
    found = connection.execute("SELECT id FROM call WHERE call_id = ?", (call_id,)).fetchone()
    return found is not None and found[0] >= number


def remaining(connection: sqlite3.Connection, after: int) -> int:
    """How many rows have a higher id than that."""
    (count,) = connection.execute("SELECT count(*) FROM call WHERE id > ?", (after,)).fetchone()
    return int(count)


def read(connection: sqlite3.Connection, after: int, size: int) -> Batch | None:
    """The next rows with a higher id than ``after``, at most ``size``; None if there are none."""
    rows = connection.execute(_ROWS, (after, size)).fetchall()
    return Batch(rows) if rows else None


def names(connection: sqlite3.Connection, dimensions: Iterable[int]) -> list[dict[str, str]]:
    """The names behind such ids, in their order."""
    sql = f"SELECT {', '.join(NAMES)} FROM dimension WHERE id = ?"  # noqa: S608 - names of columns
    return [dict(zip(NAMES, connection.execute(sql, (number,)).fetchone(), strict=True)) for number in dimensions]


def as_json(objects: Iterable[dict[str, Any]]) -> str:
    """The objects as a JSON array. PostgreSQL's texts cannot hold the character NUL; its picture takes its place."""
    text = json.dumps(list(objects), separators=(",", ":"))
    if "\\u0000" not in text:
        return text
    return json.dumps(_storable(json.loads(text)))


def calls(batch: Batch, known: dict[int, int]) -> str:
    """The rows as JSON, with the combinations' ids there; what has no value is left out.

    Args:
        batch: the rows.
        known: the ledger's id of a combination → its id in the database.
    """
    objects = ({name: value for name, value in zip(SENT, row, strict=True) if value is not None} for row in batch.rows)
    return as_json({**item, "dimension": known[item["dimension"]]} for item in objects)


def _storable(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\0", _SYMBOL_FOR_NULL)
    if isinstance(value, list):
        return [_storable(item) for item in value]
    return {key: _storable(item) for key, item in value.items()} if isinstance(value, dict) else value
