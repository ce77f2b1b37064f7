"""Transcripts as the Node agent leaves them, made up: ``python -m bench.transcripts FOLDER --messages 100000``.

FOLDER becomes a state folder: ``agents/<id>/sessions/*.jsonl`` with ``sessions.json`` beside them, and ``cron/runs/*.jsonl``.
The same arguments give the same bytes. 100,000 messages of assistants are about 109 MB, a million 1.1 GB.

What is in them: several agents, models and channels; turns of a user's message, tool calls with their results, and a reply;
contexts that grow, and are read from the provider's cache; prices with many digits, and one model without a price; calls
that failed or were broken off. Their texts are words in a random order.

Fact: the lines are those of the session format, version 3, of the coding agent inside Fased, as its releases write them
(``shapes``). Every line of a task's log stands for a session that has a transcript: other tools do not read these logs.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from .clock import DAY_MS, Clock
from .conversations import Conversation, Texts
from .shapes import PI, SHAPES, Shape

AGENTS = {"main": 46, "research": 20, "ops": 16, "coding": 12, "support": 6}
TASKS = ("digest", "triage", "backup-check", "news", "invoice-watch", "heartbeat")
PUT_ASIDE = 0.03
"""So many sessions were begun anew, and their transcripts renamed."""
KEPT_RUNS = 2000
"""Fact: Fased's src/cron/run-log.ts keeps the newest 2,000 lines of a log that has grown past 2,000,000 bytes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to make: messages of assistants, over so many days until then (milliseconds since 1970), in lines of that shape."""

    messages: int
    days: int = 90
    seed: int = 1
    until_ms: int = 0
    shape: Shape = PI


@dataclass(slots=True)
class Made:
    """What was made, to compare with what a program reads in it.

    Attributes:
        messages: of assistants; ``failed`` of them used nothing, ``unpriced`` used something at no known price.
        input, output, cache_read, cache_write: tokens.
        cost_pico: the sum of all ``usage.cost.total``, each rounded to 10⁻¹² USD.
        size: bytes of all transcripts.
    """

    messages: int = 0
    failed: int = 0
    unpriced: int = 0
    sessions: int = 0
    size: int = 0
    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write: int = 0
    cost_pico: int = 0
    models: dict[str, int] = field(default_factory=dict)

    @property
    def tokens(self) -> int:
        """Tokens of all kinds."""
        return self.input + self.output + self.cache_read + self.cache_write


