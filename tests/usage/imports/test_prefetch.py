"""Files are read into the system's cache ahead, and only if they are not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from fased_litellm.usage.imports import prefetch as module
from fased_litellm.usage.imports.files import Found
from fased_litellm.usage.imports.job import range_of
from fased_litellm.usage.imports.prefetch import prefetch
from fased_litellm.usage.imports.source_files import SourceFile
from fased_litellm.usage.imports.transcripts.blocks import BLOCK
from fased_litellm.usage.imports.writing import Source

pytestmark = pytest.mark.skipif(not hasattr(os, "RWF_NOWAIT"), reason="this system cannot read ahead on demand")


@pytest.fixture
def advice(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int, int, int]]:
    """What the system was told: file, position, length, advice."""
    told: list[tuple[str, int, int, int]] = []

    def advise(descriptor: int, position: int, length: int, kind: int) -> None:
        told.append((os.path.basename(os.readlink(f"/proc/self/fd/{descriptor}")), position, length, kind))

    monkeypatch.setattr("os.posix_fadvise", advise)
    return told


@pytest.fixture
def cold(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is in the cache: what a read that must not wait says then."""

    def refuse(*_: object) -> int:
        raise BlockingIOError

    monkeypatch.setattr("os.preadv", refuse)


def files(folder: Path, *names: str) -> list[tuple[str, int]]:
    for name in names:
        (folder / name).write_bytes(b"x" * 100)
    return [(str(folder / name), 10 * place) for place, name in enumerate(names)]


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_files_that_are_in_the_cache(tmp_path: Path, advice: list[object]) -> None:
    ranges = files(tmp_path, "a", "b")  # just written, so they are
    before = open_descriptors()
    prefetch(ranges)
    assert advice == []
    assert open_descriptors() == before


@pytest.mark.usefixtures("cold")
def test_files_that_are_not(tmp_path: Path, advice: list[object]) -> None:
    before = open_descriptors()
    prefetch(files(tmp_path, "a", "b", "c"))
    assert advice == [(name, 10 * n, BLOCK, os.POSIX_FADV_WILLNEED) for n, name in enumerate("abc")]
    assert open_descriptors() == before


@pytest.mark.usefixtures("cold")
def test_what_cannot_be_opened_is_passed_over(tmp_path: Path, advice: list[tuple[str, int, int, int]]) -> None:
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    odd = [(str(tmp_path / name), 0) for name in ("gone", "loop", "pipe")]
    prefetch([*odd, *files(tmp_path, "a")])
    assert [name for name, *_ in advice][-1] == "a"


def test_a_system_without_such_a_call(
    tmp_path: Path, advice: list[object], cold: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_ABLE", False)
    prefetch(files(tmp_path, "a"))
    assert advice == []


def test_the_real_call_on_a_file_dropped_from_the_cache(tmp_path: Path) -> None:
    ((file, _),) = files(tmp_path, "a")
    descriptor = os.open(file, os.O_RDWR)
    os.fsync(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    prefetch([(file, 0)])
    assert os.pread(descriptor, 200, 0) == b"x" * 100
    os.close(descriptor)


def test_of_a_file_that_has_grown_the_rest() -> None:
    found = Found("transcript", "/x/a.jsonl", "/x/a.jsonl", "main", "a", "", 1, 2, 300, 4)
    feed = SourceFile(
        1, "transcript", "/x/a.jsonl", 1, 2, 120, 4, position=120, line=3, head=b"", head_size=0, tail=b""
    )
    assert range_of(Source(found)) == ("/x/a.jsonl", 0)
    assert range_of(Source(found, feed)) == ("/x/a.jsonl", 120)
