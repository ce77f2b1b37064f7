"""A line on stderr while a proxy takes long to answer: what is waited for, and when it is given up."""

from __future__ import annotations

import sys
import threading
import time
from typing import Self

from . import output

AFTER_S = 2.0
"""Nothing is said of shorter silences, in seconds."""
_EVERY_S = 0.5


class Awaited:
    """While it is entered, the proxy is being asked. On a terminal the line counts seconds; elsewhere it is said once.

    It may be entered again.

    Args:
        what: is waited for.
        given_up_s: seconds of silence after which it is given up.
    """

    def __init__(self, what: str, given_up_s: float) -> None:
        self._what, self._given_up_s = what, given_up_s
        self._terminal = sys.stderr.isatty()
        self._said = False
        self._rows = 0
        self._heard = 0.0
        self._end = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._heard = time.monotonic()
        self._end.clear()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        if self._thread is not None:
            self._thread.join()

    def tell(self, rows: int) -> None:
        """Note that rows came, and how many there are by now."""
        self._rows = rows
        self._heard = time.monotonic()

    def _watch(self) -> None:
        shown = False
        while not self._end.wait(min(_EVERY_S, AFTER_S)):
            silent_s = time.monotonic() - self._heard
            if silent_s >= AFTER_S and (self._terminal or not self._said):
                shown = self._say(silent_s)
        if shown:
            output.passing("")

    def _say(self, silent_s: float) -> bool:
        """Say it; whether the line is still there to be taken away."""
        so_far = f" {self._rows:,} rows came so far." if self._rows else ""
        text = f"Waiting for {self._what}: no answer for {silent_s:.0f} s, given up after {self._given_up_s:.0f} s.{so_far}"
        self._said = True
        if self._terminal:
            output.passing(text)
        else:
            output.diagnostic(text)
        return self._terminal
