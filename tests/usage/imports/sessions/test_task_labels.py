"""What people call tasks, from where the agent has it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.usage.imports.sessions import sqlite_store, task_labels
from tests.usage.imports.node import T0, Node, reply
from tests.usage.imports.transcripts.test_numbers import anything

JOBS = {"version": 1, "jobs": [{"id": "7F0C", "name": " Morning digest "}, {"id": "8a1d", "name": "Backup"}]}


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path / "state")


def names(node: Node) -> dict[str, str]:
    assert not sqlite_store._opened
    return dict(node.rows("SELECT task, name FROM task_name"))


def jobs(node: Node, tree: Any, folder: Path | None = None) -> Path:
    path = (folder or node.state / "cron") / "jobs.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(tree))
    node.touch(path)
    return path


def database(node: Node, path: Path, statements: list[tuple[str, tuple[Any, ...]]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        for sql, values in statements:
            connection.execute(sql, values)
    node.touch(path)


def test_where_tasks_are_defined_in_a_file(node: Node) -> None:
    jobs(node, JOBS)
    assert node.read_in().read == 1
    assert names(node) == {"7f0c": "Morning digest", "8a1d": "Backup"}
    assert node.read_in().read == 0
    jobs(node, {"jobs": [{"id": "8a1d", "name": "Nightly backup"}]})
    node.read_in()
    assert names(node) == {"7f0c": "Morning digest", "8a1d": "Nightly backup"}  # of one that is gone, calls are left


DEFINITIONS = (
    "CREATE TABLE task_ledger_definitions (collection_kind TEXT, scope_key TEXT, record_id TEXT, record_json TEXT)"
)
DEFINED = "INSERT INTO task_ledger_definitions VALUES (?, 'global', 'x', ?)"


def test_where_tasks_are_defined_in_a_ledger_of_tasks(node: Node) -> None:
    path = node.state / "tasks" / "task-ledger.sqlite"
    other = json.dumps({"jobs": [{"id": "9", "name": "no"}]})
    database(
        node, path, [(DEFINITIONS, ()), (DEFINED, ("cron_store", json.dumps(JOBS))), (DEFINED, ("workflow", other))]
    )
    before = sorted(path.parent.iterdir())
    node.read_in()
    assert sorted(path.parent.iterdir()) == before
    assert names(node) == {"7f0c": "Morning digest", "8a1d": "Backup"}
    with closing(sqlite3.connect(path)) as agent:  # while the agent has it open
        agent.execute(DEFINED, ("cron_store", json.dumps({"jobs": [{"id": "b", "name": "New"}]})))
        agent.commit()
        node.read_in()
        assert names(node)["b"] == "New"


def test_where_newer_releases_define_them(node: Node) -> None:
    made = [
        ("CREATE TABLE cron_jobs (job_id TEXT, name TEXT)", ()),
        ("INSERT INTO cron_jobs VALUES ('7f0c', 'Digest')", ()),
    ]
    database(node, node.state / "state" / "openclaw.sqlite", made)
    node.read_in()
    assert names(node) == {"7f0c": "Digest"}


def test_where_the_config_says_that_they_are(node: Node, tmp_path: Path) -> None:
    node.config({"cron": {"store": str(tmp_path / "own" / "jobs.json")}})
    jobs(node, JOBS, tmp_path / "own")
    made = [(DEFINITIONS, ()), (DEFINED, ("cron_store", json.dumps({"jobs": [{"id": "c", "name": "C"}]})))]
    database(node, tmp_path / "own" / "tasks" / "task-ledger.sqlite", made)
    node.read_in()
    assert names(node) == {"7f0c": "Morning digest", "8a1d": "Backup", "c": "C"}


@pytest.mark.parametrize("label_first", [True, False])
def test_labels_of_sessions_name_what_is_not_defined_any_more(node: Node, label_first: bool) -> None:
    labels = {
        "agent:main:cron:7f0c": {"sessionId": "s1", "label": "Cron: Old digest"},
        "agent:main:cron:9": {"sessionId": "s2", "label": "Cron: Gone"},
        "agent:main:cron:10": {"sessionId": "s3", "label": "Cron: "},
        "agent:main:cron:11": {"sessionId": "s4", "label": "another"},
        "agent:main:main": {"sessionId": "s5", "label": "Cron: none"},
    }
    for step in (1, 2) if label_first else (2, 1):
        if step == 1:
            node.store(labels)
        else:
            jobs(node, JOBS)
        node.read_in()
    assert names(node) == {"7f0c": "Morning digest", "8a1d": "Backup", "9": "Gone"}


@pytest.mark.parametrize("damage", ["{oops", "[]", "5", '{"jobs": 5}', '{"jobs": [5, {}, {"id": 5}]}'])
def test_a_file_that_makes_no_sense(node: Node, damage: str) -> None:
    path = node.state / "cron" / "jobs.json"
    path.parent.mkdir(parents=True)
    path.write_text(damage)
    node.write(node.transcript("s1"), [reply("a1")])
    result = node.read_in()
    assert [file for file, _ in result.unreadable] == ([str(path)] if damage == "{oops" else [])
    assert result.added == 1
    assert names(node) == {}


def test_a_database_that_is_none(node: Node) -> None:
    path = node.state / "tasks" / "task-ledger.sqlite"
    path.parent.mkdir(parents=True)
    path.write_text("x" * 5000)
    assert [file for file, _ in node.read_in().unreadable] == [str(path)]


@given(anything, st.dictionaries(st.sampled_from(("id", "name", "jobs")), anything))
def test_nothing_makes_it_stumble(value: Any, job: dict[str, Any]) -> None:
    for tree in (value, {"jobs": value}, {"jobs": [value, job]}):
        assert all(type(found) is dict for found in task_labels._jobs(tree))


def test_calls_of_a_task_have_its_id(node: Node) -> None:
    """The name is beside it: a task may get another one."""
    jobs(node, JOBS)
    node.store({"agent:main:cron:7f0c": {"sessionId": "s1"}})
    node.write(node.transcript("s1"), [reply("a1", T0)])
    node.read_in()
    assert node.calls("task") == [("7f0c",)]
