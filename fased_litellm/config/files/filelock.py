"""A lock beside a file, by the protocol of the Node agent, so that both programs wait for each other.

Fact: Fased's ``src/plugin-sdk/file-lock.ts``. The lock of ``F`` is the file ``F.lock`` with ``{"pid", "createdAt"}``, made
with exclusive create and removed on release. It is stale, and may be removed, when that process is gone or when it is too
old.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import json
import os
import random
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from ... import jsontext, plainfile
from ...atomicfile import make_private_dir

STALE_S = 120.0
_TRIES = 160
_FIRST_WAIT_S, _LONGEST_WAIT_S = 0.01, 0.25
_MOST_BYTES = 4096


class LockBusy(Exception):
    """Another program holds the lock and did not let go in time."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is held by another program")
        self.path = path


@contextlib.contextmanager
def locked(path: Path, *, tries: int = _TRIES) -> Iterator[None]:
    """Hold the lock of ``path``.

    Args:
        path: the file to be changed; it need not exist, its folder is made (0700).
        tries: how often to try; the waits between grow from 10 to 250 ms, so the default is about 30 seconds.

    Raises:
        LockBusy: another program did not let go.
        OSError: the lock cannot be made, or something lies in its place that is none.
    """
    make_private_dir(path.parent)
    lock = Path(os.path.realpath(path.parent)) / f"{path.name}.lock"
    for attempt in range(tries):
        if _create(lock):
            break
        if not _remove_if_stale(lock) and attempt + 1 < tries:
            time.sleep(min(_LONGEST_WAIT_S, _FIRST_WAIT_S * 1.3**attempt) * random.uniform(0.5, 1.0))  # noqa: S311 - a wait
    else:
        raise LockBusy(lock)
    try:
        yield
    finally:
        # The work is done by now. A lock that cannot be removed is stale as soon as this process is gone.
        with contextlib.suppress(OSError):
            _remove(lock)


def _create(lock: Path) -> bool:
    # The content is complete before the name appears: a lock without a process id would be taken for one of unknown age.
    payload = {"pid": os.getpid(), "createdAt": datetime.now(UTC).isoformat().replace("+00:00", "Z")}
    draft = lock.with_name(f"{lock.name}.{os.getpid()}.{random.getrandbits(48):x}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(payload, file)
        os.link(draft, lock)
    except FileExistsError:
        return False
    finally:
        _remove(draft)
    return True


def _remove_if_stale(lock: Path) -> bool:
    # Looking and removing have to be one step among our processes; else the second of two that saw the same stale lock
    # would remove the fresh one of the first. The kernel's lock on the folder makes it one.
    folder = plainfile.open_folder(lock.parent)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        if not _stale(lock):
            return False
        _remove(lock)
        return True
    finally:
        os.close(folder)


def _stale(lock: Path) -> bool:
    try:
        age_s = time.time() - lock.lstat().st_mtime
        content = jsontext.loads(plainfile.read(lock, _MOST_BYTES, flags=os.O_NOFOLLOW))
    except FileNotFoundError:
        return False  # gone meanwhile; try again
    except plainfile.NotPlain as error:
        raise plainfile.NotPlain(errno.EINVAL, f"{lock}: {error.strerror}") from None
    except (ValueError, plainfile.TooLarge):
        content = None  # the Node agent has made it and not filled it yet
    holder = content.get("pid") if isinstance(content, dict) else None
    if isinstance(holder, int) and holder > 0 and not alive(holder):
        return True
    return age_s > STALE_S


def alive(pid: int) -> bool:
    """Whether there is a process of that number."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def _remove(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
