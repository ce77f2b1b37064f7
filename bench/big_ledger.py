"""A ledger of any size, filled by SQL alone: ten million calls in a few minutes.

At every size it has the same names in the same 4,000 sessions over the same 90 days, so that only the number of calls
differs. Its roll-ups are made by the package itself.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from fased_litellm.usage.store import database, rollups

from .clock import DAY_MS
from .conversations import MODELS

DAYS = 90
SESSIONS = 4000
AGENTS = ("main", "research", "ops", "coding", "support")
TASKS = ("digest", "triage", "backup-check", "news", "invoice-watch", "heartbeat")
CHANNELS = ("telegram", "slack", "discord", "webchat")
_EACH_FAILS = 67
_LASTS_MS = 2 * DAY_MS

# Numbers that look random, the same in every run: 2654435761 is prime, and near the golden ratio of 2^32.
_CALLS = f"""
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < :calls),
  made AS (SELECT i, (i + :session * 7919) * 2654435761 % 4294967296 AS chance FROM n)
INSERT INTO call (call_id, dimension, started_at_ms, input_tokens, output_tokens, cache_read_tokens,
  cache_write_tokens, reasoning_tokens, total_tokens, cost_pico, cost_source, latency_ms)
SELECT printf('bench:%05d:%09d', :session, i),
  iif(chance % {_EACH_FAILS} = 0, :failed, :ok),
  :start + i * {_LASTS_MS} / :calls + chance % ({_LASTS_MS} / :calls + 1),
  chance % 97, chance % 1511, chance % 90001, chance % 1201, 0,
  chance % 97 + chance % 1511 + chance % 90001 + chance % 1201,
  iif(:price = 0, NULL, (chance % 97 + 5 * (chance % 1511) + (chance % 90001) / 10) * :price), 'transcript',
  500 + chance % 20000
FROM made
"""


@dataclass(frozen=True, slots=True)
class _Session:
    number: int
    names: tuple[str, ...]  # task, agent, channel, session, source, provider, model
    price: int


def build(path: Path, calls: int, until_ms: int) -> None:
    """Make the ledger; its newest call is from ``until_ms``, or shortly before."""
    connection = database.connect(path)
    try:
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -65536")
        indexes = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE tbl_name = 'call' AND sql LIKE 'CREATE INDEX%'"
        )
        later = indexes.fetchall()
        for name, _ in later:
            connection.execute(f"DROP INDEX {name}")
        connection.execute("BEGIN")
        for session in _sessions():
            _fill(connection, session, calls, until_ms)
        connection.execute("COMMIT")
        for _, statement in later:
            connection.execute(statement)
        connection.execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()


def _sessions() -> Iterator[_Session]:
    for number in range(SESSIONS):
        agent = AGENTS[number % len(AGENTS)]
        model = MODELS[number // len(AGENTS) % len(MODELS)]
        kind = number // (len(AGENTS) * len(MODELS)) % (len(TASKS) + len(CHANNELS))
        price = round(model.prices[0] * 1e6)  # USD per million tokens, in pico-USD per token
        if kind < len(TASKS):
            task = TASKS[kind]
            names = (task, agent, "", f"agent:{agent}:cron:{task}:run:{number}", "task")
        else:
            channel = CHANNELS[kind - len(TASKS)]
            source = "chat" if channel == "webchat" else "channel"
            names = ("", agent, channel, f"agent:{agent}:{channel}:direct:{number}", source)
        yield _Session(number, (*names, model.provider, model.id), price)


def _fill(connection: sqlite3.Connection, session: _Session, calls: int, until_ms: int) -> None:
    # What is left after an even split goes to the first sessions.
    share = calls // SESSIONS + (session.number < calls % SESSIONS)
    if not share:
        return
    room = DAYS * DAY_MS - _LASTS_MS
    start = until_ms - DAYS * DAY_MS + session.number * 2_654_435_761 % 4_294_967_296 * room // 4_294_967_296
    ids = [_dimension(connection, session.names, status) for status in ("ok", "error")]
    values = {
        "calls": share,
        "session": session.number,
        "ok": ids[0],
        "failed": ids[1],
        "start": start,
        "price": session.price,
    }
    connection.execute(_CALLS, values)
    while rollups.advance(connection, share):
        pass


def _dimension(connection: sqlite3.Connection, names: tuple[str, ...], status: str) -> int:
    add = """
        INSERT INTO dimension (task, agent, channel, session, source, provider, model, status, role, served_model, coarse)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, '', '', ?) ON CONFLICT DO UPDATE SET status = status RETURNING id
    """
    plain = (*names[:3], "", *names[4:], status)
    (coarse,) = connection.execute(add, (*plain, None)).fetchone()
    connection.execute("UPDATE dimension SET coarse = id WHERE id = ?", (coarse,))
    (full,) = connection.execute(add, (*names, status, coarse)).fetchone()
    return int(full)
