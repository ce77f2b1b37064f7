"""The one screen, against files of what it looked like; ``NEW_SCREENS=1`` writes them anew, to be read then."""

from __future__ import annotations

import os
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm import visible
from fased_litellm.cli.display.table import length
from fased_litellm.cli.display.terminal import Terminal
from fased_litellm.cli.usage.display.screen import allot, lines
from fased_litellm.usage.query.calendar.timezones import parse_zone
from fased_litellm.usage.query.overview import Overview, overview
from fased_litellm.usage.query.query import Query
from fased_litellm.usage.record import UsageRecord
from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.usage.store.snapshot import asking
from tests.usage.samples import DAY_MS, START_MS, sample

SCREENS = Path(__file__).parent / "screens"
WEEK = Query(START_MS, START_MS + 7 * DAY_MS)
SESSIONS = (
    "agent:main:main",
    "agent:main:telegram:direct:42",
    "agent:ops:slack:channel:c012345678",
    "日本語の長い名前のセッションです",
    "agent:main:discord:group:🙂🙂party🙂",
    "agent:שלום:telegram:direct:שלום",
    "evil:\x1b[2J\x1b[31mred\x07\u202egnp",
    "agent:main:whatsapp:group:" + "x" * 90,
)


def busy() -> list[UsageRecord]:
    """A week of three models, of four agents, and of calls that went wrong in each way."""
    found = []
    for number in range(400):
        changes: dict[str, Any] = {
            "model": ("default", "team-sonnet", "openai/gpt-5.5-mini-2026-10-01", "mystery")[number % 7 % 4],
            "agent": ("main", "ops", "שלום", "dev")[number % 9 % 4],
            "session": SESSIONS[number % 13 % 8],
            "cost": Decimal(number % 50) / 100,
            "input_tokens": number * 10,
            "total_tokens": number * 10 + 20,
        }
        if changes["model"] == "mystery":
            changes["cost"] = None
        if number % 40 == 0:
            changes |= {"status": "error", "cause": "key-expired", "origin": "caller-key", "cost": None}
            changes |= {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
        if number % 90 == 1:
            changes |= {"status": "interrupted", "cost": None}
        found.append(sample(f"c{number}", START_MS + number * 23 % 167 * 3_600_000 + number, **changes))
    return found


def ask(path: Path, *chosen: UsageRecord, query: Query = WEEK) -> Overview:
    with Ledger(path) as ledger:
        ledger.record_many(chosen)
    with asking(path) as connection:
        return overview(connection, query)


@pytest.fixture(scope="module")
def week(tmp_path_factory: pytest.TempPathFactory) -> Overview:
    return ask(tmp_path_factory.mktemp("ledger") / "usage.sqlite3", *busy())


@pytest.mark.parametrize(
    ("name", "terminal"),
    [
        ("40x24", Terminal(width=40, height=24)),
        ("60x24", Terminal(width=60, height=24)),
        ("80x24", Terminal(width=80, height=24)),
        ("80x24-ascii", Terminal(width=80, height=24, ascii=True)),
        ("80x24-colour", Terminal(width=80, height=24, colour=True, shown=True, dumb=False)),
        ("120x60", Terminal(width=120, height=60)),
        ("200x24", Terminal(width=200, height=24)),
        ("file", Terminal()),
    ],
)
def test_the_screen(week: Overview, name: str, terminal: Terminal) -> None:
    found = lines(week, terminal)
    path = SCREENS / f"{name}.txt"
    text = visible.lines("".join(f"{line}\n" for line in found), colour=True)
    if os.environ.get("NEW_SCREENS"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("height", [24, 30, 60])
@pytest.mark.parametrize("width", [60, 80, 120, 200])
def test_it_fits(week: Overview, width: int, height: int) -> None:
    found = lines(week, Terminal(width=width, height=height))
    assert max(map(length, found)) <= width
    assert len(found) < height


def test_the_least_of_it_is_shown_on_the_smallest_screen(week: Overview) -> None:
    found = lines(week, Terminal(width=40, height=5))
    for title in ("Model, 1 of 4", "Agent, 1 of 4", "Session, 1 of 8"):
        assert any(line.startswith(title) for line in found)
    assert len(found) == 19


def test_one_call_needs_few_words(tmp_path: Path) -> None:
    found = ask(tmp_path / "usage.sqlite3", sample(started_at_ms=START_MS + DAY_MS))
    assert lines(found, Terminal(width=80, height=24)) == [
        "Usage, 2026-11-21 to 2026-11-27 (UTC)",
        "1 call · 30 tokens (10 in, 20 out) · $0.00065",
        "Per day  ▁█▁▁▁▁▁  most: 2026-11-22, $0.00065",
        "",
        "Model            Calls  Tokens      Cost  Per day",
        "litellm/default      1      30  $0.00065  ▁█▁▁▁▁▁  ████████████████████████",
        "",
        "Agent",
        "main                 1      30  $0.00065  ▁█▁▁▁▁▁  ████████████████████████",
        "",
        "Session",
        "s1                   1      30  $0.00065  ▁█▁▁▁▁▁  ████████████████████████",
    ]


def test_calls_without_names_and_prices_have_their_rows(tmp_path: Path) -> None:
    found = ask(
        tmp_path / "usage.sqlite3",
        UsageRecord("a", START_MS, status="interrupted"),
        UsageRecord("b", START_MS, input_tokens=7, total_tokens=7),
    )
    text = "\n".join(lines(found, Terminal(width=80, height=24)))
    assert "Unpriced: 2 calls, 7 tokens (-) → fased usage reprice" in text
    assert text.splitlines()[5].split() == ["-", "2", "1", "7", "unpriced", "█▁▁▁▁▁▁", "█" * 24]
    assert text.splitlines()[-1].split() == ["interrupted", "1", "2026-11-21", "00:00", "-", "-"]


def test_times_are_those_of_the_zone(tmp_path: Path) -> None:
    zone = parse_zone("+05:30")
    query = replace(WEEK, from_ms=START_MS - zone.fixed_ms, to_ms=START_MS - zone.fixed_ms + 2 * DAY_MS, zone=zone)
    failed = sample(
        started_at_ms=START_MS + DAY_MS - 60_000, status="error", cause="timeout", origin="network", cost=None
    )
    text = "\n".join(lines(ask(tmp_path / "usage.sqlite3", failed, query=query), Terminal(width=100)))
    assert "Usage, 2026-11-21 to 2026-11-22 (+05:30)" in text
    assert "Per day  ▁█  most: 2026-11-22, 30 tokens" in text
    assert "2026-11-22 05:29" in text
    assert "connection to the proxy" in text


@given(st.lists(st.integers(0, 30), min_size=1, max_size=6), st.integers(-5, 60))
def test_rows_are_shared_out_in_turns(wanted: list[int], room: int) -> None:
    given_out = allot(wanted, room)
    assert all(min(number, 1) <= got <= number for got, number in zip(given_out, wanted, strict=True))
    least = sum(min(number, 1) for number in wanted)
    assert sum(given_out) == min(max(room, least), sum(wanted))
    short = [got for got, number in zip(given_out, wanted, strict=True) if got < number]
    assert not short or max(given_out) - min(short) <= 1
