"""The step of the ledger from version 1 to 2: coarser roll-ups, parts of costs, and what the Node agent's files hold."""

from __future__ import annotations

from ..imports.tables import TABLES as NODE_AGENT

_SUMS_1 = (
    "calls, failed, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, "
    "total_tokens, cost_pico, priced_calls, unpriced_calls"
)
_COLUMNS = "provider, model, agent, task, channel, '', source, role, status, served_model"
_SAME = " AND ".join(
    f"same.{name} = dimension.{name}"
    for name in ("task", "agent", "channel", "source", "role", "provider", "model", "status", "served_model")
)

_UNPRICED = (
    "FROM rollup LEFT JOIN (SELECT started_at_ms / 900000 AS bucket, dimension, sum(total_tokens) AS tokens FROM call "
    "WHERE cost_pico IS NULL GROUP BY 1, 2) USING (bucket, dimension)"
)


def _rollup(table: str) -> str:
    # The checks stop a sum past 64 bits, which SQLite would silently make a float.
    return f"""
        CREATE TABLE {table} (
          bucket INTEGER NOT NULL,
          dimension INTEGER NOT NULL REFERENCES dimension (id),
          calls INTEGER NOT NULL, failed INTEGER NOT NULL,
          input_tokens INTEGER NOT NULL, output_tokens INTEGER NOT NULL,
          cache_read_tokens INTEGER NOT NULL, cache_write_tokens INTEGER NOT NULL,
          reasoning_tokens INTEGER NOT NULL, total_tokens INTEGER NOT NULL,
          cost_pico INTEGER NOT NULL CHECK (typeof(cost_pico) = 'integer'),
          priced_calls INTEGER NOT NULL, unpriced_calls INTEGER NOT NULL,
          input_cost_pico INTEGER NOT NULL, output_cost_pico INTEGER NOT NULL,
          cache_read_cost_pico INTEGER NOT NULL, cache_write_cost_pico INTEGER NOT NULL,
          unpriced_tokens INTEGER NOT NULL,
          CHECK (typeof(input_tokens + output_tokens + cache_read_tokens + cache_write_tokens + total_tokens) = 'integer'),
          PRIMARY KEY (bucket, dimension)
        ) WITHOUT ROWID
        """


def _fill(table: str, dimension: str, width_ms: int) -> str:
    sums = ", ".join(f"sum({name})" for name in _SUMS_1.split(", "))
    return (
        f"INSERT INTO {table} SELECT bucket / {width_ms // 900_000}, {dimension}, {sums}, 0, 0, 0, 0, sum(unpriced_tokens) "  # noqa: S608 - names only
        "FROM rollup JOIN dimension ON dimension.id = rollup.dimension GROUP BY 1, 2"
    )


STATEMENTS: tuple[str, ...] = (
    # A program of version 1 that is still running would write rows without the new roll-ups. It fails instead, at
    # the columns of `rollup` that must have a value, and its rows wait in the spool.
    _rollup("rollup_new"),
    f"INSERT INTO rollup_new SELECT bucket, dimension, {_SUMS_1}, 0, 0, 0, 0, coalesce(tokens, 0) {_UNPRICED}",
    "DROP TABLE rollup",
    "ALTER TABLE rollup_new RENAME TO rollup",
    # The same names without the session, for roll-ups whose size grows with groups, not with sessions.
    "ALTER TABLE dimension ADD COLUMN coarse INTEGER REFERENCES dimension (id)",
    f"INSERT OR IGNORE INTO dimension SELECT NULL, {_COLUMNS}, NULL FROM dimension WHERE session <> ''",  # noqa: S608
    f"UPDATE dimension SET coarse = (SELECT id FROM dimension AS same WHERE same.session = '' AND {_SAME})",  # noqa: S608
    # Per hour, day and 16 days without the session, and per day with it. Buckets are whole hours and days of UTC.
    *(_rollup(table) for table in ("rollup_hour", "rollup_day", "rollup_long", "rollup_session")),
    _fill("rollup_hour", "dimension.coarse", 3_600_000),
    _fill("rollup_day", "dimension.coarse", 86_400_000),
    _fill("rollup_long", "dimension.coarse", 16 * 86_400_000),
    _fill("rollup_session", "rollup.dimension", 86_400_000),
    # The provider's id of the completion, by which the proxy's spend rows are found.
    "ALTER TABLE call ADD COLUMN response_id TEXT",
    # NULL for a call of this package, else the feed it was read from.
    "ALTER TABLE call ADD COLUMN feed INTEGER",
    # 0 where another source of the same usage took its place; such a row is in no roll-up and in no report.
    "ALTER TABLE call ADD COLUMN counted INTEGER NOT NULL DEFAULT 1 CHECK (counted IN (0, 1))",
    # Parts of the cost, NULL where they are not known, and where a price came from, in words.
    "ALTER TABLE call ADD COLUMN input_cost_pico INTEGER",
    "ALTER TABLE call ADD COLUMN output_cost_pico INTEGER",
    "ALTER TABLE call ADD COLUMN cache_read_cost_pico INTEGER",
    "ALTER TABLE call ADD COLUMN cache_write_cost_pico INTEGER",
    "ALTER TABLE call ADD COLUMN price_note TEXT",
    "CREATE INDEX call_dimension ON call (dimension, started_at_ms)",
    # Facts about the ledger itself. `host` names this machine, also in a ledger that was rebuilt; `ledger` is this
    # file: ids of rows mean something only within it.
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "INSERT INTO meta VALUES ('host', lower(hex(randomblob(16)))), ('ledger', lower(hex(randomblob(16))))",
    # What was read from the Node agent's files.
    *NODE_AGENT,
)
