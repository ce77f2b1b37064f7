"""Read the log of the local proxy: its last lines, and those that follow."""

from __future__ import annotations

import os
import re
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path

from .. import plainfile
from ..errors import LocalProxyError

_POLL_S = 0.25
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def tail(path: Path, lines: int) -> list[str]:
    """The last lines of a log, without colours; no lines if there is no log.

    Raises:
        LocalProxyError: it cannot be read.
    """
    try:
        with open(plainfile.open_file(path), encoding="utf-8", errors="replace") as file:
            return [_plain(line) for line in deque(file, maxlen=max(lines, 0))]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise _unreadable(path, error) from error


def follow(path: Path, lines: int, *, going_on: Callable[[], bool]) -> Iterator[str]:
    """The last lines, then each new one, until nothing more is to come.

    A new log in the place of the old one (the proxy was started again) is read from its beginning.

    Args:
        path: the log.
        lines: how many lines to begin with.
        going_on: asked while nothing new comes; False ends it.

    Raises:
        LocalProxyError: it cannot be read.
    """
    position, inode, rest = 0, None, ""
    first = True
    while True:
        more = going_on()  # before reading: what was written before the end is not lost
        try:
            with open(plainfile.open_file(path), "rb") as file:
                status = os.fstat(file.fileno())
                if inode != status.st_ino or status.st_size < position:
                    position, inode, rest = 0, status.st_ino, ""
                file.seek(position)
                data = file.read()
                position += len(data)
        except FileNotFoundError:
            data = b""
        except OSError as error:
            raise _unreadable(path, error) from error
        *complete, rest = (rest + data.decode(errors="replace")).split("\n")
        if first:
            complete, first = complete[-lines:] if lines > 0 else [], False
        for line in complete:
            yield _plain(line)
        if not more:
            if rest:
                yield _plain(rest)
            return
        if not data:
            time.sleep(_POLL_S)


def _unreadable(path: Path, error: OSError) -> LocalProxyError:
    return LocalProxyError(f"Cannot read {path}: {error.strerror}.")


def _plain(line: str) -> str:
    return _COLOUR.sub("", line).rstrip("\r\n")
