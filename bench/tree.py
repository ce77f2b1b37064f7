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
        # macOS counts bytes here, Linux KiB; there, it begins with the memory of the process which started this one.
        largest = usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e6 / 1024)
        return TreeRun(seconds, watch.peak_mb or largest, out.read())


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
        if not os.path.exists("/proc/self/status"):
            return
        while not self.done.wait(_PAUSE_S):
            now = [_resident_mb(pid) for pid in _below(self._pid)]
            # Together as they are at this moment; each alone at its highest, which may have been between two looks.
            self.peak_mb = max(self.peak_mb, sum(mb for mb, _ in now), *(most for _, most in now))


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


def _resident_mb(pid: int) -> tuple[float, float]:
    """MB of a process now, and at its highest; 0 if it has ended."""
    found = {"VmRSS": 0.0, "VmHWM": 0.0}
    try:
        with open(f"/proc/{pid}/status") as file:
            for line in file:
                name, _, value = line.partition(":")
                if name in found:
                    found[name] = int(value.split()[0]) * 1024 / 1e6
    except OSError:
        pass
    return found["VmRSS"], found["VmHWM"]
