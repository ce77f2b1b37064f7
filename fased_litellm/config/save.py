"""Change fased.json: ``plan`` computes and validates the new text, ``commit`` writes it.

Facts: Fased's ``src/config/io.ts`` (order of a write, modes, backups, audit). Two things differ on purpose. Fased prints the file
anew as JSON; here only what the edits mean changes. And ``meta.lastTouchedVersion`` is the version of the Node agent, which
warns of a config from the future: this package leaves it as it is, moves ``meta.lastTouchedAt`` alone, and does not make a
``meta`` where there is none.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ..atomicfile import PRIVATE
from ..errors import ConfigError, ConfigInvalid
from . import audit, review
from .document import Document
from .edits import Edit, apply, intended
from .json5.steps import Insert, same, steps
from .keypath import dotted
from .load import ConfigSnapshot, check_text
from .writing import FileWrite, write_all

_SHARED = 0o660


@dataclass(frozen=True, slots=True)
class ConfigChange:
    """A new text for the config file: computed, verified and valid, but not written.

    Attributes:
        snapshot: the config as it was read.
        document: the new document; None where nothing is to be written.
    """

    snapshot: ConfigSnapshot = field(repr=False)
    document: Document | None = field(repr=False)

    @property
    def path(self) -> Path:
        """The config file."""
        return self.snapshot.path

    @property
    def before(self) -> str | None:
        """The text that was read; None without a file. It may hold secrets."""
        return self.snapshot.raw

    @property
    def after(self) -> str | None:
        """The text that is to be there; None if there was no file and is to be none. It may hold secrets."""
        return self.before if self.document is None else self.document.text

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return self.after != self.before

    def diff(self) -> str:
        """The change as a unified diff with secrets masked; empty if there is none."""
        return review.diff(self.snapshot.document, self.document, str(self.path))


def plan(snapshot: ConfigSnapshot, edits: Sequence[Edit], *, now: datetime | None = None) -> ConfigChange:
    """Compute a change. Nothing is written.

    Args:
        snapshot: the config as it was read; it may be invalid, if the edits repair it.
        edits: what is wanted, with paths in ``snapshot.source``.
        now: the moment for ``meta.lastTouchedAt``; the present by default.

    Returns:
        The change; one that changes nothing where the edits say what is there already.

    Raises:
        ConfigError: an edit leads nowhere, or to a value in an included file; or the config has keys of an older release.
        ConfigInvalid: the config would not be valid with the edits; lists every issue.
        ConfigWriteError: the verification of the new text failed.
    """
    placed = [_placed(snapshot, edit) for edit in edits]
    start = snapshot.document or Document.empty(path=str(snapshot.path))
    if same(intended(start.value, placed), start.value):
        return ConfigChange(snapshot, None)
    if snapshot.legacy:
        names = ", ".join(issue.path for issue in snapshot.legacy)
        raise ConfigError(
            f"{snapshot.path} has keys of an older release ({names}) and was not changed.",
            hint="Run `fased doctor --fix` of the Node agent first.",
        )
    if isinstance(start.get(("meta",)), dict):
        placed.append(Edit(("meta", "lastTouchedAt"), audit.timestamp(now or datetime.now(UTC))))
    document = apply(start, placed)
    issues = check_text(document.text, snapshot)
    if issues:
        raise ConfigInvalid(str(snapshot.path), issues, hint="Nothing was changed. Correct these keys first.")
    return ConfigChange(snapshot, document)


def commit(change: ConfigChange) -> Path | None:
    """Write a change: lock, compare with what was read, back up, replace, log.

    Returns:
        The file; None if there was nothing to write.

    Raises:
        ConfigConflict: the file was changed by another program, or is locked; nothing was written.
        ConfigWriteError: it cannot be written; the old file stands.
        ConfigError: ``FASED_NIX_MODE=1``.
    """
    return commit_all([change])[0] if change.changed else None


def commit_all(changes: Sequence[ConfigChange], others: Sequence[FileWrite] = ()) -> list[Path]:
    """Write changes of configs together with other files: all or none.

    Args:
        changes: as ``plan`` gives them.
        others: files that go with them, such as auth profiles; they are written first.

    Returns:
        The files that were written.

    Raises:
        ConfigConflict, ConfigWriteError, ConfigError: as ``commit``.
    """
    todo = [change for change in changes if change.changed]
    for change in todo:
        refuse_if_read_only(change.snapshot.outer_env)
    writes = [*others, *(_write_of(change) for change in todo)]
    try:
        written = write_all(writes)
    except Exception as error:
        for change in todo:
            _log(change, error)
        raise
    for change in todo:
        _log(change, None)
    return written


def refuse_if_read_only(env: Mapping[str, str] | None = None) -> None:
    """Honour ``FASED_NIX_MODE=1``: the config belongs to Nix.

    Raises:
        ConfigError: it is set.
    """
    if (os.environ if env is None else env).get("FASED_NIX_MODE") == "1":
        raise ConfigError(
            "FASED_NIX_MODE=1: the config is managed by Nix and is not written.",
            hint="Change it in your Nix configuration.",
        )


def _placed(snapshot: ConfigSnapshot, edit: Edit) -> Edit:
    """The edit with its path in the config file itself."""
    written = snapshot.written_at(edit.path)
    files = {written.file} | {
        place.file for path, place in snapshot.included.items() if path[: len(edit.path)] == edit.path
    }
    elsewhere = sorted(str(file) for file in files if file != snapshot.path)
    if elsewhere:
        raise ConfigError(
            f"{dotted(edit.path) or '<root>'} is written in {', '.join(elsewhere)}, which {snapshot.path} includes.",
            hint="Edit that file by hand; nothing was changed.",
        )
    return Edit(written.path, edit.value)


def _write_of(change: ConfigChange) -> FileWrite:
    assert change.after is not None
    before = None if change.before is None else change.before.encode()
    shared = _is_shared(change.snapshot.env)
    mode = _SHARED if shared else PRIVATE
    return FileWrite(change.path, before, change.after.encode(), mode=mode, backed_up=True)


def _is_shared(env: Mapping[str, str]) -> bool:
    """Whether a service of another user reads the config, by membership in its group."""
    return env.get("FASED_HOST_PROFILE", "").strip() == "hosting" or env.get("FASED_PROTECTED_LOCAL", "").strip() == "1"


def _log(change: ConfigChange, error: Exception | None) -> None:
    assert change.document is not None
    before = change.snapshot.document.value if change.snapshot.document else {}
    after = change.document.value
    data = change.document.text.encode()
    size = None if change.before is None else len(change.before.encode())
    changed = sum(len(step.items) if isinstance(step, Insert) else 1 for step in steps(before, after))
    line = audit.record(
        config=change.path,
        before=before,
        after=after,
        previous=(change.snapshot.hash, size),
        following=(hashlib.sha256(data).hexdigest(), len(data)),
        changed_paths=changed,
        error=error,
    )
    audit.append(change.snapshot.paths.config_audit, line)
