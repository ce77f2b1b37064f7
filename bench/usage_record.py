"""What it costs to keep the row of one call: alone, and while the Node agent's transcripts are read and reports are made."""

from __future__ import annotations

import contextlib
import logging
import os
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from fased_litellm.provider.recorder import Recorder
from fased_litellm.usage.ledger import Ledger
from fased_litellm.usage.record import UsageRecord
from fased_litellm.usage.spool import Spool

from .figures import Part, Table
from .places import FASED, environment
from .usage_read import IMPORT, transcripts

MESSAGES = 1_000_000
ALONE = 1500
BUSY_S = 6.0
PROXY_MS = 5.0
"""About the fastest answer of a LiteLLM proxy, with a model that answers at once."""
PAUSE_S = PROXY_MS / 1000
"""Rows come as calls would which are answered that fast, one after the other."""
SHARE = 0.05
_SPIN = f"import time; end = time.monotonic() + {BUSY_S}\nwhile time.monotonic() < end: pass"


def measure(scratch: Path) -> list[Part]:
    """Keep rows, one every few milliseconds, in different company."""
    state, _ = transcripts(scratch, MESSAGES)
    path = state / "litellm" / "usage.sqlite3"
    for file in path.parent.glob("*"):
        file.unlink()
    env = environment(scratch, FASED_STATE_DIR=str(state))
    limit = PROXY_MS * SHARE
    cells: list[Sequence[str]] = []
    missed: list[str] = []
    kept = 0

    def row(what: str, times: Sequence[float], spooled: int, *, aimed: bool = False) -> None:
        nonlocal kept
        kept += len(times)
        ordered = sorted(times)
        middle = statistics.median(ordered)
        verdict = ("ok" if middle <= limit else "missed") if aimed else ""
        if verdict == "missed":
            missed.append(f"recording a call, {what}")
        shown = (middle, ordered[len(ordered) * 99 // 100], ordered[-1])
        target = f"≤ {limit:.2f} ms" if aimed else ""
        cells.append((what, f"{len(times):,}", *(f"{one:.2f} ms" for one in shown), f"{spooled:,}", target, verdict))

    with contextlib.closing(_Counting(path)) as recorder:
        row("alone", *recorder.keep_while(_so_many(ALONE)), aimed=True)
        with _beside([[sys.executable, "-c", _SPIN]] * (os.cpu_count() or 1), env) as running:
            row("every processor busy with something else", *recorder.keep_while(running))
        with _beside([IMPORT], env) as importing, _reports(env, importing) as running:
            row(f"while {MESSAGES:,} messages are imported, and reports made", *recorder.keep_while(running))
        with _reports(env, _so_many(ALONE)) as running:
            row("while reports are made of them", *recorder.keep_while(running))
    found = _found(path)
    verdict = "ok" if found == kept else "missed"
    cells.append(("rows in the ledger afterwards, of all these", f"{found:,}", "", "", "", "", f"{kept:,}", verdict))
    if found != kept:
        missed.append("recording a call: rows were lost")
    how = (
        f"Milliseconds in which the provider keeps the row of a call; one every {PAUSE_S * 1000:.0f} ms. The target is"
        f" {SHARE:.0%} of the {PROXY_MS:.0f} ms which the fastest answer of a proxy takes, and is for the median of the first line. While another process"
        " imports, a row may go to the spool beside the ledger, from where the next report or row takes it in."
    )
    head = ("", "rows", "median", "p99", "longest", "by way of the spool", "target", "")
    return [Table("Recording one call", how, head, cells, missed)]


class _Counting:
    """The provider's own recorder, with a count of what went to the spool."""

    def __init__(self, path: Path) -> None:
        self._recorder = Recorder(path)
        self._spool = Spool.beside(path)
        self._made = 0

    def keep_while(self, running: Callable[[], bool]) -> tuple[list[float], int]:
        """Milliseconds of each, and how many went to the spool."""
        logging.disable(logging.WARNING)  # a row in the spool is counted here
        times = []
        spooled = 0
        while running():
            record = self._record()
            before = self._size()
            began = time.perf_counter()
            self._recorder.keep(record)
            times.append((time.perf_counter() - began) * 1000)
            spooled += self._size() > before
            time.sleep(PAUSE_S)
        return times, spooled

    def close(self) -> None:
        self._recorder.close()

    def _size(self) -> int:
        try:
            return self._spool.path.stat().st_size
        except OSError:
            return 0

    def _record(self) -> UsageRecord:
        self._made += 1
        return UsageRecord(
            call_id=f"bench-{self._made:08}",
            started_at_ms=time.time_ns() // 1_000_000,
            provider="litellm",
            model="default",
            served_model="openai/gpt-5.5",
            agent="main",
            task="digest",
            channel="telegram",
            session=f"agent:main:telegram:direct:{self._made % 20}",
            source="cli",
            input_tokens=1000,
            output_tokens=200,
            total_tokens=1200,
            cost=Decimal("0.0021125"),
            cost_source="header",
            latency_ms=812.5,
        )


def _so_many(times: int) -> Callable[[], bool]:
    left = iter(range(times))
    return lambda: next(left, None) is not None


@contextlib.contextmanager
def _beside(commands: Sequence[Sequence[str | Path]], env: Mapping[str, str]) -> Iterator[Callable[[], bool]]:
    """Run programs; gives whether the first of them is still running. At the end they have to end by themselves.

    Raises:
        RuntimeError: one failed.
    """
    processes = [_start(command, env) for command in commands]
    try:
        yield lambda: processes[0].poll() is None
        for process in processes:
            _, said = process.communicate()
            if process.returncode:
                raise RuntimeError(f"{process.args}: {said.strip()}")
    finally:
        for process in processes:
            if process.poll() is None:
                process.kill()
                process.communicate()


@contextlib.contextmanager
def _reports(env: Mapping[str, str], running: Callable[[], bool]) -> Iterator[Callable[[], bool]]:
    """Begin a report whenever the last one has ended, as often as ``running`` is asked; gives what to ask."""
    process = _start([FASED, "usage", "--json"], env)

    def still() -> bool:
        nonlocal process
        if process.poll() is not None:
            process.communicate()
            process = _start([FASED, "usage", "--json"], env)
        return running()

    try:
        yield still
    finally:
        process.communicate()


def _start(command: Sequence[str | Path], env: Mapping[str, str]) -> subprocess.Popen[str]:
    words = [str(word) for word in command]
    return subprocess.Popen(
        words, env=dict(env), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )


def _found(path: Path) -> int:
    """How many of the rows are in the ledger, with those that wait in the spool."""
    with Ledger(path) as ledger:
        ledger.drain(Spool.beside(path))
    with contextlib.closing(sqlite3.connect(path)) as connection:
        (found,) = connection.execute("SELECT count(*) FROM call WHERE call_id LIKE 'bench-%'").fetchone()
    return int(found)