def write(folder: Path, plan: Plan) -> Made:
    """Make the transcripts in an empty or new folder."""
    random = Random(plan.seed)
    texts = Texts(random)
    until = plan.until_ms or int(time.time() // 3600 * 3_600_000)
    made = Made()
    stores: dict[str, dict[str, Any]] = {agent: {} for agent in AGENTS}
    runs: dict[str, list[tuple[int, str]]] = {}
    for agent in AGENTS:
        (folder / "agents" / agent / "sessions").mkdir(parents=True, exist_ok=True)
    (folder / "cron" / "runs").mkdir(parents=True, exist_ok=True)
    peers = _peers(random)
    serial = plan.seed * 7919
    while made.messages < plan.messages:
        agent = random.choices(tuple(AGENTS), tuple(AGENTS.values()))[0]
        key, about = _who(random, agent, peers[agent])
        length = min(_length(random, key), plan.messages - made.messages)
        session = _uuid(random)
        start = _start(random, until, plan.days, length)
        talk = Conversation(random, texts, Clock(start, until), serial, session, plan.shape)
        serial = talk.write(length)
        put_aside = ":cron:" not in key and random.random() < PUT_ASIDE
        name = f"{session}.jsonl.reset.{talk.clock.text().replace(':', '-')}" if put_aside else f"{session}.jsonl"
        path = folder / "agents" / agent / "sessions" / name
        data = "\n".join([*talk.lines, ""]).encode()
        path.write_bytes(data)
        os.utime(path, (talk.clock.now / 1000, talk.clock.now / 1000))
        _count(made, talk, len(data))
        if not put_aside:
            _remember(stores[agent], runs, key, session, about, talk)
    for agent, store in stores.items():
        (folder / "agents" / agent / "sessions" / "sessions.json").write_text(json.dumps(store, indent=2))
    for job, lines in runs.items():
        newest = [line for _, line in sorted(lines)[-KEPT_RUNS:]]
        (folder / "cron" / "runs" / f"{job}.jsonl").write_text("\n".join([*newest, ""]))
    return made


def _peers(random: Random) -> dict[str, list[tuple[str, str, str]]]:
    """For each agent the sessions which people have with it: key, channel, kind of chat."""
    peers: dict[str, list[tuple[str, str, str]]] = {}
    for agent in AGENTS:
        known = [(f"agent:{agent}:main", "webchat", "direct")] * 6
        known += [
            (f"agent:{agent}:telegram:direct:{random.randrange(10**8, 10**9)}", "telegram", "direct") for _ in range(8)
        ]
        known += [
            (f"agent:{agent}:slack:channel:c{random.randrange(10**7, 10**8)}", "slack", "channel") for _ in range(4)
        ]
        known += [
            (f"agent:{agent}:discord:group:{random.randrange(10**17, 10**18)}", "discord", "group") for _ in range(3)
        ]
        peers[agent] = known
    return peers


def _who(random: Random, agent: str, peers: Sequence[tuple[str, str, str]]) -> tuple[str, dict[str, Any]]:
    """The key of a session, and what the store says of it."""
    chance = random.random()
    if chance < 0.3:
        job = f"{random.choice(TASKS)}-{agent}"
        return f"agent:{agent}:cron:{job}", {"label": f"Cron: {job}", "chatType": "direct"}
    if chance < 0.45:
        spawned = {"spawnedBy": f"agent:{agent}:main", "spawnDepth": 1}
        return f"agent:{agent}:subagent:{_uuid(random)}", spawned
    key, channel, chat = random.choice(peers)
    origin = {"provider": channel, "surface": channel, "chatType": chat}
    return key, {"channel": channel, "chatType": chat, "origin": origin}


def _length(random: Random, key: str) -> int:
    """Messages of the assistant in one session: a few for a task, some hundreds where people talk for days."""
    if ":cron:" in key:
        return random.randint(1, 12)
    if ":subagent:" in key:
        return random.randint(3, 60)
    return min(3000, 2 + int(random.lognormvariate(3.6, 1.25)))


def _start(random: Random, until: int, days: int, length: int) -> int:
    """When a session begins: in the working day more often than at night."""
    room = max(0, days * DAY_MS - length * 60_000)
    begin = until - days * DAY_MS
    day = int(random.random() * room) // DAY_MS * DAY_MS
    return begin + min(room, day + int(random.triangular(0, DAY_MS, DAY_MS * 0.58)))


def _count(made: Made, talk: Conversation, size: int) -> None:
    made.messages += talk.messages
    made.failed += talk.failed
    made.unpriced += talk.unpriced
    made.sessions += 1
    made.size += size
    made.input += talk.input
    made.output += talk.output
    made.cache_read += talk.cache_read
    made.cache_write += talk.cache_write
    made.cost_pico += talk.cost_pico
    name = f"{talk.model.provider}/{talk.model.id}"
    made.models[name] = made.models.get(name, 0) + talk.messages


def _remember(
    store: dict[str, Any],
    runs: dict[str, list[tuple[int, str]]],
    key: str,
    session: str,
    about: dict[str, Any],
    talk: Conversation,
) -> None:
    """The entry of a session in its agent's store, and the line in the log of its task."""
    now = talk.clock.now
    entry = {
        "sessionId": session,
        "updatedAt": now,
        **about,
        "modelProvider": talk.model.provider,
        "model": talk.model.id,
        "contextTokens": 200_000,
    }
    if talk.last_output:  # what the context holds; of a session in which every call failed, nothing is known
        held = {"inputTokens": talk.context, "outputTokens": talk.last_output, "totalTokens": talk.context}
        entry |= {**held, "totalTokensFresh": True}
    if store.get(key, {}).get("updatedAt", 0) < now:
        store[key] = entry
    _, _, job = key.partition(":cron:")
    if job:
        store[f"{key}:run:{session}"] = entry
        usage = {
            "input_tokens": talk.input,
            "output_tokens": talk.output,
            "cache_read_tokens": talk.cache_read,
            "cache_write_tokens": talk.cache_write,
            "total_tokens": talk.input + talk.output + talk.cache_read + talk.cache_write,
        }
        line = {
            "ts": now,
            "jobId": job,
            "action": "finished",
            "status": "error" if talk.failed == talk.messages else "ok",
            "sessionId": session,
            "sessionKey": f"{key}:run:{session}",
            "runAtMs": talk.clock.began,
            "durationMs": now - talk.clock.began,
            "provider": talk.model.provider,
            "model": talk.model.id,
            "usage": usage,
        }
        runs.setdefault(job, []).append((now, json.dumps(line, separators=(",", ":"))))


def _uuid(random: Random) -> str:
    digits = f"{random.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def main(arguments: Sequence[str]) -> int:
    """Make transcripts from the command line, and say what is in them."""
    parser = argparse.ArgumentParser(prog="python -m bench.transcripts", description="Make up transcripts.")
    parser.add_argument("folder", type=Path, help="becomes a state folder; new or empty")
    parser.add_argument("--messages", type=int, default=100_000, help="messages of assistants (100000)")
    parser.add_argument("--days", type=int, default=90, help="over how many days (90)")
    parser.add_argument("--seed", type=int, default=1, help="another seed, other transcripts (1)")
    parser.add_argument("--until-ms", type=int, default=0, help="their end, milliseconds since 1970 (this hour)")
    parser.add_argument("--shape", choices=SHAPES, default=PI.name, help=f"whose lines ({PI.name})")
    parser.add_argument("--json", action="store_true", help="say as JSON what is in them")
    options = parser.parse_args(arguments)
    if (options.folder / "agents").exists():
        parser.error(f"{options.folder} has transcripts already")
    if options.messages < 1 or options.days < 1:
        parser.error("at least one message on one day")
    plan = Plan(options.messages, options.days, options.seed, options.until_ms, SHAPES[options.shape])
    made = write(options.folder, plan)
    if options.json:
        print(json.dumps({**asdict(made), "tokens": made.tokens}))
        return 0
    print(
        f"{made.messages:,} messages of assistants ({made.failed:,} failed, {made.unpriced:,} without a price) in"
        f" {made.sessions:,} sessions, {made.size / 1e6:,.0f} MB; {made.tokens:,} tokens, USD {made.cost_pico / 1e12:,.2f}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
