"""Machines with ledgers, and what has to hold in a database they push to."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import psycopg

from fased_litellm.usage.postgres.batches import SENT
from fased_litellm.usage.postgres.push import Pushed, push
from fased_litellm.usage.postgres.url import DatabaseUrl, find_place
from fased_litellm.usage.record import UsageRecord
from fased_litellm.usage.store import database as sqlite
from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.usage.store.rollups import CALL_SUMS, SUMS, TABLES

Row = tuple[Any, ...]
NAMES = "session, task, agent, channel, source, role, provider, model, status, served_model"
_COLUMNS = ", ".join(f"call.{name}" for name in (*SENT, "id") if name not in ("dimension", "counted")).removeprefix(
    "call.id, "
)


def place(url: str) -> DatabaseUrl:
    return find_place(url, {})


def machine(path: Path, records: Iterable[UsageRecord] = ()) -> Path:
    """A ledger with these calls."""
    with Ledger(path) as ledger:
        ledger.record_many(records)
    return path


def send(path: Path, url: str, name: str = "box", **options: Any) -> Pushed:
    """Push a ledger without waiting between attempts."""
    return push(path, place(url), name=name, **{"pause": lambda seconds: None, **options})


def local(path: Path) -> list[Row]:
    """The rows of a ledger, with their names, as far as they are to be in the database."""
    connection = sqlite.connect(path)
    try:
        sql = f"SELECT {_COLUMNS}, counted <> 0, {NAMES} FROM call JOIN dimension ON dimension.id = call.dimension"
        return sorted((*row[:-11], bool(row[-11]), *row[-10:]) for row in connection.execute(sql))
    finally:
        connection.close()


def remote(url: str, host: str | None = None) -> list[Row]:
    """The rows in the database, of one machine or of all."""
    sql = f"SELECT {_COLUMNS}, counted, {NAMES} FROM call JOIN dimension ON dimension.id = call.dimension"
    return sorted(ask(url, sql + (f" WHERE host = '{host}'" if host else "")))


def ask(url: str, sql: str) -> list[Row]:
    with _connected(url) as connection:
        return connection.execute(sql.encode()).fetchall()


def run(url: str, sql: str) -> None:
    with _connected(url) as connection:
        connection.execute(sql.encode())


def assert_consistent(url: str) -> None:
    """Each call has one key that finds it, and the sums are those of the rows."""
    with _connected(url) as connection:
        columns = "host, call_id, dimension, started_at_ms"
        keys = f"SELECT {columns} FROM call_key"
        rows = f"SELECT {columns} FROM call JOIN combination ON combination.id = dimension"
        assert (
            connection.execute(f"({keys} EXCEPT ALL {rows}) UNION ALL ({rows} EXCEPT ALL {keys})".encode()).fetchall()
            == []
        )
        for table, (width, fine) in TABLES.items():
            dimension = "dimension.id" if fine else "coalesce(dimension.coarse, dimension.id)"
            sums = ", ".join(f"sum({CALL_SUMS[name]})" for name in SUMS)
            expected = (
                f"SELECT started_at_ms / {width}, {dimension}, {sums} FROM call "
                "JOIN dimension ON dimension.id = call.dimension WHERE counted GROUP BY 1, 2 ORDER BY 1, 2"
            )
            kept = f"SELECT bucket, dimension, {', '.join(SUMS)} FROM {table} ORDER BY 1, 2"
            assert connection.execute(kept.encode()).fetchall() == connection.execute(expected.encode()).fetchall()


def _connected(url: str) -> psycopg.Connection[Row]:
    return psycopg.connect(url, autocommit=True, options="-c search_path=fased_usage")
