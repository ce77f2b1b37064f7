"""A program run to its end, with what it printed and the most memory that it and all that it started had."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PAUSE_S = 0.03
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class TreeRun:
    """Seconds from start to end; MB at the highest; what was printed."""

    seconds: float
    peak_mb: float
    output: str


def run_tree(command: Sequence[str | Path], env: Mapping[str, str], *, cwd: Path | None = None) -> TreeRun:
    """Run a program to its end.

    Raises:
        RuntimeError: it failed; says its last line.
    """
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        began = time.monotonic()
        process = subprocess.Popen(
            [str(word) for word in command], env=dict(env), cwd=cwd, stdin=subprocess.DEVNULL, stdout=out, stderr=err
        )
        watch = _Watch(process.pid)
        watch.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.monotonic() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        watch.done.set()
        watch.join()
        out.seek(0)
        err.seek(0)
        if process.returncode:
            said = err.read().strip() or out.read().strip() or "no message"
            raise RuntimeError(f"{' '.join(map(str, command))}: {said.splitlines()[-1]}")
        # macOS counts bytes here, Linux KiB.
        largest = usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e6 / 1024)
        return TreeRun(seconds, max(largest, watch.peak_mb), out.read())


class _Watch(threading.Thread):
    """Looks, every few hundredths of a second, at the resident memory of a process and of all below it.

    Pages which several of them share count in each: that is a little too much for programs of several processes. Without
    ``/proc`` it sees nothing: then the largest single process counts, as ``wait`` tells it.
    """

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._pid = pid
        self.done = threading.Event()
        self.peak_mb = 0.0

    def run(self) -> None:
        if not os.path.exists("/proc/self/statm"):
            return
        while not self.done.wait(_PAUSE_S):
            self.peak_mb = max(self.peak_mb, sum(map(_resident_mb, _below(self._pid))))


def _below(pid: int) -> list[int]:
    found = [pid]
    for one in found:
        try:
            for task in os.listdir(f"/proc/{one}/task"):
                with open(f"/proc/{one}/task/{task}/children") as file:
                    found += map(int, file.read().split())
        except OSError:  # it has ended
            continue
    return found


def _resident_mb(pid: int) -> float:
    try:
        with open(f"/proc/{pid}/statm") as file:
            return int(file.read().split()[1]) * _PAGE / 1e6
    except (OSError, IndexError):  # it has ended
        return 0.0
