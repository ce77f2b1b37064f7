"""Replace a file as a whole, or not at all."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from . import plainfile

PRIVATE = 0o600
PRIVATE_DIR = 0o700


def replace(path: Path, data: bytes, *, mode: int = PRIVATE) -> None:
    """Write ``data`` to ``path`` through a temporary file in the same folder.

    The temporary file has its mode from the first byte, and is flushed to disk before it takes the old one's place; a
    link is followed, so that it stays a link. Missing folders are made with mode 0700.

    Args:
        path: the file to replace or make.
        data: its new content.
        mode: permission bits of the new file.

    Raises:
        OSError: nothing was changed, and no temporary file is left.
    """
    draft = Draft(path, data, mode=mode)
    try:
        draft.put()
    except BaseException:
        draft.discard()
        raise


class Draft:
    """The first half of ``replace``: the new content lies on disk beside the file, which is as it was.

    Several drafts can be made before the first is put in place, so that a full disk, say, is found in time.

    Raises:
        NotPlain: something else than a file is in its place.
        OSError: nothing was changed, and no temporary file is left.
    """

    def __init__(self, path: Path, data: bytes, *, mode: int = PRIVATE) -> None:
        self.target = Path(os.path.realpath(path))
        plainfile.refuse_other(self.target)  # which a renaming would delete
        make_private_dir(self.target.parent)
        self._temporary = self.target.parent / f"{self.target.name}.{os.getpid()}.{os.urandom(8).hex()}.tmp"
        descriptor = os.open(self._temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            with os.fdopen(descriptor, "wb") as file:
                _keep_owner(file.fileno(), self.target)
                os.fchmod(file.fileno(), mode)  # the umask may have taken bits away
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            self.discard()
            raise

    def put(self) -> None:
        """Put the new content in the place of the old.

        Raises:
            OSError: the old content stands; ``discard`` removes the temporary file.
        """
        os.replace(self._temporary, self.target)
        sync_dir(self.target.parent)

    def discard(self) -> None:
        """Remove the temporary file, if it was not put in place."""
        with contextlib.suppress(OSError):
            os.unlink(self._temporary)


def _keep_owner(descriptor: int, target: Path) -> None:
    """Give a new file the owner of the old one: root may edit the file of a user, who must still be able to read it."""
    with contextlib.suppress(OSError):
        old, new = os.stat(target), os.fstat(descriptor)
        if (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
            os.fchown(descriptor, old.st_uid, old.st_gid)


def make_private_dir(path: Path) -> None:
    """Make a folder and its missing parents with mode 0700; folders that exist keep theirs."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    for folder in reversed(missing):
        with contextlib.suppress(FileExistsError):
            os.mkdir(folder, PRIVATE_DIR)


def sync_dir(path: Path) -> None:
    """Flush a folder's entries to disk, where the system can do that."""
    with contextlib.suppress(OSError):
        descriptor = plainfile.open_folder(path)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
