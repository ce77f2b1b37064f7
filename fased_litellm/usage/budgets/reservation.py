"""What a call has reserved, and for whom. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ...context import CallContext
from ...refs import ModelRef
from .budget import Scope
from .windows import BudgetWindow


@dataclass(frozen=True, slots=True)
class Owner:
    """Who makes a call: a thread, and in asyncio a task of its loop; by their numbers."""

    thread: int
    task: int | None = None

    def blocks(self, other: Owner) -> bool:
        """Whether a call of this one cannot go on while the other waits."""
        if self.task is None or other.task is None:
            return self.thread == other.thread
        return self.task == other.task


@dataclass(frozen=True, slots=True)
class Held:
    """What one call has reserved.

    Attributes:
        context, ref: whose call it is, by which model.
        started_at_ms: when, in milliseconds since 1970 UTC.
        pico: its likely cost in pico-USD; None where nobody knows.
        owner: who makes the call.
        ends_at: when it cannot be under way any longer, on the clock of ``time.monotonic``, in seconds.
    """

    context: CallContext
    ref: ModelRef
    started_at_ms: int
    pico: int | None
    owner: Owner
    ends_at: float

    def within(self, scope: Scope, window: BudgetWindow) -> bool:
        """Whether a budget of that scope counts the call in that day or month."""
        return window.from_ms <= self.started_at_ms < window.to_ms and scope.covers(self.context, self.ref)


NOBODY = Owner(0)
"""For calls of other processes: no thread has this number."""
