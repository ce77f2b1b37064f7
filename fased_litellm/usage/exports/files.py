"""Write the files of an export: each as a whole, none over another one unless that was asked for."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from ...atomicfile import sync_dir
from ...errors import ExportError

_CHUNK = 1 << 16


def write(files: Sequence[tuple[Path, Iterable[str]]], *, force: bool) -> list[int]:
    """Write some files with UTF-8 text, piece by piece, as it is made.

    All of them are made under other names first, and take their places together at the end; on an error none does, and
    nothing is left of them. Like any file of the user, they have the mode that the umask leaves.

    Args:
        files: where each goes, and its text in pieces.
        force: whether a file that is there already is replaced; a link is followed.

    Returns:
        The size of each in bytes.

    Raises:
        ExportError: one is there already, or cannot be written.
    """
    targets = [Path(os.path.realpath(path)) for path, _ in files]
    if not force:
        for target in targets:
            _free(target)
    drafts: list[Path] = []
    sizes = []
    target = targets[0]
    try:
        for target, (_, pieces) in zip(targets, files, strict=True):
            drafts.append(target.with_name(f"{target.name}.{os.getpid()}.{os.urandom(8).hex()}.tmp"))
            sizes.append(_make(drafts[-1], pieces))
        for draft, target in zip(drafts, targets, strict=True):
            _put(draft, target, force=force)
    except OSError as error:
        raise ExportError(
            f"{target} cannot be written: {error.strerror}.", hint="Name another place with --out."
        ) from error
    finally:
        for draft in drafts:
            with contextlib.suppress(OSError):
                draft.unlink()
    for folder in {target.parent for target in targets}:
        sync_dir(folder)
    return sizes


def _make(draft: Path, pieces: Iterable[str]) -> int:
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
    with os.fdopen(descriptor, "wb", buffering=_CHUNK) as file:
        for piece in pieces:
            file.write(piece.encode("utf-8", "replace"))
        file.flush()
        os.fsync(file.fileno())
        return file.tell()


def _put(draft: Path, target: Path, *, force: bool) -> None:
    if force:
        os.replace(draft, target)
        return
    try:
        os.link(draft, target)  # unlike a renaming, this fails where a file has come into being meanwhile
    except FileExistsError:
        _free(target)
        raise
    except OSError:  # a file system without links
        _free(target)
        os.replace(draft, target)


def _free(target: Path) -> None:
    if target.exists():
        raise ExportError(
            f"{target} is there already.", hint="Add --force to replace it, or name another place with --out."
        )
