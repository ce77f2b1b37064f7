"""What the processes of this machine tell each other of their calls under way: a small file of each, beside the budgets.

Whoever makes a file holds its lock as long as he lives; the kernel lets go of it with the process, however that ends. So a file
whose lock can be had is of nobody any more, and is removed. Where such files cannot be written or locked, each process knows its
own calls alone; nothing fails for it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ... import jsontext, plainfile
from ...atomicfile import PRIVATE, make_private_dir
from ...context import CallContext
from ...redaction import logger
from ...refs import ModelRef
from .reservation import NOBODY, Held

_NAME = re.compile(r"[0-9]+-[0-9a-f]{12}\.json")
_MOST_BYTES = 1024 * 1024
_PATIENCE_S = 2.0
"""So long another process is waited for that decides; it takes no time, unless it was stopped in the middle."""
_PAUSE_S = 0.002
_MOST_PICO = 10**18
_log = logger("budgets")


class Sharing:
    """The folder of these files, and the one of this process. Safe to share between threads; of no use to a forked child.

    Args:
        folder: where they are; it is made with the first reservation.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process = os.getpid()
        self._own: int | None = None
        self._name = ""
        self._lock = threading.Lock()

    @contextlib.contextmanager
    def deciding(self) -> Iterator[tuple[Held, ...]]:
        """What all other processes have reserved; none of them decides meanwhile."""
        with contextlib.ExitStack() as stack:
            others: tuple[Held, ...] = ()
            try:
                make_private_dir(self._folder)
                folder = plainfile.open_folder(self._folder)
                stack.callback(os.close, folder)
                _lock(folder)
                stack.callback(fcntl.flock, folder, fcntl.LOCK_UN)  # closing is not enough where a child was forked
                others = tuple(self._others())
            except OSError as error:
                _log.debug("Calls of other processes are not known: %s", error)
            yield others

    def write(self, all_held: Callable[[], Sequence[Held]]) -> None:
        """Tell what this process has reserved; what it told before is replaced. Without any, there is no file.

        Args:
            all_held: says it; asked while no other thread writes, so that the last word is the newest.
        """
        if os.getpid() != self._process:
            return
        with self._lock:
            try:
                held = all_held()
                if not held:
                    self._remove()
                    return
                if self._own is None:
                    self._make()
                if self._own is not None:
                    # A reader may come in between; it then sees no whole document, and looks again.
                    data = json.dumps([_written(one) for one in held]).encode() + b"\n"
                    os.ftruncate(self._own, 0)
                    os.pwrite(self._own, data, 0)
            except OSError as error:
                _log.debug("Other processes do not know of the calls of this one: %s", error)

    def close(self) -> None:
        """Take the file away; one that stays is removed by the next process."""
        if os.getpid() != self._process:
            return
        with self._lock:
            self._remove()

    def forked(self) -> None:
        """In a forked child: let go of the file, which is the parent's. Its lock stays with the parent."""
        if self._own is not None:
            with contextlib.suppress(OSError):
                os.close(self._own)
            self._own = None

    def _remove(self) -> None:
        if self._own is not None:
            with contextlib.suppress(OSError):
                os.unlink(self._folder / self._name)
            os.close(self._own)
            self._own = None

    def _make(self) -> None:
        self._name = f"{self._process}-{secrets.token_hex(6)}.json"
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        own = plainfile.open_file(self._folder / self._name, flags, PRIVATE)
        try:
            fcntl.flock(own, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(own)
            os.unlink(self._folder / self._name)
            raise
        self._own = own

    def _others(self) -> Iterator[Held]:
        for entry in os.listdir(self._folder):
            if entry == self._name or not _NAME.fullmatch(entry):
                continue
            try:
                yield from _read(self._folder / entry)
            except OSError as error:
                _log.debug("%s is left out: %s", entry, error.strerror)


def _lock(folder: int) -> None:
    give_up_at = time.monotonic() + _PATIENCE_S
    while True:
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= give_up_at:
                raise OSError(errno.EAGAIN, "another process holds the folder") from None
            time.sleep(_PAUSE_S)
        else:
            return


def _read(path: Path) -> list[Held]:
    """What a living process has reserved; the file of a dead one is removed."""
    descriptor = plainfile.open_file(path, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            pass
        else:
            fcntl.flock(descriptor, fcntl.LOCK_UN)
            os.unlink(path)
            return []
        for _ in range(5):
            found = _parsed(os.pread(descriptor, _MOST_BYTES, 0))
            if found is not None:
                return found
            time.sleep(_PAUSE_S)
        return []
    finally:
        os.close(descriptor)


def _written(held: Held) -> dict[str, Any]:
    ends_ms = int((time.time() + held.ends_at - time.monotonic()) * 1000)
    return {
        "agent": held.context.agent,
        "task": held.context.task,
        "channel": held.context.channel,
        "provider": held.ref.provider,
        "model": held.ref.model,
        "startedAtMs": held.started_at_ms,
        "pico": held.pico,
        "endsAtMs": ends_ms,
    }


def _parsed(data: bytes) -> list[Held] | None:
    """The reservations that a file tells, without those whose calls cannot be under way any more; None of what is no such file."""
    if not data.endswith(b"\n"):
        return None
    try:
        return [held for one in jsontext.loads(data) if (held := _held(one)).ends_at > time.monotonic()]
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def _held(one: dict[str, Any]) -> Held:
    pico, started, ends = one["pico"], one["startedAtMs"], one["endsAtMs"]
    names = [one[name] for name in ("agent", "task", "channel")]
    if not all(name is None or isinstance(name, str) for name in names) or not isinstance(names[0], str):
        raise TypeError("a name is no text")
    if type(started) is not int or type(ends) is not int or not (pico is None or type(pico) is int):
        raise TypeError("a number is none")
    if pico is not None and not 0 <= pico <= _MOST_PICO:
        raise ValueError("no such cost")
    return Held(
        CallContext(agent=names[0], task=names[1], channel=names[2]),
        ModelRef(str(one["provider"]), str(one["model"])),
        started,
        pico,
        NOBODY,
        time.monotonic() + ends / 1000 - time.time(),
    )
