"""Two tables of sums: they agree with the rows up to one id, ``MARK``; rows beyond it are summed up by whoever asks.

New and changed rows have higher ids than all before them. So recording a call writes its row alone, and the sums are brought
up to date for many rows at once.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Collection

SESSION = "rollup_session"
TABLES: dict[str, tuple[int, bool]] = {"rollup_hour": (3_600_000, False), SESSION: (86_400_000, True)}
"""Table → (width of its buckets in milliseconds, whether the session is one of its dimensions)."""

MARK = "(SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'rolled_up')"
"""The highest id of a row that is in the sums, as SQL."""

SUMS: tuple[str, ...] = (
    "calls",
    "failed",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "total_tokens",
    "cost_pico",
    "priced_calls",
    "unpriced_calls",
    "input_cost_pico",
    "output_cost_pico",
    "cache_read_cost_pico",
    "cache_write_cost_pico",
    "unpriced_tokens",
)
"""The columns of sums, in the order of the tables."""

# As in UsageRecord.unpriced.
USED = "(total_tokens > 0 OR dimension.status <> 'error' OR coalesce(cause, '') IN ('timeout', 'connection-lost'))"
"""Whether a call used something, or may have, as SQL over ``call JOIN dimension``."""

CALL_SUMS: dict[str, str] = {
    **{name: name for name in SUMS},
    "calls": "1",
    "failed": "CASE WHEN dimension.status IN ('error', 'interrupted') THEN 1 ELSE 0 END",
    "priced_calls": "CASE WHEN cost_pico IS NULL THEN 0 ELSE 1 END",
    "unpriced_calls": f"CASE WHEN cost_pico IS NULL AND {USED} THEN 1 ELSE 0 END",
    **{name: f"coalesce({name}, 0)" for name in SUMS if name.endswith("_pico")},
    "unpriced_tokens": "CASE WHEN cost_pico IS NULL THEN total_tokens ELSE 0 END",
}
"""What one call adds to each sum, as SQL over ``call JOIN dimension``, in the words of any database."""

DUE = 1_000
"""So many rows may be beyond the mark; with more, it is worth while to bring the sums up to date."""
_AT_ONCE = 2_000
"""So many rows are summed up in one transaction, for which other writers wait."""


def _upsert(table: str, sign: str, which: str) -> str:
    width, fine = TABLES[table]
    sums = ", ".join(f"{sign}sum({sql})" for sql in CALL_SUMS.values())
    return (
        f"INSERT INTO {table} (bucket, dimension, {', '.join(SUMS)}) "  # noqa: S608 - names of tables and columns
        f"SELECT started_at_ms / {width}, {'dimension' if fine else 'coarse'}, {sums} "
        f"FROM call CROSS JOIN dimension ON dimension.id = call.dimension WHERE counted AND {which} GROUP BY 1, 2 "
        f"ON CONFLICT (bucket, dimension) DO UPDATE SET {', '.join(f'{name} = {name} + excluded.{name}' for name in SUMS)}"
    )


_ADD = [_upsert(table, "", f"call.id > {MARK} AND call.id <= ?") for table in TABLES]


def written(mark: int) -> str:
    """A mark as ``meta`` has it, with a checksum: with a wrong one, rows would be counted twice, or not at all."""
    return f"{mark}:{zlib.crc32(b'rolled_up %d' % mark):08x}"


def read_mark(connection: sqlite3.Connection) -> tuple[int, int]:
    """The mark, and the highest id of a row.

    Raises:
        sqlite3.Error: it cannot be read, or is not what was written.
    """
    (value,) = connection.execute("SELECT (SELECT value FROM meta WHERE name = 'rolled_up')").fetchone()
    (last,) = connection.execute("SELECT coalesce(max(id), 0) FROM call").fetchone()
    digits = value.partition(":")[0] if isinstance(value, str) else ""
    if not (digits.isascii() and digits.isdigit()) or written(int(digits[:19])) != value or int(digits) > last:
        from .dimensions import malformed

        raise malformed("meta", "rolled_up")
    return int(digits), last


def behind(connection: sqlite3.Connection) -> int:
    """How many rows may be beyond the mark.

    Raises:
        sqlite3.Error: the mark cannot be read, or is damaged.
    """
    mark, last = read_mark(connection)
    return last - mark


def advance(connection: sqlite3.Connection, rows: int = _AT_ONCE) -> bool:
    """Take so many more rows into the sums.

    Args:
        connection: in a transaction.

    Returns:
        Whether there are still more.

    Raises:
        sqlite3.Error: they cannot be written, or a sum does not fit into 64 bits; the transaction must be rolled back.
    """
    mark, last = read_mark(connection)
    until = min(last, mark + rows)
    for statement in _ADD:
        connection.execute(statement, (until,))
    connection.execute("UPDATE meta SET value = ? WHERE name = 'rolled_up'", (written(until),))
    return bool(until < last)


def catch_up(connection: sqlite3.Connection, busy_timeout_s: float) -> None:
    """Bring the sums up to date for a report if many rows are not in them, unless that cannot be done now: a report does
    not need it to be right.

    Args:
        connection: in autocommit mode.
        busy_timeout_s: how long it waits for other writers; it does not here.

    Raises:
        sqlite3.Error: the ledger is damaged.
    """
    if behind(connection) < DUE:
        return
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        more = True
        while more:
            connection.execute("BEGIN IMMEDIATE")
            more = advance(connection)
            connection.execute("COMMIT")
    except (sqlite3.OperationalError, sqlite3.IntegrityError):
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    finally:
        connection.execute(f"PRAGMA busy_timeout = {int(busy_timeout_s * 1000)}")


def take_out(connection: sqlite3.Connection, ids: Collection[int]) -> None:
    """Take rows which are about to get a new id out of the sums, as far as they are in them. At most a few hundred.

    Args:
        connection: in the transaction in which they change.

    Raises:
        sqlite3.Error: it cannot be written.
    """
    read_mark(connection)
    chosen = tuple(ids)
    which = f"call.id IN ({', '.join('?' * len(chosen))}) AND call.id <= {MARK}"
    for table, (width, fine) in TABLES.items():
        connection.execute(_upsert(table, "-", which), chosen)
        connection.execute(
            f"DELETE FROM {table} WHERE calls = 0 AND (bucket, dimension) IN (SELECT started_at_ms / {width}, "  # noqa: S608
            f"{'dimension' if fine else 'coarse'} FROM call CROSS JOIN dimension ON dimension.id = call.dimension WHERE {which})",
            chosen,
        )
