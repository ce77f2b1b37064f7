"""Write a key and the files that say where it is: the keyring first, and taken back if the files cannot be written."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from ..config import save
from ..config.change import ConfigChange
from ..errors import KeyringError
from ..secrets import keyring_store, profile_file
from ..secrets.placement import Placement


def write(change: ConfigChange, placement: Placement | None, key: str, env: Mapping[str, str] | None) -> list[Path]:
    """Write everything, or nothing.

    A key that goes into the keyring under the same id as before leaves the files as they are. Then the file of profiles gets
    a new time, by which providers that run notice it.

    Args:
        change: of fased.json.
        placement: where the key goes; None for a key that stays.
        key: the key.
        env: the environment, ``os.environ`` by default.

    Returns:
        The files that were written.

    Raises:
        KeyringError: the keyring cannot be written; nothing was written.
        FasedError: a file cannot be written; the keyring is as it was.
    """
    if placement is None:
        return save.commit_all([change])
    others = [profile_file.as_write(placement.profile, env)]
    with contextlib.ExitStack() as stack:
        if placement.keyring_user is not None:
            stack.enter_context(keyring_store.replaced(placement.keyring_user, key))
        written = save.commit_all([change], others)
        if placement.keyring_user is not None and not placement.profile.changed:
            os.utime(placement.profile.path)
    if placement.abandoned is not None:
        forget(placement.abandoned)
    return written


def forget(keyring_user: str) -> bool:
    """Take a key out of the keyring where no file refers to it any more; False where that failed."""
    try:
        keyring_store.delete(keyring_user)
    except KeyringError:
        return False
    return True
