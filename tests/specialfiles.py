"""Put something else in a file's place: what a reader or writer of files must neither wait for nor take for one."""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        # The address of a socket may not be long; a relative one is short.
        before = Path.cwd()
        os.chdir(path.parent)
        try:
            server.bind(path.name)
        finally:
            os.chdir(before)


def _folder(path: Path) -> None:
    path.mkdir()


def _device(path: Path) -> None:
    path.symlink_to("/dev/zero")  # it has no end


KINDS: dict[str, tuple[Callable[[Path], None], str]] = {
    "pipe": (os.mkfifo, "a named pipe"),
    "socket": (_socket, "a socket"),
    "device": (_device, "a device"),
    "folder": (_folder, "a folder"),
}
"""Name → what makes one, and how it is called."""


def put(kind: str, path: Path) -> str:
    """Put something of a kind at ``path``, in place of what is there; its name in words."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    make, word = KINDS[kind]
    make(path)
    return word
