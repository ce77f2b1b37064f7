"""A key that is known does not get into the ledger, wherever in the Node agent's files somebody put it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm import redaction
from fased_litellm.redaction import remember
from fased_litellm.usage.imports import redacted
from fased_litellm.usage.imports.calls import columns
from fased_litellm.usage.imports.transcripts.jsonlines import fast
from tests.usage.agreement import assert_rollups_equal_rows
from tests.usage.imports.agentdb import AgentDatabase
from tests.usage.imports.node import T0, Node, asked, header, reply

KEY = "sk-test-Kx9mQ2vL7pR4wT8z"
OTHERS = {
    "LITELLM_API_KEY": "sk-test-variable-3Hq8Zr1Ys6",
    "LITELLM_MASTER_KEY": "sk-test-master-9Wd2Lp5Xk4",
}


@pytest.fixture(autouse=True)
def _nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redaction, "_known", set())


@pytest.fixture
def node(tmp_path: Path) -> Node:
    """An installation with a key in a profile of its agent."""
    node = Node(tmp_path / "state")
    folder = node.state / "agents" / "main" / "agent"
    folder.mkdir(parents=True)
    profile = {"type": "api_key", "provider": "litellm", "key": KEY}
    (folder / "auth-profiles.json").write_text(json.dumps({"version": 1, "profiles": {"litellm:default": profile}}))
    return node


def filled(node: Node, key: str) -> int:
    """Files with the key wherever text is taken from; gives how many calls there are."""
    entries: dict[str, Any] = {
        f"agent:main:{key}:direct:42": {"sessionId": f"s-{key}", "label": f"label {key}", "channel": key},
        f"agent:main:cron:{key}": {"sessionId": "s2", "modelProvider": key, "model": key, "chatType": key},
        f"agent:{key}:main": {
            "sessionId": f"gone-{key}",
            "inputTokens": 3,
            "origin": {"provider": key, "surface": key},
        },
        f"agent:main:earlier:{key}": {
            "sessionId": "s9",
            "previousSessionId": f"old-{key}",
            "sessionFile": f"{key}.jsonl",
        },
    }
    node.store(entries)
    odd = reply(f"o-{key}", T0 + 5, usage={"prompt_tokens": 5, "completion_tokens": 2}, responseId=key, model=key)
    node.write(
        node.transcript(f"s-{key}"),
        [
            header(f"s-{key}", T0),
            asked("u1", text=key),
            reply(key, T0 + 1, responseId=f"chatcmpl-{key}", timestamp=T0),
            reply(f"{key}2", T0 + 2, responseId=key, timestamp=T0, responseModel=key),
            reply("a3", T0 + 3, model=key, provider=key, timestamp=T0),
            reply("a4", T0 + 4, content=[{"type": "toolCall", "name": key}], timestamp=T0),
            odd,
            b"{broken " + key.encode(),
        ],
    )
    node.write(node.transcript("s2"), [asked("u1", text=f"[cron:{key} digest]"), reply("a1", T0, stopReason=key)])
    fork = {**header("s3", T0 + 99, parent=f"/srv/s-{key}.jsonl"), "sessionKey": f"agent:main:{key}", "channel": key}
    node.write(node.transcript("s3"), [fork, reply(key, T0 + 1, responseId=f"chatcmpl-{key}", timestamp=T0)])
    node.write(node.transcript(f"old-{key}"), [reply("a1", T0 + 7)])
    node.write(node.transcript(f"{key}.jsonl.reset.2026-11-22T03-00-00.000Z"[: -len(".jsonl")]), [reply("b1", T0 + 8)])
    log = {"action": "finished", "status": "ok", "ts": T0, "provider": key, "model": key, "usage": {"input_tokens": 7}}
    runs = [
        {**log, "jobId": key, "sessionId": f"run-{key}"},
        {**log, "jobId": "j", "ts": T0 + 1, "sessionKey": f"agent:main:cron:{key}", "sessionId": f"s-{key}"},
    ]
    node.runs(key, runs)
    jobs = [{"id": key, "name": f"name {key}"}, {"id": "j", "name": key}]
    (node.state / "cron" / "jobs.json").write_text(json.dumps({"jobs": jobs}))
    database = AgentDatabase(node)
    database.session(f"db-{key}", f"agent:main:{key}:group:1", {"label": key})
    database.add(f"db-{key}", [reply(f"{key}9", T0 + 9, responseId=key)], generation=key)
    database.archive(f"aside-{key}", f"agent:main:{key}", json.dumps(reply("z1", T0 + 10)).encode() + b"\n")
    return 5 + 1 + 1 + 1 + 1 + 1 + 1 + 1  # the copy in s3, and the run with a transcript, do not count


def assert_without(node: Node, *keys: str) -> None:
    assert_rollups_equal_rows(node.ledger)
    for (table,) in node.rows("SELECT name FROM sqlite_master WHERE type = 'table'"):
        for row in node.rows(f"SELECT * FROM {table}"):
            for value in row:
                text = value.decode("latin-1") if isinstance(value, bytes) else str(value)
                assert not any(key.lower() in text.lower() for key in keys), (table, row)


@pytest.mark.parametrize("way", ["plain", "fast", "processes"])
def test_no_name_and_no_id_brings_a_key_into_the_ledger(node: Node, monkeypatch: pytest.MonkeyPatch, way: str) -> None:
    if way == "fast":
        monkeypatch.setattr("fased_litellm.usage.imports.pool.chosen", lambda _: fast())
    wanted = filled(node, KEY)
    node.read_in(workers=2 if way == "processes" else 0)
    assert_without(node, KEY)
    assert len(node.calls()) == wanted
    again = node.read_in(full=True, workers=2 if way == "processes" else 0)
    assert (again.added, again.replaced, again.renamed, again.moved, again.gone) == (0, 0, 0, 0, 0)
    assert len(node.calls()) == wanted
    third = node.read_in()
    assert (third.read, third.moved, third.gone) == (0, 0, 0)


def test_what_is_hidden_stays_apart(node: Node) -> None:
    """Messages whose ids are hidden, and sessions whose names are."""
    for session in (f"{KEY}-1", f"{KEY}-2"):
        node.write(node.transcript(session), [reply(f"{KEY}-{number}", T0 + number) for number in range(3)])
    assert node.read_in().added == 6
    assert len(node.calls()) == 6
    assert len(set(node.rows("SELECT name FROM conversation"))) == 2
    assert_without(node, KEY)


def test_a_log_gives_way_to_its_transcript_also_where_the_session_is_hidden(node: Node) -> None:
    log = {"action": "finished", "ts": T0, "jobId": "j", "usage": {"input_tokens": 7}, "sessionId": f"s-{KEY}"}
    node.runs("j", [log])
    assert node.read_in().added == 1
    node.write(node.transcript(f"s-{KEY}"), [reply("a1")])
    result = node.read_in()
    assert (result.added, result.superseded) == (1, 1)
    assert_without(node, KEY)


@pytest.mark.parametrize("where", [*OTHERS, ".env", "config", "reference", "other agent", "local proxy"])
def test_where_keys_are_known_from(node: Node, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    key = OTHERS.get(where, "sk-test-elsewhere-5Bn7Jc3Vm1")
    if where in OTHERS:
        monkeypatch.setenv(where, key)
    elif where == ".env":
        (node.state / ".env").write_text(f"SOME_API_KEY={key}\n")
    elif where == "config":
        node.config({"models": {"providers": {"litellm": {"apiKey": key, "baseUrl": "http://127.0.0.1:1/v1"}}}})
    elif where == "reference":
        monkeypatch.setenv("MINE", key)
        node.config(
            {"models": {"providers": {"x": {"apiKey": {"source": "env", "provider": "default", "id": "MINE"}}}}}
        )
    elif where == "other agent":
        folder = node.state / "agents" / "ops" / "agent"
        folder.mkdir(parents=True)
        profile = {"type": "token", "provider": "another", "token": key}
        (folder / "auth-profiles.json").write_text(json.dumps({"profiles": {"a:b": profile}}))
    else:
        (node.state / "litellm" / "proxy").mkdir(parents=True)
        (node.state / "litellm" / "proxy" / "master-key").write_text(key + "\n")
    wanted = filled(node, key)
    node.read_in()
    assert_without(node, key)
    assert len(node.calls()) == wanted


def test_no_program_is_run_for_a_key(node: Node, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {ran}\n")
    program.chmod(0o700)
    node.config(
        {
            "secrets": {"providers": {"p": {"source": "exec", "command": str(program)}}},
            "models": {"providers": {"x": {"apiKey": {"source": "exec", "provider": "p", "id": "k"}}}},
        }
    )
    node.write(node.transcript("s1"), [reply("a1")])
    assert node.read_in().added == 1
    assert not ran.exists()


@pytest.mark.parametrize("damage", ["config", "profiles"])
def test_what_cannot_be_read_holds_up_no_import(node: Node, monkeypatch: pytest.MonkeyPatch, damage: str) -> None:
    monkeypatch.setenv("LITELLM_API_KEY", OTHERS["LITELLM_API_KEY"])
    place = node.paths.config if damage == "config" else node.state / "agents" / "main" / "agent" / "auth-profiles.json"
    place.write_text("{oops")
    wanted = filled(node, OTHERS["LITELLM_API_KEY"])
    node.read_in()
    assert_without(node, OTHERS["LITELLM_API_KEY"])
    assert len(node.calls()) == wanted


def test_a_key_does_not_lose_its_end_where_a_name_is_cut(node: Node) -> None:
    """A part of a key is no known key any more."""
    node.write(node.transcript("s1"), [reply("a1", model="m" * 495 + KEY, responseId="r" * 495 + KEY)])
    node.read_in()
    assert_without(node, KEY[:14])


@given(st.lists(st.text(max_size=60), min_size=1), st.sampled_from([0b00111111, 0b10111111]))
def test_ids_without_a_key_stay_as_they_are(ids: list[str], shape: int) -> None:
    remember(KEY)
    names = columns(shape)
    values = [
        value for name in ids for value in [name if column in ("call_id", "response_id") else 5 for column in names]
    ]
    before = list(values)
    redacted.calls({shape: values})
    assert values == before
