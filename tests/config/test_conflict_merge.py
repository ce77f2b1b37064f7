"""A change that is made anew on what another program wrote meanwhile."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from fased_litellm.config import conflict_merge, load, save
from fased_litellm.config.edits import Edit
from fased_litellm.config.files import audit
from fased_litellm.errors import ConfigConflict, ConfigInvalid, ConfigSyntaxError, ConfigWriteError
from fased_litellm.paths import Paths

TEXT = "// mine\n{\n  a: { x: 1 }, // one\n  b: [1],\n}\n"


@pytest.fixture
def paths(tmp_path):
    found = Paths(state=tmp_path / "state", config=tmp_path / "state" / "fased.json", home=tmp_path)
    found.state.mkdir()
    found.config.write_text(TEXT)
    return found


def _plan(paths, *edits):
    return save.plan(load.load(paths, {}), [Edit(path, value) for path, value in edits])


def test_changes_of_different_keys_are_both_there(paths):
    change = _plan(paths, (("a", "x"), 2), (("c",), 3))
    paths.config.write_text(TEXT.replace("[1]", "[2] /* theirs */"))
    done = conflict_merge.commit(change, retry=True)
    assert paths.config.read_text() == "// mine\n{\n  a: { x: 2 }, // one\n  b: [2] /* theirs */,\n  c: 3,\n}\n"
    assert done.before != change.before
    assert (paths.state / "fased.json.bak").read_text() == done.before


def test_without_the_option_nothing_is_put_together_and_the_hint_names_it(paths):
    change = _plan(paths, (("a", "x"), 2))
    theirs = TEXT.replace("[1]", "[2]")
    paths.config.write_text(theirs)
    with pytest.raises(ConfigConflict) as caught:
        conflict_merge.commit(change, retry=False)
    assert "--retry" in str(caught.value.hint)
    assert paths.config.read_text() == theirs


def test_a_value_that_both_changed_is_named(paths):
    change = _plan(paths, (("a", "x"), 2))
    theirs = TEXT.replace("x: 1", "x: 7")
    paths.config.write_text(theirs)
    with pytest.raises(ConfigConflict, match=r"^a\.x was changed by another program too; nothing was written\.$"):
        conflict_merge.commit(change, retry=True)
    assert paths.config.read_text() == theirs
    assert os.listdir(paths.state) in (["fased.json"], ["fased.json", "logs"], ["logs", "fased.json"])


def test_the_same_change_by_both_is_made_once(paths):
    change = _plan(paths, (("a", "x"), 2))
    theirs = TEXT.replace("x: 1", "x: 2")
    paths.config.write_text(theirs)
    assert not conflict_merge.commit(change, retry=True).changed
    assert paths.config.read_text() == theirs


def test_what_the_other_program_broke_is_told(paths):
    change = _plan(paths, (("a", "x"), 2))
    paths.config.write_text("{")
    with pytest.raises(ConfigSyntaxError):
        conflict_merge.commit(change, retry=True)
    paths.config.write_text(TEXT.replace("b: [1]", "models: 5"))
    with pytest.raises(ConfigInvalid):
        conflict_merge.commit(change, retry=True)
    paths.config.unlink()
    with pytest.raises(ConfigConflict):
        conflict_merge.commit(change, retry=True)
    assert not (paths.state / "fased.json.lock").exists()


def test_a_program_that_minds_no_lock_can_come_between_again(paths, monkeypatch):
    change = _plan(paths, (("c",), 3))
    paths.config.write_text(TEXT + "// theirs 0\n")
    real, times = save.plan, []

    def plan(*arguments):
        planned = real(*arguments)
        times.append(1)
        if len(times) < 3:
            paths.config.write_text(TEXT + f"// theirs {len(times)}\n")
        return planned

    monkeypatch.setattr(save, "plan", plan)
    conflict_merge.commit(change, retry=True)
    assert paths.config.read_text() == TEXT.replace("b: [1],", "b: [1],\n  c: 3,") + "// theirs 2\n"


def test_a_program_that_never_stops_is_a_conflict_in_the_end(paths, monkeypatch):
    change = _plan(paths, (("c",), 3))
    paths.config.write_text(TEXT + "// theirs 0\n")
    real, times = save.plan, []

    def plan(*arguments):
        times.append(1)
        planned = real(*arguments)
        paths.config.write_text(TEXT + f"// theirs {len(times)}\n")
        return planned

    monkeypatch.setattr(save, "plan", plan)
    with pytest.raises(ConfigConflict):
        conflict_merge.commit(change, retry=True)


def test_a_lock_that_stays_is_a_conflict(paths, monkeypatch):
    change = _plan(paths, (("c",), 3))
    lock = paths.state / "fased.json.lock"
    lock.write_text(json.dumps({"pid": os.getppid(), "createdAt": audit.timestamp(datetime.now(UTC))}))
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with pytest.raises(ConfigConflict, match=r"fased\.json\.lock"):
        conflict_merge.commit(change, retry=True)
    assert paths.config.read_text() == TEXT


def test_another_failure_is_not_tried_again(paths, monkeypatch):
    change = _plan(paths, (("c",), 3))

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(ConfigWriteError):
        conflict_merge.commit(change, retry=True)


PROGRAM = """\
import sys
from pathlib import Path
from fased_litellm.config import conflict_merge, load, save
from fased_litellm.config.edits import Edit
from fased_litellm.paths import Paths
state, number = Path(sys.argv[1]), int(sys.argv[2])
snapshot = load.load(Paths(state=state, config=state / "fased.json", home=state), {})
print("read", flush=True)
sys.stdin.readline()  # all have read the same text before the first writes
path, value = [
    (("p", f"k{number}"), number),
    (("list", number, "n"), number),
    (("new",), [{"id": f"e{number}"}]),
][number % 3]
if path == ("new",):
    value = [*snapshot.source["new"], *value]
conflict_merge.commit(save.plan(snapshot, [Edit(path, value)]), retry=True)
"""


def _start(paths, number) -> Any:
    words = [sys.executable, "-c", PROGRAM, str(paths.state), str(number)]
    return subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def test_fifty_processes_at_once_lose_no_edit(paths):
    before = "".join(f"    {{ id: 'a{number}' }}, // agent {number}\n" for number in range(50))
    paths.config.write_text(f"// mine\n{{\n  new: [],\n  list: [\n{before}  ],\n}}\n")
    with contextlib.ExitStack() as stack:
        processes = [stack.enter_context(_start(paths, number)) for number in range(50)]
        for process in processes:
            assert process.stdout.readline() == b"read\n"
        for process in processes:
            process.stdin.close()
        assert [process.wait(300) for process in processes] == [0] * 50
    found = load.load(paths, {}).source
    numbers = range(50)
    assert found["p"] == {f"k{number}": number for number in numbers if number % 3 == 0}
    assert [item["n"] for item in found["list"] if "n" in item] == [number for number in numbers if number % 3 == 1]
    assert sorted(item["id"] for item in found["new"]) == sorted(f"e{number}" for number in numbers if number % 3 == 2)
    text = paths.config.read_text()
    assert all(f"// agent {number}\n" in text for number in numbers)
    assert sorted(name for name in os.listdir(paths.state) if not name.startswith("fased.json.bak")) == [
        "fased.json",
        "logs",
    ]
    assert len(paths.config_audit.read_text().splitlines()) >= 50
