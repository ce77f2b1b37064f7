"""Where this program lies, for those who start it by its absolute path, and whether a command is this program."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator, Mapping
from typing import Any

ARGUMENTS = ("litellm", "secrets", "exec")
"""What follows the program in ``secrets.providers.<alias>``."""

PROGRAM = "fased-litellm"
_NAMES = (PROGRAM, "fased")


def find() -> str | None:
    """The absolute path of ``fased-litellm``, without links; None if it was installed without its programs."""
    for folder in _folders():
        path = os.path.join(folder, PROGRAM)
        if os.path.isfile(path):
            return os.path.realpath(path)
    return None


def is_own(provider: Mapping[str, Any]) -> bool:
    """Whether an exec provider runs nothing but this very program, so that starting it can be saved."""
    command = provider.get("command")
    if not answers_from_keyring(provider) or provider.get("env") or not isinstance(command, str):
        return False
    target = os.path.realpath(command)
    own = {os.path.realpath(os.path.join(folder, name)) for folder in _folders() for name in _NAMES}
    return target in own and os.path.isfile(target)


def answers_from_keyring(provider: Mapping[str, Any]) -> bool:
    """Whether an exec provider is this program, here or in another installation."""
    name = os.path.basename(str(provider.get("command", "")))
    return provider.get("source") == "exec" and provider.get("args") == list(ARGUMENTS) and name in _NAMES


def _folders() -> Iterator[str]:
    started = sys.argv[0] if sys.argv else ""
    if os.path.basename(started) in _NAMES and os.path.isabs(started):
        yield os.path.dirname(os.path.realpath(started))
    yield os.path.dirname(sys.executable)
    yield sysconfig.get_path("scripts")
    yield sysconfig.get_path("scripts", sysconfig.get_preferred_scheme("user"))
