"""One line per config write in Fased's log, ``<state>/logs/config-audit.jsonl``. Never a value, never a secret.

Fact: keys, tags and limits are those of Fased's ``src/config/io.ts``; only ``source`` tells its lines from ours.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ... import plainfile, statefile
from ...atomicfile import PRIVATE, make_private_dir

_WORD = re.compile(r"[a-z][a-z-]{0,30}")
_OPTION = re.compile(r"--?[a-z][a-z0-9-]*")
_HIDDEN = "***"


def timestamp(moment: datetime) -> str:
    """As JavaScript writes it: UTC, milliseconds, ``Z``."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def command_line(argv: Sequence[str]) -> list[str]:
    """The command, its subcommands and the names of its options; every value is hidden, as it may be a key."""
    shown = [os.path.basename(argv[0])] if argv else []
    words = True
    for word in argv[1:8]:
        option = _OPTION.match(word)
        words = words and option is None and _WORD.fullmatch(word) is not None and len(shown) < 4
        if words or (option and option[0] == word):
            shown.append(word)
        else:
            shown.append(f"{option[0]}={_HIDDEN}" if option and word[option.end()] == "=" else _HIDDEN)
    return shown


def suspicious(*, before: Any, after: Any, previous_bytes: int | None, next_bytes: int) -> list[str]:
    """What Fased marks in a write over an existing file: half the size gone, no ``meta`` before, gateway mode gone."""
    if previous_bytes is None:
        return []
    tags = []
    if previous_bytes >= 512 and next_bytes < previous_bytes // 2:
        tags.append(f"size-drop:{previous_bytes}->{next_bytes}")
    if not _has_meta(before):
        tags.append("missing-meta-before-write")
    if _gateway_mode(before) and not _gateway_mode(after):
        tags.append("gateway-mode-removed")
    return tags


def record(
    *,
    config: Path,
    before: Any,
    after: Any,
    previous: tuple[str, int | None],
    following: tuple[str, int],
    changed_paths: int,
    error: BaseException | None = None,
) -> dict[str, Any]:
    """The line for one write.

    Args:
        config: the config file.
        before: its tree before; an empty one where there was no file.
        after: its tree after.
        previous: SHA-256 and size in bytes before; the size is None where there was no file.
        following: SHA-256 and size after.
        changed_paths: how many values changed.
        error: why the write failed, if it did.
    """
    failed = error is not None
    line: dict[str, Any] = {
        "ts": timestamp(datetime.now(UTC)),
        "source": "fased-litellm",
        "event": "config.write",
        "result": "failed" if failed else "rename",
        "configPath": str(config),
        "pid": os.getpid(),
        "ppid": os.getppid(),
        "cwd": _working_folder(),
        "argv": command_line(sys.argv),
        "execArgv": [],
        "watchMode": False,
        "watchSession": None,
        "watchCommand": None,
        "existsBefore": previous[1] is not None,
        "previousHash": previous[0],
        "nextHash": None if failed else following[0],
        "previousBytes": previous[1],
        "nextBytes": None if failed else following[1],
        "changedPathCount": changed_paths,
        "hasMetaBefore": _has_meta(before),
        "hasMetaAfter": _has_meta(after),
        "gatewayModeBefore": _gateway_mode(before),
        "gatewayModeAfter": _gateway_mode(after),
        "suspicious": suspicious(before=before, after=after, previous_bytes=previous[1], next_bytes=following[1]),
    }
    if failed:
        line |= {"errorCode": getattr(error, "code", None), "errorMessage": str(error)}
    return line


def append(log: Path, line: dict[str, Any]) -> None:
    """Add a line to the log (0600). A log that cannot be written stops nobody: the write itself has been decided by then."""
    text = json.dumps(line, separators=(",", ":")) + "\n"
    try:
        make_private_dir(log.parent)
        descriptor = plainfile.open_file(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, PRIVATE)
        try:
            os.write(descriptor, text.encode())  # one write, so that lines of several programs do not mix
        finally:
            os.close(descriptor)
    except plainfile.NotPlain as error:
        statefile.say(f"The log of config writes, {log}, is not written: {error.strerror}.")
    except OSError:
        return


def _has_meta(tree: Any) -> bool:
    return isinstance(tree, dict) and isinstance(tree.get("meta"), dict)


def _gateway_mode(tree: Any) -> str | None:
    gateway = tree.get("gateway") if isinstance(tree, dict) else None
    mode = gateway.get("mode") if isinstance(gateway, dict) else None
    return (mode.strip() or None) if isinstance(mode, str) else None


def _working_folder() -> str | None:
    with contextlib.suppress(OSError):
        return os.getcwd()
    return None
