"""The last five texts of a config file, beside it.

Fact: Fased's ``src/config/backup-rotation.ts``: ``fased.json.bak`` is the newest, ``.bak.4`` the oldest.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from ... import atomicfile, plainfile

KEPT = 5


def backup_path(path: Path, age: int = 0) -> Path:
    """Where a backup lies: ``age`` 0 is the newest, 4 the oldest."""
    return path.with_name(path.name + (".bak" if age == 0 else f".bak.{age}"))


def add(path: Path, data: bytes, *, mode: int, moment_ns: int) -> Path:
    """Put ``data`` in front of the ring; the oldest backup goes.

    Args:
        path: the config file, not the target of a link.
        data: its text, before it changes.
        mode: permission bits of the backup.
        moment_ns: the time of the write, which becomes the time of the backup: those of files that were written together have
            the same, by which ``undo`` knows them.

    Returns:
        The new backup.

    Raises:
        NotPlain: something else than a file is in the place of one of the ring; nothing was moved.
        OSError: it could not be made.
    """
    for age in range(KEPT):
        plainfile.refuse_other(backup_path(path, age))
    for age in reversed(range(KEPT - 1)):
        with contextlib.suppress(FileNotFoundError):
            os.replace(backup_path(path, age), backup_path(path, age + 1))
    newest = backup_path(path)
    atomicfile.replace(newest, data, mode=mode)
    os.utime(newest, ns=(moment_ns, moment_ns))
    return newest
