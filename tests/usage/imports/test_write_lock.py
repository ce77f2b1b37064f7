from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fased_litellm.usage.imports.write_lock import OrphanedError, Turns

ROOT = Path(__file__).parents[3]


@pytest.fixture
def turns() -> Iterator[Turns]:
    made = Turns.make()
    yield made
    made.close()


def test_one_at_a_time(turns: Turns) -> None:
    other = Turns(*turns.descriptors)
    assert turns.take(wait=False)
    assert not other.take(wait=False)
    turns.give()
    assert other.take(wait=True)
    assert not turns.take(wait=False)


def test_who_waits_for_one_that_is_gone_finds_out(turns: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fased_litellm.usage.imports.write_lock._LOOK_S", 0.01)
    assert turns.take(wait=False)
    monkeypatch.setattr(os, "getppid", lambda: 1_000_000)
    with pytest.raises(OrphanedError):
        turns.take(wait=True)


def test_processes_take_turns(turns: Turns, tmp_path: Path) -> None:
    log = tmp_path / "log"
    program = (
        "import sys; from fased_litellm.usage.imports.write_lock import Turns\n"
        "turns = Turns(int(sys.argv[1]), int(sys.argv[2]))\n"
        "for _ in range(200):\n"
        "    turns.take(wait=True)\n"
        "    with open(sys.argv[3], 'a') as log:\n"
        "        log.write('begin\\n'); log.flush(); log.write('end\\n')\n"
        "    turns.give()\n"
    )
    command = [sys.executable, "-c", program, *map(str, turns.descriptors), str(log)]
    running = [subprocess.Popen(command, pass_fds=turns.descriptors, cwd=ROOT) for _ in range(4)]
    assert [process.wait(timeout=60) for process in running] == [0] * 4
    assert log.read_text().split() == ["begin", "end"] * 800
