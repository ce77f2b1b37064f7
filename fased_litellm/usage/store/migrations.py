"""The tables of the ledger, as numbered steps. ``PRAGMA user_version`` says how many of them a file has seen.

A step that was released is never changed; a new one is added behind it.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing

from ...errors import LedgerDamaged, LedgerError
from . import migration_2, migration_4, migration_7

APPLICATION_ID = 0x4653_4C55
"""``PRAGMA application_id`` of a ledger (``FSLU``), by which another SQLite file is told from one."""

BUCKET_MS = 900_000
"""Roll-ups are kept per 15 minutes of UTC: every UTC offset in use is a multiple of that."""

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        # Each combination of names is kept once. '' stands for none: NULLs would all be distinct under UNIQUE.
        """
        CREATE TABLE dimension (
          id INTEGER PRIMARY KEY,
          provider TEXT NOT NULL, model TEXT NOT NULL,
          agent TEXT NOT NULL, task TEXT NOT NULL, channel TEXT NOT NULL, session TEXT NOT NULL,
          source TEXT NOT NULL, role TEXT NOT NULL,
          status TEXT NOT NULL, served_model TEXT NOT NULL,
          UNIQUE (session, task, agent, channel, source, role, provider, model, status, served_model)
        )
        """,
        # One row per call. cost_pico is in 10^-12 USD, NULL where the cost is not known.
        """
        CREATE TABLE call (
          id INTEGER PRIMARY KEY,
          call_id TEXT NOT NULL UNIQUE,
          dimension INTEGER NOT NULL REFERENCES dimension (id),
          started_at_ms INTEGER NOT NULL,
          input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL,
          cache_read_tokens INTEGER NOT NULL, cache_write_tokens INTEGER NOT NULL,
          reasoning_tokens INTEGER NOT NULL, total_tokens INTEGER NOT NULL,
          cost_pico INTEGER, cost_source TEXT NOT NULL,
          cause TEXT, origin TEXT, http_status INTEGER,
          requested_model TEXT, deployment_id TEXT,
          retries INTEGER, fallbacks INTEGER,
          latency_ms REAL, time_to_first_token_ms REAL, proxy_overhead_ms REAL,
          proxy_version TEXT
        )
        """,
        "CREATE INDEX call_started ON call (started_at_ms)",
        # What the calls of one combination sum up to in one bucket of 15 minutes, kept in the transaction of each call.
        # The check stops a sum past 64 bits, which SQLite would silently make a float.
        """
        CREATE TABLE rollup (
          bucket INTEGER NOT NULL,
          dimension INTEGER NOT NULL REFERENCES dimension (id),
          calls INTEGER NOT NULL, failed INTEGER NOT NULL,
          input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL,
          cache_read_tokens INTEGER NOT NULL, cache_write_tokens INTEGER NOT NULL,
          reasoning_tokens INTEGER NOT NULL, total_tokens INTEGER NOT NULL,
          cost_pico INTEGER NOT NULL CHECK (typeof(cost_pico) = 'integer'),
          priced_calls INTEGER NOT NULL, unpriced_calls INTEGER NOT NULL,
          PRIMARY KEY (bucket, dimension)
        ) WITHOUT ROWID
        """,
        f"PRAGMA application_id = {APPLICATION_ID}",
    ),
    migration_2.STATEMENTS,
    (
        # The proxy's id of a call, by which its spend rows are found; NULL where it took ours.
        "ALTER TABLE call ADD COLUMN proxy_call_id TEXT",
    ),
    migration_4.STATEMENTS,
    (
        # What else the price of an own call depends on, as a short JSON object; NULL where there is nothing of it.
        "ALTER TABLE call ADD COLUMN billing TEXT",
        # Estimates are few, and give way to a price that is exact.
        "CREATE INDEX call_estimate ON call (started_at_ms) WHERE cost_source = 'estimate'",
    ),
    (
        # What people call tasks, by their ids; `defined` is 1 for a name from where the task is defined, 0 for one of a label.
        "CREATE TABLE task_name (task TEXT PRIMARY KEY, name TEXT NOT NULL, defined INTEGER NOT NULL) WITHOUT ROWID",
        # Labels are in the stores, which are read once more for them.
        "UPDATE feed SET size = -1 WHERE kind IN ('store', 'database')",
    ),
    migration_7.STATEMENTS,
    (
        # Most transcripts continue no other one.
        "CREATE INDEX feed_parent ON feed (agent, parent) WHERE parent <> ''",
    ),
)

LATEST = len(MIGRATIONS)
_MOST = 99
"""No version is higher for a long time: where a file says so, a byte of its head was damaged."""


def migrate(connection: sqlite3.Connection, path: str) -> None:
    """Bring a ledger up to date; a new file gets its tables. Several processes may do this at once.

    Args:
        connection: in autocommit mode.
        path: of the file, for messages.

    Raises:
        LedgerError: the file is from a newer version, or is another program's.
        sqlite3.Error: it cannot be read or written.
    """
    if _version(connection, path) == LATEST:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have done it while this one waited for the lock.
        for number in range(_version(connection, path), LATEST):
            for statement in MIGRATIONS[number]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number + 1}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _version(connection: sqlite3.Connection, path: str) -> int:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    (application,) = connection.execute("PRAGMA application_id").fetchone()
    if application != APPLICATION_ID:
        (tables,) = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if tables or version:
            # Another process may have made it between the first of these questions and the last.
            (application,) = connection.execute("PRAGMA application_id").fetchone()
            if application == APPLICATION_ID:
                return _version(connection, path)
            _require_strange(connection, path)
            raise LedgerError(
                f"{path} is an SQLite database of another program, not a usage ledger.",
                hint="Move it away; the next call begins a ledger.",
            )
    if version > LATEST:
        if version > _MOST:
            _require_strange(connection, path)
        raise LedgerError(
            f"{path} was written by a newer fased-litellm (ledger version {version}; this one knows {LATEST}).",
            hint="Upgrade fased-litellm on this machine. Nothing was changed.",
        )
    return int(version)


def _require_strange(connection: sqlite3.Connection, path: str) -> None:
    """Make sure that it is not a ledger of this version after all, whose head was damaged.

    Raises:
        LedgerDamaged: it is: neither another program nor a much newer version has the same tables.
    """
    if _tables(connection) == _own_tables():
        raise LedgerDamaged(
            f"The usage ledger {path} is damaged: its head says that it is none of this version, and it is.",
            hint="Run `fased usage`: it sets the file aside and saves what can be read of it.",
        )


def is_whole(connection: sqlite3.Connection) -> bool:
    """Whether all tables and indexes of this version are there."""
    return _own_tables().items() <= _tables(connection).items()


def _tables(connection: sqlite3.Connection) -> dict[str, str | None]:
    """The tables and indexes, and how they were made."""
    return dict(connection.execute("SELECT name, sql FROM sqlite_master"))


def _own_tables() -> dict[str, str | None]:
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for step in MIGRATIONS:
            for statement in step:
                connection.execute(statement)
        return _tables(connection)
