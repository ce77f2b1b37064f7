"""Questions to ledgers of 10,000 to 10,000,000 calls: how their time grows with the calls, and how with the groups."""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

from fased_litellm.usage.query import filters
from fased_litellm.usage.query.calendar.timezones import parse_zone
from fased_litellm.usage.query.calendar.windows import window
from fased_litellm.usage.query.query import Query
from fased_litellm.usage.store.ledger import Ledger

from . import big_ledger
from .figures import Part, Table

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
ROUNDS = 15
MOST_MS = 10.0


def measure(scratch: Path) -> list[Part]:
    """Build each ledger, ask each question, remove the ledger."""
    now = time.time_ns() // 1_000_000
    questions = _questions(now)
    times: dict[str, list[tuple[float, int]]] = {what: [] for what, *_ in questions}
    about = []
    for size in SIZES:
        path = scratch / "usage-query" / f"{size}.sqlite3"
        big_ledger.build(path, size, now)
        about.append(f"{path.stat().st_size / 1e6:,.0f} MB")
        with Ledger(path) as ledger:
            for what, query, _ in questions:
                times[what].append(_asked(ledger, query))
        for file in path.parent.iterdir():
            file.unlink()
    cells, missed = [], []
    for what, _, aimed in questions:
        taken = [milliseconds for milliseconds, _ in times[what]]
        groups = [number for _, number in times[what]]
        verdict = ""
        if aimed:
            verdict = "ok" if max(taken) < MOST_MS else "missed"
            if verdict == "missed":
                missed.append(f"report: {what}")
        shown = f"{groups[0]:,}" if len(set(groups)) == 1 else f"{min(groups):,}–{max(groups):,}"
        target = f"< {MOST_MS:.0f} ms" if aimed else ""
        cells.append((what, shown, *(f"{one:,.2f} ms" for one in taken), target, verdict))
    how = (
        f"`Ledger.report` in this process, from opening the file to the whole answer; median of {ROUNDS}. Each ledger has the same"
        f" names in the same {big_ledger.SESSIONS:,} sessions over the same {big_ledger.DAYS} days, and is {', '.join(about)} in"
        " size: what grows is the number of calls. `groups` is the number of lines of the answer."
    )
    head = ["question", "groups", *(f"{size:,} calls" for size in SIZES), "target", ""]
    return [Table("The report alone, by calls in the ledger", how, head, cells, missed)]


def _asked(ledger: Ledger, query: Query) -> tuple[float, int]:
    """Milliseconds, and the number of groups."""
    ledger.report(query)
    gc.collect()
    taken = []
    groups = 0
    for _ in range(ROUNDS):
        began = time.perf_counter()
        report = ledger.report(query)
        taken.append((time.perf_counter() - began) * 1000)
        groups = len(report.groups)
    return statistics.median(taken), groups


def _questions(now: int) -> Sequence[tuple[str, Query, bool]]:
    """Words, query, and whether it is to take single-digit milliseconds at every size."""
    week = window(now, days=7)
    month = window(now, days=30)
    all_days = window(now, days=big_ledger.DAYS)
    india, berlin = parse_zone("Asia/Kolkata"), parse_zone("Europe/Berlin")
    week_in_berlin = window(now, days=7, zone=berlin)
    return (
        ("7 days, by model", Query(*week, ("provider", "model")), True),
        ("7 days, by day", Query(*week, ("day",)), True),
        ("7 days, by agent and task", Query(*week, ("agent", "task")), True),
        ("30 days, by model", Query(*month, ("provider", "model")), True),
        ("7 days of Berlin, by day", Query(*week_in_berlin, ("day",), zone=berlin), False),
        ("90 days, by agent", Query(*all_days, ("agent",)), False),
        ("90 days, by month and model", Query(*all_days, ("month", "model")), False),
        ("90 days, by day", Query(*all_days, ("day",)), False),
        ("7 days of India, by day and model", Query(*window(now, days=7, zone=india), ("day", "model"), zone=india), False),
        ("7 days, by hour", Query(*week, ("hour",)), False),
        ("30 days, `agent:main model:gpt* -channel:slack`, by task",
         Query(*month, ("task",), where=filters.parse("agent:main model:gpt* -channel:slack")), False),
        ("7 days, by session, the top 20", Query(*week, ("session",), top=20), False),
        ("30 days, sessions with `minCost:$5`", Query(*month, ("agent",), where=filters.parse("minCost:$5")), False),
    )  # fmt: skip
