from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from fased_litellm.usage.imports.transcripts import header
from fased_litellm.usage.imports.transcripts.header import NONE, Header
from fased_litellm.usage.imports.transcripts.jsonlines import fast, plain
from fased_litellm.usage.imports.transcripts.numbers import LAST_MS
from tests.usage.imports import node
from tests.usage.imports.node import T0
from tests.usage.imports.transcripts.test_numbers import anything


def read(path: Path) -> Header:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        found = [header.read(descriptor, parse) for parse in (plain, fast())]
    finally:
        os.close(descriptor)
    assert found[0] == found[1]
    return found[0]


def test_what_a_header_says(tmp_path: Path) -> None:
    path = tmp_path / "s2.jsonl"
    path.write_bytes(node.text([node.header("s2", T0, parent="/srv/agents/main/sessions/s1.jsonl"), node.reply("a1")]))
    assert read(path) == Header(T0, "s1")
    path.write_bytes(node.text([node.header("s2")]).rstrip())
    assert read(path) == Header(T0)
    path.write_bytes(node.text([{**node.header("s2"), "cwd": "/srv/" + "x" * 3000}]))
    assert read(path) == Header(T0)


@pytest.mark.parametrize(
    "line",
    [b"", b"\n", b"{", b'{"type":"session"', b'["session"]', node.text([node.reply("session")]), b'"session"' * 10_000],
)
def test_a_file_without_one(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "s.jsonl"
    path.write_bytes(line)
    assert read(path) == NONE


@given(anything)
def test_nothing_makes_it_stumble(value: Any) -> None:
    assert header.of(value) == NONE
    found = header.of({"type": "session", "id": value, "timestamp": value, "parentSession": value})
    assert found.began_ms is None or 0 <= found.began_ms <= LAST_MS


def test_a_parent_is_known_by_its_file_name_alone() -> None:
    archived = "/srv/s1.jsonl.reset.2026-11-22T03-00-00.000Z"
    for told in ("s1", "s1.jsonl", "/srv/s1.jsonl", "C:\\agents\\main\\s1.jsonl", "  ../s1.jsonl ", archived):
        assert header.of({"type": "session", "parentSession": told}).parent == "s1"


@pytest.mark.parametrize(
    ("found", "until"),
    [(NONE, None), (Header(T0), T0), (Header(T0, "s0"), T0), (Header(None, "s0"), LAST_MS)],
)
def test_which_messages_may_be_copies(found: Header, until: int | None) -> None:
    assert found.copied_until_ms == until


JOB = "7f0c1d2e-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("lines", "task"),
    [
        ([node.header("s"), node.asked("u", text=f"[task:{JOB} Digest] Cheap check")], JOB),
        ([node.header("s"), node.asked("u", text=f"[cron:{JOB.upper()} A [b] c] now")], JOB),
        ([node.asked("u", text=f"[cron:{JOB} Digest] now")], JOB),
        ([node.header("s"), {"type": "message", "message": {"role": "user", "content": f"[task:{JOB} x] y"}}], JOB),
        ([node.header("s"), node.asked("u", text=f"why [task:{JOB} Digest] failed?")], ""),
        ([node.header("s"), node.asked("u", text=f"[task:{JOB}]")], ""),
        ([node.header("s"), node.reply("a"), node.asked("u", text=f"[task:{JOB} Digest] x")], ""),
    ],
)
def test_a_run_of_a_task_is_known_by_what_it_was_asked(tmp_path: Path, lines: list[Any], task: str) -> None:
    path = tmp_path / "s.jsonl"
    path.write_bytes(node.text(lines))
    assert read(path).task == task


SUMMED_UP = node.compaction("k", T0 + 10, "a2")


@pytest.mark.parametrize(
    ("lines", "summed_up"),
    [
        ([node.reply("a2", T0 + 5), SUMMED_UP, node.reply("a3", T0 + 30)], True),
        ([SUMMED_UP], True),
        ([SUMMED_UP, b"oops"], True),
        ([SUMMED_UP, node.reply("a2", T0 + 15), node.reply("a3", T0 + 30)], False),  # a fork of one that was summed up
        ([node.reply("a2", T0 + 5), node.reply("a3", T0 + 30), node.compaction("k", T0 + 40, "a3")], False),
        ([], False),
    ],
)
def test_a_successor_is_told_from_a_fork(tmp_path: Path, lines: list[Any], summed_up: bool) -> None:
    path = tmp_path / "s.jsonl"
    path.write_bytes(node.text([node.header("s", T0 + 20, parent="s1.jsonl"), *lines]))
    assert read(path).summed_up is summed_up
    path.write_bytes(node.text([node.header("s", T0 + 20), *lines]))
    assert not read(path).summed_up
