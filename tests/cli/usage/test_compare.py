from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fased_litellm.cli import main
from fased_litellm.schemas import schemas
from fased_litellm.usage.store.ledger import Ledger
from tests.usage.samples import DAY_MS, START_MS, sample

SCHEMA = schemas()["usage-compare.schema.json"]


@pytest.fixture
def history(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASED_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("COLUMNS", raising=False)
    changes: list[dict[str, Any]] = [
        *({"agent": "main", "cost": Decimal("0.10")} for _ in range(4)),
        *({"agent": "main", "cost": Decimal("0.10"), "started_at_ms": START_MS + 2 * DAY_MS} for _ in range(8)),
        {"agent": "ops", "cost": Decimal("2.00"), "model": "strong", "started_at_ms": START_MS + 2 * DAY_MS},
        {"agent": "ops", "cost": None, "cost_source": "unknown", "started_at_ms": START_MS + 2 * DAY_MS},
    ]
    with Ledger(tmp_path / "state" / "litellm" / "usage.sqlite3") as ledger:
        ledger.record_many(
            sample(str(number), **{"total_tokens": 30, "input_tokens": 10, "output_tokens": 20, **change})
            for number, change in enumerate(changes)
        )


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["usage", "compare", *arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.mark.usefixtures("history")
def test_why_a_day_was_dearer(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "2026-11-21", "2026-11-23", "--by", "agent")
    assert (status, err) == (0, "")
    lines = out.splitlines()
    assert lines[0] == "Usage, 2026-11-21 (UTC) (before) and 2026-11-23 (UTC) (after)"
    shown = [line.split() for line in lines]
    assert ["Calls", "4", "10", "+150", "%"] in shown
    assert ["Cost", "$0.40", "≥", "$2.80", "+600", "%"] in shown
    assert "+$2.40, because of:" in lines
    assert ["other", "models", "+$1.90"] in shown
    assert ["more", "calls", "+$0.50"] in shown
    assert "1 of the calls have no known price, and are not in the costs." in lines
    assert lines[-1].split() == ["main", "4", "→", "8", "120", "→", "240", "$0.40", "→", "$0.80", "+$0.40"]


@pytest.mark.usefixtures("history")
def test_json_meets_its_schema_and_adds_up(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "2026-11-21", "2026-11-23", "--json")
    assert (status, err) == (0, "")
    document = json.loads(out)
    Draft202012Validator(SCHEMA).validate(document)
    assert document["costChangeUsd"] == pytest.approx(2.4)
    assert sum(document["reasons"].values()) == pytest.approx(2.4)
    assert [group["key"]["model"] for group in document["groups"]] == ["strong", "default"]
    assert json.loads(run(capsys, "2026-11-21", "2026-11-23", "--json", "--top", "1")[1])["more"] == 1
    assert json.loads(run(capsys, "2026-11-21", "2026-11-23", "--json", "--agent", "main")[1])["costChangeUsd"] == 0.4


def test_a_history_without_calls(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FASED_STATE_DIR", str(tmp_path / "state"))
    status, out, _ = run(capsys)
    assert (status, out[:19]) == (0, "No calls, neither 2")
    document = json.loads(run(capsys, "--json")[1])
    Draft202012Validator(SCHEMA).validate(document)
    assert document["groups"] == []
    assert not (tmp_path / "state").exists()


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["last-week"], "One period is missing"),
        (["last-week", "nonsense"], "not a period"),
        (["today", "today"], "the same days"),
        (["--by", "day"], "have no day in common"),
        (["--by", "agnet"], "cannot be grouped by"),
        (["--from", "2026-11-01"], "is not an address"),
    ],
)
def test_wrong_words_are_refused(arguments: list[str], word: str, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert word in err


@pytest.mark.usefixtures("history")
def test_a_period_that_begins_before_the_history_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "2026-11-01..2026-11-22", "2026-11-23")
    assert out.splitlines()[1:3] == [
        "The history begins on 2026-11-21: of the days before, nothing is known.",
        "The periods are not of one length: 22 and 1 days.",
    ]
    document = json.loads(run(capsys, "2026-11-01..2026-11-22", "2026-11-23", "--json")[1])
    assert document["remark"] == "The history begins on 2026-11-21: of the days before, nothing is known."
    assert json.loads(run(capsys, "2026-11-21", "2026-11-23", "--json")[1])["remark"] is None
