"""Who writes many rows says so, and single calls do not wait for it: they go to the spool at once."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from ... import plainfile
from ...atomicfile import PRIVATE, make_private_dir
from ...errors import LedgerError

_PAUSE_S = 0.01


@contextlib.contextmanager
def hold(ledger: Path, *, wait_s: float = 60.0) -> Iterator[int]:
    """Be the only one who imports into that ledger, or changes many of its rows.

    It excludes others that hold it, in any process; writing itself needs ``Ledger.transaction`` all the same.

    Yields:
        Its descriptor: a process that inherits it holds the lock, too.

    Raises:
        LedgerError: another program did not let go of it for ``wait_s`` seconds, or the lock cannot be made.
    """
    try:
        make_private_dir(ledger.parent)
        descriptor = plainfile.open_file(_file(ledger), os.O_RDWR | os.O_CREAT, PRIVATE)
    except OSError as error:
        raise LedgerError(f"{_file(ledger)} cannot be opened: {error.strerror}.") from error
    try:
        deadline = time.monotonic() + max(wait_s, 10 * _PAUSE_S)  # `held` takes it for a moment, to see if it can
        while not _take(descriptor, fcntl.LOCK_EX):
            if time.monotonic() >= deadline:
                raise LedgerError(
                    f"Another program is importing into the usage ledger {ledger}.", hint="Try again once it is done."
                )
            time.sleep(_PAUSE_S)
        yield descriptor
    finally:
        os.close(descriptor)


def held(ledger: Path) -> bool:
    """Whether some program holds it now."""
    try:
        descriptor = plainfile.open_file(_file(ledger))
    except OSError:
        return False
    try:
        free = _take(descriptor, fcntl.LOCK_SH)
        fcntl.flock(descriptor, fcntl.LOCK_UN)  # closing is not enough, if another thread forks a child meanwhile
        return not free
    finally:
        os.close(descriptor)


def _take(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _file(ledger: Path) -> Path:
    return ledger.with_name(f"{ledger.name}.import.lock")
