from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.usage.imports.sessions import store
from fased_litellm.usage.imports.sessions.store import About, canonical
from tests.usage.imports.node import T0
from tests.usage.imports.transcripts.test_numbers import anything


def about(key: str, agent: str = "main", **entry: Any) -> About:
    return store.about(canonical(key, agent), agent, entry)


@pytest.mark.parametrize(
    ("key", "entry", "source", "channel", "task"),
    [
        ("agent:main:main", {}, "chat", "", ""),
        ("agent:main:main", {"channel": "webchat"}, "chat", "webchat", ""),
        ("agent:main:main", {"channel": "Telegram"}, "channel", "telegram", ""),
        ("agent:main:main", {"origin": {"provider": "slack"}}, "channel", "slack", ""),
        ("agent:main:telegram:direct:42", {}, "channel", "telegram", ""),
        ("agent:main:main", {"origin": {"surface": "cli"}}, "cli", "", ""),
        ("agent:main:main", {"origin": {"surface": "TUI"}, "channel": "slack"}, "cli", "slack", ""),
        ("agent:main:main", {"origin": {"surface": "system"}}, "system", "", ""),
        ("agent:main:hook:5", {}, "system", "", ""),
        ("agent:main:subagent:u1", {"origin": {"surface": "cli"}}, "subagent", "", ""),
        ("agent:main:main", {"origin": {"surface": "subagent"}}, "subagent", "", ""),
        ("agent:main:cron:7F0C", {"channel": "telegram"}, "task", "telegram", "7f0c"),
        ("agent:main:cron:7f0c:run:s1", {}, "task", "", "7f0c"),
        ("cron:7f0c", {}, "task", "", "7f0c"),
        ("agent:main:cron:7f0c:subagent:x", {}, "subagent", "", "7f0c"),
    ],
)
def test_where_a_session_takes_place(key: str, entry: dict[str, Any], source: str, channel: str, task: str) -> None:
    found = about(key, **entry)
    assert (found.source, found.channel, found.task) == (source, channel, task)


@pytest.mark.parametrize(
    ("key", "expected", "agent"),
    [
        ("agent:Ops:Main", "agent:ops:main", "ops"),
        (" main ", "agent:main:main", "main"),
        ("cron:7f0c", "agent:main:cron:7f0c", "main"),
        ("global", "global", "main"),
        ("agent:", "agent:", "main"),
        ("agent::x", "agent::x", "main"),
    ],
)
def test_keys_as_they_are_stored_today(key: str, expected: str, agent: str) -> None:
    found = about(key)
    assert (found.session, found.agent) == (expected, agent)


def test_what_an_entry_says(tmp_path: Path) -> None:
    entry = {
        "sessionId": "s1",
        "updatedAt": T0,
        "label": "My chat",
        "chatType": "direct",
        "origin": {"chatType": "group", "label": "not kept", "from": "not kept"},
        "modelProvider": "litellm",
        "model": "team-sonnet",
        "providerOverride": "anthropic",
        "modelOverride": "opus",
        "inputTokens": 5,
        "totalTokens": 900,
        "lastHeartbeatText": "not kept",
    }
    file = tmp_path / "sessions.json"
    file.write_text(json.dumps({"agent:main:main": entry}))
    found, problem = store.read(str(file), "main")
    assert problem is None
    known = found.find("s1")
    assert known is not None
    assert known.tokens == (5, 0, 0, 0, 5)
    assert known.about == About(
        session="agent:main:main",
        agent="main",
        label="My chat",
        chat_type="direct",
        provider="litellm",
        model="team-sonnet",
        provider_override="anthropic",
        model_override="opus",
        updated_at_ms=T0,
    )


def test_which_entry_a_transcript_has(tmp_path: Path) -> None:
    entries = {
        "agent:main:main": {"sessionId": "s1"},
        "agent:main:telegram:group:1": {"sessionId": "s2", "sessionFile": "/x/agents/main/sessions/s2.jsonl"},
        "agent:main:telegram:group:1:topic:42": {"sessionId": "s2", "sessionFile": "s2-topic-42.jsonl"},
        "agent:main:cron:j": {"sessionId": "s3"},
        "agent:main:cron:j:run:s3": {"sessionId": "s3"},
    }
    file = tmp_path / "sessions.json"
    file.write_text(json.dumps(entries))
    found, _ = store.read(str(file), "main")

    def key(name: str) -> str | None:
        entry = found.find(name)
        return entry.about.session if entry else None

    assert key("s1") == "agent:main:main"
    assert key("s1-topic-9") == "agent:main:main"
    assert key("s2") == "agent:main:telegram:group:1"
    assert key("s2-topic-42") == "agent:main:telegram:group:1:topic:42"
    assert key("s3") == "agent:main:cron:j:run:s3"  # Fact: of two keys, Fased takes the last
    assert key("s4") is None


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "not JSON"),
        (b"[]", "not an object"),
        (b'{"agent:main:main": {"sessionId": "s1"', "not JSON"),
        (b"\x00" * 10, "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
    ],
)
def test_a_store_that_cannot_be_read(tmp_path: Path, content: bytes, problem: str) -> None:
    file = tmp_path / "sessions.json"
    file.write_bytes(content)
    found, what = store.read(str(file), "main")
    assert not found.entries
    assert what is not None
    assert what.startswith(problem)


def test_a_store_that_is_gone(tmp_path: Path) -> None:
    assert store.read(str(tmp_path / "sessions.json"), "main") == (store.EMPTY, "No such file or directory")


@given(
    st.dictionaries(
        st.text(max_size=20) | st.just("agent:main:main"),
        anything
        | st.fixed_dictionaries(
            {"sessionId": st.text(max_size=5)},
            optional=dict.fromkeys(
                ("updatedAt", "label", "channel", "origin", "sessionFile", "inputTokens", "model"), anything
            ),
        ),
        max_size=4,
    )
)
def test_nothing_makes_it_stumble(tmp_path_factory: pytest.TempPathFactory, entries: dict[str, Any]) -> None:
    file = tmp_path_factory.getbasetemp() / "any-sessions.json"
    file.write_bytes(json.dumps(entries).encode())
    found, problem = store.read(str(file), "main")
    assert problem is None
    for entry in found.entries.values():
        for value in (*entry.about.names, entry.session_id, entry.name):
            assert isinstance(value, str)
            value.encode()
