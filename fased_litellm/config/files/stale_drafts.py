"""What a write that was killed leaves beside a file: drafts of it, which may hold keys."""

from __future__ import annotations

import contextlib
import os
import re
import time
from pathlib import Path

from .filelock import STALE_S, alive


def remove(path: Path) -> None:
    """Remove old drafts of a file, of its backups and of its lock, whose process is gone.

    To be called under the lock of the file. A draft that is younger than the age at which a lock is stale stays, since its process
    may run in another container, where its number means nothing here. A draft that cannot be removed stays too.

    Args:
        path: the file; a link is followed, as by the write.
    """
    for place in {path, Path(os.path.realpath(path))}:
        draft = re.compile(
            re.escape(place.name)
            + r"(?:\.bak)?\.(?P<pid>\d{1,9})\.[0-9a-f-]+\.tmp|"
            + re.escape(place.name)
            + r"\.lock\.(?P<locker>\d{1,9})\.[0-9a-f]+"
        )
        with contextlib.suppress(OSError):
            for name in os.listdir(place.parent):
                match = draft.fullmatch(name)
                if match:
                    _remove_if_old(place.parent / name, int(match["pid"] or match["locker"]))


def _remove_if_old(draft: Path, pid: int) -> None:
    with contextlib.suppress(OSError):
        if time.time() - draft.stat().st_mtime > STALE_S and not alive(pid):
            os.unlink(draft)
