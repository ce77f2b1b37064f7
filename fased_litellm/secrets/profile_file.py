"""Write ``auth-profiles.json``: locked, checked against what was read, as a whole, mode 0600 from the first byte."""

from __future__ import annotations

import os
from collections.abc import Mapping

from .. import atomicfile
from ..config.filelock import LockBusy, locked
from ..errors import SecretStoreError
from .profiles import ProfileChange, changed_meanwhile


def refuse_if_read_only(env: Mapping[str, str]) -> None:
    """Honour ``FASED_AUTH_STORE_READONLY=1``.

    Raises:
        SecretStoreError: it is set.
    """
    if env.get("FASED_AUTH_STORE_READONLY") == "1":
        raise SecretStoreError(
            "FASED_AUTH_STORE_READONLY=1: auth profiles may not be written.",
            hint="Unset it, or keep the key in LITELLM_API_KEY.",
        )


def commit(change: ProfileChange, env: Mapping[str, str] | None = None) -> bool:
    """Write a change.

    Args:
        change: as computed by ``profiles.upsert_api_key``.
        env: the environment, ``os.environ`` by default.

    Returns:
        Whether the file was written; False if there was nothing to do.

    Raises:
        SecretStoreError: the store is read-only, locked, was changed meanwhile, or cannot be written; it stands as it was.
    """
    if not change.changed:
        return False
    refuse_if_read_only(os.environ if env is None else env)
    _replace(change, expected=change.before, data=change.after)
    return True


def roll_back(change: ProfileChange) -> None:
    """Undo a committed change, unless another program has changed the file since.

    Raises:
        SecretStoreError: it cannot be undone.
    """
    if change.changed:
        _replace(change, expected=change.after, data=change.before)


def _replace(change: ProfileChange, *, expected: bytes | None, data: bytes | None) -> None:
    path = change.path
    try:
        with locked(path):
            try:
                current = path.read_bytes()
            except FileNotFoundError:
                current = None
            if current != expected:
                raise changed_meanwhile(path)
            if data is None:
                path.unlink()
            else:
                atomicfile.replace(path, data)
    except LockBusy as busy:
        raise SecretStoreError(
            f"{path} is locked by another program; nothing was written.",
            hint=f"Run the command again; if no other program runs, remove {busy.path}.",
        ) from busy
    except OSError as error:
        raise SecretStoreError(
            f"Cannot write {path}: {error.strerror}.", hint="Check the folder's owner, mode and free space."
        ) from error
