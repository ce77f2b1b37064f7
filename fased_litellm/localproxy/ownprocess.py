"""Know the proxy's process again, and end it. Nothing else is ever signalled.

What is kept about the process comes from a file, so it is judged like any other input, here and without trust in who read it.
A process is ours only if everything agrees: its id is above 1, it started at the recorded time (ids are reused), its
command line is the one which we wrote, and it leads a session of its own, as we started it; and it is neither this process nor
one of its group or session. Each signal goes to one process by its id; no group is ever signalled.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import LocalProxyError

if TYPE_CHECKING:
    from psutil import Process

_TERMINATE_S = 15.0
_KILL_S = 5.0
_POLL_S = 0.05
_MOST = 2**31 - 1
"""The largest ``pid_t``."""


@dataclass(frozen=True, slots=True)
class ProcessLook:
    """What is found at a recorded process id.

    Attributes:
        process: the proxy's process, if it is certainly that one and still runs.
        stranger: why what runs there, or is recorded, is not the proxy; None where it is, or where nothing runs there.
    """

    process: Process | None = None
    stranger: str | None = None


def look(pid: object, started: object, arguments: Sequence[object]) -> ProcessLook:
    """Look at a recorded process; nothing is taken for granted about the record.

    Args:
        pid: its id.
        started: its start time, as ``start_time`` gave it.
        arguments: what followed the program in the command that started it.
    """
    if type(pid) is not int or not 1 < pid <= _MOST:
        return ProcessLook(stranger=f"The recorded process id {_quoted(pid)} cannot be that of a proxy.")
    if not isinstance(started, str) or not started:
        return ProcessLook(
            stranger=f"No start time is recorded for process {pid}, so it cannot be told whether it is the proxy."
        )
    if not arguments or not all(isinstance(each, str) and each for each in arguments):
        return ProcessLook(
            stranger=f"No command line is recorded for process {pid}, so it cannot be told whether it is the proxy."
        )
    import psutil

    try:
        process = psutil.Process(pid)
        now = start_time(pid)
        if now is None:
            if (_stat(pid) or ("", ""))[1] == started:
                _collect(process)
            return ProcessLook()
        if now != started:
            return ProcessLook(
                stranger=f"Process {pid} is another program by now: it started at another time than the proxy."
            )
        if not _contains(process.cmdline(), list(arguments)):
            return ProcessLook(stranger=f"Process {pid} has another command line than the proxy.")
        if pid in (os.getpid(), os.getpgrp(), os.getsid(0)):
            return ProcessLook(stranger=f"Process {pid} is this program itself, or the one that runs it.")
        if not (os.getpgid(pid) == os.getsid(pid) == pid):
            return ProcessLook(stranger=f"Process {pid} does not lead a session of its own, as the proxy does.")
    except (psutil.NoSuchProcess, ProcessLookupError):
        return ProcessLook()
    except (psutil.AccessDenied, PermissionError):
        return ProcessLook(stranger=f"Process {pid} belongs to another user, and cannot be examined.")
    return ProcessLook(process)


def start_time(pid: int) -> str | None:
    """When the process started, in the system's own notation; None if there is no such process, or only its remains.

    On Linux it is counted from the boot, and names the boot: psutil's time of day changes with the clock, which a small
    machine may set long after its programs have started.
    """
    if not 0 < pid <= _MOST:
        return None
    if not os.path.exists("/proc/self/stat"):
        return _start_time_elsewhere(pid)
    state, started = _stat(pid) or ("X", "")
    return None if state in ("Z", "X") else started


def _stat(pid: int) -> tuple[str, str] | None:
    """State and start time of a process on Linux."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    # The name, in brackets, may hold anything; the state is the first field after it, the start time the twentieth.
    fields = stat.rpartition(")")[2].split()
    with contextlib.suppress(OSError):
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return fields[0], f"{boot}:{fields[19]}"
    return fields[0], fields[19]


def _start_time_elsewhere(pid: int) -> str | None:
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.2f}"
    except psutil.Error:
        return None


def end(pid: object, started: object, arguments: Sequence[object]) -> ProcessLook:
    """End the proxy, and what it has started, if the recorded process is certainly the proxy.

    It gets 15 s to finish what it does, then it is killed.

    Returns:
        What was found there before.

    Raises:
        LocalProxyError: it does not end, or it may not be ended.
    """
    found = look(pid, started, arguments)
    if found.process is not None:
        _end(found.process)
        _collect(found.process)
    return found


def end_child(child: subprocess.Popen[bytes]) -> None:
    """End a process that ``spawn`` has just started, and what it has started. It is a child of ours, which has not been
    waited for, so its id is its own.

    Raises:
        LocalProxyError: it does not end.
    """
    import psutil

    if child.poll() is not None:
        return
    with contextlib.suppress(psutil.NoSuchProcess):
        _end(psutil.Process(child.pid))
    child.poll()


def _end(leader: Process) -> None:
    import psutil

    others = _rest_of_session(leader)
    try:
        _signal([leader], hard=False)
        if not _gone([leader], _TERMINATE_S):
            _signal([leader], hard=True)
        # Those which it started since are in its session too. An id is not given away while a session has it.
        others += [each for each in _rest_of_session(leader) if each not in others]
        _signal(others, hard=True)
        if not _gone([leader, *others], _KILL_S):
            raise LocalProxyError(f"Process {leader.pid} does not end.", hint=f"Try: kill -9 {leader.pid}")
    except psutil.AccessDenied as error:
        raise LocalProxyError(
            f"Process {error.pid} belongs to another user and was not stopped.", hint="Stop it as that user."
        ) from error


def _signal(processes: list[Process], *, hard: bool) -> None:
    """psutil makes sure once more that each is the process that it was."""
    import psutil

    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            if hard:
                process.kill()
            else:
                process.terminate()


def _rest_of_session(leader: Process) -> list[Process]:
    """The processes of the session which a process leads, without itself."""
    import psutil

    found: list[Process] = []
    if psutil.pid_exists(leader.pid) and not leader.is_running():
        return found  # the id is another process's by now
    for process in psutil.process_iter():
        with contextlib.suppress(OSError):
            if process.pid > 1 and process.pid != leader.pid and os.getsid(process.pid) == leader.pid:
                found.append(process)
    return found


def _gone(processes: list[Process], timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while any(_runs(process) for process in processes):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def _runs(process: Process) -> bool:
    """What has ended and was not collected by its parent does not run; not every PID 1 of a container collects."""
    import psutil

    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _collect(process: Process) -> None:
    """Take up the remains of a child of ours; else they would stay as long as we do."""
    import psutil

    with contextlib.suppress(psutil.NoSuchProcess, ChildProcessError):
        if process.ppid() == os.getpid():
            os.waitpid(process.pid, os.WNOHANG)


def _contains(words: list[str], arguments: list[object]) -> bool:
    count = len(arguments)
    return any(words[at : at + count] == arguments for at in range(len(words) - count + 1))


def _quoted(value: object) -> str:
    if isinstance(value, int) and abs(value) > _MOST:
        return "of that size"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:40]}…"
