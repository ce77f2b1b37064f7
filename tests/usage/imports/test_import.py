"""Imports as a whole: what is in the ledger after the Node agent did this or that to its files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fased_litellm.usage.imports.transcripts.blocks import Lines
from fased_litellm.usage.imports.transcripts.jsonlines import fast
from tests.usage.agreement import assert_coarse, assert_rollups_equal_rows
from tests.usage.imports.agentdb import AgentDatabase
from tests.usage.imports.node import T0, Node, asked, call_id, header, reply, tool_result, usage
from tests.usage.imports.node import text as node_text

DAY = 86_400_000
STAMP = "2026-11-22T03-00-00.000Z"


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path / "state")


def ids(node: Node) -> list[str]:
    assert_rollups_equal_rows(node.ledger)
    assert_coarse(node.ledger)
    return [name for (name,) in node.calls()]


def unchanged(node: Node) -> None:
    """Importing once more changes nothing, and reads nothing; with every file read anew, neither."""
    tables = ("call", "dimension", "conversation", "activity", "tool_use", "bad_line", "rollup_hour", "rollup_session")
    before = [node.rows(f"SELECT * FROM {table}") for table in tables]
    again = node.read_in()
    assert (again.read, again.added, again.replaced, again.renamed, again.superseded) == (0, 0, 0, 0, 0)
    fully = node.read_in(full=True)
    assert (fully.added, fully.replaced, fully.renamed, fully.superseded) == (0, 0, 0, 0)
    assert [node.rows(f"SELECT * FROM {table}") for table in tables] == before


def test_nothing_to_import_makes_no_ledger(node: Node) -> None:
    assert node.read_in().files == 0
    assert not node.ledger.exists()


def test_a_transcript(node: Node) -> None:
    node.write(
        node.transcript("s1"), [header("s1"), asked("u1"), reply("a1", T0 + 2100, durationMs=2100), tool_result("t1")]
    )
    result = node.read_in()
    assert (result.files, result.read, result.added, result.replaced) == (1, 1, 1, 0)
    columns = "call_id, started_at_ms, input_tokens, total_tokens, cost_pico, cost_source, latency_ms, status"
    assert node.calls(columns) == [("main/s1/a1", T0 + 2100, 900, 1120, 4_530_000_000, "transcript", 2100, "ok")]
    assert node.calls("agent, session, channel, task, source, provider, model, role, served_model") == [
        ("main", "agent:main:s1", "", "", "chat", "litellm", "team-sonnet", "", "")
    ]
    assert node.activity() == (1, 1, 0, 1, 0)
    unchanged(node)


def test_only_what_is_new_is_read(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    path = node.write(node.transcript("s1"), [header("s1")] + [reply(f"a{number}") for number in range(50)])
    node.read_in()
    old = path.stat().st_size
    node.append(path, [asked("u"), reply("b1")])
    read: list[tuple[int, int]] = []
    real = os.pread

    def watched(descriptor: int, size: int, offset: int) -> bytes:
        data = real(descriptor, size, offset)
        read.append((offset, len(data)))
        return data

    monkeypatch.setattr(os, "pread", watched)
    result = node.read_in()
    monkeypatch.undo()
    assert (result.read, result.added) == (1, 1)
    assert result.bytes_read == path.stat().st_size - old
    # Beside what is new, no more than the ends of what is known: a fingerprint before, and one after.
    assert sum(size for offset, size in read if offset < old) <= 4 * 1024 + 200
    assert min(offset for offset, size in read if size and offset >= old) == old
    assert len(ids(node)) == 51
    unchanged(node)


def test_unchanged_files_are_not_opened(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        node.write(node.transcript(f"s{number}"), [reply("a1")])
    node.store({})
    node.runs("j", [])
    node.read_in()

    def never(*_: object) -> None:
        raise AssertionError("a file was opened")

    monkeypatch.setattr("fased_litellm.usage.imports.transcripts.reader.Reading", never)
    monkeypatch.setattr("fased_litellm.usage.imports.importer.Importer.run", never)
    assert node.read_in().files == 7


def test_a_torn_last_line_waits_for_its_rest(node: Node) -> None:
    path = node.write(node.transcript("s1"), [header("s1"), reply("a1")])
    whole = node.write(node.state / "whole", [reply("a2")]).read_bytes()
    node.read_in()
    for cut in (1, 5, len(whole) // 2, len(whole) - 2):
        with path.open("ab") as file:
            file.write(whole[:cut])
        node.touch(path)
        result = node.read_in()
        assert (result.added, result.bad_lines) == (0, 0)
        assert ids(node) == ["main/s1/a1"]
        os.truncate(path, path.stat().st_size - cut)
    with path.open("ab") as file:
        file.write(whole)
    node.touch(path)
    assert node.read_in().added == 1
    assert ids(node) == ["main/s1/a1", "main/s1/a2"]
    unchanged(node)


def test_a_last_line_without_its_end_counts_if_it_is_whole(node: Node) -> None:
    path = node.write(node.transcript("s1"), [reply("a1"), reply("a2")])
    os.truncate(path, path.stat().st_size - 1)
    assert node.read_in().added == 2
    with path.open("ab") as file:
        file.write(b"\n")
    node.append(path, [b"oops", reply("a3")])
    result = node.read_in()
    assert result.added == 1
    assert ids(node) == ["main/s1/a1", "main/s1/a2", "main/s1/a3"]
    assert node.rows("SELECT line FROM bad_line") == [(3,)]
    unchanged(node)


def test_bad_lines_are_kept_and_nothing_else_is_lost(node: Node) -> None:
    path = node.write(node.transcript("s1"), [reply("a1"), b"{oops", b"", b"  ", reply("a2"), b"[1]", b"\x00\x00"])
    assert node.read_in().added == 2
    begins = [len(line) + 1 for line in path.read_bytes().split(b"\n")]
    expected = [
        (str(path), 2, begins[0], "not JSON: Expecting property name enclosed in double quotes (character 2)"),
        (str(path), 6, sum(begins[:5]), "not an object"),
        (str(path), 7, sum(begins[:6]), "not JSON: Expecting value (character 1)"),
    ]
    found = "SELECT path, bad_line.line, bad_line.position, problem FROM bad_line JOIN feed ON feed.id = feed"
    assert node.rows(found) == expected
    node.append(path, [b"}", reply("a3")])
    assert node.read_in().added == 1
    assert [row[1] for row in node.rows(found)] == [2, 6, 7, 8]
    assert node.rows("SELECT bad_lines FROM feed") == [(4,)]
    unchanged(node)
    node.write(path, [reply("a1"), reply("a4")])
    node.read_in()
    assert node.rows(found) == []
    assert node.rows("SELECT bad_lines FROM feed") == [(0,)]


def test_a_truncated_transcript_takes_nothing_away(node: Node) -> None:
    lines = [header("s1"), *(line for n in range(9) for line in (asked(f"u{n}", T0 + n), reply(f"a{n}", T0 + n)))]
    path = node.write(node.transcript("s1"), lines)
    node.read_in()
    node.write(path, lines[:5])
    result = node.read_in()
    assert (result.added, result.replaced) == (0, 0)
    assert len(ids(node)) == 9
    assert node.activity() == (9, 9, 0, 0, 0)
    node.append(path, [asked("u9", T0 + 9), reply("a9", T0 + 10)])
    node.read_in()
    assert len(ids(node)) == 10
    assert node.activity() == (10, 10, 0, 0, 0)
    unchanged(node)


def test_a_rewritten_transcript(node: Node) -> None:
    path = node.write(node.transcript("s1"), [reply("a1"), reply("a2"), reply("a3")])
    node.read_in()
    changed = reply("a2", usage=usage(output=777, totalTokens=1777, total_cost=0.5))
    node.write(path, [reply("a1"), changed, reply("a3"), reply("a4")])
    result = node.read_in()
    assert (result.added, result.replaced) == (1, 1)
    assert node.calls("call_id, output_tokens, cost_pico")[1] == ("main/s1/a2", 777, 500_000_000_000)
    (newest,) = node.rows("SELECT call_id FROM call ORDER BY id DESC LIMIT 1")
    assert newest == (call_id("main/s1/a2"),)
    assert len(ids(node)) == 4
    unchanged(node)


def test_a_transcript_rewritten_with_the_same_size(node: Node) -> None:
    path = node.write(node.transcript("s1"), [reply("a1"), reply("a2")])
    node.read_in()
    node.write(path, [reply("a1"), reply("b2")])
    node.read_in()
    assert ids(node) == ["main/s1/a1", "main/s1/a2", "main/s1/b2"]
    unchanged(node)


def test_a_transcript_that_another_file_replaced(node: Node) -> None:
    path = node.write(node.transcript("s1"), [asked("u1", T0), reply("a1", T0), reply("a2", T0 + 1)])
    node.read_in()
    fresh = node.write(node.state / "fresh", [reply("a2", T0 + 1), asked("u2", T0 + 2), reply("a3", T0 + 3)])
    fresh.replace(path)
    node.read_in()
    assert ids(node) == ["main/s1/a1", "main/s1/a2", "main/s1/a3"]
    assert node.activity() == (2, 3, 0, 0, 0)
    unchanged(node)


def test_the_history_of_a_deleted_transcript_stays(node: Node) -> None:
    path = node.write(node.transcript("s1"), [reply("a1"), b"oops"])
    node.write(node.transcript("s2"), [reply("a1")])
    node.read_in()
    path.unlink()
    result = node.read_in()
    assert (result.gone, result.files) == (1, 1)
    assert ids(node) == ["main/s1/a1", "main/s2/a1"]
    assert node.read_in().gone == 0
    node.write(path, [reply("a1"), reply("a2")])
    assert node.read_in().added == 1
    assert len(ids(node)) == 3
    unchanged(node)


def test_a_transcript_that_was_away_for_a_while_is_not_read_again(node: Node) -> None:
    path = node.write(node.transcript("s1"), [reply("a1")])
    node.read_in()
    path.rename(node.state / "away")
    assert node.read_in().gone == 1
    (node.state / "away").rename(path)
    result = node.read_in()
    assert (result.added, result.gone) == (0, 0)
    assert node.rows("SELECT gone FROM feed") == [(0,)]


@pytest.mark.parametrize("how", ["reset", "deleted", "bak"])
def test_a_transcript_that_is_put_aside(node: Node, how: str) -> None:
    """Fased's ``sessions.compact`` renames a transcript and begins it anew with its last lines."""
    path = node.write(
        node.transcript("s1"), [asked("u1", T0), reply("a1", T0 + 1), asked("u2", T0 + 2), reply("a2", T0 + 3)]
    )
    node.read_in()
    node.append(path, [reply("a3", T0 + 4)])
    aside = path.with_name(f"s1.jsonl.{how}.{STAMP}")
    path.rename(aside)
    node.write(
        path, [asked("u2", T0 + 2), reply("a2", T0 + 3), reply("a3", T0 + 4), asked("u4", T0 + 5), reply("a4", T0 + 6)]
    )
    result = node.read_in()
    assert (result.moved, result.gone, result.added) == (1, 0, 2)
    assert result.bytes_read < path.stat().st_size + 500
    assert ids(node) == ["main/s1/a1", "main/s1/a2", "main/s1/a3", "main/s1/a4"]
    assert node.activity() == (3, 4, 0, 0, 0)
    assert node.rows("SELECT path, gone FROM feed ORDER BY id") == [(str(aside), 0), (str(path), 0)]
    unchanged(node)


