"""Calls of a clock that ran ahead are in ``--all``, with a word about them, and in no window that ends with today."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fased_litellm.cli import main
from tests.usage.imports.node import Node, reply

DAY_MS = 86_400_000
AHEAD = "of the future"


@pytest.fixture
def now(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> int:
    """One call of a minute ago, and two of next month; the time."""
    monkeypatch.setenv("FASED_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("FASED_USAGE_TZ", "UTC")
    node = Node(tmp_path / "state")
    now = time.time_ns() // 1_000_000
    ahead = [reply("a2", now + 40 * DAY_MS), reply("a3", now + 41 * DAY_MS)]
    node.write(node.transcript("s1"), [reply("a1", now - 60_000), *ahead])
    node.read_in()
    return now


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[str, str]:
    assert main(["usage", *arguments]) == 0
    captured = capsys.readouterr()
    return captured.out, captured.err


def newest(now: int) -> str:
    return str((datetime.fromtimestamp(now / 1000, UTC) + timedelta(days=41)).date())


def test_the_whole_history_has_them(now: int, capsys: pytest.CaptureFixture[str]) -> None:
    for more in ([], ["--by", "model"]):
        out, _ = run(capsys, "--all", *more)
        assert f"2 calls are {AHEAD}, up to {newest(now)}: a clock ran ahead when they were made." in out
        assert "3 calls" in out
    out, err = run(capsys, "--all", "--json")
    document = json.loads(out)
    assert document["totals"]["calls"] == 3
    assert document["to"] > f"{newest(now)}T"
    assert AHEAD in err
    out, err = run(capsys, "calls", "--all", "--json")
    assert json.loads(out)["totals"]["calls"] == 3
    assert AHEAD in err
    out, err = run(capsys, "session", "agent:main:s1", "--json")
    assert json.loads(out)["totals"]["calls"] == 3
    assert AHEAD in err
    out, err = run(capsys, "export", "--format", "prometheus")
    assert any(line.startswith("fased_usage_calls_total{") and line.endswith("} 3") for line in out.splitlines())
    assert AHEAD in err


@pytest.mark.usefixtures("now")
def test_a_window_that_ends_with_today_has_them_not(capsys: pytest.CaptureFixture[str]) -> None:
    out, _ = run(capsys)
    assert "1 call ·" in out
    assert "`--all` has them." in out
    out, err = run(capsys, "--days", "3")
    assert "1 call ·" in out
    assert AHEAD not in out + err


def test_without_any_nothing_is_said(now: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    node = Node(tmp_path / "state")
    node.ledger.unlink()
    node.write(node.transcript("s1"), [reply("a1", now - 60_000)])
    out, err = run(capsys, "--all")
    assert AHEAD not in out + err
    assert "until " in out


@pytest.mark.parametrize("command", [["--all"], ["--all", "--by", "day"], ["calls", "--all"], ["--all", "--json"]])
def test_the_end_of_the_calendar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    monkeypatch.setenv("FASED_STATE_DIR", str(tmp_path / "state"))
    node = Node(tmp_path / "state")
    node.write(node.transcript("s1"), [reply("a1"), reply("a2", 253_402_300_799_999)])
    out, err = run(capsys, *command)
    said = out + err
    assert "1 call is of the future, up to 9999-12-31: a clock ran ahead" in said
    assert "no report has those after 9999-11-30" in said
