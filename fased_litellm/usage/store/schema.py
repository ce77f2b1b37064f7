"""The tables of the ledger, as its first version has them.

``call`` has a row per call, with the columns ``rows.COLUMNS`` in their order; ``dimension`` each combination of names once, and as
``coarse`` the id of the same one without its session. ``meta`` has facts about the ledger itself: ``host`` names this machine, also
in a ledger that was rebuilt; ``ledger`` is this file: ids of rows mean something only within it; ``rolled_up`` is
the highest of those that are in the roll-ups, ``changes`` how often older rows were changed.

``filled`` has the calls that ``reconcile --fill`` added, by which others find them: the proxy's ids of the call, and model, tokens
and times (milliseconds since 1970, UTC) for calls of which no id is known. ``replaced_by`` is the id of the same call from elsewhere,
NULL as long as the row itself counts; ``matched_by`` is how that was known.

The tables about the Node agent's files are in ``imports.tables``.
"""

from __future__ import annotations

from ..imports.tables import TABLES as NODE_AGENT
from . import rollups

APPLICATION_ID = 0x4653_4C55
"""``PRAGMA application_id`` of a ledger (``FSLU``), by which another SQLite file is told from one."""

BUCKET_MS = 900_000
"""What went on in conversations is kept per 15 minutes of UTC: every UTC offset in use is a multiple of that."""


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


TABLES: tuple[str, ...] = (
    # Each combination of names is kept once. '' stands for none: NULLs would all be distinct under UNIQUE.
    """
    CREATE TABLE dimension (
      id INTEGER PRIMARY KEY,
      session TEXT NOT NULL, task TEXT NOT NULL, agent TEXT NOT NULL, channel TEXT NOT NULL,
      source TEXT NOT NULL, role TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL,
      status TEXT NOT NULL, served_model TEXT NOT NULL,
      coarse INTEGER REFERENCES dimension (id),
      UNIQUE (session, task, agent, channel, source, role, provider, model, status, served_model)
    )
    """,
    # Costs are in 10^-12 USD, NULL where they are not known. `response_id` is the provider's id of the completion and
    # `proxy_call_id` the proxy's of the call, NULL where it took ours. `feed` is the file it was read from, NULL for a
    # call of this package. `counted` is 0 where another source of the same usage took its place: such a row is in no
    # roll-up and in no report. `billing` is what else the price of an own call depends on, as a short JSON object.
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
      proxy_version TEXT, response_id TEXT, feed INTEGER,
      counted INTEGER NOT NULL DEFAULT 1 CHECK (counted IN (0, 1)),
      input_cost_pico INTEGER, output_cost_pico INTEGER, cache_read_cost_pico INTEGER, cache_write_cost_pico INTEGER,
      price_note TEXT, proxy_call_id TEXT, billing TEXT
    )
    """,
    "CREATE INDEX call_started ON call (started_at_ms)",
    "CREATE INDEX call_dimension ON call (dimension, started_at_ms)",
    # Estimates are few, and give way to a price that is exact.
    "CREATE INDEX call_estimate ON call (started_at_ms) WHERE cost_source = 'estimate'",
    # What the counted calls of one combination sum up to in one bucket of UTC.
    *(_rollup(table) for table in ("rollup_hour", "rollup_session")),
    "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID",
    "INSERT INTO meta VALUES ('host', lower(hex(randomblob(16)))), ('ledger', lower(hex(randomblob(16))))",
    f"INSERT INTO meta VALUES ('rolled_up', '{rollups.written(0)}')",  # noqa: S608 - a number and its checksum
    """
    CREATE TABLE filled (
      call_id TEXT PRIMARY KEY,
      proxy_call_id TEXT, response_id TEXT,
      model TEXT NOT NULL, total_tokens INTEGER NOT NULL,
      started_at_ms INTEGER NOT NULL, ended_at_ms INTEGER NOT NULL,
      replaced_by TEXT UNIQUE, matched_by TEXT
    ) WITHOUT ROWID
    """,
    "CREATE INDEX filled_proxy ON filled (proxy_call_id)",
    "CREATE INDEX filled_response ON filled (response_id)",
    "CREATE INDEX filled_content ON filled (model, total_tokens, started_at_ms)",
    *NODE_AGENT,
    f"PRAGMA application_id = {APPLICATION_ID}",
)
