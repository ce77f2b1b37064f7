"""The ledger's tables about the Node agent: which files were read how far, and what is known of its conversations.

They are part of the ledger's first version (``store.schema``). No text of a conversation is in any of them. Times are
milliseconds since 1970 UTC.

``conversation`` — one transcript, under whatever names its file has had. A session key has one for each time that the
session was begun anew, so several rows may have the same ``session``; sums over a key are sums over its rows.

==================== ====================================================================================
``agent``            the agent in whose folder the file is
``name``             session id, for a topic ``<session id>-topic-<thread id>``; unique with ``agent``
``session_id``       the session id alone
``session``          the session key, as in ``dimension.session``; ``agent:<agent>:<name>`` where no store names it
``label``            of the store's entry, as people named it; NULL for none
``channel``, ``source``, ``task``  as in ``dimension``, '' for none; ``chat_type``: direct, group, channel, or NULL
``provider``, ``model``  what the store says the session used last; NULL where it says nothing
``provider_override``, ``model_override``  what was chosen for the session; NULL for none
``updated_at_ms``    the store's ``updatedAt``; NULL where no store names it, and ``last_ms`` is what is known
``first_ms``, ``last_ms``  first and last message; NULL while there is none with a time
``counted``          1 once a message with tokens was read from it: task runs and store counters of the session id
                     give way then
==================== ====================================================================================

``activity`` — what went on in a conversation in one quarter of an hour (``bucket`` as in ``rollup``): messages of the
user and of the assistant, tool calls, tool results, and ``errors`` (replies that failed or were stopped, tools that
failed). Replies that were model calls are rows of ``call``, too.

``tool_use`` — the tool calls of the same buckets by name of the tool.

``feed`` — one file of the Node agent.

==================== ====================================================================================
``kind``             ``transcript``, ``store`` (``sessions.json``) or ``runs`` (``cron/runs/<job>.jsonl``)
``path``             where it is, or was when it was last seen
``agent``            whose it is; '' for run logs
``conversation``     of a transcript
``parent``           the conversation which a transcript continues, by its header; '' for none
``summed_up``        1 if it does so after a compaction, under the same key
``copied_until_ms``  calls before that may be copies of the parent's; NULL for none
``device`` … ``mtime_ns``  what ``stat`` said when it was last read: as long as that stays, nothing is read
``position``         how many bytes of it are in the ledger: up to the end of a line
``line``             how many lines these are
``head``, ``tail``   digests of the first bytes and of those before ``position``, by which a rewritten file is told from
                     one that has grown; ``head_size``: how many bytes the first digest is about
``bad_lines``        how many of the lines could not be read
``read_at_ms``       when it was last read
``gone``             1 when it is no longer there; what was read from it stays
==================== ====================================================================================

``stand_in`` — calls that were read from a run log or a store, with the session id whose transcript takes their place as
soon as it turns up (``call.counted`` is 0 then).

``bad_line`` — the lines that could not be read (the first thousand of a file): number from 1, position in bytes, and
the problem in words, without a word of the line.

``inherited`` — the calls that count although they are from before their session began, since the transcript in which they
happened was not seen: ``message`` is what follows in ``call_id`` after the ten characters of the conversation,
``began_ms`` when the session began.

``run_session`` — the session keys that logs of tasks tell, for transcripts that turn up later.

``task_name`` — what people call tasks, by their ids; ``defined`` is 1 for a name from where the task is defined, 0 for
one of a label.
"""

from __future__ import annotations

TABLES: tuple[str, ...] = (
    """
    CREATE TABLE conversation (
      id INTEGER PRIMARY KEY,
      agent TEXT NOT NULL, name TEXT NOT NULL, session_id TEXT NOT NULL,
      session TEXT NOT NULL, label TEXT,
      channel TEXT NOT NULL DEFAULT '', source TEXT NOT NULL DEFAULT '', task TEXT NOT NULL DEFAULT '', chat_type TEXT,
      provider TEXT, model TEXT, provider_override TEXT, model_override TEXT,
      updated_at_ms INTEGER, first_ms INTEGER, last_ms INTEGER,
      counted INTEGER NOT NULL DEFAULT 0,
      UNIQUE (agent, name)
    )
    """,
    "CREATE INDEX conversation_session ON conversation (session)",
    "CREATE INDEX conversation_session_id ON conversation (session_id)",
    # Ordered by time first, as roll-ups are: what is asked for is a window.
    """
    CREATE TABLE activity (
      bucket INTEGER NOT NULL,
      conversation INTEGER NOT NULL REFERENCES conversation (id),
      user_messages INTEGER NOT NULL, assistant_messages INTEGER NOT NULL,
      tool_calls INTEGER NOT NULL, tool_results INTEGER NOT NULL, errors INTEGER NOT NULL,
      PRIMARY KEY (bucket, conversation)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE tool_use (
      bucket INTEGER NOT NULL,
      conversation INTEGER NOT NULL REFERENCES conversation (id),
      name TEXT NOT NULL,
      calls INTEGER NOT NULL,
      PRIMARY KEY (bucket, conversation, name)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE feed (
      id INTEGER PRIMARY KEY,
      kind TEXT NOT NULL, path TEXT NOT NULL UNIQUE,
      agent TEXT NOT NULL DEFAULT '', conversation INTEGER REFERENCES conversation (id),
      copied_until_ms INTEGER, parent TEXT NOT NULL DEFAULT '', summed_up INTEGER NOT NULL DEFAULT 0,
      device INTEGER, inode INTEGER, size INTEGER, mtime_ns INTEGER,
      position INTEGER NOT NULL DEFAULT 0, line INTEGER NOT NULL DEFAULT 0,
      head BLOB, head_size INTEGER NOT NULL DEFAULT 0, tail BLOB,
      bad_lines INTEGER NOT NULL DEFAULT 0,
      read_at_ms INTEGER,
      gone INTEGER NOT NULL DEFAULT 0
    )
    """,
    "CREATE INDEX feed_inode ON feed (inode)",
    # Most transcripts continue no other one.
    "CREATE INDEX feed_parent ON feed (agent, parent) WHERE parent <> ''",
    """
    CREATE TABLE stand_in (
      session_id TEXT NOT NULL, call_id TEXT NOT NULL,
      PRIMARY KEY (session_id, call_id)
    ) WITHOUT ROWID
    """,
    """
    CREATE TABLE bad_line (
      feed INTEGER NOT NULL REFERENCES feed (id),
      line INTEGER NOT NULL, position INTEGER NOT NULL, problem TEXT NOT NULL,
      PRIMARY KEY (feed, line)
    ) WITHOUT ROWID
    """,
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
    "CREATE TABLE task_name (task TEXT PRIMARY KEY, name TEXT NOT NULL, defined INTEGER NOT NULL) WITHOUT ROWID",
)
