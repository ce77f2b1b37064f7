"""What it costs to keep the row of a call, in the course of calls: alone, and while transcripts are read and reports are made."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Self

from fased_litellm import CallContext, LiteLLMProvider
from fased_litellm.provider.recorder import Recorder
from fased_litellm.usage.record import UsageRecord
from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.usage.store.spool import Spool

from .figures import Part, Table
from .places import FASED, environment, home_with_config, loopback
from .usage_read import IMPORT, transcripts

MESSAGES = 1_000_000
ALONE = 1500
BUSY_S = 6.0
PROXY_MS = 5.0
"""About the fastest answer of a LiteLLM proxy, with a model that answers at once."""
SHARE = 0.05
_SPIN = f"import time; end = time.monotonic() + {BUSY_S}\nwhile time.monotonic() < end: pass"


def measure(scratch: Path) -> list[Part]:
    """Make calls, and look how much of them goes into keeping their rows, in different company."""
    state, _ = transcripts(scratch, MESSAGES)
    path = state / "litellm" / "usage.sqlite3"
    for file in path.parent.glob("*"):
        file.unlink()
    env = environment(scratch, FASED_STATE_DIR=str(state))
    limit = PROXY_MS * SHARE
    cells: list[Sequence[str]] = []
    missed: list[str] = []
    kept = 0

    def row(what: str, times: Sequence[tuple[float, float]], *, aimed: bool = False) -> None:
        nonlocal kept
        kept += len(times)
        ordered = sorted(keeping for keeping, _ in times)
        middle = statistics.median(ordered)
        verdict = ("ok" if middle <= limit else "missed") if aimed else ""
        if verdict == "missed":
            missed.append(f"recording a call, {what}")
        shown = (middle, ordered[len(ordered) * 99 // 100], ordered[-1], statistics.median(whole for _, whole in times))
        target = f"≤ {limit:.2f} ms" if aimed else ""
        cells.append((what, f"{len(times):,}", *(f"{one:.2f} ms" for one in shown), target, verdict))

    with loopback(delay_ms=PROXY_MS) as server, _Calls(scratch / "record", server.url, path) as calls:
        row("alone", calls.made_while(_so_many(ALONE)), aimed=True)
        with _beside([[sys.executable, "-c", _SPIN]] * (os.cpu_count() or 1), env) as running:
            row("every processor busy with something else", calls.made_while(running))
        with _beside([IMPORT], env) as importing, _reports(env, importing) as running:
            row(f"while {MESSAGES:,} messages are imported, and reports made", calls.made_while(running))
        with _reports(env, _so_many(ALONE)) as running:
            row("while reports are made of them", calls.made_while(running))
    found = _found(path)
    verdict = "ok" if found == kept else "missed"
    cells.append(("rows in the ledger afterwards, of all these", f"{found:,}", "", "", "", "", f"{kept:,}", verdict))
    if found != kept:
        missed.append("recording a call: rows were lost")
    in_all = _processor_ms()
    cells.append(("processor time of a row, all told", "", f"{in_all:.2f} ms", "", "", "", "", ""))
    how = (
        f"Calls through the provider, one after the other, to a server on 127.0.0.1 that answers after {PROXY_MS:.0f} ms: the time in"
        " which a call waits until its row is kept, which it is in the spool beside the ledger, and the time of the whole call. A"
        " thread takes the rows into the ledger a moment later. The target is"
        f" {SHARE:.0%} of the {PROXY_MS:.0f} ms which the fastest answer of a proxy takes. The last line is what the row costs in the end, with"
        f" that thread: seconds of the processor for {_ROWS:,} rows, kept without calls."
    )
    head = ("", "rows", "median", "p99", "longest", "the call, median", "target", "")
    return [Table("Recording one call", how, head, cells, missed)]


class _Calls:
    """A provider whose time in keeping rows is measured."""

    def __init__(self, home: Path, url: str, ledger: Path) -> None:
        env = {**home_with_config(home, url), "FASED_STATE_DIR": str(home / ".fased")}
        self._provider = LiteLLMProvider.from_config(env=env)
        self._provider.recorder = self._recorder = _Timed(ledger)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._provider.close()

    def made_while(self, running: Callable[[], bool]) -> list[tuple[float, float]]:
        """Milliseconds of each call: in which its row was kept, and in all."""
        times = []
        made = 0
        while running():
            made += 1
            context = CallContext("main", task="digest", channel="telegram", session=f"direct:{made % 20}")
            began = time.perf_counter()
            self._provider.chat("hi", context=context)
            times.append((self._recorder.took_ms, (time.perf_counter() - began) * 1000))
        return times


class _Timed(Recorder):
    """The provider's own recorder, with a look at the clock."""

    took_ms = 0.0

    def record(self, record: UsageRecord | None) -> None:
        began = time.perf_counter()
        super().record(record)
        self.took_ms = (time.perf_counter() - began) * 1000


_ROWS = 2000


def _processor_ms() -> float:
    """What keeping a row takes of the processor until it is in the ledger, in milliseconds."""
    with tempfile.TemporaryDirectory() as folder:
        recorder = Recorder(Path(folder) / "usage.sqlite3")
        recorder.record(_record(0))
        recorder.flush()
        records = [_record(number) for number in range(1, _ROWS + 1)]
        began = time.process_time()
        for record in records:
            recorder.record(record)
            time.sleep(PROXY_MS / 1000)
        recorder.close()
        return (time.process_time() - began) * 1000 / _ROWS


def _record(number: int) -> UsageRecord:
    return UsageRecord(
        call_id=f"row-{number:08}",
        started_at_ms=time.time_ns() // 1_000_000,
        provider="litellm",
        model="default",
        served_model="openai/gpt-5.5",
        agent="main",
        task="digest",
        channel="telegram",
        session=f"agent:main:telegram:direct:{number % 20}",
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
                raise RuntimeError(f"{process.args!r}: {said.strip()}")
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
        (found,) = connection.execute("SELECT count(*) FROM call WHERE feed IS NULL").fetchone()
    return int(found)
