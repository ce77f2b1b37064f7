"""Tasks are shown by their names, with the id beside it in JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fased_litellm.cli import main
from fased_litellm.schemas import schemas
from tests.usage.imports.node import T0, Node, reply


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    monkeypatch.setenv("FASED_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("COLUMNS", raising=False)
    node = Node(tmp_path / "state")
    store = {f"agent:main:cron:{task}": {"sessionId": task} for task in ("7f0c", "8a1d", "9b2e", "none", "e")}
    node.store(store)
    for number, task in enumerate(("7f0c", "8a1d", "9b2e", "none", "e")):
        node.write(node.transcript(task), [reply("a1", T0 + number)])
    called = {"7f0c": "Morning digest", "8a1d": "Copy", "9b2e": "Copy", "e": "Été"}
    names = [{"id": task, "name": name} for task, name in called.items()]
    (node.state / "cron").mkdir()
    (node.state / "cron" / "jobs.json").write_text(json.dumps({"version": 1, "jobs": names}))
    node.read_in()
    return node


def run(capsys: pytest.CaptureFixture[str], *arguments: str, status: int = 0) -> str:
    assert main(["usage", *arguments]) == status
    captured = capsys.readouterr()
    return captured.out if not status else captured.err


def document(capsys: pytest.CaptureFixture[str], schema: str, *arguments: str) -> Any:
    found = json.loads(run(capsys, *arguments, "--json"))
    Draft202012Validator(schemas()[schema]).validate(found)
    return found


@pytest.mark.usefixtures("node")
def test_a_report_by_task(capsys: pytest.CaptureFixture[str]) -> None:
    text = run(capsys, "--all", "--by", "task")
    shown = [line.split("  ")[0] for line in text.splitlines() if "1,120" in line]
    assert sorted(shown) == ["Copy (8a1d)", "Copy (9b2e)", "Morning digest", "none", "Été"]
    groups = document(capsys, "usage-report.schema.json", "--all", "--by", "agent,task")["groups"]
    assert {(group["task"], group["taskName"]) for group in groups} == {
        ("7f0c", "Morning digest"),
        ("8a1d", "Copy"),
        ("9b2e", "Copy"),
        ("e", "Été"),
        ("none", None),
    }
    assert "taskName" not in document(capsys, "usage-report.schema.json", "--all", "--by", "agent")["groups"][0]


@pytest.mark.usefixtures("node")
def test_the_calls_of_a_task(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("7f0c", "Morning digest", " MORNING digest"):
        found = document(capsys, "usage-calls.schema.json", "task", name)
        assert found["subject"] == {"kind": "task", "task": "7f0c", "taskName": "Morning digest"}
        assert [call["task"] for call in found["calls"]] == ["7f0c"]
        assert found["taskNames"]["7f0c"] == "Morning digest"
        text = run(capsys, "task", name)
        assert text.startswith("Task 7f0c (Morning digest), ")
        assert "task Morning digest (7f0c)" in text
    error = run(capsys, "task", "Copy", status=1)
    assert "2 tasks are called 'Copy'." in error
    assert "8a1d, 9b2e" in error


@pytest.mark.usefixtures("node")
@pytest.mark.parametrize(
    ("name", "calls"),
    [("7f0c", 1), ("Morning digest", 1), ("morning DIGEST", 1), ("Copy", 2), ("Été", 1), ("x", 0)],
)
def test_a_name_picks_calls_as_an_id_does(capsys: pytest.CaptureFixture[str], name: str, calls: int) -> None:
    assert document(capsys, "usage-report.schema.json", "--all", "--task", name)["totals"]["calls"] == calls


@pytest.mark.usefixtures("node")
@pytest.mark.parametrize(
    ("words", "calls"),
    [("task:7f0c", 1), ("task:digest", 1), ("task:copy", 2), ("task:c*y", 2), ("-task:copy", 3), ("task:-", 0)],
)
def test_a_filter_finds_names_as_it_does_ids(capsys: pytest.CaptureFixture[str], words: str, calls: int) -> None:
    found = document(capsys, "usage-report.schema.json", "--all", f"--filter={words}")
    assert found["totals"]["calls"] == calls


@pytest.mark.usefixtures("node")
def test_two_periods_by_task(capsys: pytest.CaptureFixture[str]) -> None:
    text = run(capsys, "compare", "--by", "task", "2026-10-01..2026-10-31", "2026-11-01..2026-11-30")
    assert "Morning digest" in text
    found = json.loads(
        run(capsys, "compare", "--by", "task", "2026-10-01..2026-10-31", "2026-11-01..2026-11-30", "--json")
    )
    assert {"task": "7f0c", "taskName": "Morning digest"} in [group["key"] for group in found["groups"]]
