"""Calls that several transcripts have count once, where they happened."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from tests import environment
from tests.usage.agreement import assert_coarse, assert_rollups_equal_rows
from tests.usage.imports.node import T0, Node, asked, call_id, compaction, header, reply, tool_result, usage

HOUR = 3_600_000


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path / "state")


def ids(node: Node) -> list[str]:
    assert_rollups_equal_rows(node.ledger)
    assert_coarse(node.ledger)
    return [name for (name,) in node.calls()]


def replies(first: int, last: int, begin_ms: int = T0) -> list[dict[str, Any]]:
    return [reply(f"a{number}", begin_ms + 60_000 * number, responseId=f"r{number}") for number in range(first, last)]


def both_orders(node: Node, *files: tuple[str, list[Any]]) -> None:
    """Import files one by one."""
    for name, lines in files:
        node.write(node.transcript(name), lines)
        node.read_in(workers=0)


S1 = ("s1", [header("s1", T0), *replies(1, 5)])
S2 = (
    "s2",
    [
        header("s2", T0 + HOUR, parent="/srv/sessions/s1.jsonl"),
        compaction("k1", T0 + HOUR, "a3"),
        *replies(3, 5),
        reply("a5", T0 + HOUR + 1000),
    ],
)
WANTED = [*(f"main/s1/a{number}" for number in range(1, 5)), "main/s2/a5"]


@pytest.mark.parametrize("files", [(S1, S2), (S2, S1)], ids=["in order", "the copy first"])
def test_what_a_successor_keeps_counts_where_it_happened(node: Node, files: tuple[tuple[str, list[Any]], ...]) -> None:
    both_orders(node, *files)
    assert ids(node) == WANTED
    again = node.read_in(full=True)
    assert (again.added, again.replaced, again.copies) == (0, 0, 0)
    assert ids(node) == WANTED


def test_all_at_once(node: Node) -> None:
    for name, lines in (S2, S1):
        node.write(node.transcript(name), lines)
    result = node.read_in()
    assert (result.added, result.copies) == (5, 2)
    assert ids(node) == WANTED


def test_a_fork_that_is_imported_first_gives_way_later(node: Node) -> None:
    both_orders(node, S2)
    assert ids(node) == ["main/s2/a3", "main/s2/a4", "main/s2/a5"]
    node.write(node.transcript("s1"), S1[1])
    result = node.read_in()
    assert (result.added, result.copies) == (4, 2)
    assert ids(node) == WANTED
    assert node.rows("SELECT * FROM inherited") == []


@pytest.mark.parametrize("with_parent", [True, False])
def test_a_fork_is_known_by_the_time_it_began(node: Node, with_parent: bool) -> None:
    """As when the agent carries recent messages over into a new session: nothing says where they are from."""
    parent = "/srv/s1.jsonl" if with_parent else None
    both_orders(node, S1, ("s3", [header("s3", T0 + HOUR, parent=parent), *replies(1, 5)]))
    assert ids(node) == WANTED[:4]


def test_a_parent_alone_tells_it_too(node: Node) -> None:
    untimed = header("s3", parent="/srv/s1.jsonl")
    del untimed["timestamp"]
    late = header("s4", T0, parent="s1.jsonl")  # it says to have begun with the other one
    for first, second in ((S1, [untimed, late]), (None, [untimed])):
        if first:
            both_orders(node, first)
        for line in second:
            both_orders(node, (line["id"], [line, *replies(1, 5)]))
    assert ids(node) == WANTED[:4]


@pytest.mark.parametrize("order", [1, -1])
def test_replies_without_ids_are_known_by_what_they_say(node: Node, order: int) -> None:
    """However the copy of a line is spaced and ordered, and whatever it follows there."""
    made = [reply(None, T0 + 1000), reply(None, T0 + 2000), reply(None, T0 + 2000, content=[])]
    copies = [json.dumps({"parentId": "p", **dict(reversed(line.items()))}, indent=None) for line in made]
    files: list[tuple[str, list[Any]]] = [
        ("s1", [header("s1", T0), *made]),
        ("s2", [header("s2", T0 + HOUR, parent="s1.jsonl"), *copies]),
    ]
    both_orders(node, *files[::order])
    assert len(ids(node)) == 3
    assert all(name.startswith("main/s1/") for name in ids(node))


def test_a_chain_of_forks_whose_first_transcript_is_gone(node: Node) -> None:
    third = ("s3", [header("s3", T0 + 2 * HOUR, parent="s2.jsonl"), *replies(3, 5), reply("a5", T0 + HOUR + 1000)])
    fourth = ("s4", [header("s4", T0 + 3 * HOUR), *replies(3, 4), reply("b1", T0 + 4 * HOUR)])
    both_orders(node, fourth, third, S2)
    assert ids(node) == ["main/s2/a3", "main/s2/a4", "main/s2/a5", "main/s4/b1"]


def test_that_the_original_is_deleted_changes_nothing(node: Node) -> None:
    both_orders(node, S1, S2)
    node.transcript("s1").unlink()
    assert node.read_in().gone == 1
    assert ids(node) == WANTED
    node.append(node.transcript("s2"), [reply("a6", T0 + 2 * HOUR)])
    node.read_in()
    node.read_in(full=True)
    assert ids(node) == [*WANTED, "main/s2/a6"]


def test_one_id_for_all_replies_keeps_them_apart(node: Node) -> None:
    """Seen with gateways; and ids of messages are unique within a session only."""
    one = [header("s1", T0), reply("a1", T0 + 1000, responseId="same"), reply("a2", T0 + 2000, responseId="same")]
    two = [header("s2", T0 + HOUR), reply("a1", T0 + HOUR + 1000, responseId="same")]
    both_orders(node, ("s1", one), ("s2", two))
    assert ids(node) == ["main/s1/a1", "main/s1/a2", "main/s2/a1"]


@pytest.mark.parametrize("headers", [True, False])
def test_sessions_of_their_own_are_never_compared(node: Node, headers: bool) -> None:
    """Even with the same ids, times and tokens."""
    for agent, name in (("main", "s1"), ("main", "s2"), ("ops", "s1")):
        node.write(node.transcript(name, agent=agent), [header(name, T0)] * headers + replies(1, 3))
    node.read_in()
    assert len(ids(node)) == 6


@pytest.mark.parametrize(
    "change",
    [{"model": "other"}, {"provider": "other"}, {"responseId": "r9"}, {"usage": usage(output=121, totalTokens=1121)}],
)
def test_what_differs_is_another_call(node: Node, change: dict[str, Any]) -> None:
    made = reply("a1", T0 + 1000, responseId="r1")
    other = {**made, "message": {**made["message"], **change}}
    both_orders(node, ("s1", [header("s1", T0), made]), ("s2", [header("s2", T0 + HOUR, parent="s1.jsonl"), other]))
    assert ids(node) == ["main/s1/a1", "main/s2/a1"]


ZEROS = {**usage(total_cost=0), **dict.fromkeys(("input", "output", "cacheRead", "cacheWrite", "totalTokens"), 0)}


@pytest.mark.parametrize("order", [1, -1])
def test_a_copy_whose_usage_was_taken_out_is_the_same_call(node: Node, order: int) -> None:
    files = [
        ("s1", [header("s1", T0), reply("a1", T0 + 1000)]),
        ("s2", [header("s2", T0 + HOUR, parent="s1.jsonl"), reply("a1", T0 + 1000, usage=ZEROS)]),
    ]
    both_orders(node, *files[::order])
    assert node.calls("call_id, total_tokens") == [("main/s1/a1", 1120)]


@pytest.mark.parametrize("order", [1, -1])
def test_tokens_are_not_lost_where_only_the_copy_has_them(node: Node, order: int) -> None:
    files = [
        ("s1", [header("s1", T0), reply("a1", T0 + 1000, usage=ZEROS)]),
        ("s2", [header("s2", T0 + HOUR, parent="s1.jsonl"), reply("a1", T0 + 1000)]),
    ]
    both_orders(node, *files[::order])
    assert node.calls("total_tokens") == [(1120,)]


def test_messages_count_where_they_were_written(node: Node) -> None:
    kept = [
        asked("u1", T0 + 1),
        reply("a1", T0 + 2, content=[{"type": "toolCall", "name": "exec"}]),
        tool_result("t1", T0 + 3),
    ]
    both_orders(node, ("s1", [header("s1", T0), *kept]))
    both_orders(node, ("s2", [header("s2", T0 + HOUR), *kept, asked("u2", T0 + HOUR), reply("a2", T0 + HOUR + 1)]))
    assert node.activity() == (2, 2, 1, 1, 0)
    assert node.rows("SELECT sum(calls) FROM tool_use") == [(1,)]
    assert node.rows("SELECT name, first_ms - ?, last_ms - ? FROM conversation", T0, T0) == [
        ("s1", 1, 3),
        ("s2", HOUR, HOUR + 1),
    ]


def test_a_task_counts_by_its_log_where_its_transcript_has_copies_alone(node: Node) -> None:
    log = {"ts": T0 + HOUR, "jobId": "j", "action": "finished", "status": "ok", "sessionId": "s2"}
    node.runs("j", [{**log, "usage": {"input_tokens": 7, "output_tokens": 3}}])
    both_orders(node, S1, ("s2", [header("s2", T0 + HOUR), *replies(1, 5)]))
    assert ids(node) == [*WANTED[:4], f"task:j:{T0 + HOUR}"]


def test_a_history_from_before_is_mended_when_it_is_read_again(node: Node) -> None:
    both_orders(node, S1, S2)
    with contextlib.closing(sqlite3.connect(node.ledger)) as connection:
        connection.execute("UPDATE call SET counted = 1")
        connection.commit()
    assert node.read_in(full=True).copies == 2
    assert [name for (name,) in node.calls()] == WANTED


def test_several_processes_find_the_same(node: Node) -> None:
    wanted = []
    for number in range(12):
        first = T0 + number * HOUR
        node.write(node.transcript(f"s{number}"), [header(f"s{number}", first), *replies(1, 5, first)])
        wanted += [call_id(f"main/s{number}/a{each}") for each in range(1, 5)]
    for number in range(12):
        first = T0 + number * HOUR
        node.write(node.transcript(f"f{number}"), [header(f"f{number}", first + 50 * HOUR), *replies(2, 5, first)])
    result = node.read_in(workers=2)
    assert (result.added, result.copies) == (48, 36)
    assert sorted(row[0] for row in node.rows("SELECT call_id FROM call WHERE counted")) == sorted(wanted)


@dataclass(frozen=True)
class Made:
    """A call that was made."""

    message: str
    at_ms: int
    tokens: int
    origin: str

    @property
    def line(self) -> dict[str, Any]:
        used = usage(input=self.tokens - 20, output=20, cacheRead=0, totalTokens=self.tokens)
        return reply(self.message, self.at_ms, usage=used, responseId="one-for-all")


@dataclass
class Session:
    began_ms: int
    parent: str | None
    agent: str
    calls: list[Made] = field(default_factory=list)
    summed_up: bool = False
    path: Path | None = None


class Tree(RuleBasedStateMachine):
    """Sessions that are forked, continued, put aside and deleted, and imports in between."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = contextlib.ExitStack()
        self.node = Node(Path(self.folder.enter_context(tempfile.TemporaryDirectory())) / "state")
        self.clock = T0
        self.sessions: dict[str, Session] = {}
        self.seen: dict[Made, set[str]] = {}
        """The calls that were in a file at the time of an import, and in which sessions' files."""

    def teardown(self) -> None:
        self.folder.close()

    def now(self) -> int:
        self.clock += 1000
        return self.clock

    def chosen(self, number: int) -> tuple[str, Session]:
        name = sorted(name for name, session in self.sessions.items() if session.path)[
            number % sum(session.path is not None for session in self.sessions.values())
        ]
        return name, self.sessions[name]

    def save(self, name: str) -> None:
        session = self.sessions[name]
        assert session.path
        lines: list[Any] = [header(name, session.began_ms, parent=session.parent)]
        if session.summed_up:
            lines.append(compaction("k", session.began_ms, "?"))
        self.node.write(session.path, [*lines, *(made.line for made in session.calls)])

    def begin(self, calls: list[Made], parent: str | None, agent: str, *, summed_up: bool = False) -> None:
        name = f"s{len(self.sessions)}"
        path = self.node.transcript(name, agent=agent)
        self.sessions[name] = Session(self.now(), parent, agent, calls, summed_up, path)
        self.save(name)

    @initialize()
    def first(self) -> None:
        self.begin([], None, "main")

    @rule(agent=st.sampled_from(("main", "ops")))
    def new(self, agent: str) -> None:
        self.begin([], None, agent)

    @property
    def some(self) -> bool:
        return any(session.path for session in self.sessions.values())

    @precondition(lambda self: self.some)
    @rule(number=st.integers(0, 10**6), count=st.integers(1, 3), tokens=st.sampled_from((100, 200)))
    def call(self, number: int, count: int, tokens: int) -> None:
        name, session = self.chosen(number)
        # Ids are those of a session: others have the same.
        for _ in range(count):
            taken = {made.message for made in session.calls}
            message = next(f"a{number}" for number in range(99) if f"a{number}" not in taken)
            session.calls.append(Made(message, self.now(), tokens, name))
        self.save(name)

    @precondition(lambda self: self.some)
    @rule(number=st.integers(0, 10**6), keep=st.integers(0, 9), told=st.booleans())
    def fork(self, number: int, keep: int, told: bool) -> None:
        _, session = self.chosen(number)
        self.begin(session.calls[:keep], str(session.path) if told else None, session.agent)

    @precondition(lambda self: self.some)
    @rule(number=st.integers(0, 10**6), keep=st.integers(1, 4))
    def sum_up(self, number: int, keep: int) -> None:
        _, session = self.chosen(number)
        self.begin(session.calls[-keep:], str(session.path), session.agent, summed_up=True)

    @precondition(lambda self: self.some)
    @rule(number=st.integers(0, 10**6))
    def put_aside(self, number: int) -> None:
        name, session = self.chosen(number)
        assert session.path
        if ".reset." not in session.path.name:
            session.path = session.path.rename(session.path.with_name(f"{name}.jsonl.reset.2026-11-22T03-00-00.000Z"))

    @precondition(lambda self: self.some)
    @rule(number=st.integers(0, 10**6))
    def delete(self, number: int) -> None:
        _, session = self.chosen(number)
        assert session.path
        session.path.unlink()
        session.path = None

    @precondition(lambda self: self.some)
    @rule(number=st.integers(0, 10**6))
    def touch(self, number: int) -> None:
        """Files are read in the order of their times."""
        _, session = self.chosen(number)
        assert session.path
        self.node.touch(session.path)

    @rule(full=st.booleans())
    def read_in(self, full: bool) -> None:
        for name, session in self.sessions.items():
            if session.path:
                for made in session.calls:
                    self.seen.setdefault(made, set()).add(name)
        added = self.node.read_in(full=full, workers=0).added
        assert added >= 0
        if not self.node.ledger.exists():
            return
        wanted = {}
        for made, names in self.seen.items():
            name = made.origin if made.origin in names else min(names, key=lambda name: self.sessions[name].began_ms)
            wanted[f"{self.sessions[name].agent}/{name}/{made.message}"] = made.tokens
        assert len(wanted) == len(self.seen)
        assert dict(self.node.calls("call_id, total_tokens")) == wanted
        assert_rollups_equal_rows(self.node.ledger)


TestTrees = Tree.TestCase
TestTrees.settings = settings(
    max_examples=int(environment.FOUND.get("FASED_TEST_HISTORIES", "15")),
    stateful_step_count=25,
    suppress_health_check=list(HealthCheck),
)
