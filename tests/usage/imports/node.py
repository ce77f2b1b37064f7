"""The Node agent's side, for tests: a state folder whose files it writes as the real one does."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fased_litellm.paths import Paths
from fased_litellm.usage.imports.pipeline import run
from fased_litellm.usage.imports.result import ImportResult
from fased_litellm.usage.imports.sessions.conversations import short
from fased_litellm.usage.store.snapshot import asking

T0 = 1_795_316_400_000  # 2026-11-22T03:00:00Z
COST = {"input": 0.0027, "output": 0.0018, "cacheRead": 0.00003, "cacheWrite": 0, "total": 0.00453}
USAGE = {"input": 900, "output": 120, "cacheRead": 100, "cacheWrite": 0, "totalTokens": 1120, "cost": COST}


def iso(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


def usage(**changes: Any) -> dict[str, Any]:
    """A usage; ``total_cost`` is its cost, None for none."""
    total = changes.pop("total_cost", 0.00453)
    found = {**USAGE, **changes}
    found["cost"] = {**COST, "total": total}
    if total is None:
        del found["cost"]
    return found


def reply(identity: str | None, at_ms: int = T0, **changes: Any) -> dict[str, Any]:
    """A line of an assistant's message; ``changes`` are of the message, None takes a key away."""
    message: dict[str, Any] = {
        "role": "assistant",
        "content": [{"type": "text", "text": "…"}],
        "api": "openai-completions",
        "provider": "litellm",
        "model": "team-sonnet",
        "usage": usage(),
        "stopReason": "stop",
        "timestamp": at_ms,
        **changes,
    }
    return _line(identity, at_ms, {key: value for key, value in message.items() if value is not None})


def asked(identity: str, at_ms: int = T0, text: str = "…") -> dict[str, Any]:
    return _line(identity, at_ms, {"role": "user", "content": [{"type": "text", "text": text}], "timestamp": at_ms})


def tool_result(identity: str, at_ms: int = T0, *, error: bool = False) -> dict[str, Any]:
    message = {
        "role": "toolResult",
        "toolCallId": "call_1",
        "toolName": "exec",
        "content": [{"type": "text", "text": "…"}],
        "isError": error,
        "timestamp": at_ms,
    }
    return _line(identity, at_ms, message)


def _line(identity: str | None, at_ms: int, message: Mapping[str, Any]) -> dict[str, Any]:
    named = {} if identity is None else {"id": identity, "parentId": None}
    return {"type": "message", **named, "timestamp": iso(at_ms), "message": dict(message)}


def header(session_id: str, at_ms: int = T0, *, parent: str | Path | None = None) -> dict[str, Any]:
    known = {"type": "session", "version": 3, "id": session_id, "timestamp": iso(at_ms), "cwd": "/srv/agent"}
    return known if parent is None else {**known, "parentSession": str(parent)}


def compaction(identity: str, at_ms: int, kept: str) -> dict[str, Any]:
    """What the agent writes after it has summed up all that is before the message ``kept``."""
    return {
        "type": "compaction",
        "id": identity,
        "parentId": None,
        "timestamp": iso(at_ms),
        "summary": "…",
        "firstKeptEntryId": kept,
        "tokensBefore": 90_000,
    }


def text(lines: Iterable[Any]) -> bytes:
    """Lines as the Node agent writes them; bytes and texts are taken as they are."""
    made = b""
    for line in lines:
        if isinstance(line, bytes):
            made += line + b"\n"
        elif isinstance(line, str):
            made += line.encode() + b"\n"
        else:
            made += json.dumps(line, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
    return made


def call_id(name: str) -> str:
    """The id of an imported call, by the names of the agent, the conversation and the message: ``main/s1/a1``."""
    agent, conversation, message = name.split("/")
    return f"{short(agent, conversation)}/{message}"


class Node:
    """A state folder.

    Args:
        state: the folder; made as needed.
    """

    def __init__(self, state: Path) -> None:
        self.state = state
        self.paths = Paths(state=state, config=state / "fased.json", home=state.parent)
        self.ledger = self.paths.ledger
        self._tick = 0

    def sessions(self, agent: str = "main") -> Path:
        folder = self.state / "agents" / agent / "sessions"
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def transcript(self, name: str = "s1", *, agent: str = "main") -> Path:
        return self.sessions(agent) / f"{name}.jsonl"

    def write(self, path: Path, lines: Iterable[Any]) -> Path:
        """Write a file anew, in place."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text(lines))
        self.touch(path)
        return path

    def append(self, path: Path, lines: Iterable[Any]) -> None:
        with path.open("ab") as file:
            file.write(text(lines))
        self.touch(path)

    def touch(self, path: Path) -> None:
        """Give a file a time that no other had, whatever the clock of the file system can tell apart."""
        self._tick += 1
        os.utime(path, ns=((T0 + self._tick) * 1_000_000,) * 2)

    def store(self, entries: Mapping[str, Any], *, agent: str = "main") -> Path:
        path = self.sessions(agent) / "sessions.json"
        path.write_text(json.dumps(entries, indent=2))
        self.touch(path)
        return path

    def runs(self, job: str, lines: Iterable[Any]) -> Path:
        return self.write(self.state / "cron" / "runs" / f"{job}.jsonl", lines)

    def config(self, tree: Mapping[str, Any]) -> None:
        self.state.mkdir(parents=True, exist_ok=True)
        self.paths.config.write_text(json.dumps(tree))

    def read_in(self, **options: Any) -> ImportResult:
        """Import what is new."""
        return run(self.ledger, self.paths, **{"wait": True, **options})

    def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with asking(self.ledger) as connection:
            return connection.execute(sql, values).fetchall()

    def calls(self, columns: str = "call_id") -> list[tuple[Any, ...]]:
        """Columns of the calls that count, with those of their dimensions, in the order of their ids.

        The id of an imported call is given with the names of the agent and the conversation: ``main/s1/a1``.
        """
        names = {short(*name): "/".join(name) for name in self.rows("SELECT agent, name FROM conversation")}
        found: dict[str, tuple[Any, ...]] = {}
        for call_id, *values in self.rows(
            f"SELECT call_id, {columns} FROM call JOIN dimension ON dimension.id = call.dimension WHERE counted"
        ):
            head, slash, rest = call_id.partition("/")
            named = names.get(head, head) + slash + rest
            found[named] = tuple(named if value == call_id else value for value in values)
        return [values for _, values in sorted(found.items())]

    def activity(self) -> tuple[int, int, int, int, int]:
        """User's messages, assistant's messages, tool calls, tool results, errors, of all conversations."""
        sums = "user_messages), sum(assistant_messages), sum(tool_calls), sum(tool_results), sum(errors"
        ((users, replies, tools, results, errors),) = self.rows(f"SELECT sum({sums}) FROM activity")
        return users, replies, tools, results, errors
