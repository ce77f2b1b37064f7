"""A write that does not come to its end: killed, out of space, or not allowed."""

from __future__ import annotations

import errno
import os
import re
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from fased_litellm.config import load, save
from fased_litellm.config.edits import Edit
from fased_litellm.errors import ConfigWriteError
from fased_litellm.paths import Paths

KEY = "sk-test-marked-key"
TEXT = f"// mine\n{{ a: 1, models: {{ providers: {{ litellm: {{ baseUrl: 'http://a', apiKey: '{KEY}', models: [] }} }} }} }}\n"
NEW = TEXT.replace("a: 1", "a: 2")


@pytest.fixture
def paths(tmp_path):
    found = Paths(state=tmp_path / "state", config=tmp_path / "state" / "fased.json", home=tmp_path)
    found.state.mkdir()
    found.config.write_text(TEXT)
    found.config.chmod(0o600)
    return found


def _plan(paths, value=2):
    return save.plan(load.load(paths, {}), [Edit(("a",), value)])


# ---- killed


def _killed(what, tmp_path, step=1):
    words = [sys.executable, "-m", "tests.config.kill_writes", what, str(tmp_path), str(step)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode == 3:
        pytest.skip(f"the system does not let a process be traced ({done.stdout.strip()})")
    assert done.stderr == ""
    return done.returncode, done.stdout.strip()


@pytest.mark.skipif(sys.platform != "linux", reason="ptrace as Linux has it")
@pytest.mark.parametrize(("what", "step"), [("replace", 1), ("make", 1), ("include", 7)])
def test_killed_before_or_behind_any_system_call_a_file_is_the_old_one_or_the_new_one(what, step, tmp_path):
    status, said = _killed(what, tmp_path, step)
    assert status == 0, said
    assert int(said) > 100  # moments


@pytest.mark.skipif(sys.platform != "linux", reason="ptrace as Linux has it")
@pytest.mark.parametrize(("what", "reason"), [("naive", "fased.json is ''"), ("wide", "draft holds the key")])
def test_writes_that_are_not_safe_are_found_out(what, reason, tmp_path):
    status, said = _killed(what, tmp_path)
    assert (status, reason in said) == (1, True), said


# ---- a step that fails

STEPS = ("open", "write", "fsync", "fchmod", "replace", "link", "unlink", "utime", "mkdir", "stat", "fstat")


def _fail_at(patched, number, reason):
    """Let the ``number``th call of a step fail, and every one behind it of the same kind; returns what was called."""
    called: list[str] = []

    def wrap(name):
        real = getattr(os, name)

        def step(*arguments, **options) -> Any:
            called.append(name)
            if len(called) == number or (len(called) > number and name == called[number - 1]):
                raise OSError(reason, os.strerror(reason), str(arguments[0]))
            return real(*arguments, **options)

        patched.setattr(os, name, step)

    for name in STEPS:
        wrap(name)
    return called


@pytest.mark.parametrize("reason", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS])
def test_whatever_step_fails_the_file_is_the_old_one_or_the_new_one(paths, monkeypatch, reason):
    failures = 0
    for number in range(1, 200):
        change = _plan(paths)
        with monkeypatch.context() as patched:
            called = _fail_at(patched, number, reason)
            said = ""
            try:
                save.commit(change)
            except ConfigWriteError as error:
                said = error.message
        failures += said != ""
        done = "The old content stands" not in said  # what is said is what is so
        assert paths.config.read_text() == (NEW if done else TEXT), (number, called)
        for path in paths.state.rglob("*"):
            if path.is_file() and KEY.encode() in path.read_bytes():
                assert stat.S_IMODE(path.stat().st_mode) == 0o600, (number, called, path)
        for path in paths.state.iterdir():
            if path.name not in ("fased.json", "logs"):
                path.unlink()
        paths.config.write_text(TEXT)
        if len(called) < number:
            break
    assert failures > 5
    assert len(called) < number


LIMITED = """\
import resource, signal, sys
from pathlib import Path
from fased_litellm.config import load, save
from fased_litellm.config.edits import Edit
from fased_litellm.errors import ConfigWriteError
from fased_litellm.paths import Paths
state, size = Path(sys.argv[1]), int(sys.argv[2])
change = save.plan(load.load(Paths(state=state, config=state / "fased.json", home=state), {}), [Edit(("a",), 2)])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
try:
    save.commit(change)
except ConfigWriteError as error:
    print(error.message)
else:
    print("written")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no such limit")
@pytest.mark.parametrize("size", [0, 1, 60, 100])
def test_a_file_that_the_system_does_not_let_grow(paths, size):
    words = [sys.executable, "-c", LIMITED, str(paths.state), str(size)]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert re.match(r"Cannot write .*fased\.json: File too large\. The old content stands\.", done.stdout), done.stdout
    assert paths.config.read_text() == TEXT
    assert [name for name in os.listdir(paths.state) if name not in ("fased.json", "logs")] == []


# ---- not allowed

NOBODY = 65534
READ_ONLY = """\
import os, sys
from pathlib import Path
from fased_litellm.config import load, save
from fased_litellm.config.edits import Edit
from fased_litellm.errors import ConfigWriteError
from fased_litellm.paths import Paths
state = Path(sys.argv[1])
change = save.plan(load.load(Paths(state=state, config=state / "fased.json", home=state), {}), [Edit(("a",), 2)])
if os.geteuid() == 0:
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
try:
    save.commit(change)
except ConfigWriteError as error:
    print(error.message)
    print(error.hint)
else:
    print("written")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="other rights")
@pytest.mark.parametrize("writable", [False, True])
def test_a_read_only_folder(writable):
    # Not below tmp_path, whose folders only root may enter where root runs the tests.
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = folder / "fased.json"
        config.write_text(TEXT)
        if os.geteuid() == 0:
            os.chown(config, NOBODY, NOBODY)
            os.chown(folder, NOBODY, NOBODY)
        folder.chmod(0o755 if writable else 0o555)
        words = [sys.executable, "-c", READ_ONLY, name]
        done = subprocess.run(words, capture_output=True, text=True, check=True)
        folder.chmod(0o755)
        if writable:
            assert (done.stdout, config.read_text()) == ("written\n", NEW)
            return
        assert done.stdout == (
            f"Cannot write {config}: Permission denied. The old content stands.\n"
            "Check the folder's owner, mode and free space.\n"
        )
        assert config.read_text() == TEXT
        assert os.listdir(folder) == ["fased.json"]
