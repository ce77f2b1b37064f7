"""Which process is the proxy, and how it ends. Wrong ids are offered with all signals recorded, or in a PID namespace."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import psutil
import pytest

from fased_litellm.errors import LocalProxyError
from fased_litellm.localproxy import ownprocess, process
from tests.localproxy import standin
from tests.localproxy.standin import SLEEP
from tests.signals import Recorder, end

ARGUMENTS = process.arguments("/state/config.yaml", 4000)


def start(code: str = SLEEP, arguments: Sequence[str] = ARGUMENTS, *, session: bool = True) -> subprocess.Popen[bytes]:
    return standin.sleep(code, arguments, session=session)


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    child = start()
    yield child
    end(child)


def started(child: subprocess.Popen[bytes]) -> str:
    found = ownprocess.start_time(child.pid)
    assert found is not None
    return found


def test_the_proxy_is_known_again(sleeper: subprocess.Popen[bytes]) -> None:
    assert started(sleeper) == started(sleeper)
    found = ownprocess.look(sleeper.pid, started(sleeper), ARGUMENTS)
    assert found.process is not None
    assert (found.process.pid, found.stranger) == (sleeper.pid, None)


@pytest.mark.parametrize(
    "pid",
    [
        -1,
        0,
        1,
        -5,
        -(2**31),
        2**31,
        2**63,
        2**64 + 7,
        10**5000,
        True,
        False,
        4242.0,
        float("nan"),
        "1",
        "all",
        None,
        [2],
        {},
    ],
    ids=lambda pid: "huge" if isinstance(pid, int) and pid > 2**64 else repr(pid),
)
@pytest.mark.parametrize("time_of", [None, "", "self"])
def test_no_id_that_means_more_than_one_process_is_signalled(
    no_signals: Recorder, pid: object, time_of: str | None
) -> None:
    recorded = ownprocess.start_time(os.getpid()) if time_of == "self" else time_of
    found = ownprocess.end(pid, recorded, ARGUMENTS)
    assert found.process is None
    assert found.stranger is not None
    assert "cannot be that of a proxy" in found.stranger
    assert no_signals.sent == []


@pytest.mark.parametrize("recorded", [None, "", 0, 1.5, True, "another boot:1", [], "0"])
def test_no_process_is_signalled_without_its_very_start_time(
    no_signals: Recorder, sleeper: subprocess.Popen[bytes], recorded: object
) -> None:
    """A start time that is absent is not equal to that of a process which is absent."""
    found = ownprocess.end(sleeper.pid, recorded, ARGUMENTS)
    assert found.process is None
    assert found.stranger
    assert ownprocess.end(2**22 + 1, recorded, ARGUMENTS).process is None
    assert no_signals.sent == []


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        (None, 4000),
        ("", ""),
        process.arguments("/state/other.yaml", 4000),
        process.arguments("/state/config.yaml", 4001),
        process.arguments("/state/config.yam", 4000),
    ],
)
def test_no_process_is_signalled_without_the_command_line_that_we_wrote(
    no_signals: Recorder, sleeper: subprocess.Popen[bytes], arguments: Sequence[object]
) -> None:
    found = ownprocess.end(sleeper.pid, started(sleeper), arguments)
    assert found.process is None
    assert found.stranger
    assert no_signals.sent == []


def test_no_process_is_signalled_that_does_not_lead_a_session_of_its_own(no_signals: Recorder) -> None:
    child = start(session=False)
    try:
        found = ownprocess.end(child.pid, started(child), ARGUMENTS)
        assert found.process is None
        assert found.stranger == f"Process {child.pid} does not lead a session of its own, as the proxy does."
        assert no_signals.sent == []
    finally:
        end(child)


@pytest.mark.parametrize("which", ["itself", "its group", "its session", "its parent"])
def test_this_process_and_those_around_it_are_never_signalled(no_signals: Recorder, which: str) -> None:
    pid = {
        "itself": os.getpid(),
        "its group": os.getpgrp(),
        "its session": os.getsid(0),
        "its parent": os.getppid(),
    }[which]
    arguments = ["x"]
    # Who leads a group or a session may have ended before it.
    with contextlib.suppress(psutil.NoSuchProcess):
        arguments = psutil.Process(pid).cmdline()[1:] if pid > 1 else arguments
    found = ownprocess.end(pid, ownprocess.start_time(pid), arguments)
    assert found.process is None
    assert found.stranger
    assert no_signals.sent == []


def test_a_process_of_another_user_is_named(sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(found: psutil.Process, *_: object) -> None:
        raise psutil.AccessDenied(found.pid)

    monkeypatch.setattr(psutil.Process, "terminate", refuse)
    with pytest.raises(LocalProxyError, match=f"Process {sleeper.pid} belongs to another user"):
        ownprocess.end(sleeper.pid, started(sleeper), ARGUMENTS)
    monkeypatch.setattr(psutil.Process, "cmdline", refuse)
    assert "belongs to another user" in str(ownprocess.look(sleeper.pid, started(sleeper), ARGUMENTS).stranger)


def test_the_proxy_ends(sleeper: subprocess.Popen[bytes]) -> None:
    begin = started(sleeper)
    assert ownprocess.end(sleeper.pid, begin, ARGUMENTS).process is not None
    assert ownprocess.end(sleeper.pid, begin, ARGUMENTS) == ownprocess.ProcessLook()
    assert ownprocess.start_time(sleeper.pid) is None
    assert not psutil.pid_exists(sleeper.pid)  # its remains are collected


DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(600)"


def test_one_that_does_not_listen_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ownprocess, "_TERMINATE_S", 0.1)
    child = start(DEAF)
    try:
        begin = started(child)
        assert ownprocess.end(child.pid, begin, ARGUMENTS).process is not None
        assert ownprocess.look(child.pid, begin, ARGUMENTS).process is None
    finally:
        end(child)


WITH_CHILD = """\
import subprocess, sys, time
deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(600)"
child = subprocess.Popen([sys.executable, "-c", deaf], stdout=subprocess.PIPE)
child.stdout.readline()
print(child.pid, flush=True)
time.sleep(600)
"""


def test_what_it_started_ends_with_it() -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", WITH_CHILD, *ARGUMENTS], start_new_session=True, stdout=subprocess.PIPE
    )
    try:
        assert child.stdout is not None
        grandchild = psutil.Process(int(child.stdout.readline()))
        assert ownprocess.end(child.pid, started(child), ARGUMENTS).process is not None
        assert not grandchild.is_running() or grandchild.status() == psutil.STATUS_ZOMBIE
    finally:
        end(child)


def test_a_child_that_is_starting_is_ended_by_what_we_hold_of_it() -> None:
    """It may be anything still: a script hands over to another program."""
    child = start(arguments=())
    try:
        ownprocess.end_child(child)
        assert child.returncode == -signal.SIGTERM
        ownprocess.end_child(child)
    finally:
        end(child)


def test_remains_are_no_process() -> None:
    child = subprocess.Popen([sys.executable, "-c", "", *ARGUMENTS], start_new_session=True)
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # ended, and not collected
    assert ownprocess.start_time(child.pid) is None
    child.wait()


def test_remains_of_the_proxy_are_collected(sleeper: subprocess.Popen[bytes]) -> None:
    begin = started(sleeper)
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert ownprocess.look(sleeper.pid, "another boot:1", ARGUMENTS) == ownprocess.ProcessLook()
    assert psutil.pid_exists(sleeper.pid)
    assert ownprocess.look(sleeper.pid, begin, ARGUMENTS) == ownprocess.ProcessLook()
    assert not psutil.pid_exists(sleeper.pid)


def test_where_there_is_no_proc(sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    exists = os.path.exists
    monkeypatch.setattr(os.path, "exists", lambda path: path != "/proc/self/stat" and exists(path))
    begin = started(sleeper)
    assert float(begin) == pytest.approx(time.time(), abs=600)
    assert ownprocess.look(sleeper.pid, begin, ARGUMENTS).process is not None
    sleeper.kill()
    sleeper.wait()
    assert ownprocess.start_time(sleeper.pid) is None


IN_NAMESPACE = Path(__file__).with_name("in_namespace.py")


def test_down_on_wrong_records_in_a_pid_namespace() -> None:
    """The real command with real signals, where none can reach a process outside."""
    unshare = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"]
    try:
        allowed = subprocess.run([*unshare, "true"], capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no unshare here")
    if allowed.returncode:
        pytest.skip(f"a PID namespace is not permitted here: {allowed.stderr.strip()}")
    outside = os.readlink("/proc/self/ns/pid")
    done = subprocess.run(
        [*unshare, sys.executable, str(IN_NAMESPACE), outside], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "all alive"
