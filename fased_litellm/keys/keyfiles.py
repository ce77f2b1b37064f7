"""Write a key and the files that say where it is: the keyring first, and taken back if the files cannot be written."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .. import plainfile
from ..config import save
from ..config.change import ConfigChange
from ..config.files import backups
from ..config.files.readfile import MAX_CONFIG_BYTES
from ..errors import KeyringError
from ..secrets import keyring_store, profile_file
from ..secrets.placement import Placement


@dataclass(frozen=True, slots=True)
class WrittenKey:
    """What was done.

    Attributes:
        files: those that were written.
        left: the id under which the keyring still holds a key to which no file refers any more, since it could not be deleted.
    """

    files: tuple[Path, ...]
    left: str | None = None


def write(change: ConfigChange, placement: Placement | None, key: str, env: Mapping[str, str] | None) -> WrittenKey:
    """Write everything, or nothing.

    A key that goes into the keyring under the same id as before leaves the files as they are. Then the file of profiles gets
    a new time, by which providers that run notice it.

    Args:
        change: of fased.json.
        placement: where the key goes; None for a key that stays.
        key: the key.
        env: the environment, ``os.environ`` by default.

    Raises:
        KeyringError: the keyring cannot be written; nothing was written.
        FasedError: a file cannot be written; the keyring is as it was.
    """
    if placement is None:
        return WrittenKey(tuple(save.commit(change)))
    others = [profile_file.as_write(placement.profile, env)]
    with contextlib.ExitStack() as stack:
        if placement.keyring_user is not None:
            stack.enter_context(keyring_store.replaced(placement.keyring_user, key))
        written = save.commit(change, others=others)
        if placement.keyring_user is not None and not placement.profile.changed:
            os.utime(placement.profile.path)
    left = placement.abandoned if placement.abandoned and not _forget(placement.abandoned) else None
    return WrittenKey(tuple(written), left)


def backups_with(path: Path, key: str) -> list[Path]:
    """The backups of a config in which a key stands as it is."""
    found = []
    for age in range(backups.KEPT):
        backup = backups.backup_path(path, age)
        with contextlib.suppress(OSError):
            if key.encode() in plainfile.read(backup, MAX_CONFIG_BYTES):
                found.append(backup)
    return found


def _forget(keyring_user: str) -> bool:
    try:
        keyring_store.delete(keyring_user)
    except KeyringError:
        return False
    return True
