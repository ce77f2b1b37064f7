"""Time limits for whole phases of an answer, where httpcore only knows one for each read.

A server that sends one byte a second never exceeds a limit for each read, neither within its headers nor behind them.
So the read timeout that httpcore hands through to the network is an object of ours, which knows when the phase ends.
"""

from __future__ import annotations

import time
from typing import Self

import httpcore

from .messages import Limits


class Deadline(float):
    """The read timeout of one request, in seconds as httpcore wants it, with the end of the present phase.

    The headers have to be whole within ``idle_s``. Behind them, each line of the body has to be whole within ``idle_s``
    (a body without line breaks is one line), or what the reader of the body takes for a sign of life (``Limits.grant``), and
    everything within ``total_s``.

    Args:
        limits: of the request.

    Attributes:
        begun: whether the headers were whole.
        granted: seconds of the phase that begins with the next read, None if the present one goes on.
    """

    __slots__ = ("_end", "_until", "begun", "granted", "limits")

    def __new__(cls, limits: Limits) -> Self:
        return super().__new__(cls, limits.idle_s)

    def __init__(self, limits: Limits) -> None:
        now = time.monotonic()
        self.limits = limits
        self._end = now + limits.total_s if limits.total_s is not None else float("inf")
        self._until = min(now + limits.idle_s, self._end)
        self.granted: float | None = None
        self.begun = False

    def renew(self) -> None:
        """The headers are whole: the next phase begins with the next read."""
        self.begun = True
        self.granted = self.limits.idle_s

    def left(self) -> float:
        """Seconds that are left in this phase.

        Raises:
            httpcore.ReadTimeout: none are.
        """
        now = time.monotonic()
        if self.granted is not None:
            self._until = min(now + self.granted, self._end)
            self.granted = None
        left = self._until - now
        if left <= 0:
            raise httpcore.ReadTimeout("the phase has ended")
        return left
