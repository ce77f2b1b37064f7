"""The step of the ledger from version 3 to 4: calls that several of the Node agent's transcripts have count once.

``feed`` says what the transcript's header says: ``parent`` is the conversation which it continues ('' for none), ``summed_up``
whether it does so after a compaction, under the same key; calls before ``copied_until_ms`` may be copies (NULL for none).

``inherited`` has the calls that count although they are from before their session began, since the transcript in which they
happened was not seen: ``message`` is what follows in ``call_id`` after the ten characters of the conversation, ``began_ms``
when the session began.

``run_session`` has the session keys that logs of tasks tell, for transcripts that turn up later.
"""

from __future__ import annotations

STATEMENTS: tuple[str, ...] = (
    "ALTER TABLE feed ADD COLUMN copied_until_ms INTEGER",
    "ALTER TABLE feed ADD COLUMN parent TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE feed ADD COLUMN summed_up INTEGER NOT NULL DEFAULT 0",
    """
    CREATE TABLE inherited (
      started_at_ms INTEGER NOT NULL, message TEXT NOT NULL, call_id TEXT NOT NULL,
      began_ms INTEGER NOT NULL,
      PRIMARY KEY (started_at_ms, message, call_id)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE run_session (
      agent TEXT NOT NULL, session_id TEXT NOT NULL, session TEXT NOT NULL,
      PRIMARY KEY (agent, session_id)
    ) WITHOUT ROWID
    """,
    # Transcripts are read once more, from their beginning: what was counted twice is found then.
    "UPDATE feed SET position = 0, line = 0, size = -1 WHERE kind = 'transcript'",
)