def test_what_was_put_aside_before_the_first_import(node: Node) -> None:
    path = node.transcript("s1")
    node.write(path.with_name(f"s1.jsonl.bak.{STAMP}"), [asked("u1", T0), reply("a1", T0 + 1), reply("a2", T0 + 2)])
    node.write(path.with_name("s1.jsonl.bak.2026-11-23T03-00-00.000Z"), [reply("a2", T0 + 2), reply("a3", T0 + 3)])
    node.write(path, [reply("a3", T0 + 3), reply("a4", T0 + 4)])
    os.utime(path, (1, 1))  # the time of a file proves nothing
    assert node.read_in().added == 4
    assert node.activity() == (1, 4, 0, 0, 0)
    unchanged(node)


def test_a_session_that_was_begun_anew(node: Node) -> None:
    path = node.write(node.transcript("s1"), [reply("a1")])
    node.store({"agent:main:main": {"sessionId": "s1"}})
    node.read_in()
    path.rename(path.with_name(f"s1.jsonl.reset.{STAMP}"))
    node.write(node.transcript("s2"), [reply("a1")])
    node.store({"agent:main:main": {"sessionId": "s2"}})
    result = node.read_in()
    assert (result.moved, result.added) == (1, 1)
    assert node.calls("call_id, session") == [("main/s1/a1", "agent:main:main"), ("main/s2/a1", "agent:main:main")]
    unchanged(node)


