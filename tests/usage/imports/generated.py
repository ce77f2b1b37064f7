"""A state folder as it becomes in some weeks of use, at random, and the calls that were made in them."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fased_litellm.usage.query.totals import Totals
from tests.usage.imports.agentdb import AgentDatabase, compress
from tests.usage.imports.node import T0, Node, asked, compaction, header, reply, text

AGENTS = ("main", "ops")
MODELS = ("team-sonnet", "fast-cheap-chat")
STAMP = "2026-11-22T03-00-{:02d}.000Z"


@dataclass(frozen=True)
class Made:
    """A call: input, output, cache read and cache write, and what it cost in micro-USD."""

    tokens: tuple[int, int, int, int]
    micro_usd: int


@dataclass
class Session:
    agent: str
    name: str
    key: str
    lines: list[Any] = field(default_factory=list)
    stored: bool = False
    written: int = 0
    path: Path | None = None
    aside: bool = False


class Weeks:
    """What the agent did.

    Args:
        node: where.
        seed: of chance.
        forks: whether sessions are forked and continued in others; ccusage counts the copies in them again.
        databases: whether some are in SQLite, tasks have logs, stores have counters, and lines are written in odd ways: what
            ccusage does not read, or reads in another way.
    """

    def __init__(self, node: Node, seed: int, *, forks: bool = True, databases: bool = True) -> None:
        self.node = node
        self._chance = random.Random(seed)
        self._forks, self._databases = forks, databases
        self._clock = T0
        self._serial = 0
        self.made: list[Made] = []
        self.sessions: list[Session] = []
        self._stores: dict[str, dict[str, Any]] = {agent: {} for agent in AGENTS}
        self._runs: list[dict[str, Any]] = []
        self._files = {agent: AgentDatabase(node, agent) for agent in AGENTS} if databases else {}

    def act(self) -> None:
        """One thing that happens."""
        acts: list[Callable[[], object]] = [
            self._begin,
            self._talk,
            self._talk,
            self._talk,
            self._put_aside,
            self._rubbish,
        ]
        acts += [self._fork, self._sum_up] if self._forks else []
        acts += [self._run_task, self._count, self._blank, self._move] if self._databases else []
        if not any(not session.aside for session in self.sessions):
            self._begin()
        else:
            self._chance.choice(acts)()
        for session in self.sessions:
            self._write(session)

    @property
    def totals(self) -> Totals:
        """What all calls come to."""
        fresh, output, read, written = (sum(made.tokens[place] for made in self.made) for place in range(4))
        cost = sum(made.micro_usd for made in self.made) * 10**6
        return Totals(
            calls=len(self.made),
            input_tokens=fresh,
            output_tokens=output,
            cache_read_tokens=read,
            cache_write_tokens=written,
            total_tokens=fresh + output + read + written,
            cost_pico=cost,
        )

    def _now(self) -> int:
        self._clock += self._chance.randrange(1000, 3_600_000)
        return self._clock

    def _open(self) -> Session:
        return self._chance.choice([session for session in self.sessions if not session.aside])

    def _begin(self, agent: str | None = None, lines: list[Any] | None = None, parent: str | None = None) -> Session:
        agent = agent or self._chance.choice(AGENTS)
        name = f"s{len(self.sessions)}"
        stored = self._databases and self._chance.random() < 0.4
        if not stored and self._chance.random() < 0.2:
            name += "-topic-9"
        key = f"agent:{agent}:telegram:direct:{len(self.sessions)}"
        session = Session(agent, name, key, [header(name.partition("-topic-")[0], self._now(), parent=parent)], stored)
        session.lines += lines or []
        if not stored:
            session.path = self.node.transcript(name, agent=agent)
        self._stores[agent][key] = {"sessionId": name.partition("-topic-")[0], "sessionFile": f"{name}.jsonl"}
        self.sessions.append(session)
        return session

    def _talk(self) -> None:
        session = self._open()
        for _ in range(self._chance.randrange(1, 5)):
            session.lines += [asked(self._id(), self._now()), self._reply()]

    def _id(self) -> str:
        self._serial += 1
        return f"{self._serial:08x}"

    def _reply(self) -> dict[str, Any]:
        chance = self._chance
        tokens = (chance.randrange(5000), chance.randrange(1, 900), chance.choice((0, chance.randrange(90_000))), 0)
        micro = chance.randrange(1, 90_000)
        self.made.append(Made(tokens, micro))
        fresh, output, read, written = tokens
        cost = {"input": 0, "output": 0, "cacheRead": 0, "cacheWrite": 0, "total": micro / 1e6}
        used: dict[str, Any] = {"input": fresh, "output": output, "cacheRead": read, "cacheWrite": written}
        used |= {"totalTokens": sum(tokens), "cost": cost}
        style = chance.randrange(4) if self._databases else 0
        if style == 1:
            used["reasoning"] = chance.randrange(output + 1)
        if style == 2:  # as OpenAI writes it
            used = {
                "prompt_tokens": fresh + read,
                "completion_tokens": output,
                "total_tokens": sum(tokens),
                "cost": cost,
            }
            used["prompt_tokens_details"] = {"cached_tokens": read}
        if style == 3:  # reasoning beside the completion
            beside = chance.randrange(output)
            used |= {"output": output - beside, "reasoningTokens": beside}
        # One id for all replies, as some gateways give.
        now = self._now()
        changes = {"responseId": "chatcmpl-1"} if chance.random() < 0.5 else {}
        model = chance.choice(MODELS)
        identity = None if self._databases and chance.random() < 0.1 else self._id()
        return reply(identity, now, usage=used, timestamp=now - chance.randrange(1, 900), model=model, **changes)

    def _fork(self) -> None:
        session = self._open()
        keep = self._chance.randrange(1, len(session.lines) + 1)
        parent = str(session.path) if session.path and self._chance.random() < 0.7 else None
        self._begin(session.agent, [line for line in session.lines[1:keep] if isinstance(line, dict)], parent)

    def _sum_up(self) -> None:
        session = self._open()
        kept = [line for line in session.lines[1:] if isinstance(line, dict)][-self._chance.randrange(1, 6) :]
        self._begin(session.agent, [*kept, compaction(self._id(), self._now(), "?")], f"/srv/{session.name}.jsonl")

    def _put_aside(self) -> None:
        session = self._open()
        self._write(session)
        session.aside = True
        if session.path is None:
            self._files[session.agent].archive(session.name, session.key, text(session.lines))
            return
        aside = session.path.with_name(
            f"{session.path.name}.{self._chance.choice(('reset', 'deleted', 'bak')[: 3 if self._databases else 2])}"
            f".{STAMP.format(7)}"
        )
        session.path = session.path.rename(aside)
        if self._databases and self._chance.random() < 0.3:
            session.path.unlink()
            session.path = aside.with_name(f"{aside.name}.zst")
            session.path.write_bytes(compress(text(session.lines)))

    def _rubbish(self) -> None:
        session = self._open()
        if session.path:
            session.lines.append(b"\0" * 40 + json.dumps(self._reply()).encode() if self._databases else b"{oops")

    def _blank(self) -> None:
        """A reply is written once more, as a placeholder without its usage."""
        session = self._open()
        last = session.lines[-1]
        if isinstance(last, dict) and "id" in last and last.get("message", {}).get("role") == "assistant":
            zeros = dict.fromkeys(("input", "output", "cacheRead", "cacheWrite", "totalTokens"), 0)
            session.lines.append({**last, "message": {**last["message"], "usage": zeros}})

    def _move(self) -> None:
        """A newer release of the agent takes a session into SQLite, and leaves its transcript where it is."""
        session = self._open()
        if session.path and "-topic-" not in session.name and all(isinstance(line, dict) for line in session.lines):
            self._write(session)
            session.path, session.written = None, 0

    def _run_task(self) -> None:
        """Some runs have a transcript, which counts in their place."""
        self._serial += 1
        log = {"jobId": "7f0c", "action": "finished", "status": "ok", "ts": self._now(), "provider": "litellm"}
        with_session = self._chance.random() < 0.5
        session = self._begin() if with_session else None
        if session:
            session.lines.append(self._reply())
        else:
            self.made.append(Made((70, 20, 5, 0), 0))
        used = {"input_tokens": 70, "output_tokens": 20, "cache_read_tokens": 5, "total_tokens": 75}
        session_id = session.name.partition("-topic-")[0] if session else f"gone-{self._serial}"
        self._runs.append({**log, "sessionId": session_id, "usage": used})
        self.node.runs("7f0c", self._runs)

    def _count(self) -> None:
        """A session of which there is no transcript, only counters."""
        self._serial += 1
        agent = self._chance.choice(AGENTS)
        entry = {"sessionId": f"counted-{self._serial}", "inputTokens": 11, "outputTokens": 4, "updatedAt": self._now()}
        self._stores[agent][f"agent:{agent}:cli:{self._serial}"] = entry
        self.node.store(self._stores[agent], agent=agent)
        self.made.append(Made((11, 4, 0, 0), 0))

    def _write(self, session: Session) -> None:
        fresh = session.lines[session.written :]
        if fresh and not session.aside:
            if session.path is None:
                self._files[session.agent].session(session.name, session.key)
                self._files[session.agent].add(session.name, fresh, compressed=self._chance.random() < 0.5)
            else:
                self.node.append(session.path, fresh)
            session.written = len(session.lines)
        self.node.store(self._stores[session.agent], agent=session.agent)
