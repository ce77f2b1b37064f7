"""Wait for something that may never end, such as a keyring whose dialogue nobody sees, and give up in time."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class TimeLimitExceeded(Exception):
    """The function has not come back; ``thread`` is where it still waits."""

    def __init__(self, thread: threading.Thread) -> None:
        super().__init__("no answer in time")
        self.thread = thread


def limited(function: Callable[[], T], seconds: float) -> T:
    """Call ``function`` in a thread of its own and wait for it.

    The thread cannot be stopped; it is a daemon, so that it holds up nobody who wants to leave.

    Args:
        function: what to call.
        seconds: how long to wait.

    Raises:
        TimeLimitExceeded: it took longer.
        BaseException: whatever the function raised.
    """
    result: list[T] = []
    failure: list[BaseException] = []

    def work() -> None:
        try:
            result.append(function())
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=work, daemon=True, name="fased-litellm-limited")
    thread.start()
    thread.join(seconds)
    if failure:
        raise failure[0]
    if not result:
        raise TimeLimitExceeded(thread)
    return result[0]
