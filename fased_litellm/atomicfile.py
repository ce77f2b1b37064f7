"""Replace a file as a whole, or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

PRIVATE = 0o600
PRIVATE_DIR = 0o700


def replace(path: Path, data: bytes, *, mode: int = PRIVATE) -> None:
    """Write ``data`` to ``path`` through a temporary file in the same folder.

    The temporary file has its mode from the first byte, and is flushed to disk before it takes the old one's place; a
    link is followed, so that it stays a link. Missing folders are made with mode 0700.

    Args:
        path: the file to replace or make.
        data: its new content.
        mode: permission bits of the new file.

    Raises:
        OSError: nothing was changed, and no temporary file is left.
    """
    target = Path(os.path.realpath(path))
    make_private_dir(target.parent)
    temporary = target.parent / f"{target.name}.{os.getpid()}.{os.urandom(8).hex()}.tmp"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), mode)  # the umask may have taken bits away
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
    sync_dir(target.parent)


def make_private_dir(path: Path) -> None:
    """Make a folder and its missing parents with mode 0700; folders that exist keep theirs."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder, PRIVATE_DIR)


def sync_dir(path: Path) -> None:
    """Flush a folder's entries to disk, where the system can do that."""
    with contextlib.suppress(OSError):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
