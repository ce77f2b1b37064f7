"""Sessions that the agent keeps in SQLite: read as transcripts are, and only read."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from fased_litellm.usage.imports.sessions import sqlite_store
from fased_litellm.usage.imports.transcripts import zstd
from tests.usage.agreement import assert_coarse, assert_rollups_equal_rows
from tests.usage.imports.agentdb import AgentDatabase, compress
from tests.usage.imports.node import T0, Node, asked, header, reply, text, tool_result, usage

HOUR = 3_600_000
KEY = "agent:main:telegram:direct:42"


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path / "state")


@pytest.fixture
def database(node: Node) -> AgentDatabase:
    return AgentDatabase(node)


@pytest.fixture(autouse=True)
def nothing_stays_open() -> Iterator[None]:
    yield
    assert not sqlite_store._opened


def ids(node: Node) -> list[str]:
    assert_rollups_equal_rows(node.ledger)
    assert_coarse(node.ledger)
    return [name for (name,) in node.calls()]


def unchanged(node: Node) -> None:
    again = node.read_in()
    assert (again.read, again.added, again.replaced, again.renamed) == (0, 0, 0, 0)
    fully = node.read_in(full=True)
    assert (fully.added, fully.replaced, fully.renamed, fully.copies, fully.unreadable) == (0, 0, 0, 0, [])


def files(folder: Path) -> dict[str, tuple[int, bytes]]:
    return {path.name: (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.iterdir()}


@pytest.mark.parametrize("compressed", [False, True])
def test_a_session(node: Node, database: AgentDatabase, compressed: bool) -> None:
    database.session("s1", KEY, {"channel": "telegram", "label": "Ann", "chatType": "direct"})
    used = {**usage(), "reasoningTokens": 40}
    lines = [
        header("s1"),
        asked("u1"),
        reply("a1", T0 + 2100, usage=used, responseId="r1", timestamp=T0),
        tool_result("t1"),
    ]
    database.add("s1", lines, compressed=compressed)
    before = files(database.path.parent)
    result = node.read_in()
    assert (result.files, result.read, result.added, result.unreadable) == (1, 1, 1, [])
    assert files(database.path.parent) == before
    columns = "call_id, session, channel, source, started_at_ms, total_tokens, reasoning_tokens, cost_pico, latency_ms, response_id"
    assert node.calls(columns) == [
        ("main/s1/a1", KEY, "telegram", "channel", T0 + 2100, 1120, 40, 4_530_000_000, 2100, "r1")
    ]
    assert node.rows("SELECT label, chat_type FROM conversation") == [("Ann", "direct")]
    assert node.activity() == (1, 1, 0, 1, 0)
    unchanged(node)


def test_only_what_is_new_is_read(node: Node, database: AgentDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("s1", "s2"):
        database.session(name, f"agent:main:{name}")
        database.add(name, [header(name), *(reply(f"a{number}", T0 + number) for number in range(20))])
    node.read_in()
    read: list[tuple[str, int]] = []
    real = sqlite_store.Database.events

    def watched(self: sqlite_store.Database, session_id: str, first: int, last: int | None = None) -> Any:
        for number, event in real(self, session_id, first, last):
            read.append((session_id, number))
            yield number, event

    monkeypatch.setattr(sqlite_store.Database, "events", watched)
    database.add("s2", [asked("u"), reply("b1", T0 + HOUR)])
    result = node.read_in()
    assert result.added == 1
    assert read == [("s2", 21), ("s2", 22), ("s2", 23)]  # the last one that is known, to see that it is the same
    assert len(ids(node)) == 41
    unchanged(node)


def test_a_database_in_use_is_read_with_its_log(node: Node, database: AgentDatabase) -> None:
    """The agent has it open: what it wrote last is not in the file itself."""
    database.session("s1", KEY)
    with closing(sqlite3.connect(database.path)) as agent:
        for number in range(3):
            row = ("s1", number, json.dumps(reply(f"a{number}", T0 + number)), T0)
            agent.execute(
                "INSERT INTO transcript_events (session_id, seq, event_json, created_at) VALUES (?, ?, ?, ?)", row
            )
            agent.commit()
            assert node.read_in().added == 1
        agent.execute("BEGIN IMMEDIATE")  # it is writing
        assert node.read_in(full=True).unreadable == []
    assert ids(node) == ["main/s1/a0", "main/s1/a1", "main/s1/a2"]


def test_events_that_were_rewritten_are_read_anew(node: Node, database: AgentDatabase) -> None:
    database.session("s1", KEY)
    database.add("s1", [header("s1"), reply("a1", T0 + 1), reply("a2", T0 + 2)])
    node.read_in()
    other = usage(output=7, totalTokens=1007)
    database.run("DELETE FROM transcript_events")
    database.add("s1", [header("s1"), reply("a2", T0 + 2, usage=other), reply("a3", T0 + 3)], generation="g2")
    result = node.read_in()
    assert (result.added, result.replaced) == (1, 1)
    assert node.calls("call_id, output_tokens") == [("main/s1/a1", 120), ("main/s1/a2", 7), ("main/s1/a3", 120)]
    database.run("DELETE FROM transcript_rewrite_watermarks")  # and without a word of that
    database.run("DELETE FROM transcript_events")
    database.add("s1", [reply(f"b{number}", T0 + number) for number in range(9)], generation="g2")
    assert node.read_in().added == 9
    unchanged(node)


def test_a_transcript_that_was_taken_over_into_the_database_counts_once(node: Node, database: AgentDatabase) -> None:
    lines = [header("s1"), reply("a1", T0 + 1), reply("a2", T0 + 2)]
    node.write(node.transcript("s1"), lines)
    node.store({KEY: {"sessionId": "s1"}})
    node.read_in()
    database.session("s1", KEY)
    database.add("s1", [*lines, reply("a3", T0 + 3)])
    assert node.read_in().added == 1
    node.transcript("s1").unlink()
    node.ledger.unlink()
    node.write(node.transcript("s1"), lines)
    assert node.read_in().added == 3
    assert ids(node) == ["main/s1/a1", "main/s1/a2", "main/s1/a3"]
    assert {name for (name,) in node.calls("session")} == {KEY}
    unchanged(node)


@pytest.mark.parametrize("compressed", [False, True])
def test_transcripts_that_were_put_aside(node: Node, database: AgentDatabase, compressed: bool) -> None:
    one, two, three, four = (
        text([header(name, T0 + begin), reply("a1", T0 + begin + 1), reply("a2", T0 + begin + 2)])
        for begin, name in enumerate(("s1", "s2", "s3", "s4"))
    )
    database.archive("s1", KEY, one, compressed=compressed)
    database.session("s2", "agent:main:two")
    database.cool("s2", two)
    database.session("s3", "agent:main:three")
    database.cool("s3", three, file=node.sessions() / "cold")
    (node.sessions() / "s1.jsonl.deleted.2026-11-22T03-00-00.000Z.zst").write_bytes(compress(one))
    (node.sessions() / "s4.jsonl.reset.2026-11-22T03-00-00.000Z.zst").write_bytes(compress(four))
    assert node.read_in().added == 8
    assert len(ids(node)) == 8
    assert {name for (name,) in node.calls("session")} == {KEY, "agent:main:two", "agent:main:three", "agent:main:s4"}
    unchanged(node)


def test_a_session_counts_once_before_and_after_it_was_put_aside(node: Node, database: AgentDatabase) -> None:
    lines = [header("s1"), reply("a1", T0 + 1), asked("u", T0 + 2)]
    database.session("s1", KEY)
    database.add("s1", lines)
    node.read_in()
    database.archive("s1", KEY, text(lines))
    assert (node.read_in().added, node.calls("session")) == (0, [(KEY,)])
    assert node.activity()[:2] == (1, 1)
    unchanged(node)


def test_earlier_sessions_of_a_key_have_it_too(node: Node, database: AgentDatabase) -> None:
    for number in range(3):
        database.session(f"s{number}", KEY, {"channel": "telegram"}, reason="reset" if number else "initial")
        database.add(f"s{number}", [header(f"s{number}", T0 + number), reply("a1", T0 + number)])
    node.read_in()
    assert node.calls("session, channel") == [(KEY, "telegram")] * 3


def test_forks_in_it_count_once(node: Node, database: AgentDatabase) -> None:
    node.write(node.transcript("s0"), [header("s0"), reply("a0", T0 + 1)])
    kept = [reply("a0", T0 + 1), reply("a1", T0 + HOUR + 1)]
    database.add("s1", [header("s1", T0 + HOUR, parent="s0.jsonl"), *kept])
    untimed = header("s2")
    del untimed["timestamp"]
    database.session("s2", "agent:main:two", reason="fork")
    database.run("UPDATE session_windows SET created_at = ?", T0 + 2 * HOUR)
    database.add("s2", [untimed, *kept, reply("a2", T0 + 2 * HOUR + 1)])
    result = node.read_in()
    assert (result.added, result.copies) == (3, 3)
    assert ids(node) == ["main/s0/a0", "main/s1/a1", "main/s2/a2"]
    unchanged(node)


def test_counters_of_a_session_without_events(node: Node, database: AgentDatabase) -> None:
    database.session("s1", KEY, {"inputTokens": 7, "outputTokens": 3})
    assert node.read_in().added == 1
    assert node.calls("session, total_tokens") == [(KEY, 10)]
    database.add("s1", [header("s1"), reply("a1")])
    assert node.read_in().superseded == 1
    assert node.calls("session, total_tokens") == [(KEY, 1120)]


def test_names_change_later(node: Node, database: AgentDatabase) -> None:
    database.add("s1", [header("s1"), reply("a1")])
    node.read_in()
    assert node.calls("session") == [("agent:main:s1",)]
    database.session("s1", KEY)
    assert node.read_in().renamed == 1
    assert node.calls("session") == [(KEY,)]


def test_without_zstd_the_store_is_named_and_read_once_it_is_there(
    node: Node, database: AgentDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    database.session("s1", KEY)
    database.add("s1", [header("s1"), reply("a1", T0 + 1)])
    for name in ("s2", "s3"):
        database.add(name, [header(name), reply("a1", T0 + 1)])
        database.add(name, [reply("a2", T0 + 2)], compressed=True)
    archived = node.sessions() / "s4.jsonl.reset.2026-11-22T03-00-00.000Z.zst"
    archived.write_bytes(compress(text([reply("a1")])))

    def missing() -> None:
        raise zstd.Missing

    with monkeypatch.context() as patch:
        patch.setattr(zstd, "_module", missing)
        for _ in range(2):
            why = "compressed with zstd: install backports.zstd to read it"
            expected = [(str(archived), why), (str(database.path), f"2 sessions in it: {why}")]
            assert sorted(node.read_in().unreadable) == sorted(expected)
            assert ids(node) == ["main/s1/a1"]
    assert node.read_in().unreadable == []
    assert len(ids(node)) == 6
    unchanged(node)


@pytest.mark.parametrize("damage", ["not a database", "cut", "locked"])
def test_a_database_that_cannot_be_read_is_named(
    node: Node, database: AgentDatabase, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_store, "BUSY_S", 0.01)
    database.session("s1", KEY)
    database.add("s1", [header("s1"), reply("a1")])
    node.write(node.transcript("s2"), [reply("a1")])
    whole = database.path.read_bytes()
    with closing(sqlite3.connect(database.path, isolation_level=None)) as holder:
        if damage == "locked":
            holder.execute("PRAGMA locking_mode = EXCLUSIVE")
            holder.execute("UPDATE session_nodes SET updated_at = 5")
        else:
            database.path.write_bytes(whole[:5000] if damage == "cut" else b"x" * 9000)
        for _ in range(2):
            assert [file for file, _ in node.read_in().unreadable] == [str(database.path)]
            assert ids(node) == ["main/s2/a1"]
    if damage != "locked":
        database.path.write_bytes(whole)
    node.touch(database.path)
    assert node.read_in().unreadable == []
    assert len(ids(node)) == 2


def test_events_that_make_no_sense_are_named(node: Node, database: AgentDatabase) -> None:
    database.add("s1", [header("s1"), "{oops", reply("a1", T0 + 1)])
    database.run("INSERT INTO transcript_events VALUES ('s1', 9, NULL, 0, x'0102', 5, NULL)")
    database.run("INSERT INTO transcript_events VALUES ('s1', 10, NULL, 0, NULL, NULL, NULL)")
    database.add("s1", [json.dumps(reply("a2", T0 + 2), indent=1)])
    result = node.read_in()
    assert result.added == 2
    named = f"{database.path}#s1"
    assert [(bad.file, bad.line, bad.problem) for bad in sorted(result.fresh_bad, key=lambda bad: bad.line)] == [
        (named, 2, "not JSON: Expecting property name enclosed in double quotes (character 2)"),
        (named, 4, "its compression is damaged"),
        (named, 5, "not a text"),
    ]
    database.add("s1", [asked("u"), "{oops"])
    assert [(bad.line) for bad in node.read_in().fresh_bad] == [8]
    unchanged(node)


def test_other_databases_are_passed_over(node: Node) -> None:
    other = AgentDatabase(node, tables="CREATE TABLE memory (text)")
    result = node.read_in()
    assert (result.unreadable, result.added) == ([], 0)
    assert node.read_in().read == 0
    other.run("INSERT INTO memory VALUES ('x')")
    assert node.read_in().unreadable == []


OLDER = """
CREATE TABLE session_entries (session_key TEXT PRIMARY KEY, session_id TEXT, entry_json TEXT, updated_at INTEGER);
CREATE TABLE sessions (session_id TEXT PRIMARY KEY, session_key TEXT);
CREATE TABLE transcript_events (session_id TEXT, seq INTEGER, event_json TEXT, created_at INTEGER, PRIMARY KEY (session_id, seq));
"""


def test_an_older_form(node: Node) -> None:
    """Without compression, generations and windows."""
    database = AgentDatabase(node, tables=OLDER)
    database.run("INSERT INTO session_entries VALUES (?, 's1', '{\"channel\": \"slack\"}', 0)", KEY)
    database.run("INSERT INTO sessions VALUES ('s0', ?)", KEY)
    for name in ("s0", "s1"):
        database.run("INSERT INTO transcript_events VALUES (?, 0, ?, 0)", name, json.dumps(reply("a1")))
    node.read_in()
    assert node.calls("session, channel") == [(KEY, "slack")] * 2
    unchanged(node)


def test_two_agents_and_a_folder_of_its_own(node: Node, tmp_path: Path) -> None:
    for agent in ("main", "ops"):
        AgentDatabase(node, agent).add("s1", [header("s1"), reply("a1")])
    moved = node.state / "agents" / "ops" / "agent"
    moved.rename(tmp_path / "elsewhere")
    node.config({"agents": {"list": [{"id": "ops", "agentDir": str(tmp_path / "elsewhere")}]}})
    node.read_in()
    assert ids(node) == ["main/s1/a1", "ops/s1/a1"]


def test_a_large_database_in_several_processes(node: Node, database: AgentDatabase) -> None:
    for number in range(30):
        database.add(f"s{number}", [header(f"s{number}"), *(reply(f"a{each}", T0 + each) for each in range(20))])
    assert node.read_in(workers=2).added == 600
    unchanged(node)


def test_odd_names(node: Node, database: AgentDatabase) -> None:
    names = [
        "",
        " ",
        "a/b",
        "a#b",
        "%41?mode=rw",
        "é\ud800".encode("utf-8", "surrogatepass").decode("utf-8", "replace"),
        "x" * 300,
    ]
    for name in names:
        database.add(name, [reply("a1", T0 + len(name))])
    node.read_in()
    assert len(ids(node)) == len(names) - 1
    unchanged(node)


def test_a_path_with_odd_characters(tmp_path: Path) -> None:
    node = Node(tmp_path / "a?b#c%20d" / "state")
    AgentDatabase(node).add("s1", [reply("a1")])
    node.read_in()
    assert ids(node) == ["main/s1/a1"]
    assert sorted(os.listdir(node.state / "agents" / "main" / "agent")) == ["openclaw-agent.sqlite"]
