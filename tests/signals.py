"""Signals in tests: none may reach a process that the tests did not start themselves.

A wrong process id in a test has ended every process of a machine once (``os.kill(-1, …)``). So for the whole run ``os.kill`` and
``os.killpg``, through which ``Popen.send_signal`` and psutil go as well, let nothing through but to this process and to
those that it started. ``Recorder`` lets nothing through at all, for tests that offer wrong ids on purpose.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterable
from typing import Any

import psutil
import pytest

_kill, _killpg = os.kill, os.killpg
_open = subprocess.Popen.__init__
_started: set[int] = set()
"""The ids of the processes that were started here; one may lead a session, whose orphans are ours, too."""


def install() -> None:
    """Guard the signals of this process, for good."""
    os.kill = _guarded_kill
    os.killpg = _guarded_killpg
    subprocess.Popen.__init__ = _noted_open  # type: ignore[method-assign]


def note(pids: Iterable[int]) -> None:
    """Count processes as started here, which will be orphans when they are signalled; now they must be descendants."""
    for pid in pids:
        assert _ours(pid)
        _started.add(pid)


def end(child: subprocess.Popen[Any]) -> None:
    """End a child of this process for good, also where a ``Recorder`` has taken the place of every way to signal."""
    if child.poll() is None:
        _kill(child.pid, signal.SIGKILL)
    child.wait()
    if child.stdout is not None:
        child.stdout.close()


class Recorder:
    """Takes every signal that is sent, and delivers none.

    Attributes:
        sent: what was called, with its arguments.
    """

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[tuple[Any, ...]] = []
        for owner, names in (
            (os, ("kill", "killpg")),
            (signal, ("pidfd_send_signal", "pthread_kill")),
            (subprocess.Popen, ("send_signal", "terminate", "kill")),
            (psutil.Process, ("send_signal", "terminate", "kill", "suspend", "resume")),
        ):
            for name in names:
                if hasattr(owner, name):
                    monkeypatch.setattr(owner, name, self._recording(name))

    def _recording(self, name: str) -> Any:
        def record(*arguments: Any) -> None:
            first, *rest = arguments
            self.sent.append((name, getattr(first, "pid", first), *rest))

        return record


def _guarded_kill(pid: int, number: int) -> None:
    if not (_ours(pid) or (number == 0 and pid > 0)):
        pytest.fail(f"A test would have sent signal {number} to {pid}, which it did not start.")
    _kill(pid, number)


def _guarded_killpg(group: int, number: int) -> None:
    if group == os.getpgrp() or not _ours(group):
        pytest.fail(f"A test would have sent signal {number} to the group {group}, which it did not start.")
    _killpg(group, number)


def _noted_open(self: subprocess.Popen[Any], *arguments: Any, **options: Any) -> None:
    _open(self, *arguments, **options)
    _started.add(self.pid)


def _ours(pid: int) -> bool:
    if pid == os.getpid():
        return True
    if pid <= 1:
        return False
    if pid in _started:
        return True
    try:
        return os.getsid(pid) in _started or any(parent.pid == os.getpid() for parent in psutil.Process(pid).parents())
    except (ProcessLookupError, psutil.NoSuchProcess):
        return True  # gone: the system refuses by itself