def test_a_file_that_took_the_place_and_number_of_another(node: Node) -> None:
    """A file system may give the inode of a deleted file to a new one."""
    path = node.write(node.transcript("s1"), [reply("a1")])
    node.read_in()
    os.truncate(path, 0)
    path.rename(node.transcript("s2"))
    node.write(node.transcript("s2"), [reply("b1"), reply("b2"), reply("b3")])
    node.read_in()
    assert ids(node) == ["main/s1/a1", "main/s2/b1", "main/s2/b2", "main/s2/b3"]
    unchanged(node)


def test_a_transcript_under_the_name_of_another_session_is_still_the_same(node: Node) -> None:
    path = node.write(node.transcript("s1"), [reply("a1", T0)])
    node.read_in()
    path.rename(node.transcript("s9"))
    node.append(node.transcript("s9"), [reply("a2", T0 + 1)])
    result = node.read_in()
    assert (result.moved, result.added) == (1, 1)
    assert ids(node) == ["main/s1/a1", "main/s1/a2"]
    unchanged(node)


def test_an_empty_file_becomes_a_transcript(node: Node) -> None:
    path = node.write(node.transcript("s1"), [])
    node.read_in()
    node.append(path, [reply("a1")])
    assert node.read_in().added == 1
    unchanged(node)


