"""Ledgers as released versions wrote them, kept as SQL beside this file: how they are made, and how they are read.

Run as a program before a version of the ledger is left behind: ``python -m tests.usage.store.old_ledger``. It writes
``data/ledger-N.sql``, N being the version of the code that runs it. A file that is there is not made again: a version
that was released is never changed.
"""

from __future__ import annotations

import random
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

from fased_litellm.usage.record import UsageRecord
from fased_litellm.usage.store.changes import change
from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.usage.store.migrations import APPLICATION_ID, LATEST

DATA = Path(__file__).parents[1] / "data"
START_MS = 1_795_219_200_000  # 2026-11-21T00:00:00Z
COUNT = {1: 400, 2: 200, 3: 200, 4: 200, 5: 200, 6: 200, 7: 200, 8: 200}
"""How many calls the ledger of a version has."""
COUNTED_TO = 190
"""From version 2 on, the later ones are not counted."""


def calls(version: int) -> Iterator[UsageRecord]:
    """Some hundred calls of a few days: several agents, sessions and outcomes, always the same ones."""
    chance = random.Random(20261121)
    for number in range(COUNT[version]):
        status = chance.choices(("ok", "error", "interrupted", "cancelled"), (90, 6, 2, 2))[0]
        took = status != "error"
        tokens = [chance.randrange(4000) if took else 0 for _ in range(2)]
        cached = [chance.choice((0, 0, 0, chance.randrange(90_000))) if took else 0 for _ in range(2)]
        priced = took and chance.random() < 0.8
        values: dict[str, Any] = {
            "call_id": f"call-{number:04}",
            "started_at_ms": START_MS + chance.randrange(4 * 86_400_000),
            "provider": chance.choice(("litellm", "litellm", "other", None)),
            "model": chance.choice(("default", "openai/gpt-5.5", "équipe", None)),
            "agent": chance.choice(("main", "main", "ops", None)),
            "task": chance.choice((None, None, "digest", "=1+1")),
            "channel": chance.choice((None, "telegram", "slack")),
            "session": chance.choice((None, "agent:main:main", *(f"s{chance.randrange(12)}" for _ in range(4)))),
            "source": chance.choice((None, "cli", "task")),
            "role": chance.choice((None, None, "coding", "strong")),
            "served_model": chance.choice((None, "openai/gpt-5.5")),
            "status": status,
            "cause": None if status == "ok" else chance.choice(("rate-limit", "timeout", "connection-lost")),
            "origin": None if status == "ok" else "gateway",
            "http_status": chance.choice((None, 429, 500)) if status == "error" else 200,
            "requested_model": chance.choice((None, None, "litellm/strong")),
            "deployment_id": chance.choice((None, "d1")),
            "input_tokens": tokens[0],
            "output_tokens": tokens[1],
            "cache_read_tokens": cached[0],
            "cache_write_tokens": cached[1],
            "reasoning_tokens": tokens[1] // 3,
            "total_tokens": sum(tokens) + sum(cached),
            "cost": Decimal(chance.randrange(10**11)).scaleb(-12) if priced else None,
            "cost_source": "header" if priced else "unknown",
            "retries": chance.choice((None, 0, 2)),
            "fallbacks": chance.choice((None, 0, 1)),
            "latency_ms": chance.choice((None, chance.randrange(90_000) / 8)),
            "time_to_first_token_ms": chance.choice((None, chance.randrange(9_000) / 8)),
            "proxy_overhead_ms": chance.choice((None, 1.5)),
            "proxy_version": chance.choice((None, "1.106.2")),
        }
        if version > 1:
            values["response_id"] = chance.choice((None, f"chatcmpl-{number}"))
            for name in ("input_cost", "output_cost", "cache_read_cost", "cache_write_cost"):
                values[name] = chance.choice((None, Decimal(chance.randrange(10**9)).scaleb(-12))) if priced else None
            values["price_note"] = chance.choice((None, "a catalog")) if priced else None
        if version > 2:
            values["proxy_call_id"] = chance.choice((None, f"proxy-{number}"))
        if version > 4:
            values["billing"] = chance.choice((None, '{"service_tier":"flex"}'))
        yield UsageRecord(**values)


def counted(version: int) -> list[UsageRecord]:
    """Those that reports count."""
    return list(calls(version))[: COUNTED_TO if version > 1 else None]


def write(path: Path) -> None:
    """The ledger at that path, made by the version that is running."""
    with Ledger(path) as ledger:
        ledger.record_many(calls(LATEST))
        with ledger.transaction() as connection:
            change(connection, {number + 1: {"counted": 0} for number in range(COUNTED_TO, COUNT[LATEST])})


def restore(version: int, path: Path) -> None:
    """Put a ledger of a released version at that path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((DATA / f"ledger-{version}.sql").read_text())


def versions() -> list[int]:
    """The versions of which a ledger is kept."""
    return sorted(int(file.stem.partition("-")[2]) for file in DATA.glob("ledger-*.sql"))


def main() -> None:
    target = DATA / f"ledger-{LATEST}.sql"
    with tempfile.TemporaryDirectory() as folder, target.open("x") as out:
        path = Path(folder) / "usage.sqlite3"
        write(path)
        with closing(sqlite3.connect(path)) as connection:
            for line in connection.iterdump():
                out.write(f"{line}\n")
        out.write(f"PRAGMA application_id = {APPLICATION_ID};\nPRAGMA user_version = {LATEST};\n")


if __name__ == "__main__":
    main()
