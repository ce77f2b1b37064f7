"""Lines come out as from one read of the whole file, whatever the size of the blocks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fased_litellm.usage.imports.transcripts.blocks import Lines, fingerprint


def read(
    path: Path, position: int = 0, line: int = 0, *, block: int = 7, longest: int = 100
) -> tuple[list[Any], Lines]:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        lines = Lines(descriptor, position, line, os.fstat(descriptor).st_size, block=block, longest=longest)
        found = []
        for part in lines:
            for index, text in enumerate(part):
                found.append((lines.line + index + 1, lines.place(part, index), text))
        return found, lines
    finally:
        os.close(descriptor)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=80).map(lambda data: data.replace(b"\x01", b"\n").replace(b"\x02", b"\n")),
    st.integers(1, 90),
    st.integers(1, 30),
)
def test_as_from_one_read(tmp_path: Path, data: bytes, block: int, longest: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(data)
    found, lines = read(path, block=block, longest=longest)
    *expected, rest = data.split(b"\n")
    places = [sum(len(before) + 1 for before in expected[:index]) for index in range(len(expected))]
    assert [number for number, _, _ in found] == list(range(1, len(expected) + 1))
    assert [place for _, place, _ in found] == places
    for text, whole in zip((text for _, _, text in found), expected, strict=True):
        # A line within one block is handed out however long it is.
        assert text == whole + b"\n" or (text is None and len(whole) > longest)
        assert text is not None or len(whole) > longest
    assert lines.position == len(data) - len(rest)
    assert lines.line == len(expected)
    assert lines.rest in (rest, b"")
    assert lines.rest == rest or len(rest) > longest


def test_on_from_a_position(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"one\ntwo\nthree\nfo")
    found, lines = read(path, 4, 1)
    assert found == [(2, 4, b"two\n"), (3, 8, b"three\n")]
    assert (lines.position, lines.line, lines.rest) == (14, 3, b"fo")


def test_a_line_that_is_too_long_is_not_held(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"a\n" + b"x" * 1000 + b"\nb\n")
    found, lines = read(path, block=10, longest=50)
    assert found == [(1, 0, b"a\n"), (2, 2, None), (3, 1003, b"b\n")]
    assert lines.position == 1005


def test_a_fingerprint_sees_what_changed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    before = bytes(range(256)) * 64
    path.write_bytes(before)

    def mark(position: int, head_size: int | None = None) -> object:
        descriptor = os.open(path, os.O_RDONLY)
        try:
            return fingerprint(descriptor, position, head_size=head_size)
        finally:
            os.close(descriptor)

    known = mark(len(before))
    path.write_bytes(before + b"more")
    assert mark(len(before)) == known
    path.write_bytes(b"x" + before[1:])
    assert mark(len(before)) != known
    path.write_bytes(before[:-1] + b"x")
    assert mark(len(before)) != known
    path.write_bytes(before[:-100])
    assert mark(len(before)) != known


@pytest.mark.parametrize("size", [0, 1, 1023, 1024, 1025, 10_000])
def test_a_fingerprint_of_a_small_file_holds_when_it_grows(tmp_path: Path, size: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * size)
    descriptor = os.open(path, os.O_RDONLY)
    try:
        known = fingerprint(descriptor, size)
        path.write_bytes(b"x" * size + b"y" * 9000)
        assert fingerprint(descriptor, size, head_size=known.head_size) == known
    finally:
        os.close(descriptor)