def test_topics_of_a_session(node: Node) -> None:
    node.store(
        {
            "agent:main:telegram:group:1": {"sessionId": "s1", "channel": "telegram"},
            "agent:main:telegram:group:1:topic:42": {
                "sessionId": "s1",
                "sessionFile": "s1-topic-42.jsonl",
                "channel": "telegram",
            },
        }
    )
    for name in ("s1", "s1-topic-42", "s1-topic-7"):
        node.write(node.transcript(name), [reply("a1")])
    node.read_in()
    assert node.calls("call_id, session") == [
        ("main/s1-topic-42/a1", "agent:main:telegram:group:1:topic:42"),
        ("main/s1-topic-7/a1", "agent:main:telegram:group:1"),
        ("main/s1/a1", "agent:main:telegram:group:1"),
    ]
    unchanged(node)


ZEROS = dict.fromkeys(("input", "output", "cacheRead", "cacheWrite", "totalTokens"), 0) | {"cost": {"total": 0}}


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("quick", [True, False])
def test_a_placeholder_after_real_usage_does_not_erase_it(
    node: Node, monkeypatch: pytest.MonkeyPatch, together: bool, quick: bool
) -> None:
    if quick:
        monkeypatch.setattr("fased_litellm.usage.imports.pool.chosen", lambda _: fast())
    path = node.write(node.transcript("s1"), [reply("a1", usage=usage(total_cost=1)), reply("a2", usage=ZEROS)])
    if not together:
        node.read_in()
    later = [reply("a1", T0 + 5, usage=ZEROS, durationMs=1), reply("a2", usage=usage(total_cost=2))]
    node.append(path, [*later, reply("a3", usage=ZEROS)])
    node.read_in()
    wanted = [("main/s1/a1", 1120, 10**12), ("main/s1/a2", 1120, 2 * 10**12), ("main/s1/a3", 0, None)]
    assert node.calls("call_id, total_tokens, cost_pico") == wanted
    unchanged(node)


