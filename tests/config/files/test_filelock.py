from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from fased_litellm.config.files import filelock
from fased_litellm.config.files.filelock import STALE_S, LockBusy, locked


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "fased.json"


def lock_of(file: Path) -> Path:
    return file.with_name(f"{file.name}.lock")


def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def hold(file: Path, pid: int | str, *, age_s: float = 0) -> None:
    """The lock of another program, as the Node agent writes it."""
    lock_of(file).write_text(json.dumps({"pid": pid, "createdAt": "2026-11-22T03:00:00.000Z"}, indent=2))
    then = time.time() - age_s
    os.utime(lock_of(file), (then, then))


def test_a_held_lock_reads_as_the_node_agent_expects(file: Path) -> None:
    with locked(file):
        content = json.loads(lock_of(file).read_text())
        assert content["pid"] == os.getpid()
        assert content["createdAt"].endswith("Z")
        assert [path.name for path in file.parent.iterdir()] == ["fased.json.lock"]
    assert list(file.parent.iterdir()) == []


def test_a_lock_is_given_back_after_an_error(file: Path) -> None:
    with pytest.raises(KeyError), locked(file):
        raise KeyError
    assert not lock_of(file).exists()


def test_a_live_holder_is_respected(file: Path) -> None:
    hold(file, os.getppid())
    before = lock_of(file).read_bytes()
    with pytest.raises(LockBusy) as caught, locked(file, tries=3):
        raise AssertionError("not reached")
    assert caught.value.path == lock_of(file)
    assert lock_of(file).read_bytes() == before


@pytest.mark.parametrize("kind", ["dead", "old", "old and broken"])
def test_a_stale_lock_is_taken_over(file: Path, kind: str) -> None:
    if kind == "dead":
        hold(file, dead_pid())
    else:
        hold(file, os.getppid() if kind == "old" else "x", age_s=STALE_S + 5)
    with locked(file, tries=2):
        assert json.loads(lock_of(file).read_text())["pid"] == os.getpid()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": -1}', '{"pid": 99999999999999999999}'])
def test_a_lock_that_is_not_filled_yet_is_respected(file: Path, content: str) -> None:
    lock_of(file).write_text(content)
    with pytest.raises(LockBusy), locked(file, tries=2):
        raise AssertionError("not reached")


def test_a_missing_folder_is_made_private(tmp_path: Path) -> None:
    with locked(tmp_path / "new" / "folder" / "file"):
        assert (tmp_path / "new").stat().st_mode & 0o777 == 0o700


def test_only_one_holds_it_at_a_time(file: Path) -> None:
    held: list[int] = []
    most: list[int] = []

    def work() -> None:
        for _ in range(20):
            with locked(file, tries=2000):
                held.append(1)
                most.append(len(held))
                held.pop()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [1] * 80


def test_one_at_a_time_judges_a_stale_lock(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hold(file, dead_pid())
    judging: list[int] = []
    most: list[int] = []
    real = filelock._stale

    def slow(lock: Path) -> bool:
        judging.append(1)
        most.append(len(judging))
        time.sleep(0.02)
        verdict = real(lock)
        judging.pop()
        return verdict

    monkeypatch.setattr(filelock, "_stale", slow)

    def work() -> None:
        with locked(file, tries=2000):
            pass

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(most) == {1}


def test_processes_count_without_losing_one(file: Path) -> None:
    file.write_text("0")
    # Each starts beside a stale lock, so that taking one over is part of the race.
    hold(file, dead_pid())
    program = (
        "import pathlib, sys\n"
        "from fased_litellm.config.files.filelock import locked\n"
        "file = pathlib.Path(sys.argv[1])\n"
        "for _ in range(25):\n"
        "    with locked(file, tries=5000):\n"
        "        file.write_text(str(int(file.read_text()) + 1))\n"
    )
    processes = [subprocess.Popen([sys.executable, "-c", program, str(file)]) for _ in range(4)]
    assert [process.wait(120) for process in processes] == [0] * 4
    assert file.read_text() == "100"
