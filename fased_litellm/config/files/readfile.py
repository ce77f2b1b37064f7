"""Read a config file as text, with a clear word when that cannot be done."""

from __future__ import annotations

import os
from pathlib import Path

from ... import ownership, plainfile
from ...errors import ConfigError

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
        descriptor = plainfile.open_file(path)
        with os.fdopen(descriptor, "rb") as stream:
            names = os.fstat(descriptor).st_nlink
            if max_names is not None and names > max_names:
                raise ConfigError(f"{path} has {names} names (hard links), which is not allowed.")
            return plainfile.content(stream, max_bytes, path)
    except FileNotFoundError:
        return None
    except OSError as error:
        denied = error.errno in ownership.DENIED
        hint = ownership.told(path) or "Give yourself permission to read it." if denied else None
        raise ConfigError(f"{path} cannot be read: {error.strerror}.", hint=hint) from error


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