def test_tokens_that_do_not_add_up_count_and_are_told(node: Node) -> None:
    odd = reply("a1", usage={"input": 900, "output": 120, "totalTokens": 1500})
    path = node.write(node.transcript("s1"), [odd, reply("a2"), reply("a3", usage={"totalTokens": 7})])
    node.read_in()
    assert node.calls("call_id, input_tokens, total_tokens") == [
        ("main/s1/a1", 900, 1020),
        ("main/s1/a2", 900, 1120),
        ("main/s1/a3", 0, 7),
    ]
    assert node.rows("SELECT line, problem FROM bad_line") == [
        (1, "tokens do not add up: 900 input + 0 cached + 120 output are 1020, not 1500"),
        (3, "only the sum of its tokens is known: 7"),
    ]
    unchanged(node)
    with path.open("ab") as file:  # and in a last line without its end
        file.write(node_text([odd])[:-1].replace(b"a1", b"a4"))
    node.touch(path)
    node.read_in()
    assert len(ids(node)) == 4
    assert [line for (line,) in node.rows("SELECT line FROM bad_line")] == [1, 3, 4]


@pytest.mark.parametrize("where", ["log", "store", "database"])
def test_a_placeholder_erases_nothing_in_logs_stores_and_databases_either(node: Node, where: str) -> None:
    run = {"action": "finished", "ts": T0, "jobId": "j", "provider": "litellm", "model": "m"}
    database = AgentDatabase(node)
    for real in (True, False, False):
        if where == "log":
            log = {**run, "usage": {"input_tokens": 7 * real, "output_tokens": 3 * real, "total_tokens": 10 * real}}
            path = node.state / "cron" / "runs" / "j.jsonl"
            path.parent.mkdir(parents=True, exist_ok=True)
            node.append(path, [log])
        elif where == "store":
            entry = {"sessionId": "s1", "inputTokens": 7 * real, "outputTokens": 3 * real, "updatedAt": T0 + real}
            node.store({"agent:main:main": entry})
        else:
            used = {"input": 7 * real, "output": 3 * real, "cacheRead": 0, "cacheWrite": 0, "totalTokens": 10 * real}
            database.add("s1", [reply("a1", T0, usage=used)])
        node.read_in()
        assert node.calls("input_tokens, output_tokens, total_tokens") == [(7, 3, 10)]
    node.read_in(full=True)
    assert node.calls("total_tokens") == [(10,)]


@pytest.mark.parametrize("order", [1, -1])
@pytest.mark.parametrize("key", ["agent:main:cron:j:run:s1", "cron:j:run:s1"])
def test_a_log_may_name_the_session_by_its_key_alone(node: Node, order: int, key: str) -> None:
    run = {"action": "finished", "ts": T0, "jobId": "j", "sessionKey": key, "usage": {"input_tokens": 7}}
    steps = [lambda: node.runs("j", [run]), lambda: node.write(node.transcript("s1"), [reply("a1")])]
    for step in steps[::order]:
        step()
        node.read_in()
    assert node.calls() == [("main/s1/a1",)]


