from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from fased_litellm.paths import Paths
from fased_litellm.usage.imports.files import Found, conversation_name, scan, session_of
from fased_litellm.usage.imports.layout import NodeConfig, find
from tests.usage.imports.node import Node

STAMP = "2026-11-22T03-00-00.000Z"
UUID = "0d3f2c5e-1111-4222-8333-444455556666"


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path / "state")


def found(node: Node) -> list[Found]:
    return sorted(scan(find(node.paths, NodeConfig(node.paths))))


def names(node: Node) -> list[tuple[Any, ...]]:
    return sorted((file.kind, file.agent, file.name, bool(file.archived)) for file in found(node))


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("s1.jsonl", ("s1", "")),
        (f"{UUID}.jsonl", (UUID, "")),
        ("s1-topic-42.jsonl", ("s1-topic-42", "")),
        (f"s1.jsonl.reset.{STAMP}", ("s1", STAMP)),
        (f"s1.jsonl.deleted.{STAMP}", ("s1", STAMP)),
        (f"s1.jsonl.bak.{STAMP}", ("s1", STAMP)),
        ("s1.jsonl.reset.2026-11-22T03-00-00Z", ("s1", "2026-11-22T03-00-00Z")),
        ("s1.jsonl.reset.yesterday", None),
        ("s1.jsonl.bak-123-456", None),
        ("s1.jsonl.lock", None),
        ("s1.jsonl.tmp", None),
        (".jsonl", None),
        ("sessions.json", None),
        ("sessions.json.bak.1795316401000", None),
        (f"s1.checkpoint.{UUID}.jsonl", None),
        (f"s1.checkpoint.{UUID}.jsonl.deleted.{STAMP}", None),
        ("s1.checkpoint.jsonl", ("s1.checkpoint", "")),
        ("s1.trajectory.jsonl", None),
    ],
)
def test_names_of_transcripts(file: str, expected: tuple[str, str] | None) -> None:
    assert conversation_name(file) == expected


def test_the_session_of_a_topic() -> None:
    assert session_of("s1-topic-42") == "s1"
    assert session_of("s1") == "s1"
    assert session_of("-topic-42") == "-topic-42"


def test_what_lies_in_a_state_folder(node: Node) -> None:
    node.write(node.transcript("s1"), [])
    node.write(node.transcript("s2", agent="ops"), [])
    node.write(node.sessions() / f"s0.jsonl.reset.{STAMP}", [])
    node.write(node.sessions() / "notes.txt", [])
    (node.sessions() / "folder.jsonl").mkdir()
    node.store({})
    node.runs("7f0c", [])
    (node.state / "agents" / "a-file").write_text("")
    assert names(node) == [
        ("runs", "", "7f0c", False),
        ("store", "main", "", False),
        ("transcript", "main", "s0", True),
        ("transcript", "main", "s1", False),
        ("transcript", "ops", "s2", False),
    ]


def test_nothing_lies_there(node: Node) -> None:
    assert found(node) == []


def test_only_regular_files(node: Node) -> None:
    node.write(node.state / "elsewhere", [])
    os.mkfifo(node.sessions() / "pipe.jsonl")
    (node.sessions() / "dangling.jsonl").symlink_to("nowhere")
    (node.sessions() / "linked.jsonl").symlink_to(node.state / "elsewhere")
    (node.sessions() / "round.jsonl").symlink_to("round.jsonl")
    assert names(node) == [("transcript", "main", "linked", False)]


def test_names_that_are_no_text(node: Node) -> None:
    path = os.fsencode(node.sessions()) + b"/s\xff1.jsonl"
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY))
    (file,) = found(node)
    assert (file.name, file.path[-9:]) == ("s\\xff1", "s\\xff1.jsonl"[-9:])
    assert os.path.exists(file.file)


def test_a_store_elsewhere_for_each_agent(node: Node, tmp_path: Path) -> None:
    node.config({"session": {"store": str(tmp_path / "other" / "{agentId}" / "store.json")}})
    node.write(node.transcript("s1"), [])
    for agent in ("main", "ops"):
        folder = tmp_path / "other" / agent
        node.write(folder / f"{agent}-1.jsonl", [])
        node.write(folder / "store.json", ["{}"])
    node.sessions("ops")
    assert names(node) == [
        ("store", "main", "", False),
        ("store", "ops", "", False),
        ("transcript", "main", "main-1", False),
        ("transcript", "main", "s1", False),
        ("transcript", "ops", "ops-1", False),
    ]


def test_one_store_elsewhere_for_all(node: Node) -> None:
    node.config({"session": {"store": "~/one/sessions.json"}, "agents": {"list": [{"id": "ops", "default": True}]}})
    node.write(node.paths.home / "one" / "s1.jsonl", [])
    node.write(node.paths.home / "one" / "sessions.json", ["{}"])
    assert names(node) == [("store", "ops", "", False), ("transcript", "ops", "s1", False)]


def test_the_usual_store_by_its_name(node: Node) -> None:
    node.config({"session": {"store": str(node.sessions().parent.parent / "{agentId}" / "sessions" / "sessions.json")}})
    node.write(node.transcript("s1"), [])
    node.store({})
    assert names(node) == [("store", "main", "", False), ("transcript", "main", "s1", False)]


def test_tasks_elsewhere(node: Node, tmp_path: Path) -> None:
    node.config({"cron": {"store": str(tmp_path / "tasks" / "jobs.json")}})
    node.write(tmp_path / "tasks" / "runs" / "j1.jsonl", [])
    node.runs("j2", [])
    assert names(node) == [("runs", "", "j1", False)]


def test_a_config_that_says_nothing_of_stores_is_not_parsed(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    node.state.mkdir()
    node.paths.config.write_text("{ models: { providers: { litellm: { compat: { supportsStore: false } } } }, oops")
    node.write(node.transcript("s1"), [])
    assert names(node) == [("transcript", "main", "s1", False)]
    assert NodeConfig(node.paths).problem is None


def test_a_broken_config_is_an_empty_one(node: Node) -> None:
    node.state.mkdir()
    node.paths.config.write_text("{ session: { store: 'x' ")
    node.write(node.transcript("s1"), [])
    config = NodeConfig(node.paths)
    layout = find(node.paths, config)
    assert [folder.agent for folder in layout.sessions] == ["main"]
    assert config.problem is not None
    assert config.problem.startswith(str(node.paths.config))
    assert config.prices().written == {}


def test_paths_of_another_place(tmp_path: Path) -> None:
    paths = Paths.from_env({"FASED_STATE_DIR": str(tmp_path / "s"), "HOME": str(tmp_path)})
    assert find(paths, NodeConfig(paths)).runs == str(tmp_path / "s" / "cron" / "runs")
