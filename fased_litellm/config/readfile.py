"""Read a config file as text, with a clear word when that cannot be done."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from ..errors import ConfigError

MAX_CONFIG_BYTES = 16 * 1024 * 1024
"""Far above any real config; it keeps a wrong ``FASED_CONFIG_PATH`` from filling the memory."""


def read_bytes(path: Path, *, max_bytes: int = MAX_CONFIG_BYTES, max_names: int | None = None) -> bytes | None:
    """The content of a file, None if there is none.

    Args:
        path: the file; links are followed.
        max_bytes: the largest size that is read.
        max_names: how many names (hard links) the file may have; None is any number.

    Raises:
        ConfigError: it is not a regular file, cannot be read, is too large or has too many names.
    """
    try:
        # Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        hint = "Give yourself permission to read it." if error.errno == errno.EACCES else None
        raise ConfigError(f"{path} cannot be read: {error.strerror}.", hint=hint) from error
    try:
        _require_plain(os.fstat(descriptor), path, max_bytes, max_names)
    except ConfigError:
        os.close(descriptor)
        raise
    with os.fdopen(descriptor, "rb") as stream:
        return stream.read(max_bytes)


def _require_plain(status: os.stat_result, path: Path, max_bytes: int, max_names: int | None) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise ConfigError(f"{path} is a folder.", hint="FASED_CONFIG_PATH must name the config file itself.")
    if not stat.S_ISREG(status.st_mode):
        raise ConfigError(f"{path} is not a regular file.")
    if status.st_size > max_bytes:
        raise ConfigError(f"{path} has {status.st_size} bytes; at most {max_bytes} are read.")
    if max_names is not None and status.st_nlink > max_names:
        raise ConfigError(f"{path} has {status.st_nlink} names (hard links), which is not allowed.")


def decode(data: bytes, path: Path) -> str:
    """The text of a file.

    Raises:
        ConfigError: it is not UTF-8; says the line and the column of the first wrong byte.
    """
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8")) + 1
        raise ConfigError(
            f"{path}:{line}:{column}: byte 0x{data[error.start]:02x} is not UTF-8.",
            hint="Save the file as UTF-8; nothing was changed.",
        ) from None
