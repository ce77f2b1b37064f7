"""Logs of tasks that are read while transcripts are still written."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from fased_litellm.usage.imports.files import Found
from fased_litellm.usage.imports.sessions import runlogs
from fased_litellm.usage.imports.sessions.runlogs import RunLogs
from tests.usage.imports.node import T0


def log(folder: Path, name: str, runs: int = 1) -> Found:
    path = folder / f"{name}.jsonl"
    lines = [
        {"ts": T0 + number, "jobId": name, "action": "finished", "usage": {"input_tokens": 5, "output_tokens": 2}}
        for number in range(runs)
    ]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    found = os.stat(path)
    return Found(
        "runs", str(path), str(path), "main", name, "", found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
    )


def test_what_was_read_ahead_is_not_read_again(tmp_path: Path) -> None:
    file = log(tmp_path, "digest", 3)
    logs = RunLogs([(file, None)], "main")
    assert list(logs.read_ahead()) == []
    Path(file.path).unlink()
    reading, runs = logs.read(file, None)
    assert [run.call_id for run in runs] == [f"task:digest:{T0 + number}" for number in range(3)]
    assert reading.state is not None
    assert reading.state.position == file.size
    with pytest.raises(FileNotFoundError):
        logs.read(file, None)  # it is not held


def test_too_much_waits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [log(tmp_path, name, 3) for name in ("a", "b", "c")]
    monkeypatch.setattr(runlogs, "MOST_AHEAD", 2 * files[0].size)
    logs = RunLogs([(file, None) for file in files], "main")
    assert list(logs.read_ahead()) == []
    for file in files[:2]:
        Path(file.path).unlink()
    assert [len(logs.read(file, None)[1]) for file in files] == [3, 3, 3]


def test_what_cannot_be_read_is_said_when_it_is_needed(tmp_path: Path) -> None:
    gone, other = log(tmp_path, "gone"), log(tmp_path, "other")
    Path(gone.path).unlink()
    logs = RunLogs([(gone, None), (other, None)], "main")
    assert list(logs.read_ahead()) == []
    assert len(logs.read(other, None)[1]) == 1
    with pytest.raises(FileNotFoundError):
        logs.read(gone, None)
