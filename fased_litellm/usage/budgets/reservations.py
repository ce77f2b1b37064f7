"""What calls that are under way will likely cost, so that those which run at once do not pass a limit together.

They are in memory, in one book for all providers of a process: with the process, its reservations are gone.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ...context import CallContext
from ...refs import ModelRef
from .budget import Scope
from .windows import Window


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

    def within(self, scope: Scope, window: Window) -> bool:
        """Whether a budget of that scope counts the call in that day or month."""
        return window.from_ms <= self.started_at_ms < window.to_ms and scope.covers(self.context, self.ref)


class Reservation:
    """A reservation in the hand of its call. It ends by ``release``, or when the call is forgotten."""

    __slots__ = ("_book", "_number")

    def __init__(self, book: Reservations, number: int) -> None:
        self._book, self._number = book, number

    def release(self) -> None:
        """Give it back; whoever waits for that looks again. A second time does nothing."""
        self._book.drop(self._number)

    def __del__(self) -> None:
        # The collector may run in the middle of anything: here nothing is locked, and nobody is called.
        self._book.forgotten.append(self._number)


class Reservations:
    """The book of the calls under way. Safe to share between threads; only ``deciding`` locks anything."""

    def __init__(self) -> None:
        self.forgotten: deque[int] = deque()
        """Numbers whose calls went away without a word."""
        self._held: dict[int, Held] = {}
        self._numbers = itertools.count(1)
        self._listeners: dict[int, Callable[[], object]] = {}
        self._one_at_a_time = threading.Lock()

    @contextlib.contextmanager
    def deciding(self) -> Iterator[tuple[Held, ...]]:
        """What is reserved, for a decision on one more, which may be added inside; nobody else decides meanwhile.

        What is given back meanwhile is still among them. So whoever then looks what was spent misses no call: one that ended
        is in the sum, or here, or in both.
        """
        with self._one_at_a_time:
            yield self.held()

    def held(self) -> tuple[Held, ...]:
        """All that is reserved now."""
        while self.forgotten:
            with contextlib.suppress(IndexError):  # another thread was faster
                self._held.pop(self.forgotten.popleft(), None)
        now = time.monotonic()
        for number, held in self._held.copy().items():
            if held.ends_at <= now:
                self._held.pop(number, None)
        return tuple(self._held.copy().values())

    def add(self, held: Held) -> Reservation:
        """Reserve."""
        number = next(self._numbers)
        self._held[number] = held
        return Reservation(self, number)

    def drop(self, number: int) -> None:
        """Take out what has that number."""
        if self._held.pop(number, None) is not None:
            for told in self._listeners.copy().values():
                told()

    @contextlib.contextmanager
    def listening(self, told: Callable[[], object]) -> Iterator[None]:
        """Have a function called whenever something is given back, by any thread."""
        number = next(self._numbers)
        self._listeners[number] = told
        try:
            yield
        finally:
            self._listeners.pop(number, None)


_books: dict[str, Reservations] = {}


def book_of(budgets: Path) -> Reservations:
    """The book of this process for that file of budgets."""
    return _books.setdefault(os.path.realpath(budgets), Reservations())


# What a forked child inherits is of its parent; and a thread of that may hold the lock for ever.
os.register_at_fork(after_in_child=_books.clear)
