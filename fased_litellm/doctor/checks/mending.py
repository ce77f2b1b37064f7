"""What can safely be done about some findings: tighten permissions, and let the Node agent see usage in streams."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from ...catalog.configured import definitions_of, provider_key
from ...config import save
from ...config.edits import Edit
from ...errors import FasedError
from ...formatting import count
from .files import private_files
from .subject import Subject


@dataclass(frozen=True, slots=True)
class Mend:
    """One thing that can be done.

    Attributes:
        what: in words, with the file.
        do: does it.
    """

    what: str
    do: Callable[[], None]


def mends(subject: Subject) -> list[Mend]:
    """Everything safe: nothing that was chosen is changed, and nothing is deleted.

    Raises:
        ConfigError: the config cannot be changed.
    """
    found = [_close(path, 0o600) for path in private_files(subject) if stat.S_IMODE(path.stat().st_mode) & 0o077]
    state = subject.paths.state
    if state.is_dir() and stat.S_IMODE(state.stat().st_mode) & 0o022:
        found.append(_close(state, 0o700))
    return [*found, *_usage(subject)]


def _close(path: Path, mode: int) -> Mend:
    def do() -> None:
        try:
            os.chmod(path, mode)
        except OSError as error:
            raise FasedError(f"{path}: {error.strerror}.", hint="It belongs to another user.") from error

    return Mend(f"chmod {mode:o} {path}", do)


def _usage(subject: Subject) -> list[Mend]:
    snapshot = subject.snapshot
    name = provider_key(subject.tree)
    if snapshot is None or name is None:
        return []
    edits = []
    for index, entry in enumerate(definitions_of(subject.tree)):
        compat = entry.get("compat") if isinstance(entry, dict) else None
        if isinstance(entry, dict) and (
            not isinstance(compat, dict) or compat.get("supportsUsageInStreaming") is not True
        ):
            path = ("models", "providers", name, "models", index, "compat", "supportsUsageInStreaming")
            edits.append(Edit(path, True))
    if not edits:
        return []
    change = save.plan(snapshot, edits, now=datetime.now(UTC))
    number = count(len(edits), "definition")

    def do() -> None:
        save.commit(change)

    return [Mend(f"set compat.supportsUsageInStreaming in {number} of {snapshot.path}", do)]
