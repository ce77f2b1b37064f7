"""The step of the ledger from version 6 to 7: calls that ``reconcile --fill`` added, and what took their place.

``filled`` has each such row, by which others find it: the proxy's ids of the call, and model, tokens and times (milliseconds since
1970, UTC) for calls of which no id is known. ``replaced_by`` is the id of the same call from elsewhere, NULL as long as the row itself
counts; ``matched_by`` is how that was known.
"""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
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
    """
    INSERT INTO filled SELECT call_id, proxy_call_id, response_id, model, total_tokens, started_at_ms,
      started_at_ms + CAST(coalesce(latency_ms, 0) AS INTEGER), NULL, NULL
    FROM call JOIN dimension ON dimension.id = call.dimension WHERE call_id >= 'spend:' AND call_id < 'spend;'
    """,
)
