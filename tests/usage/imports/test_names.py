"""Which names the calls of a transcript have, and what becomes of runs and counters that a transcript covers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.usage.agreement import assert_coarse, assert_rollups_equal_rows
from tests.usage.imports.node import T0, Node, asked, call_id, compaction, header, reply, usage

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
    assert result.superseded == (0 if together else 1)
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
    assert node.read_in().superseded == 1
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
    assert node.read_in().superseded == 1
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


STAMP = "2026-11-22T03-00-00.000Z"
ANN = {"sessionId": "s1", "origin": {"provider": "telegram", "surface": "telegram"}, "label": "Ann", "model": "m"}
KEY = "agent:main:telegram:direct:42"
NAMED = (KEY, "main", "telegram", "", "channel")


@pytest.mark.parametrize("why", ["reset", "deleted", "bak"])
@pytest.mark.parametrize("number", ["1795316400000", "", "1795316400000.bak"])
def test_an_older_form_of_the_store_names_a_session_that_was_put_aside(node: Node, why: str, number: str) -> None:
    """The first import comes after the session was begun anew or deleted."""
    path = node.write(node.transcript("s1"), [reply("a1")])
    path.rename(path.with_name(f"{path.name}.{why}.{STAMP}"))
    node.store({KEY: ANN}).rename(node.sessions() / f"sessions.json.bak{'.' * bool(number)}{number}")
    node.store({KEY: {"sessionId": "s2"}})
    node.read_in()
    assert node.calls(NAMES) == [NAMED]
    assert node.rows("SELECT label, model FROM conversation") == [("Ann", "m")]
    agree(node)


def test_of_several_older_forms_the_newest_counts(node: Node) -> None:
    node.write(node.transcript("s1"), [reply("a1")])
    for key, number in (("agent:main:one", 9), ("agent:main:two", 11), ("agent:main:three", 10)):
        node.store({key: {"sessionId": "s1"}}).rename(node.sessions() / f"sessions.json.bak.{number}")
    (node.sessions() / "sessions.json.bak.12").write_text("{oops")
    result = node.read_in()
    assert node.calls("session") == [("agent:main:two",)]
    assert not result.unreadable


@pytest.mark.parametrize(
    "history",
    [
        {"previousSessionId": "s1"},
        {"usageFamilySessionIds": ["s0", "s1", "s2"]},
        {"compactionCheckpoints": [{"sessionId": "s2", "preCompaction": {"sessionId": "s1"}}]},
        {"compactionCheckpoints": [{"preCompaction": {"sessionId": "x", "sessionFile": "/srv/sessions/s1.jsonl"}}]},
        {"compactionCheckpoints": [5, {"preCompaction": []}, {"sessionId": "s1"}], "usageFamilySessionIds": 7},
    ],
)
def test_the_history_in_the_store_names_one_that_had_the_key_before(node: Node, history: dict[str, Any]) -> None:
    node.write(node.transcript("s1"), [reply("a1")])
    node.store({KEY: {**ANN, "sessionId": "s2", **history}})
    node.read_in()
    assert node.calls(NAMES) == [NAMED]
    assert node.rows("SELECT label, model FROM conversation") == [("Ann", None)]  # the model is today's


def test_the_entry_of_a_session_wins_over_what_was_before(node: Node) -> None:
    node.write(node.transcript("s1"), [reply("a1")])
    node.store({"agent:main:x": {"sessionId": "s2", "usageFamilySessionIds": ["s1"]}, KEY: ANN})
    node.read_in()
    assert node.calls("session") == [(KEY,)]


def test_its_own_header_names_it(node: Node) -> None:
    names = {"sessionKey": KEY, "channel": "telegram", "chatType": "direct"}
    node.write(node.transcript("s1"), [{**header("s1"), **names}, reply("a1")])
    node.read_in()
    assert node.calls(NAMES) == [NAMED]
    node.store({"agent:main:main": {"sessionId": "s1"}})  # but the store knows better
    node.read_in()
    assert node.calls("session") == [("agent:main:main",)]


def test_the_record_of_its_steps_names_it(node: Node) -> None:
    path = node.write(node.transcript("s1"), [reply("a1")])
    path.rename(path.with_name(f"{path.name}.deleted.{STAMP}"))
    step = {"type": "session.started", "sessionId": "s1", "sessionKey": KEY}
    node.write(node.sessions() / "s1.trajectory.jsonl", [step, step])
    node.read_in()
    assert node.calls(NAMES) == [NAMED]
    for line in (b"", b"oops", b'{"sessionKey":', b'{"sessionKey": 5}', b'{"sessionKey": " "}'):
        node.write(node.sessions() / "s3.trajectory.jsonl", [line])
        node.write(node.transcript("s3"), [reply("a1")])
        node.ledger.unlink()
        node.read_in()
        assert node.calls("session")[1] == ("agent:main:s3",)


JOB = "7f0c1d2e-0000-4000-8000-000000000001"
RUN_KEY = f"agent:main:cron:{JOB}:run:s1"


def test_what_it_was_asked_tells_the_run_of_a_task(node: Node) -> None:
    path = node.write(node.transcript("s1"), [header("s1"), asked("u1", text=f"[task:{JOB} Digest] go"), reply("a1")])
    path.rename(path.with_name(f"{path.name}.deleted.{STAMP}"))
    node.read_in()
    assert node.calls(NAMES) == [(RUN_KEY, "main", "", JOB, "task")]


@pytest.mark.parametrize("order", ["together", "the transcript first", "the log first"])
@pytest.mark.parametrize("used", [True, False])
def test_the_log_of_a_task_names_the_sessions_of_its_runs(node: Node, order: str, used: bool) -> None:
    """The agent deletes these sessions after some days, and the store forgets them."""
    lines = [{**run("s1", sessionKey=RUN_KEY, jobId=JOB), **({} if used else {"usage": None})}]
    if order == "the log first":
        node.runs(JOB, lines)
        node.read_in()
    path = node.write(node.transcript("s1"), [header("s1"), reply("a1"), reply("a2")])
    path.rename(path.with_name(f"{path.name}.deleted.{STAMP}"))
    if order == "the transcript first":
        node.read_in()
    node.runs(JOB, lines)
    assert node.read_in().renamed == (0 if order == "the log first" else 2)
    assert node.calls(NAMES) == [(RUN_KEY, "main", "", JOB, "task")] * 2
    agree(node)
    assert node.read_in(full=True).renamed == 0


def test_a_log_does_not_rename_what_has_a_name(node: Node) -> None:
    node.store({KEY: ANN})
    node.write(node.transcript("s1"), [reply("a1")])
    node.runs(JOB, [run("s1", sessionKey=RUN_KEY, jobId=JOB)])
    node.read_in()
    assert node.calls("session") == [(KEY,)]


def successor(name: str, parent: str, at_ms: int, *lines: Any) -> tuple[str, list[Any]]:
    return name, [header(name, at_ms, parent=f"/srv/{parent}.jsonl"), compaction("k", at_ms, "?"), *lines]


@pytest.mark.parametrize("order", [1, -1])
def test_what_continues_it_after_a_compaction_names_it(node: Node, order: int) -> None:
    files = [
        ("s1", [header("s1", T0), reply("a1", T0 + 1)]),
        successor("s2", "s1", T0 + 100, reply("a2", T0 + 101)),
        successor("s3", "s2", T0 + 200, reply("a3", T0 + 201)),
    ]
    for name, lines in files[::order]:
        node.write(node.transcript(name), lines)
    node.store({KEY: {**ANN, "sessionId": "s3"}})
    assert node.read_in().renamed == 2
    assert node.calls(NAMES) == [NAMED] * 3
    agree(node)
    assert node.read_in(full=True).renamed == 0


def test_a_fork_does_not_name_what_it_was_forked_from(node: Node) -> None:
    node.write(node.transcript("s1"), [header("s1", T0), reply("a1", T0 + 1)])
    node.write(
        node.transcript("s2"), [header("s2", T0 + 100, parent="s1.jsonl"), reply("a1", T0 + 1), reply("a2", T0 + 200)]
    )
    node.store({KEY: {**ANN, "sessionId": "s2"}})
    node.read_in()
    assert node.calls("session") == [("agent:main:s1",), (KEY,)]


def test_successors_that_name_each_other_in_a_circle(node: Node) -> None:
    for name, parent in (("s1", "s2"), ("s2", "s1"), ("s3", "s3")):
        node.write(node.transcript(name), successor(name, parent, T0, reply(f"a{name}", T0 + 1))[1])
    node.read_in()
    assert {name for (name,) in node.calls("session")} == {"agent:main:s1", "agent:main:s2", "agent:main:s3"}


def test_a_transcript_with_a_time_before_its_id_is_that_of_the_session(node: Node) -> None:
    node.store({KEY: ANN})
    node.runs("j", [run("s1")])
    node.write(node.transcript("2026-11-22T03-00-00-000Z_s1"), [header("s1"), reply("a1")])
    node.read_in()
    assert node.calls("session, total_tokens") == [(KEY, 1120)]  # and its run counts by it
