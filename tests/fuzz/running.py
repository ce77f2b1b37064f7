"""Run a target on many contents, and find out what must not happen: an exception, a failed claim, a hang."""

from __future__ import annotations

import logging
import random
import signal
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Self

from tests.fuzz.mutating import mutant
from tests.fuzz.statefiles import Target

LIMIT_S = 60.0
"""Far above what any of these needs, also on a loaded machine; what is not done by then hangs."""


@dataclass
class Outcome:
    """What became of the contents, and what went wrong."""

    counts: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    slowest_s: float = 0.0

    def __iadd__(self, other: Outcome) -> Self:
        self.counts += other.counts
        self.failures += other.failures
        self.slowest_s = max(self.slowest_s, other.slowest_s)
        return self


class Hang(BaseException):
    """Not an ``Exception``, so that nothing on the way takes it for its own."""


def run(target: Target, folder: Path, seed: int, count: int) -> Outcome:
    """Try ``count`` contents, the same for the same seed, in a folder of their own."""
    outcome = Outcome()
    logging.getLogger("fased_litellm.files").setLevel(logging.CRITICAL)
    before = signal.signal(signal.SIGALRM, _hang)
    try:
        for number in range(seed, seed + count):
            data = mutant(target.seeds, random.Random(number))
            started = time.monotonic()
            signal.setitimer(signal.ITIMER_REAL, LIMIT_S)
            try:
                outcome.counts[target.attempt(folder, data)] += 1
            except (Exception, Hang) as error:
                outcome.counts["failed"] += 1
                outcome.failures.append(
                    f"{target.name}, seed {number}: {type(error).__name__}: {error}\n{data[:500]!r}"
                )
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            outcome.slowest_s = max(outcome.slowest_s, time.monotonic() - started)
    finally:
        signal.signal(signal.SIGALRM, before)
        logging.getLogger("fased_litellm.files").setLevel(logging.NOTSET)
    return outcome


def _hang(number: int, frame: FrameType | None) -> None:
    raise Hang(f"not done after {LIMIT_S} s")
