from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from fased_litellm.usage.imports import header
from fased_litellm.usage.imports.header import NONE, Header
from fased_litellm.usage.imports.jsonlines import fast, plain
from fased_litellm.usage.imports.numbers import LAST_MS
from tests.usage.imports import node
from tests.usage.imports.node import T0
from tests.usage.imports.test_numbers import anything


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
    assert read(path) == Header(T0, "s1.jsonl")
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
    for told in ("s1.jsonl", "/srv/s1.jsonl", "C:\\agents\\main\\s1.jsonl", "  ../s1.jsonl "):
        assert header.of({"type": "session", "parentSession": told}).parent == "s1.jsonl"


@pytest.mark.parametrize(
    ("found", "until"),
    [(NONE, None), (Header(T0), T0), (Header(T0, "s0.jsonl"), T0), (Header(None, "s0.jsonl"), LAST_MS)],
)
def test_which_messages_may_be_copies(found: Header, until: int | None) -> None:
    assert found.copied_until_ms == until
