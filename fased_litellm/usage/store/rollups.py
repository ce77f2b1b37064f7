"""Five tables of sums, which always agree with the rows: every change of a row corrects them in its transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from operator import neg

from .bulk_insert import Insertion

LONG = "rollup_long"
TABLES: dict[str, tuple[int, bool]] = {
    "rollup": (900_000, True),
    "rollup_hour": (3_600_000, False),
    "rollup_day": (86_400_000, False),
    LONG: (16 * 86_400_000, False),
    "rollup_session": (86_400_000, True),
}
"""Table → (width of its buckets in milliseconds, whether the session is one of its dimensions).

The sums over 16 days are for questions about months and years, which would read hundreds of those over a day.
"""

_FROM = {"rollup_day": "rollup_hour", LONG: "rollup_day", "rollup_session": "rollup"}
"""Table → the finer one whose sums add up to its own, which are fewer than the parts."""

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

_Sums = dict[tuple[int, int], tuple[int, ...]]
"""``(bucket, dimension)`` → sums."""

Part = tuple[int, ...]
"""``(started_at_ms, dimension, coarse, *sums)``: what some calls of one combination, in one quarter of an hour, add."""

_PARTS = (
    "SELECT min(started_at_ms), dimension, coarse, "  # noqa: S608 - names of columns
    f"{', '.join(f'sum({sql})' for sql in CALL_SUMS.values())} "
    "FROM call JOIN dimension ON dimension.id = call.dimension WHERE counted AND call.id {} "
    "GROUP BY started_at_ms / 900000, dimension"
)


def _upsert(table: str) -> Insertion:
    return Insertion(
        f"INSERT INTO {table} (bucket, dimension, {', '.join(SUMS)})",
        f"(?, ?, {', '.join('?' * len(SUMS))})",
        "ON CONFLICT (bucket, dimension) DO UPDATE SET "
        f"{', '.join(f'{name} = {name} + excluded.{name}' for name in SUMS)}",
    )


_UPSERTS = {table: _upsert(table) for table in TABLES}
_EMPTY = {
    table: f"DELETE FROM {table} WHERE bucket = ? AND dimension = ? AND calls = 0"  # noqa: S608 - names of tables
    for table in TABLES
}


def since(connection: sqlite3.Connection, last_id: int) -> list[Part]:
    """What the counted calls with an id above that one add."""
    return connection.execute(_PARTS.format("> ?"), (last_id,)).fetchall()


def of(connection: sqlite3.Connection, ids: Iterable[int]) -> list[Part]:
    """What the calls with these ids add, as far as they are counted. At most a few hundred ids."""
    chosen = tuple(ids)
    return connection.execute(_PARTS.format(f"IN ({', '.join('?' * len(chosen))})"), chosen).fetchall()


def add(connection: sqlite3.Connection, parts: Iterable[Part], sign: int = 1) -> None:
    """Add to all roll-ups, or with ``sign`` -1 take away; a sum over no calls any more is dropped.

    Args:
        connection: in a transaction, which also writes the rows.
        parts: several may fall together.

    Raises:
        sqlite3.Error: they cannot be written.
        OverflowError: a sum does not fit into 64 bits.
    """
    parts = list(parts)
    done: dict[str, _Sums] = {}
    for table, (width, fine) in TABLES.items():
        if finer := _FROM.get(table):
            times = width // TABLES[finer][0]
            sums = _added(((bucket // times, names), values) for (bucket, names), values in done[finer].items())
        else:
            sums = _added(((part[0] // width, part[1] if fine else part[2]), part[3:]) for part in parts)
        done[table] = sums
        if sign < 0:
            _UPSERTS[table].many(connection, [(*key, *map(neg, values)) for key, values in sums.items()])
            connection.executemany(_EMPTY[table], list(sums))
        else:
            _UPSERTS[table].many(connection, [key + values for key, values in sums.items()])


def _added(given: Iterable[tuple[tuple[int, int], tuple[int, ...]]]) -> _Sums:
    groups: dict[tuple[int, int], list[tuple[int, ...]]] = {}
    for key, values in given:
        group = groups.get(key)
        if group is None:
            groups[key] = [values]
        else:
            group.append(values)
    return {
        key: group[0] if len(group) == 1 else tuple(map(sum, zip(*group, strict=True))) for key, group in groups.items()
    }