def test_tokens_in_openais_way(node: Node) -> None:
    """The cached ones are inside of what was sent; and reasoning may be beside the completion, also in the log of a task."""
    node.config(
        {
            "models": {
                "providers": {
                    "litellm": {
                        "models": [{"id": "k2", "name": "K", "cost": {"input": 3, "output": 15, "cacheRead": 0.3}}]
                    }
                }
            }
        }
    )
    used = {
        "prompt_tokens": 2459,
        "completion_tokens": 23,
        "total_tokens": 2482,
        "prompt_tokens_details": {"cached_tokens": 2455},
    }
    beside = {"prompt_tokens": 32, "completion_tokens": 9, "total_tokens": 135, "reasoning_tokens": 94}
    node.write(node.transcript("s1"), [reply("a1", model="k2", usage=used), reply("a2", model="k2", usage=beside)])
    log = {"jobId": "j", "action": "finished", "provider": "litellm", "model": "k2"}
    node.runs("j", [{**log, "ts": T0, "usage": used}, {**log, "ts": T0 + 1, "usage": beside}])
    node.read_in()
    columns = "input_tokens, output_tokens, cache_read_tokens, reasoning_tokens, total_tokens"
    one, other = (4, 23, 2455, 0, 2482), (32, 103, 0, 94, 135)
    assert node.calls(columns) == [one, other, one, other]
    assert node.calls("cost_pico") == [(1_093_500_000,), (1_641_000_000,), (None,), (None,)]
    assert node.rows("SELECT * FROM bad_line") == []
    assert node.rows("SELECT sum(reasoning_tokens) FROM call") == [(188,)]
    unchanged(node)


def test_a_large_transcript_in_chunks(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fased_litellm.usage.imports.transcripts.transcript.CALLS_PER_CHUNK", 10)
    monkeypatch.setattr("fased_litellm.usage.imports.writing.CALLS", 25)
    monkeypatch.setattr("fased_litellm.usage.imports.transcripts.blocks.BLOCK", 3000)
    monkeypatch.setattr(Lines.__init__, "__kwdefaults__", {"block": 3000, "longest": 10**6})
    for session in range(4):
        node.write(
            node.transcript(f"s{session}"),
            [header("s")] + [reply(f"a{n}", T0 + n * 60_000) for n in range(session * 37)],
        )
    result = node.read_in()
    assert result.added == 37 * 6
    assert len(ids(node)) == 37 * 6
    assert node.activity() == (0, 37 * 6, 0, 0, 0)
    unchanged(node)


def test_several_processes_read_the_same_as_one(node: Node) -> None:
    for session in range(30):
        path = node.transcript(f"s{session}")
        node.write(path, [header("s")] + [reply(f"a{n}", T0 + n * 60_000) for n in range(20)] + [b"oops"])
        if session % 3 == 0:
            path.rename(path.with_name(f"{path.name}.bak.{STAMP}"))
            node.write(path, [reply(f"a{n}", T0 + n * 60_000) for n in range(15, 25)])
    assert node.read_in(workers=0).added == 650
    one = node.calls("call_id, started_at_ms, total_tokens, cost_pico, session")
    activity, bad = node.activity(), node.rows("SELECT line, position, problem FROM bad_line ORDER BY feed")
    for suffix in ("", "-wal", "-shm"):
        Path(f"{node.ledger}{suffix}").unlink(missing_ok=True)
    assert node.read_in(workers=3).added == 650
    assert node.calls("call_id, started_at_ms, total_tokens, cost_pico, session") == one
    assert node.activity() == activity
    assert sorted(node.rows("SELECT line, position, problem FROM bad_line ORDER BY feed")) == sorted(bad)
    unchanged(node)


def test_progress_is_told(node: Node) -> None:
    for session in range(20):
        node.write(node.transcript(f"s{session}"), [reply("a1")])
    told: list[tuple[int, int, int]] = []
    node.read_in(on_progress=lambda progress: told.append((progress.done, progress.size, progress.calls)))
    size = sum(path.stat().st_size for path in node.sessions().iterdir())
    assert told[-1] == (size, size, 20)
    assert told == sorted(told)


def test_a_cost_that_a_transcript_no_longer_names_is_not_known(node: Node) -> None:
    node.write(node.transcript("s1"), [reply("a1")])
    node.read_in()
    assert node.rows("SELECT cost_pico IS NULL FROM call") == [(0,)]
    node.write(node.transcript("s1"), [reply("a1", usage=usage(total_cost=None))])
    node.read_in()
    assert node.rows("SELECT cost_pico, cost_source FROM call") == [(None, "unknown")]
