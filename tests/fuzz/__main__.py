"""``python -m tests.fuzz [COUNT] [KILLS] [SEED] [DAMAGES] [FILES]``: the long runs, for ``make fuzz``.

Prints what is told in docs/explanation/config-edits.md, docs/explanation/usage-accounting.md and docs/reference/files.md.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from tests.config.kill_writes import CASES
from tests.fuzz import configs, ledgers, rows, running, statefiles, streams

_BATCH = 1000
_TARGETS = statefiles.TARGETS | rows.TARGETS | streams.TARGETS


def main(count: str = "100000", kills: str = "500", seed: str = "1", damages: str = "600", files: str = "20000") -> int:
    """The runs; 1 if one of them found something."""
    failed = _files(int(files), int(seed))
    failed += _ledgers(int(damages), int(seed))
    failed += _configs(int(count), int(seed))
    failed += _every_moment()
    failed += _timed(int(kills), int(seed))
    return 1 if failed else 0


def _configs(count: int, seed: int) -> int:
    counts: Counter[str] = Counter()
    failures: list[str] = []
    slowest = 0.0
    started = time.monotonic()
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for outcome in pool.map(
            _batch, [(seed * 1_000_000 + first, min(_BATCH, count - first)) for first in range(0, count, _BATCH)]
        ):
            counts += outcome.counts
            failures += outcome.failures
            slowest = max(slowest, outcome.slowest_s)
    print(f"{counts.total()} mutated configs in {time.monotonic() - started:.0f} s, the slowest {slowest:.2f} s:")
    for what, number in counts.most_common():
        print(f"  {number:7} {what}")
    for failure in failures[:20]:
        print(failure)
    return len(failures)


def _batch(work: tuple[int, int]) -> configs.Outcome:
    with tempfile.TemporaryDirectory() as folder:
        return configs.run(Path(folder), *work)


def _ledgers(count: int, seed: int) -> int:
    """Damaged ledgers: what is saved of them, and what SQLite's own ``.recover`` finds."""
    with tempfile.TemporaryDirectory() as folder:
        program = ledgers.sqlite_program(Path(folder))
    counts: Counter[str] = Counter()
    failures: list[str] = []
    started = time.monotonic()
    some = 20
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        firsts = range(seed * 1_000_000, seed * 1_000_000 + count, some)
        for outcome in pool.map(_damaged, [(first, min(some, firsts.stop - first), program) for first in firsts]):
            counts += outcome.counts
            failures += outcome.failures
    against = "with .recover of SQLite beside" if program else "without an SQLite that can .recover"
    print(f"{count} damaged ledgers in {time.monotonic() - started:.0f} s, {against}:")
    for what, number in counts.most_common():
        print(f"  {number:7} {what}")
    for failure in failures[:20]:
        print(failure)
    return len(failures)


def _damaged(work: tuple[int, int, Sequence[str] | None]) -> ledgers.Outcome:
    with tempfile.TemporaryDirectory() as folder:
        return ledgers.run(Path(folder), *work)


def _files(count: int, seed: int) -> int:
    """Contents for each file that is read back; those which lead to a ledger take longer, so that they are fewer."""
    failed = 0
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for target in _TARGETS.values():
            outcome = running.Outcome()
            started, number = time.monotonic(), max(1, count // target.share)
            batch = max(1, _BATCH // target.share)
            work = [(target.name, seed * 1_000_000 + at, min(batch, number - at)) for at in range(0, number, batch)]
            for part in pool.map(_part, work):
                outcome += part
            words = ", ".join(f"{times} {what}" for what, times in outcome.counts.most_common())
            took = f"in {time.monotonic() - started:.0f} s, the slowest {outcome.slowest_s:.2f} s"
            print(f"{target.name}: {number} contents {took}: {words}", flush=True)
            for failure in outcome.failures[:20]:
                print(failure)
            failed += len(outcome.failures)
    return failed


def _part(work: tuple[str, int, int]) -> running.Outcome:
    name, seed, count = work
    with tempfile.TemporaryDirectory() as folder:
        return running.run(_TARGETS[name], Path(folder), seed, count)


def _every_moment() -> int:
    failed = 0
    for what in ("replace", "make", "include"):
        with tempfile.TemporaryDirectory() as folder:
            words = [sys.executable, "-m", "tests.config.kill_writes", what, folder]
            done = subprocess.run(words, capture_output=True, text=True, check=False)
        print(f"kill -9 at every moment of a write ({what}): {done.stdout.strip()} moments, status {done.returncode}")
        failed += done.returncode not in (0, 3)
    return failed


_WRITER = """\
import sys
from pathlib import Path
from tests.config.kill_writes import CASES
case = CASES["replace"](Path(sys.argv[1]))
case.plan()
print("go", flush=True)
for _ in range(10_000):
    case.write()
    case.rewind()
"""


def _timed(kills: int, seed: int) -> int:
    """A process that writes all the time, killed at a random moment; the file is the old one or the new one."""
    chance = random.Random(seed)
    print(f"kill -9 at {kills} random moments of a process that writes all the time: ", end="", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(kills):
            case = CASES["replace"](Path(folder) / "state")
            case.prepare()
            with subprocess.Popen([sys.executable, "-c", _WRITER, str(case.state)], stdout=subprocess.PIPE) as process:
                assert process.stdout is not None
                assert process.stdout.readline() == b"go\n"
                time.sleep(chance.uniform(0, 0.05))
                process.kill()
            try:
                case.judge()
                case.judge_next()
            except AssertionError as error:
                print(f"run {number}: {error}")
                return 1
    print("nothing was lost")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
