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
from datetime import UTC, datetime
from pathlib import Path

from ..atomicfile import PRIVATE
from ..errors import ConfigError, ConfigInvalid
from . import legacy
from .change import ConfigChange, FileChange
from .document import Document
from .edits import Edit, apply, intended
from .files import audit
from .files.writing import FileWrite, write_all
from .include_edits import place
from .json5.operations import Insert, same, steps
from .load import ConfigSnapshot, check_texts

__all__ = ["ConfigChange", "commit", "plan", "refuse_if_read_only"]

_SHARED = 0o660


def plan(snapshot: ConfigSnapshot, edits: Sequence[Edit], *, now: datetime | None = None) -> ConfigChange:
    """Compute a change. Nothing is written.

    Args:
        snapshot: the config as it was read; it may be invalid, if the edits repair it.
        edits: what is wanted, with paths in ``snapshot.source``; each is made in the file where its value is written.
        now: the moment for ``meta.lastTouchedAt``; the present by default.

    Returns:
        The change; one that changes nothing where the edits say what is there already.

    Raises:
        ConfigError: an edit leads nowhere, or cannot be brought to the included files; or the config has keys of an older
            release.
        ConfigInvalid: the config would not be valid with the edits; lists every issue.
        ConfigWriteError: the verification of the new text failed.
    """
    wanted = intended(snapshot.source, edits)
    if same(wanted, snapshot.source):
        return ConfigChange(snapshot, (), wanted)
    if snapshot.legacy:
        names = ", ".join(issue.path for issue in snapshot.legacy)
        raise ConfigError(
            f"{snapshot.path} has keys of an older release ({names}) and was not changed.",
            hint="Run `fased doctor --fix` of the Node agent first.",
        )
    old_keys = legacy.find(wanted)
    if old_keys:
        raise ConfigError(f"{old_keys[0].message} and is not written any more.", hint="Set the new key instead.")
    documents = place(snapshot, edits, wanted)
    own = documents.get(snapshot.path)
    if own is not None and isinstance(own.get(("meta",)), dict):
        moment = audit.timestamp(now or datetime.now(UTC))
        documents[snapshot.path] = apply(own, [Edit(("meta", "lastTouchedAt"), moment)])
    change = ConfigChange(snapshot, file_changes(snapshot, documents), wanted)
    check(change)
    return change


def file_changes(snapshot: ConfigSnapshot, documents: Mapping[Path, Document]) -> tuple[FileChange, ...]:
    """The changes from what was read to new documents, that of the config file first."""
    files = []
    for path in sorted(documents, key=lambda path: (path != snapshot.path, path)):
        before = snapshot.raw if path == snapshot.path else snapshot.texts.get(path)
        if documents[path].text == before:
            continue
        own = path == snapshot.path
        old = snapshot.document if own else None if before is None else Document.parse(before, path=str(path))
        files.append(FileChange(path, before, old, documents[path]))
    return tuple(files)


def check(change: ConfigChange) -> None:
    """Check a change against the schema; ``${VAR}`` of a variable that is not set is no fault of the text.

    Raises:
        ConfigInvalid: the config would not hold with it; lists every issue.
    """
    texts = {file.path: file.new.text for file in change.files}
    issues, _ = check_texts({change.path: change.after or "{}", **texts}, change.snapshot)
    if issues:
        raise ConfigInvalid(str(change.path), issues, hint="Nothing was changed. Correct these keys first.")


def commit(*changes: ConfigChange, others: Sequence[FileWrite] = (), held: Path | None = None) -> list[Path]:
    """Write changes, and other files together with them: all or none.

    Everything is locked, compared with what was read, backed up, replaced and logged.

    Args:
        changes: as ``plan`` gives them.
        others: files that go with them, such as auth profiles; they are written first.
        held: the config file, if the caller holds its lock.

    Returns:
        The files that were written, the config file before those that it includes; none if there was nothing to write.

    Raises:
        ConfigConflict: a file was changed by another program, or is locked; nothing was written.
        ConfigWriteError: a file cannot be written; the old ones stand.
        ConfigError: ``FASED_NIX_MODE=1``.
    """
    todo = [change for change in changes if change.changed]
    for change in todo:
        refuse_if_read_only(change.snapshot.outer_env)
    writes = [*others, *(write for change in todo for write in _writes_of(change))]
    try:
        written = write_all(writes, held=held)
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


def _writes_of(change: ConfigChange) -> list[FileWrite]:
    mode = _SHARED if _is_shared(change.snapshot.env) else PRIVATE
    return [
        FileWrite(
            file.path,
            None if file.before is None else file.before.encode(),
            file.new.text.encode(),
            mode=mode,
            backed_up=True,
            first=file.path == change.path,
        )
        for file in change.files
    ]


def _is_shared(env: Mapping[str, str]) -> bool:
    """Whether a service of another user reads the config, by membership in its group."""
    return env.get("FASED_HOST_PROFILE", "").strip() == "hosting" or env.get("FASED_PROTECTED_LOCAL", "").strip() == "1"


def _log(change: ConfigChange, error: Exception | None) -> None:
    for file in change.files:
        before = file.old.value if file.old else {}
        data = file.new.text.encode()
        size = None if file.before is None else len(file.before.encode())
        changed = sum(len(step.items) if isinstance(step, Insert) else 1 for step in steps(before, file.new.value))
        line = audit.record(
            config=file.path,
            before=before,
            after=file.new.value,
            previous=(file.hash, size),
            following=(hashlib.sha256(data).hexdigest(), len(data)),
            changed_paths=changed,
            error=error,
        )
        audit.append(change.snapshot.paths.config_audit, line)
