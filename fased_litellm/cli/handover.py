"""Hand a command that is not ours over to the next ``fased`` on PATH, which is the Node agent where one is installed."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from ..errors import FasedError, UsageError

_MARK = "FASED_LITELLM_HANDOVER"


class NotOurs(Exception):
    """Raised by a command which finds that another program has to do the work."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def to_next(arguments: list[str], reason: str, *, known: list[str] | None = None) -> int:
    """Replace this process by the next ``fased`` on PATH.

    Raises:
        UsageError: there is none; says ``reason`` and the nearest command of ``known``.
    """
    program = None if os.environ.get(_MARK) else next_fased()
    if program is None:
        import difflib

        word = arguments[0] if arguments else ""
        near = difflib.get_close_matches(word, known or [], n=1)
        meant = f"Did you mean `fased {near[0]}`? " if near else ""
        raise UsageError(reason, hint=f"{meant}No other `fased` (the Node agent) is on PATH to hand this over to.")
    sys.stdout.flush()
    try:
        os.execve(program, [str(program), *arguments], {**os.environ, _MARK: "1"})
    except OSError as error:
        raise FasedError(f"Cannot start {program}: {error.strerror}.") from error


def next_fased() -> Path | None:
    """The first ``fased`` on PATH which is not this program.

    Folders of PATH that are relative, as an empty entry is, do not count: the working folder may be anybody's.
    """
    own = {os.path.realpath(sys.argv[0]), os.path.realpath(Path(sys.executable).parent / "fased")}
    for folder in os.get_exec_path():
        candidate = Path(folder) / "fased"
        if not os.path.isabs(folder):
            continue
        if os.path.isfile(candidate) and os.access(candidate, os.X_OK) and os.path.realpath(candidate) not in own:
            return candidate
    return None
