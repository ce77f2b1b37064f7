"""Where a command's output goes, if it goes nowhere: a closed stream, a reader that has left, a full disk."""

from __future__ import annotations

import errno
import os
import sys

_LOST = frozenset((errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO))


def reopen() -> None:
    """Read from and write to nowhere where a stream is closed, as in ``fased … >&-``: Python has none then.

    Each gets the number that it had, for the system gives the lowest: else the ledger would get it, and who writes to
    that number would write into the ledger.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115 - for the rest of the process


def is_loss(error: OSError) -> bool:
    """Whether an error is that of writing the output. One of a file would name it, or be in words already."""
    return error.filename is None and error.errno in _LOST


def lost(error: OSError) -> int:
    """Give up on the output; the exit status.

    A reader that has left is no error: ``fased usage | head`` has what it wants.
    """
    # What still waits in the buffer would make Python complain once more at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if error.errno == errno.EPIPE:
        return 0
    sys.stderr.write(f"The output cannot be written: {error.strerror}.\n")
    return 1
