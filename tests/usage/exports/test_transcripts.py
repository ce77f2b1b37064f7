"""Sessions whose transcripts were read: names, messages and tools come from there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fased_litellm.usage.exports.latency import Latency
from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.usage.store.snapshot import asking
from tests.usage.exports.history import exported
from tests.usage.samples import DAY_MS, START_MS, sample


@pytest.fixture
def ledger_path(tmp_path: Path) -> Path:
    """Session s1 with a transcript of two days, and one call of this package; s2 of this package alone."""
    path = tmp_path / "usage.sqlite3"
    with Ledger(path) as ledger:
        ledger.record_many(
            [
                sample("t1", START_MS + 60_000, latency_ms=100.0),
                sample("t2", START_MS + DAY_MS, latency_ms=300.0),
                sample("own", START_MS + DAY_MS + 5000, latency_ms=200.0),
                sample("s2", session="s2", status="error", cause="timeout", cost=None),
                sample("run", START_MS + 7, session="agent:main:cron:7f0c", status="error", source="task"),
            ]
        )
        with ledger.transaction() as connection:
            columns = "agent, name, session_id, session, label, chat_type, provider, model, model_override, updated_at_ms, first_ms, last_ms"
            insert = f"INSERT INTO conversation (id, {columns}) VALUES ({', '.join('?' * 13)})"
            connection.execute(insert, (1, "main", "old", "old", "s1", "Old name", "group", "x", "y", None, 5, 5, 5))
            connection.execute(
                insert,
                (2, "main", "new", "new", "s1", "Family", "direct", "litellm", "team", "other", START_MS + 9 * DAY_MS, START_MS + 1000, START_MS + DAY_MS + 9000),
            )  # fmt: skip
            connection.execute("INSERT INTO feed (id, kind, path) VALUES (1, 'transcript', '/a'), (2, 'runs', '/b')")
            connection.execute("UPDATE call SET feed = 1 WHERE call_id IN ('t1', 't2')")
            connection.execute("UPDATE call SET feed = 2 WHERE call_id = 'run'")
            bucket = START_MS // 900_000
            connection.executemany(
                "INSERT INTO activity VALUES (?, ?, ?, ?, ?, ?, ?)",
                [(bucket, 2, 3, 1, 5, 4, 1), (bucket + 96, 2, 1, 1, 1, 1, 0), (bucket - 1, 2, 50, 50, 50, 50, 50)],
            )
            connection.executemany(
                "INSERT INTO tool_use VALUES (?, 2, ?, ?)",
                [(bucket, "bash", 4), (bucket, "web", 1), (bucket + 96, "web", 1), (bucket - 1, "bash", 50)],
            )
    return path


def documents(path: Path) -> tuple[str, Any]:
    with asking(path) as connection:
        sessions, _, document = exported(connection)
    return sessions, document


def test_a_session_has_its_names_messages_and_tools(ledger_path: Path) -> None:
    sessions, document = documents(ledger_path)
    by_key = {part["key"]: part for part in document["sessions"]}
    session = by_key["s1"]
    assert {name: value for name, value in session.items() if name != "usage"} == {
        "key": "s1", "source": "cli", "label": "Family", "sessionId": "new", "updatedAt": START_MS + 9 * DAY_MS,
        "agentId": "main", "channel": "telegram", "chatType": "direct", "modelOverride": "other",
        "modelProvider": "litellm", "model": "team",
    }  # fmt: skip
    usage = session["usage"]
    # The call of this package, which is in no transcript, is one more reply.
    assert usage["messageCounts"] == {
        "total": 7,
        "user": 4,
        "assistant": 3,
        "toolCalls": 6,
        "toolResults": 5,
        "errors": 1,
    }
    assert [day["total"] for day in usage["dailyMessageCounts"]] == [4, 3]
    assert usage["toolUsage"] == {
        "totalCalls": 6, "uniqueTools": 2, "tools": [{"name": "bash", "count": 4}, {"name": "web", "count": 2}]
    }  # fmt: skip
    assert (usage["firstActivity"], usage["lastActivity"]) == (START_MS + 1000, START_MS + DAY_MS + 9000)
    assert usage["latency"] == {"count": 3, "avgMs": 200, "p95Ms": 300, "minMs": 100, "maxMs": 300}
    (row,) = (line for line in sessions.splitlines() if line.startswith("s1,"))
    assert row == "s1,Family,main,telegram,litellm,team,2026-11-30T00:00:00.000Z,86408000,7,1,6,30,60,0,0,90,0.00195"


def test_task_runs_are_no_messages_but_their_errors_count(ledger_path: Path) -> None:
    _, document = documents(ledger_path)
    by_key = {part["key"]: part["usage"]["messageCounts"] for part in document["sessions"]}
    assert by_key["s2"] == {"total": 1, "user": 0, "assistant": 1, "toolCalls": 0, "toolResults": 0, "errors": 1}
    run = by_key["agent:main:cron:7f0c"]
    assert (run["total"], run["errors"]) == (0, 1)


def test_all_sessions_add_up(ledger_path: Path) -> None:
    _, document = documents(ledger_path)
    together = document["aggregates"]
    for name in ("total", "user", "assistant", "toolCalls", "toolResults", "errors"):
        assert together["messages"][name] == sum(part["usage"]["messageCounts"][name] for part in document["sessions"])
    assert together["tools"]["tools"] == [{"name": "bash", "count": 4}, {"name": "web", "count": 2}]
    assert sum(day["messages"] for day in together["daily"]) == together["messages"]["total"]
    assert sum(day["errors"] for day in together["daily"]) == together["messages"]["errors"] == 3
    assert together["latency"]["count"] == 3


def test_no_word_of_a_conversation_can_be_in_it(ledger_path: Path) -> None:
    _, document = documents(ledger_path)
    assert not {"content", "text", "summary"} & set(json.dumps(document).split('"'))


def test_latencies_as_fased_counts_them() -> None:
    found = Latency.of([float(number) for number in range(20, 0, -1)])
    assert found.as_dict() == {"count": 20, "avgMs": 10.5, "p95Ms": 19, "minMs": 1, "maxMs": 20}
    found.add(Latency.of([0.5]))
    found.add(Latency())
    assert found.as_dict() == {"count": 21, "avgMs": 210.5 / 21, "p95Ms": 19, "minMs": 0.5, "maxMs": 20}
    assert Latency().as_dict() is None
    fresh = Latency()
    fresh.add(Latency.of([7.0]))
    assert fresh.as_dict() == {"count": 1, "avgMs": 7, "p95Ms": 7, "minMs": 7, "maxMs": 7}
