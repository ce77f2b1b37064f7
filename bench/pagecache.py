"""Put files out of the system's cache, or into it, so that programs which read them begin alike."""

from __future__ import annotations

import os
from pathlib import Path

CAN_FORGET = hasattr(os, "posix_fadvise")
"""Whether files can be put out of it here; macOS cannot."""


def forget(folder: Path) -> None:
    """Put all files below a folder out of the cache: who reads them next, reads them from the disk."""
    os.sync()  # what is not written yet stays
    for file in _files(folder):
        descriptor = os.open(file, os.O_RDONLY)
        try:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)


def fill(folder: Path) -> None:
    """Read all files below a folder, so that they are in the cache."""
    os.sync()  # else who comes next shares the disk with what is still to be written
    for file in _files(folder):
        file.read_bytes()


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]
