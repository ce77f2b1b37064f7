"""Whether the roll-ups of a ledger agree with its rows, counted again in plain Python."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from fased_litellm.usage.store.ledger import Ledger

TABLES = {"rollup_hour": (3_600_000, "coarse"), "rollup_session": (86_400_000, "dimension")}
_SUMMED = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "total_tokens",
)
_COSTS = ("input_cost_pico", "output_cost_pico", "cache_read_cost_pico", "cache_write_cost_pico")


def rows(path: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def table(path: Path, name: str) -> list[dict[str, Any]]:
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        return [dict(row) for row in connection.execute(f"SELECT * FROM {name}")]


def counted(path: Path) -> list[dict[str, Any]]:
    """The rows that count, each with its names and the other ids of its combination."""
    dimensions = {row.pop("id"): row for row in table(path, "dimension")}
    return [{**dimensions[row["dimension"]], **row} for row in table(path, "call") if row["counted"]]


def sums(row: dict[str, Any]) -> dict[str, int]:
    used = row["total_tokens"] > 0 or row["status"] != "error" or row["cause"] in ("timeout", "connection-lost")
    return {
        "calls": 1,
        "failed": row["status"] in ("error", "interrupted"),
        **{name: row[name] for name in _SUMMED},
        "cost_pico": row["cost_pico"] or 0,
        "priced_calls": row["cost_pico"] is not None,
        "unpriced_calls": row["cost_pico"] is None and used,
        **{name: row[name] or 0 for name in _COSTS},
        "unpriced_tokens": row["total_tokens"] if row["cost_pico"] is None else 0,
    }


def roll_up(path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.roll_up()


def assert_rollups_equal_rows(path: Path) -> None:
    """Up to their mark as they are, and with all rows once they are brought up to date."""
    assert_coarse(path)
    _assert_equal(path)
    roll_up(path)
    assert rows(path, "SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'rolled_up'") == rows(
        path, "SELECT coalesce(max(id), 0) FROM call"
    )
    _assert_equal(path)


def _assert_equal(path: Path) -> None:
    ((mark,),) = rows(path, "SELECT CAST(value AS INTEGER) FROM meta WHERE name = 'rolled_up'")
    chosen = [row for row in counted(path) if row["id"] <= mark]
    for name, (width, key) in TABLES.items():
        expected: dict[tuple[int, int], dict[str, int]] = {}
        for row in chosen:
            total = expected.setdefault((row["started_at_ms"] // width, row[key]), {})
            for column, value in sums(row).items():
                total[column] = total.get(column, 0) + value
        found = {(row.pop("bucket"), row.pop("dimension")): row for row in table(path, name)}
        assert found == expected, name


def assert_coarse(path: Path) -> None:
    dimensions = {row["id"]: row for row in table(path, "dimension")}
    for row in dimensions.values():
        assert dimensions[row["coarse"]] == {**row, "session": "", "id": row["coarse"]}
