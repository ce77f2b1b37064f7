"""Whatever the Node agent, this package and accidents do, in any order: the ledger has what a plain model has."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from fased_litellm.usage.imports import writing
from fased_litellm.usage.imports.pipeline import bad_lines
from fased_litellm.usage.imports.result import ImportResult
from fased_litellm.usage.money import from_pico
from fased_litellm.usage.query.query import Query
from fased_litellm.usage.record import UsageRecord
from fased_litellm.usage.store.ledger import Ledger
from tests import environment
from tests.usage.agreement import assert_coarse, assert_rollups_equal_rows
from tests.usage.imports.node import T0, Node, asked, reply, text, usage
from tests.usage.samples import expected_groups, expected_totals, sample

SESSIONS = ("s1", "s2", "s2-topic-9")
AGENTS = ("main", "ops")
KEYS = ("agent:{}:main", "agent:{}:cron:7f0c", "agent:{}:telegram:direct:42")
BY = ("agent", "session", "task", "source", "channel", "model", "status")
FOREVER = (0, 253_402_300_799_999)

Conversation = tuple[str, str]
"""Agent and name."""


@dataclass(frozen=True)
class Message:
    identity: str
    at_ms: int
    role: str
    output: int = 0
    cost: float | None = None
    status: str = "ok"

    @property
    def line(self) -> Any:
        if self.role == "bad":
            return b"{oops " + self.identity.encode()
        if self.role == "user":
            return asked(self.identity, self.at_ms)
        used = usage(input=1, output=self.output, cacheRead=0, totalTokens=1 + self.output, total_cost=self.cost)
        if not self.output:
            used = usage(input=0, output=0, cacheRead=0, totalTokens=0, total_cost=0)
        stop = {"ok": "stop", "error": "error", "cancelled": "aborted"}[self.status]
        return reply(self.identity, self.at_ms, usage=used, stopReason=stop)


@dataclass
class File:
    conversation: Conversation
    messages: list[Message] = field(default_factory=list)
    torn: bytes = b""


@dataclass
class Model:
    """The truth: what was there at the time of an import, ever."""

    calls: dict[Conversation, dict[str, Message]] = field(default_factory=dict)
    users: dict[Conversation, set[str]] = field(default_factory=dict)
    keys: dict[Conversation, str] = field(default_factory=dict)
    runs: dict[str, tuple[str, int, str]] = field(default_factory=dict)
    counters: dict[tuple[str, str], tuple[int, str]] = field(default_factory=dict)
    own: list[UsageRecord] = field(default_factory=list)

    @property
    def billed(self) -> set[str]:
        """The session ids that transcripts count."""
        return {
            name.partition("-topic-")[0]
            for (_, name), calls in self.calls.items()
            if any(message.output for message in calls.values())
        }

    def records(self) -> Iterator[UsageRecord]:
        """All calls that count."""
        yield from self.own
        for (agent, name), calls in self.calls.items():
            for message in calls.values():
                priced = message.output and message.cost
                yield UsageRecord(
                    call_id=f"{agent}/{name}/{message.identity}",
                    started_at_ms=message.at_ms,
                    provider="litellm",
                    model="team-sonnet",
                    status=message.status,  # type: ignore[arg-type]
                    input_tokens=1 if message.output else 0,
                    output_tokens=message.output,
                    total_tokens=1 + message.output if message.output else 0,
                    cost=Decimal(str(message.cost)) if priced else None,
                    **named(self.keys.get((agent, name), f"agent:{agent}:{name}"), agent),
                )
        for call_id, (session_id, tokens, key) in self.runs.items():
            if session_id not in self.billed:
                yield counted(call_id, key, tokens, "ok")
        for (key, session_id), (tokens, agent) in self.counters.items():
            if session_id not in self.billed:
                yield counted(f"store:{key}/{session_id}", key, tokens, agent)


def named(key: str, agent: str) -> dict[str, Any]:
    parts = key.split(":")
    task = parts[3] if "cron" in parts else None
    channel = "telegram" if "telegram" in parts else None
    source = "task" if task else "channel" if channel else "chat"
    return {"session": key, "agent": agent, "task": task, "channel": channel, "source": source}


def counted(call_id: str, key: str, tokens: int, _: str) -> UsageRecord:
    return UsageRecord(
        call_id=call_id, started_at_ms=T0, input_tokens=tokens, total_tokens=tokens, **named(key, key.split(":")[1])
    )


conversations = st.tuples(st.sampled_from(AGENTS), st.sampled_from(SESSIONS))
roles = st.sampled_from(("assistant", "assistant", "user", "bad"))
"""A file is chosen by a number, of those that are there."""
which = st.integers(0, 10**6)


class Machine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = contextlib.ExitStack()
        root = Path(self.folder.enter_context(tempfile.TemporaryDirectory()))
        self.node = Node(root / "state")
        self.files: dict[Path, File] = {}
        self.model = Model()
        self.stores: dict[str, dict[str, Any]] = {}
        self.logs: list[dict[str, Any]] = []
        self.clock = T0
        self.serial = 0
        self.settled = True

    def teardown(self) -> None:
        self.folder.close()

    # ---- the Node agent

    def message(self, role: str, output: int, cost: float | None, status: str) -> Message:
        self.serial += 1
        self.clock += 60_000
        return Message(f"m{self.serial}", self.clock, role, output, cost, status)

    def save(self, path: Path) -> None:
        file = self.files[path]
        path.parent.mkdir(parents=True, exist_ok=True)
        data = text(message.line for message in file.messages) + file.torn
        with open(path, "r+b" if path.exists() else "wb") as opened:
            opened.truncate(len(data))
            opened.write(data)
        self.node.touch(path)

    def chosen(self, number: int) -> Path:
        return sorted(self.files)[number % len(self.files)]

    @initialize(conversation=conversations)
    def begin(self, conversation: Conversation) -> None:
        self.append(conversation, ["assistant"], 5, 0.25, "ok", torn=False)

    @rule(
        conversation=conversations,
        roles=st.lists(roles, min_size=1, max_size=4),
        output=st.sampled_from([0, 7, 300]),
        cost=st.sampled_from([None, 0, 0.5, 0.000123]),
        status=st.sampled_from(["ok", "error", "cancelled"]),
        torn=st.booleans(),
    )
    def append(
        self, conversation: Conversation, roles: list[str], output: int, cost: float | None, status: str, *, torn: bool
    ) -> None:
        agent, name = conversation
        path = self.node.transcript(name, agent=agent)
        file = self.files.setdefault(path, File(conversation))
        if file.torn:  # its rest comes now
            file.torn = b""
            file.messages.append(self.unfinished.pop(path))
        file.messages += [self.message(role, output, cost, status) for role in roles]
        if torn and file.messages[-1].role != "bad":
            last = file.messages.pop()
            whole = text([last.line])
            file.torn = whole[: len(whole) // 2]
            self.unfinished[path] = last
        self.save(path)

    @property
    def unfinished(self) -> dict[Path, Message]:
        return self.__dict__.setdefault("_unfinished", {})  # type: ignore[no-any-return]

    def drop_torn(self, path: Path) -> None:
        self.files[path].torn = b""
        self.unfinished.pop(path, None)

    @precondition(lambda self: self.files)
    @rule(number=which, keep=st.integers(0, 5))
    def truncate(self, number: int, keep: int) -> None:
        path = self.chosen(number)
        self.drop_torn(path)
        del self.files[path].messages[keep:]
        self.save(path)

    @precondition(lambda self: self.files)
    @rule(number=which, keep=st.integers(0, 5))
    def put_aside(self, number: int, keep: int) -> None:
        """The transcript is renamed, and begun anew with its last messages."""
        path = self.chosen(number)
        if not path.name.endswith(".jsonl"):
            return
        self.drop_torn(path)
        self.save(path)
        self.serial += 1
        aside = path.with_name(f"{path.name}.bak.2026-11-22T03-00-00.{self.serial:03d}Z")
        path.rename(aside)
        self.files[aside] = self.files.pop(path)
        if keep:
            self.files[path] = File(self.files[aside].conversation, self.files[aside].messages[-keep:])
            self.save(path)

    @precondition(lambda self: self.files)
    @rule(number=which, output=st.integers(1, 99), cost=st.sampled_from([None, 0.75]))
    def correct(self, number: int, output: int, cost: float | None) -> None:
        """A message has other numbers now, wherever it stands."""
        file = self.files[self.chosen(number)]
        replies = [message for message in file.messages if message.role == "assistant"]
        if not replies:
            return
        old = replies[number % len(replies)]
        new = Message(old.identity, old.at_ms, "assistant", output, cost, old.status)
        for path, other in self.files.items():
            if other.conversation == file.conversation and old in other.messages:
                other.messages = [new if message == old else message for message in other.messages]
                self.save(path)

    @precondition(lambda self: self.files)
    @rule(number=which)
    def replace(self, number: int) -> None:
        """Another file takes its place, with the same content."""
        path = self.chosen(number)
        copy = path.with_suffix(".tmp")
        copy.write_bytes(path.read_bytes())
        copy.rename(path)
        self.node.touch(path)

    @precondition(lambda self: self.files)
    @rule(number=which)
    def delete(self, number: int) -> None:
        path = self.chosen(number)
        self.drop_torn(path)
        del self.files[path]
        path.unlink()

    @rule(
        agent=st.sampled_from(AGENTS),
        key=st.sampled_from(KEYS),
        name=st.sampled_from((*SESSIONS, "s8", "s9")),
        tokens=st.sampled_from([0, 11]),
    )
    def name(self, agent: str, key: str, name: str, tokens: int) -> None:
        session_id = name.partition("-topic-")[0]
        entry = {"sessionId": session_id, "updatedAt": T0, "inputTokens": tokens}
        if name != session_id:
            entry["sessionFile"] = f"{name}.jsonl"
        self.stores.setdefault(agent, {})[key.format(agent)] = entry
        self.node.store(self.stores[agent], agent=agent)

    @rule(session_id=st.sampled_from(("s1", "s2", "s8")), prune=st.booleans())
    def run_task(self, session_id: str, *, prune: bool) -> None:
        self.serial += 1
        line = {
            "ts": T0,
            "jobId": f"j{self.serial}",
            "action": "finished",
            "sessionId": session_id,
            "sessionKey": "agent:ops:cron:7f0c",
            "usage": {"input_tokens": 13},
        }
        self.logs = [*self.logs[-1 if prune else 0 :], line]
        path = self.node.state / "cron" / "runs" / "j.jsonl"
        if prune:
            path.unlink(missing_ok=True)
        self.node.runs("j", self.logs)

    # ---- this package

    @rule(call=st.integers(0, 30))
    def record(self, call: int) -> None:
        record = sample(f"own-{call}", self.clock, session="agent:main:main")
        with Ledger(self.node.ledger) as ledger:
            if ledger.record(record):
                self.model.own.append(record)

    @rule(full=st.booleans(), workers=st.sampled_from([0, 0, 0, 1]))
    def read_in(self, *, full: bool, workers: int) -> None:
        result = self.node.read_in(full=full, workers=workers)
        assert not result.unreadable
        self.learn(lambda _: True)
        self.settled = True
        bad_lines(self.node.ledger, result)
        self.check_bad_lines(result)

    @rule(after=st.integers(0, 3))
    def crash(self, after: int) -> None:
        """An import is stopped; what it has committed by then is all that may be there, each file as a whole."""
        real = writing._Batch._end
        left = [after]

        def dying(batch: Any, *rest: Any) -> None:
            real(batch, *rest)
            left[0] -= 1
            if left[0] < 0:
                raise InterruptedError  # an OSError, as of a worker: not tried again below

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(writing._Batch, "_end", dying)
            patch.setattr(writing, "CALLS", 1)
            with contextlib.suppress(InterruptedError):
                self.node.read_in(workers=0)
        self.settled = False
        if self.node.ledger.exists():
            known = {
                path: (inode, size, mtime)
                for path, inode, size, mtime in self.node.rows("SELECT path, inode, size, mtime_ns FROM feed")
            }
            self.learn(lambda path: known.get(str(path)) == stated(path))

    def learn(self, was_read: Any) -> None:
        """What the files say that were read."""
        for path, file in self.files.items():
            if not was_read(path):
                continue
            calls = self.model.calls.setdefault(file.conversation, {})
            calls |= {message.identity: message for message in file.messages if message.role == "assistant"}
            users = self.model.users.setdefault(file.conversation, set())
            users |= {message.identity for message in file.messages if message.role == "user"}
        log = self.node.state / "cron" / "runs" / "j.jsonl"
        if self.logs and was_read(log):
            for line in self.logs:
                self.model.runs[f"task:{line['jobId']}:{T0}"] = (line["sessionId"], 13, line["sessionKey"])
        for agent, store in self.stores.items():
            if not was_read(self.node.sessions(agent) / "sessions.json"):
                continue
            for key, entry in store.items():
                if entry["inputTokens"] and entry["sessionId"] not in self.model.billed:
                    self.model.counters[key, entry["sessionId"]] = (entry["inputTokens"], agent)
            for conversation in self.model.calls:
                if conversation[0] == agent and (found := self.entry(store, conversation[1])):
                    self.model.keys[conversation] = found
        for session_id, _, key in self.model.runs.values():
            for conversation in self.model.calls:
                if conversation[0] == "ops" and conversation[1].partition("-topic-")[0] == session_id:
                    self.model.keys.setdefault(conversation, key)

    @staticmethod
    def entry(store: dict[str, Any], name: str) -> str | None:
        """The last key of a transcript: of its file, else of the file of its session, else of its session."""
        session_id = name.partition("-topic-")[0]

        def file(entry: dict[str, Any]) -> str:
            return str(entry.get("sessionFile", entry["sessionId"])).removesuffix(".jsonl")

        for wanted, of in ((name, file), (session_id, file), (session_id, lambda entry: entry["sessionId"])):
            keys = [key for key, entry in store.items() if of(entry) == wanted]
            if keys:
                return keys[-1]
        return None

    # ---- what must hold

    def check_bad_lines(self, result: ImportResult) -> None:
        bad = [
            (str(path), line)
            for path, file in self.files.items()
            for line, message in enumerate(file.messages, 1)
            if message.role == "bad"
        ]
        assert sorted((found.file, found.line) for found in result.bad) == sorted(bad)
        assert result.bad_lines == len(bad)

    @invariant()
    def the_ledger_agrees(self) -> None:
        if not self.node.ledger.exists():
            assert not self.model.own
            return
        records = list(self.model.records())
        wanted = {
            record.call_id: (record.output_tokens, record.total_tokens, record.cost, record.status)
            for record in records
        }
        found = self.node.calls("call_id, output_tokens, total_tokens, cost_pico, status")
        assert {
            call_id: (output, total, None if pico is None else from_pico(pico), status)
            for call_id, output, total, pico, status in found
        } == wanted
        users = sum(map(len, self.model.users.values()))
        replies = sum(map(len, self.model.calls.values()))
        if users or replies:
            assert self.node.activity()[:2] == (users, replies)
        assert_rollups_equal_rows(self.node.ledger)
        assert_coarse(self.node.ledger)

    @precondition(lambda self: self.settled)
    @rule(by=st.lists(st.sampled_from(BY), max_size=3, unique=True).map(tuple))
    def report(self, by: tuple[str, ...]) -> None:
        if not self.node.ledger.exists():
            return
        with Ledger(self.node.ledger) as ledger:
            report = ledger.report(Query(*FOREVER, by=by))
        records = list(self.model.records())
        expected = expected_totals(records)
        assert report.totals.calls == expected["calls"]
        assert report.totals.total_tokens == expected["totalTokens"]
        assert report.totals.cost_usd == expected["costUsd"]
        assert report.totals.unpriced_calls == expected["unpricedCalls"]
        if by:
            groups = expected_groups(records, *FOREVER, by, {})
            assert {group.key: group.totals.calls for group in report.groups} == {
                key: len(chosen) for key, chosen in groups.items()
            }


def stated(path: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


TestHistory = Machine.TestCase
TestHistory.settings = settings(
    max_examples=int(environment.FOUND.get("FASED_TEST_HISTORIES", "12")),
    stateful_step_count=20,
    suppress_health_check=list(HealthCheck),
)
