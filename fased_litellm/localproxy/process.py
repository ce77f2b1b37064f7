"""The ``litellm`` process: find the program, start it detached, know it again, end it.

A process id alone is not enough to know a process again: ids are reused. Its start time is kept beside the id, and a
process is ours only if both agree.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from ..errors import LocalProxyError

_TERMINATE_S = 15.0
_POLL_S = 0.05
_KILL_S = 5.0


def find_program() -> Path:
    """The ``litellm`` beside this Python, else the one on PATH.

    Raises:
        LocalProxyError: there is none.
    """
    beside = Path(sys.executable).parent / "litellm"
    found = str(beside) if os.access(beside, os.X_OK) else shutil.which("litellm")
    if found is None:
        raise LocalProxyError(
            "LiteLLM is not installed here: there is no program `litellm` beside this Python or on PATH.",
            hint="Install it with: pip install 'fased-litellm[proxy]'",
        )
    return Path(found)


def command_line(program: Path, config: Path, port: int) -> list[str]:
    """The command which starts the proxy. It is visible to every user of the machine, so no key is in it."""
    return [str(program), "--config", str(config), "--host", "127.0.0.1", "--port", str(port)]


def child_environment(env: Mapping[str, str], master_key: str, *, own_config: bool) -> dict[str, str]:
    """The environment of the proxy.

    Args:
        env: that of this process; the keys of the providers come from it.
        master_key: goes into ``LITELLM_MASTER_KEY``.
        own_config: whether we wrote the config. The database of some other program is then none of ours: the proxy
            would try to make its tables in it.
    """
    child = dict(env)
    if own_config:
        for name in ("DATABASE_URL", "DIRECT_URL", "DATABASE_URL_READ_REPLICA", "DATABASE_HOST"):
            child.pop(name, None)
    child["LITELLM_MASTER_KEY"] = master_key
    child["PYTHONUNBUFFERED"] = "1"  # the log is read while it is written
    # Start without asking the internet for prices and news, and without a .env which LiteLLM would look for beside
    # its own source files. All can be set otherwise outside.
    for name, value in {
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
        "LITELLM_LOCAL_BLOG_POSTS": "True",
        "LITELLM_TELEMETRY": "False",
        "LITELLM_MODE": "PRODUCTION",
    }.items():
        child.setdefault(name, value)
    return child


def spawn(command: list[str], env: Mapping[str, str], *, folder: Path, log: Path) -> subprocess.Popen[bytes]:
    """Start ``command`` in a session of its own, so that it outlives us and our terminal, with its output in ``log``.

    Raises:
        LocalProxyError: it cannot be started.
    """
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        return subprocess.Popen(
            command,
            cwd=folder,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            start_new_session=True,
        )
    except OSError as error:
        raise LocalProxyError(f"Cannot start {command[0]}: {error.strerror}.") from error
    finally:
        os.close(descriptor)


def start_time(pid: int) -> str | None:
    """When the process started, in the system's own notation; None if there is no such process, or only its remains."""
    if pid <= 0:
        return None
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return None if Path("/proc/self/stat").exists() else _start_time_by_ps(pid)
    except OSError:
        return None
    # The name, in brackets, may hold anything; the state is the first field behind it, the start time the twentieth.
    fields = stat.rpartition(")")[2].split()
    if fields[0] in ("Z", "X"):
        return None
    with contextlib.suppress(OSError):
        return f"{Path('/proc/sys/kernel/random/boot_id').read_text(encoding='ascii').strip()}:{fields[19]}"
    return fields[19]


def _start_time_by_ps(pid: int) -> str | None:
    command = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    except OSError:
        return None
    state, _, started = done.stdout.strip().partition(" ")
    return None if not started or state.startswith("Z") else " ".join(started.split())


def is_running(pid: int, started: str) -> bool:
    """Whether the process ``pid`` is still the one which started then."""
    _reap(pid)
    return start_time(pid) == started


def end(pid: int, started: str) -> bool:
    """End the process if it is still the one which started then, and its children with it.

    It gets 15 s to finish what it does, then it is killed.

    Returns:
        False if it was gone already.

    Raises:
        LocalProxyError: it does not end, or it may not be ended.
    """
    if not is_running(pid, started):
        return False
    try:
        os.kill(pid, signal.SIGTERM)
        if not _gone(pid, started, _TERMINATE_S):
            # `spawn` made it the leader of a group.
            os.killpg(pid, signal.SIGKILL)
            if not _gone(pid, started, _KILL_S):
                raise LocalProxyError(f"Process {pid} does not end.", hint=f"Try: kill -9 {pid}")
    except ProcessLookupError:
        pass
    except PermissionError as error:
        raise LocalProxyError(f"Process {pid} belongs to another user.") from error
    return True


def _gone(pid: int, started: str, timeout_s: float) -> bool:
    deadline = time.monotonic() + timeout_s
    while is_running(pid, started):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True


def _reap(pid: int) -> None:
    """Collect the process if it is a child of ours that has ended; else its remains would stay until we end."""
    with contextlib.suppress(ChildProcessError, OSError):
        os.waitpid(pid, os.WNOHANG)
