"""Which names the calls of a transcript have, and what becomes of runs and counters that a transcript covers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.usage.agreement import assert_coarse, assert_rollups_equal_rows
from tests.usage.imports.node import T0, Node, asked, call_id, reply, usage

NAMES = "session, agent, channel, task, source"
NOTHING = usage(input=0, output=0, cacheRead=0, cacheWrite=0, totalTokens=0, total_cost=0)


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path / "state")


def agree(node: Node) -> None:
    assert_rollups_equal_rows(node.ledger)
    assert_coarse(node.ledger)


def run(session_id: str | None = "s1", at_ms: int = T0, **changes: Any) -> dict[str, Any]:
    return {
        "ts": at_ms,
        "jobId": "7f0c",
        "action": "finished",
        "status": "ok",
        "sessionId": session_id,
        "sessionKey": "agent:main:cron:7f0c",
        "durationMs": 3000,
        "provider": "litellm",
        "model": "team-sonnet",
        "usage": {"input_tokens": 9, "output_tokens": 1, "total_tokens": 10},
        **changes,
    }


def test_the_store_names_a_session(node: Node) -> None:
    origin = {"provider": "telegram", "surface": "telegram"}
    node.store(
        {"agent:main:telegram:direct:42": {"sessionId": "s1", "origin": origin, "label": "Ann", "chatType": "direct"}}
    )
    node.write(node.transcript("s1"), [reply("a1")])
    node.read_in()
    assert node.calls(NAMES) == [("agent:main:telegram:direct:42", "main", "telegram", "", "channel")]
    assert node.rows("SELECT session, label, chat_type, counted, first_ms, last_ms FROM conversation") == [
        ("agent:main:telegram:direct:42", "Ann", "direct", 1, T0, T0)
    ]


def test_a_session_that_gets_its_name_later(node: Node) -> None:
    node.write(node.transcript("s1"), [reply("a1"), reply("a2", stopReason="error"), reply("a3", model="m3")])
    node.write(node.transcript("s2"), [reply("a1")])
    node.read_in()
    assert {row[0] for row in node.calls("session")} == {"agent:main:s1", "agent:main:s2"}
    (before,) = node.rows("SELECT max(id) FROM call")
    node.store({"agent:main:cron:7f0c": {"sessionId": "s1", "channel": "slack"}})
    assert node.read_in().renamed == 3
    agree(node)
    assert node.calls(NAMES)[:3] == [("agent:main:cron:7f0c", "main", "slack", "7f0c", "task")] * 3
    assert node.calls(NAMES)[3] == ("agent:main:s2", "main", "", "", "chat")
    (moved,) = node.rows("SELECT min(id) FROM call WHERE call_id LIKE ?", call_id("main/s1/%"))
    assert moved > before  # whoever asks for what changed since then gets them
    node.append(node.transcript("s1"), [reply("a4")])
    node.read_in()
    assert node.calls("call_id, session")[3] == ("main/s1/a4", "agent:main:cron:7f0c")
    assert node.read_in(full=True).replaced == 0
    agree(node)


def test_a_session_that_the_store_forgets_keeps_its_name(node: Node) -> None:
    node.store({"agent:main:main": {"sessionId": "s1", "label": "Ann"}})
    node.write(node.transcript("s1"), [reply("a1")])
    node.read_in()
    node.store({})
    node.append(node.transcript("s1"), [reply("a2")])
    assert node.read_in().renamed == 0
    assert node.calls("session") == [("agent:main:main",)] * 2
    assert node.rows("SELECT label FROM conversation") == [("Ann",)]


def test_what_the_store_says_beside_the_names(node: Node) -> None:
    node.store({"agent:main:main": {"sessionId": "s1", "label": "Ann", "updatedAt": T0}})
    node.write(node.transcript("s1"), [reply("a1")])
    node.read_in()
    node.store({"agent:main:main": {"sessionId": "s1", "label": "Ben", "updatedAt": T0 + 5, "model": "m"}})
    assert node.read_in().renamed == 0
    assert node.rows("SELECT label, updated_at_ms, model FROM conversation") == [("Ben", T0 + 5, "m")]


def test_a_broken_store_is_told_and_does_no_harm(node: Node) -> None:
    path = node.store({"agent:main:main": {"sessionId": "s1"}})
    whole = path.read_bytes()
    path.write_bytes(whole[:-5])
    node.write(node.transcript("s1"), [reply("a1")])
    result = node.read_in()
    assert [file for file, _ in result.unreadable] == [str(path)]
    assert node.calls("session") == [("agent:main:s1",)]
    path.write_bytes(whole)
    node.touch(path)
    assert node.read_in().renamed == 1
    assert node.calls("session") == [("agent:main:main",)]
    agree(node)


def test_runs_of_a_task(node: Node) -> None:
    lines = [
        run(None),
        run("s2", T0 + 1, status="error"),
        {"action": "started"},
        b"oops",
        run("s3", T0 + 2, usage=None),
    ]
    path = node.runs("7f0c", lines)
    assert node.read_in().added == 2
    assert node.calls(f"call_id, {NAMES}, status, total_tokens, cost_pico, cost_source, latency_ms") == [
        (f"task:7f0c:{T0}", "agent:main:cron:7f0c", "main", "", "7f0c", "task", "ok", 10, None, "unknown", 3000),
        (f"task:7f0c:{T0 + 1}", "agent:main:cron:7f0c", "main", "", "7f0c", "task", "error", 10, None, "unknown", 3000),
    ]
    assert node.rows("SELECT line FROM bad_line") == [(4,)]
    node.append(path, [run("s4", T0 + 9)])
    assert node.read_in().added == 1
    # Fased keeps the newest lines of a log alone.
    node.write(path, [run("s4", T0 + 9), run("s5", T0 + 10)])
    assert node.read_in().added == 1
    assert len(node.calls()) == 4
    assert node.read_in(full=True).added == 0
    agree(node)


@pytest.mark.parametrize("together", [True, False])
def test_a_run_whose_session_has_a_transcript(node: Node, together: bool) -> None:
    node.runs("7f0c", [run("s1")])
    if not together:
        node.read_in()
        assert node.calls("call_id") == [(f"task:7f0c:{T0}",)]
    node.write(node.transcript("s1"), [reply("a1")])
    result = node.read_in()
    assert result.covered == (0 if together else 1)
    assert node.calls("call_id") == [("main/s1/a1",)]
    agree(node)
    node.runs("7f0c", [run("s1"), run("s1", T0 + 1)])
    node.read_in()
    assert node.calls("call_id") == [("main/s1/a1",)]
    node.transcript("s1").unlink()
    node.runs("7f0c", [run("s1", durationMs=5)])
    node.read_in()
    assert node.calls("call_id") == [("main/s1/a1",)]
    agree(node)


def test_a_transcript_without_tokens_covers_nothing(node: Node) -> None:
    node.runs("7f0c", [run("s1")])
    path = node.write(node.transcript("s1"), [asked("u1"), reply("a1", usage=NOTHING, stopReason="error")])
    node.read_in()
    assert node.calls("call_id, total_tokens") == [("main/s1/a1", 0), (f"task:7f0c:{T0}", 10)]
    node.append(path, [reply("a2")])
    assert node.read_in().covered == 1
    assert node.calls("call_id, total_tokens") == [("main/s1/a1", 0), ("main/s1/a2", 1120)]
    agree(node)


def test_counters_of_a_session_without_a_transcript(node: Node) -> None:
    entry = {
        "sessionId": "s1",
        "updatedAt": T0,
        "inputTokens": 7,
        "outputTokens": 3,
        "modelProvider": "litellm",
        "model": "m",
    }
    node.store({"agent:main:main": entry, "agent:main:empty": {"sessionId": "s9", "updatedAt": T0}})
    assert node.read_in().added == 1
    columns = f"call_id, {NAMES}, provider, model, started_at_ms, total_tokens, cost_source"
    assert node.calls(columns) == [
        ("store:agent:main:main/s1", "agent:main:main", "main", "", "", "chat", "litellm", "m", T0, 10, "unknown")
    ]
    node.store({"agent:main:main": {**entry, "inputTokens": 70, "updatedAt": T0 + 5}})
    assert node.read_in().replaced == 1
    assert node.calls("started_at_ms, total_tokens") == [(T0 + 5, 73)]
    agree(node)
    # The next session under the key has counters of its own.
    node.store({"agent:main:main": {**entry, "sessionId": "s2"}})
    assert node.read_in().added == 1
    assert [row[0] for row in node.calls()] == ["store:agent:main:main/s1", "store:agent:main:main/s2"]
    node.write(node.transcript("s1"), [reply("a1")])
    assert node.read_in().covered == 1
    assert [row[0] for row in node.calls()] == ["main/s1/a1", "store:agent:main:main/s2"]
    assert node.read_in(full=True).added == 0
    agree(node)


def test_counters_of_a_session_with_a_transcript_do_not_count(node: Node) -> None:
    node.store({"agent:main:main": {"sessionId": "s1", "updatedAt": T0, "inputTokens": 7}})
    node.write(node.transcript("s1"), [reply("a1")])
    node.read_in()
    assert [row[0] for row in node.calls()] == ["main/s1/a1"]


def test_prices_of_the_config(node: Node) -> None:
    cost = {"input": 3, "output": 15, "cacheRead": 0.3, "cacheWrite": 3.75}
    models = [
        {"id": "priced", "name": "p", "cost": cost},
        {"id": "free", "name": "f", "cost": {"input": 0, "output": 0}},
    ]
    node.config({"models": {"providers": {"litellm": {"baseUrl": "http://127.0.0.1:4000/v1", "models": models}}}})
    zero = usage(total_cost=0)
    lines = [reply(name, model=name, usage=zero) for name in ("free", "priced", "unknown")]
    node.write(node.transcript("s1"), lines)
    node.read_in()
    assert node.calls("call_id, cost_pico, cost_source, price_note") == [
        ("main/s1/free", 0, "config", "config models.providers.litellm.models[1].cost"),
        ("main/s1/priced", 4_530_000_000, "config", "config models.providers.litellm.models[0].cost"),
        ("main/s1/unknown", None, "unknown", None),
    ]
    agree(node)


def test_a_price_that_was_found_stays(node: Node) -> None:
    node.write(node.transcript("s1"), [reply("a1", usage=usage(total_cost=0))])
    node.read_in()
    assert node.calls("cost_source") == [("unknown",)]
    model = {"id": "team-sonnet", "name": "t", "cost": {"input": 3, "output": 15}}
    node.config({"models": {"providers": {"litellm": {"baseUrl": "http://127.0.0.1:4000/v1", "models": [model]}}}})
    assert node.read_in(full=True).replaced == 1  # now it is known
    assert node.calls("cost_source, cost_pico") == [("config", 4_800_000_000)]
    model["cost"] = {"input": 30, "output": 150}
    node.config({"models": {"providers": {"litellm": {"baseUrl": "http://127.0.0.1:4000/v1", "models": [model]}}}})
    assert node.read_in(full=True).replaced == 0
    assert node.calls("cost_source, cost_pico") == [("config", 4_800_000_000)]


def test_a_config_that_cannot_be_read_is_told(node: Node) -> None:
    node.write(node.transcript("s1"), [reply("a1")])
    node.paths.config.write_text("{ oops")
    result = node.read_in()
    assert result.added == 1
    assert len(result.notes) == 1
    assert str(node.paths.config) in result.notes[0]


def test_agents_are_told_apart(node: Node) -> None:
    for agent in ("main", "ops"):
        node.write(node.transcript("s1", agent=agent), [reply("a1")])
    node.store({"main": {"sessionId": "s1"}}, agent="ops")
    node.read_in()
    assert node.calls(f"call_id, {NAMES}") == [
        ("main/s1/a1", "agent:main:s1", "main", "", "", "chat"),
        ("ops/s1/a1", "agent:ops:main", "ops", "", "", "chat"),
    ]


def test_ids_stay_what_they_are(node: Node) -> None:
    """With other ones, all that was imported before would be counted once more."""
    name = "4e03fa32-7fa0-42d6-a7b9-17e811b39edb"
    node.write(node.transcript(name), [reply("a1")])
    node.read_in()
    assert node.rows("SELECT call_id FROM call") == [("22mumczfdk/a1",)]
