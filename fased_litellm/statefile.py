"""Read a file of ours back: a plain file of sound content, or it is set aside, renamed beside itself and never deleted.

What is to be said of a file goes to the log of this package as a warning; where nobody has set up logging, Python prints it on
stderr.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from . import plainfile
from .redaction import logger

MARK = ".damaged-"
"""Stands between the name of a file and the time when it was set aside."""

Content = TypeVar("Content")

_MOST_WORDS = 300
_said: set[str] = set()


def read(path: Path, most: int, make: Callable[[bytes], Content], *, then: str) -> Content | None:
    """The content of a file; None where there is no file, or one that had to be set aside.

    Args:
        path: the file.
        most: the largest size that it can have, in bytes.
        make: makes the content of its bytes, and raises ``ValueError`` if it has not the declared shape.
        then: what follows where it is set aside, and what to do, as a sentence.

    Raises:
        NotPlain: something else lies there.
        OSError: it cannot be read.
    """
    data = None
    try:
        data = plainfile.read(path, most)
        return make(data)
    except FileNotFoundError:
        return None
    except plainfile.TooLarge as error:
        problem = str(error.strerror)
    except ValueError as error:
        problem = str(error)
    set_aside(path, data, problem, then=then)
    return None


def set_aside(path: Path, data: bytes | None, problem: str, *, then: str) -> Path | None:
    """Set a file aside and say so, unless another program has put something else in its place meanwhile.

    Args:
        path: the file.
        data: what was read of it; None sets aside what is there.
        problem: what is wrong with it.
        then: as for ``read``.

    Returns:
        Where it is now; None if it is where it was.
    """
    problem = problem.rstrip(".") if len(problem) <= _MOST_WORDS else f"{problem[:_MOST_WORDS]}…"
    # Chance makes the name one that nothing else can have: to rename replaces what is there.
    aside = path.with_name(f"{path.name}{MARK}{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{os.urandom(4).hex()}")
    try:
        os.rename(path, aside)
    except FileNotFoundError:
        return None  # another program was quicker
    except OSError as error:
        say(f"{path} is damaged: {problem}. It cannot be set aside: {error.strerror}. {then}")
        return None
    if data is not None and not _holds(aside, data):
        with contextlib.suppress(OSError):  # unless by now there is yet another one
            os.link(aside, path)
            os.unlink(aside)
        return None
    say(f"{path} is damaged: {problem}. It is set aside as {aside}. {then}")
    return aside


def say(sentence: str) -> None:
    """Log a warning; the same one only once."""
    if sentence not in _said:
        _said.add(sentence)
        logger("files").warning("%s", sentence)


def _holds(path: Path, data: bytes) -> bool:
    try:
        return plainfile.read(path, len(data)) == data
    except OSError:
        return False
