"""Run an action in the background, once for many requests that come close together."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

IDLE_S = 60.0
"""How long the thread waits for more to do before it ends."""


_at_work = threading.Lock()
# A child that is forked in the middle would have a copy of what is half done, SQLite's locks for one, and no thread to end it.
os.register_at_fork(before=_at_work.acquire, after_in_parent=_at_work.release, after_in_child=_at_work.release)


class Debouncer:
    """Runs an action in a thread of its own, a moment after somebody asked for it; all who ask in that moment share it.

    A program can end without waiting for it; a fork waits for one that has begun. Safe to share between threads, and with
    forked children.

    Args:
        action: what to do; it handles its errors itself.
        delay_s: the moment, in seconds.
        idle_s: after that long without a request the thread ends, until the next one.
    """

    def __init__(self, action: Callable[[], object], *, delay_s: float, idle_s: float = IDLE_S) -> None:
        self._action = action
        self._delay_s = delay_s
        self._idle_s = idle_s
        self._thread: threading.Thread | None = None
        self._begin()

    def schedule(self) -> None:
        """See to it that the action begins after now, and soon, if there can be a thread. This does not wait for it."""
        if self._process != os.getpid():
            self._begin()
        if self._due.is_set():
            return
        with self._lock:
            self._due.set()
            if self._thread is None:
                arguments = self._due, self._stopped
                thread = threading.Thread(target=self._run, args=arguments, name=__name__, daemon=True)
                try:
                    thread.start()
                except RuntimeError:  # there are too many, or the program is about to end
                    self._due.clear()
                else:
                    self._thread = thread

    def stop(self) -> None:
        """Wait for an action that has begun; one that has not will not. More can be asked for afterwards."""
        if self._process == os.getpid():
            with self._lock:
                thread = self._thread
                self._stopped.set()
                self._due.set()
            if thread is not None:
                thread.join()
        self._begin()

    def _begin(self) -> None:
        # After a fork the thread has stayed with the parent, and the lock may be held by one which has.
        self._process = os.getpid()
        self._lock = threading.Lock()
        self._due, self._stopped = threading.Event(), threading.Event()
        self._thread = None

    def _run(self, due: threading.Event, stopped: threading.Event) -> None:
        try:
            while True:
                due.wait(self._idle_s)
                with self._lock:
                    if stopped.is_set() or not due.is_set():
                        self._thread = None
                        return
                if stopped.wait(self._delay_s):
                    return
                due.clear()  # before the action: who asks from now on may have come too late for it
                with _at_work:
                    self._action()
        except BaseException:
            with self._lock:
                self._thread = None
            raise
