"""Wait for a ledger that others write, as long as that makes sense."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")

_SHORTEST_S = 0.0002
_LONGEST_S = 0.025


class Patience:
    """How long to wait for other writers.

    SQLite can wait by itself, but not give up early.

    Args:
        seconds: the longest.
        give_up: asked while waiting; true ends it.
    """

    def __init__(self, seconds: float, give_up: Callable[[], bool] = bool) -> None:
        self.seconds = seconds
        self._give_up = give_up

    def with_(self, action: Callable[[], Answer]) -> Answer:
        """What ``action`` returns, once the ledger is free for it. It is repeated, so it must be safe to repeat.

        Raises:
            sqlite3.Error: it is still busy at the end, or something else is wrong.
        """
        deadline = None
        pause = _SHORTEST_S
        while True:
            try:
                return action()
            except sqlite3.OperationalError as error:
                if not busy(error) or self._give_up():
                    raise
                now = time.monotonic()
                deadline = now + self.seconds if deadline is None else deadline
                if now >= deadline:
                    raise
            # Some variation, so that those who wait do not meet again and again.
            time.sleep(pause * (0.5 + time.monotonic_ns() % 512 / 1024))
            pause = min(pause * 2, _LONGEST_S)


def busy(error: sqlite3.Error) -> bool:
    """Whether others hold the ledger."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
