"""Write one or more files, all of them or none: locked, and only over what was read."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ... import plainfile
from ...atomicfile import PRIVATE, Draft, replace
from ...errors import ConfigConflict, ConfigWriteError
from . import backups, stale_drafts
from .filelock import LockBusy, locked
from .readfile import MAX_CONFIG_BYTES


@dataclass(frozen=True, slots=True)
class FileWrite:
    """The new content of one file. Contents may hold secrets and are left out of ``repr``.

    Attributes:
        path: the file; a link is followed.
        before: what was read, None where there was no file.
        after: what is to be there.
        mode: permission bits of a new file, and of one that everybody could read; any other keeps its own.
        backed_up: whether ``before`` goes to the ring of backups.
        first: whether its lock is taken before those of the others, so that it stands for them all.
    """

    path: Path
    before: bytes | None = field(repr=False)
    after: bytes = field(repr=False)
    mode: int = PRIVATE
    backed_up: bool = False
    first: bool = False


def write_all(writes: Sequence[FileWrite], *, held: Path | None = None) -> list[Path]:
    """Write files together.

    First all are locked and compared with what was read, then all new contents are laid beside them, then backups are made, and
    only then the first file is replaced. Should a later one fail, the earlier ones get their old content back.

    Args:
        writes: of different files. Those that change nothing are left out.
        held: a file whose lock the caller holds; it must be one that goes ``first``.

    Returns:
        The files that were written.

    Raises:
        ConfigConflict: a file is locked, or is not what was read; nothing was written.
        ConfigWriteError: a file cannot be written; the old ones stand.
    """
    todo = [write for write in writes if write.after != write.before]
    try:
        with contextlib.ExitStack() as stack:
            # One order for all programs: no deadlock.
            for write in sorted(todo, key=lambda write: (not write.first, write.path)):
                if write.path != held:
                    stack.enter_context(locked(write.path))
            _check_unchanged(todo)
            for write in todo:
                stale_drafts.remove(write.path)
            drafts: list[Draft] = []
            for write in todo:
                draft = Draft(write.path, write.after, mode=_mode(write))
                stack.callback(draft.discard)  # does nothing once the draft is in its place
                drafts.append(draft)
            _back_up(todo)
            with _undone_on_failure() as written:
                for write, draft in zip(todo, drafts, strict=True):
                    draft.put()
                    written.append(write)
    except LockBusy as busy:
        raise lock_conflict(busy) from busy
    except OSError as error:
        names = ", ".join(str(write.path) for write in todo)
        hint: str | None = "Check the folder's owner, mode and free space."
        why = error.strerror or str(error)
        if isinstance(error, plainfile.NotPlain):
            why, hint = f"{error.filename}: {why}" if error.filename else why, None
        raise ConfigWriteError(f"Cannot write {names}: {why}. The old content stands.", hint=hint) from error
    return [write.path for write in todo]


def lock_conflict(busy: LockBusy) -> ConfigConflict:
    """The error of a lock that another program did not let go."""
    return ConfigConflict(
        f"Another program holds {busy.path}; nothing was written.",
        hint=f"Run the command again; if no other program runs, remove {busy.path}.",
    )


def _check_unchanged(todo: Iterable[FileWrite]) -> None:
    for write in todo:
        if _read(write.path) != write.before:
            raise ConfigConflict(
                f"{write.path} was changed by another program after it was read; nothing was written.",
                hint="Run the command again.",
            )


def _back_up(todo: Iterable[FileWrite]) -> None:
    moment_ns = time.time_ns()
    for write in todo:
        if write.backed_up and write.before is not None:
            backups.add(write.path, write.before, mode=_mode(write), moment_ns=moment_ns)


@contextlib.contextmanager
def _undone_on_failure() -> Iterator[list[FileWrite]]:
    """Give the files in the list their old content back if the block fails."""
    written: list[FileWrite] = []
    try:
        yield written
    except BaseException:  # Ctrl-C too
        for write in reversed(written):
            _restore(write)
        raise


def _restore(write: FileWrite) -> None:
    try:
        if write.before is None:
            os.unlink(os.path.realpath(write.path))
        else:
            replace(write.path, write.before, mode=_mode(write))
    except OSError as error:
        raise ConfigWriteError(
            f"{write.path} has its new content, but a file that goes with it could not be written, and the old content "
            f"could not be put back: {error.strerror}.",
            hint="Free some space and run the command again.",
        ) from error


def _mode(write: FileWrite) -> int:
    try:
        found = os.stat(write.path).st_mode & 0o777
    except FileNotFoundError:
        return write.mode
    return write.mode if found & 0o007 else found


def _read(path: Path) -> bytes | None:
    try:
        return plainfile.read(path, MAX_CONFIG_BYTES)
    except FileNotFoundError:
        return None
