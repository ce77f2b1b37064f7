"""What calls that are under way will likely cost, so that those which run at once do not pass a limit together.

They are in memory, in one book for all providers of a process; other processes are told of them by ``sharing``. With the
process, its reservations are gone.
"""

from __future__ import annotations

import atexit
import contextlib
import itertools
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from .reservation import Held
from .shared import Sharing

FOLDER = "under-way"
"""Beside the file of the budgets."""


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
    """The book of the calls under way. Safe to share between threads.

    Args:
        sharing: tells other processes.
    """

    def __init__(self, sharing: Sharing) -> None:
        self.forgotten: deque[int] = deque()
        """Numbers whose calls went away without a word."""
        self._held: dict[int, Held] = {}
        self._numbers = itertools.count(1)
        self._listeners: dict[int, Callable[[], object]] = {}
        self._one_at_a_time = threading.Lock()
        self.sharing = sharing

    @contextlib.contextmanager
    def deciding(self) -> Iterator[tuple[Held, ...]]:
        """What is reserved here and by other processes, for a decision on one more, which may be added inside; nobody else
        decides meanwhile.

        What is given back meanwhile is still among them. So whoever then looks what was spent misses no call: one that ended
        is in the sum, or here, or in both.
        """
        with self._one_at_a_time, self.sharing.deciding() as others:
            yield (*self.held(), *others)

    def held(self) -> tuple[Held, ...]:
        """All that is reserved now by this process."""
        while self.forgotten:
            with contextlib.suppress(IndexError):  # another thread was faster
                self._held.pop(self.forgotten.popleft(), None)
        now = time.monotonic()
        for number, held in self._held.copy().items():
            if held.ends_at <= now:
                self._held.pop(number, None)
        return tuple(self._held.copy().values())

    def add(self, held: Held) -> Reservation:
        """Reserve, within ``deciding``."""
        number = next(self._numbers)
        self._held[number] = held
        self.sharing.write(self.held)
        return Reservation(self, number)

    def drop(self, number: int) -> None:
        """Take out what has that number."""
        if self._held.pop(number, None) is not None:
            self.sharing.write(self.held)
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
    path = os.path.realpath(budgets)
    found = _books.get(path)
    if found is None:
        found = _books.setdefault(path, Reservations(Sharing(Path(path).with_name(FOLDER))))
    return found


def _forked() -> None:
    """What a forked child inherits is of its parent; and a thread of that may hold a lock for ever."""
    for book in _books.values():
        book.sharing.forked()
    _books.clear()


@atexit.register
def _ended() -> None:
    for book in _books.values():
        book.sharing.close()


os.register_at_fork(after_in_child=_forked)
