from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fased_litellm.usage.imports.write_lock import OrphanedError, WriteLock

ROOT = Path(__file__).parents[3]


@pytest.fixture
def write_lock() -> Iterator[WriteLock]:
    made = WriteLock.make()
    yield made
    made.close()


def test_one_at_a_time(write_lock: WriteLock) -> None:
    other = WriteLock(*write_lock.descriptors)
    assert write_lock.acquire(wait=False)
    assert not other.acquire(wait=False)
    write_lock.release()
    assert other.acquire(wait=True)
    assert not write_lock.acquire(wait=False)


def test_who_waits_for_one_that_is_gone_finds_out(write_lock: WriteLock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fased_litellm.usage.imports.write_lock._LOOK_S", 0.01)
    assert write_lock.acquire(wait=False)
    monkeypatch.setattr(os, "getppid", lambda: 1_000_000)
    with pytest.raises(OrphanedError):
        write_lock.acquire(wait=True)


def test_processes_take_turns(write_lock: WriteLock, tmp_path: Path) -> None:
    log = tmp_path / "log"
    program = (
        "import sys; from fased_litellm.usage.imports.write_lock import WriteLock\n"
        "write_lock = WriteLock(int(sys.argv[1]), int(sys.argv[2]))\n"
        "for _ in range(200):\n"
        "    write_lock.acquire(wait=True)\n"
        "    with open(sys.argv[3], 'a') as log:\n"
        "        log.write('begin\\n'); log.flush(); log.write('end\\n')\n"
        "    write_lock.release()\n"
    )
    command = [sys.executable, "-c", program, *map(str, write_lock.descriptors), str(log)]
    running = [subprocess.Popen(command, pass_fds=write_lock.descriptors, cwd=ROOT) for _ in range(4)]
    assert [process.wait(timeout=60) for process in running] == [0] * 4
    assert log.read_text().split() == ["begin", "end"] * 800
