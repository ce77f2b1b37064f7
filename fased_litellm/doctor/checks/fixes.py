"""What can safely be done about some findings: tighten permissions, and let the Node agent see usage in streams."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ...catalog.configured import definitions_of, provider_key
from ...config import save
from ...config.edits import Edit
from ...config.keypath import dotted
from ...config.schema.agents import MOST_FALLBACKS
from ...errors import FasedError
from ...formatting import count
from .files import private_files
from .subject import Subject


@dataclass(frozen=True, slots=True)
class Fix:
    """One thing that can be done.

    Attributes:
        what: in words, with the file.
        do: does it.
    """

    what: str
    do: Callable[[], None]


def mends(subject: Subject) -> list[Fix]:
    """Everything safe: nothing that was chosen is changed, and nothing is deleted.

    Raises:
        ConfigError: the config cannot be changed.
    """
    found = [_close(path, 0o600) for path in private_files(subject) if stat.S_IMODE(path.stat().st_mode) & 0o077]
    state = subject.paths.state
    if state.is_dir() and stat.S_IMODE(state.stat().st_mode) & 0o022:
        found.append(_close(state, 0o700))
    return [*found, *_config(subject)]


def _close(path: Path, mode: int) -> Fix:
    def do() -> None:
        try:
            os.chmod(path, mode)
        except OSError as error:
            raise FasedError(f"{path}: {error.strerror}.", hint="It belongs to another user.") from error

    return Fix(f"chmod {mode:o} {path}", do)


def _config(subject: Subject) -> list[Fix]:
    """The mends of the config, which are written together: each alone may leave it invalid."""
    snapshot, _ = subject.read
    if snapshot is None:
        return []
    further, usage = _further_fallbacks(subject.tree), _usage(subject.tree)
    if not further and not usage:
        return []
    change = save.plan(snapshot, [*further, *usage], now=datetime.now(UTC))

    def do() -> None:
        save.commit(change)

    words = [f"leave one fallback in {dotted(edit.path)}" for edit in further]
    if usage:
        words.append(f"set compat.supportsUsageInStreaming in {count(len(usage), 'definition')}")
    return [Fix(f"{', '.join(words)} of {snapshot.path}", do)]


def _usage(tree: Mapping[str, Any]) -> list[Edit]:
    name = provider_key(tree)
    if name is None:
        return []
    edits = []
    for index, entry in enumerate(definitions_of(tree)):
        compat = entry.get("compat") if isinstance(entry, dict) else None
        if isinstance(entry, dict) and (
            not isinstance(compat, dict) or compat.get("supportsUsageInStreaming") is not True
        ):
            path = ("models", "providers", name, "models", index, "compat", "supportsUsageInStreaming")
            edits.append(Edit(path, True))
    return edits


def _further_fallbacks(tree: Mapping[str, Any]) -> list[Edit]:
    """The first of several fallbacks alone, at every place that has some: it is the one that Fased used."""
    agents = tree.get("agents")
    holders: list[tuple[tuple[str | int, ...], Any]] = []
    if isinstance(agents, Mapping):
        holders.append((("agents", "defaults"), agents.get("defaults")))
        entries = agents.get("list")
        holders += [
            (("agents", "list", index), entry)
            for index, entry in enumerate(entries if isinstance(entries, list) else [])
        ]
    for path, holder in list(holders):
        subagents = holder.get("subagents") if isinstance(holder, Mapping) else None
        holders.append(((*path, "subagents"), subagents))
        legacy = holder.get("modelProviders") if isinstance(holder, Mapping) else None
        for name, entry in legacy.items() if isinstance(legacy, Mapping) else ():
            holders.append(((*path, "modelProviders"), {f"{name}": entry}))
    edits = []
    for path, holder in holders:
        for key, choice in holder.items() if isinstance(holder, Mapping) else ():
            listed = choice.get("fallbacks") if isinstance(choice, Mapping) else None
            if (
                isinstance(key, str)
                and (key.lower().endswith("model") or path[-1] == "modelProviders")
                and isinstance(listed, list)
                and len(listed) > MOST_FALLBACKS
            ):
                edits.append(Edit((*path, key, "fallbacks"), listed[:MOST_FALLBACKS]))
    return edits
