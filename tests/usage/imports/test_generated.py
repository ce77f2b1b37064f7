"""Weeks of use with forks, successors, resets, SQLite stores and task logs: the totals are those of the calls that were made."""

from __future__ import annotations

import contextlib
import json
import os
import random
import subprocess
from pathlib import Path

import pytest

from fased_litellm.usage.query.query import Query
from fased_litellm.usage.query.totals import Totals
from fased_litellm.usage.store.ledger import Ledger
from tests import environment
from tests.usage.agreement import assert_rollups_equal_rows
from tests.usage.imports.generated import Weeks
from tests.usage.imports.node import Node

CCUSAGE = environment.FOUND.get("FASED_TEST_CCUSAGE")
"""The program, to compare with: ``npm install ccusage@20.0.24`` puts it into ``node_modules/.bin``."""
TOLD = json.loads(Path(__file__).with_name("ccusage-20.0.24.json").read_text())
"""What that release says of the folders which these seeds make; see ``test_what_was_kept_is_what_it_says``."""

NAMES = (
    "calls",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "total_tokens",
    "cost_pico",
)


def totals(node: Node) -> Totals:
    with Ledger(node.ledger) as ledger:
        return ledger.report(Query(0, 253_402_300_799_999)).totals


def same(found: Totals, made: Totals) -> None:
    assert {name: getattr(found, name) for name in NAMES} == {name: getattr(made, name) for name in NAMES}


class Interrupted(Exception):
    """An import was ended between two files."""


def interrupted(node: Node, after: int) -> None:
    """Import, and end it after so many commits."""
    left = after

    def on_progress(_: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Interrupted

    with contextlib.suppress(Interrupted):
        node.read_in(workers=0, on_progress=on_progress)


@pytest.mark.parametrize("seed", range(int(environment.FOUND.get("FASED_TEST_WEEKS", "8"))))
def test_the_totals_are_those_of_the_calls_that_were_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Imported all at once, and again and again while it grows: also in another order of files, ended between two of them, and
    although what was imported is deleted."""
    monkeypatch.setattr("fased_litellm.usage.imports.writing.CALLS", 6)
    chance = random.Random(seed)
    grown, once = (Weeks(Node(tmp_path / name / "state"), seed) for name in ("grown", "once"))
    for _ in range(40):
        grown.act()
        once.act()
        if chance.random() < 0.4:
            for session in grown.sessions:
                if session.path and session.path.exists() and chance.random() < 0.2:
                    grown.node.touch(session.path)
            interrupted(grown.node, chance.randrange(4))
            grown.node.read_in(workers=0, full=chance.random() < 0.2)
            for session in grown.sessions:
                if session.aside and session.path and chance.random() < 0.3:
                    session.path.unlink(missing_ok=True)
    for weeks in (grown, once):
        result = weeks.node.read_in(workers=0)
        assert result.unreadable == []
        same(totals(weeks.node), weeks.totals)
        assert_rollups_equal_rows(weeks.node.ledger)
        again = weeks.node.read_in(full=True, workers=0)
        assert (again.added, again.replaced, again.copies) == (0, 0, 0)
        uneven = "total_tokens <> input_tokens + output_tokens + cache_read_tokens + cache_write_tokens"
        assert weeks.node.rows(f"SELECT call_id FROM call WHERE {uneven} OR reasoning_tokens > output_tokens") == []


def plain_weeks(folder: Path, seed: int) -> Weeks:
    """What ccusage reads as we do: it counts copies in forks again, and reads no databases, task logs and ``.bak.`` files."""
    weeks = Weeks(Node(folder / "state"), seed, forks=False, databases=False)
    for _ in range(60):
        weeks.act()
    return weeks


@pytest.mark.parametrize("seed", range(len(TOLD)))
def test_the_totals_are_those_of_ccusage(tmp_path: Path, seed: int) -> None:
    weeks = plain_weeks(tmp_path, seed)
    weeks.node.read_in()
    found = totals(weeks.node)
    same(found, weeks.totals)
    told = TOLD[seed]
    assert told["inputTokens"] == found.input_tokens > 0
    assert told["outputTokens"] == found.output_tokens
    assert told["cacheReadTokens"] == found.cache_read_tokens
    assert told["cacheCreationTokens"] == found.cache_write_tokens
    assert told["totalTokens"] == found.total_tokens
    assert told["totalCost"] == pytest.approx(float(found.cost_usd or 0))


@pytest.mark.skipif(
    CCUSAGE is None, reason="FASED_TEST_CCUSAGE names no ccusage; what it said is kept and compared with"
)
@pytest.mark.parametrize("seed", range(len(TOLD)))
def test_what_was_kept_is_what_it_says(tmp_path: Path, seed: int) -> None:
    weeks = plain_weeks(tmp_path, seed)
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "OPENCLAW_DIR": str(weeks.node.state), "TZ": "UTC"}
    assert CCUSAGE
    command = [CCUSAGE, "openclaw", "daily", "--json", "--offline"]
    told = subprocess.run(command, env=environ, capture_output=True, check=True, text=True)
    assert json.loads(told.stdout)["totals"] == TOLD[seed]
