"""Write ``auth-profiles.json``: locked, checked against what was read, as a whole, mode 0600 from the first byte."""

from __future__ import annotations

import os
from collections.abc import Mapping

from ..config.files.writing import FileWrite, write_all
from ..errors import ConfigConflict, ConfigWriteError, SecretStoreError
from .profiles import ProfileChange


def refuse_if_read_only(env: Mapping[str, str] | None = None) -> None:
    """Honour ``FASED_AUTH_STORE_READONLY=1``.

    Raises:
        SecretStoreError: it is set.
    """
    if (os.environ if env is None else env).get("FASED_AUTH_STORE_READONLY") == "1":
        raise SecretStoreError(
            "FASED_AUTH_STORE_READONLY=1: auth profiles may not be written.",
            hint="Unset it, or keep the key in LITELLM_API_KEY alone.",
        )


def as_write(change: ProfileChange, env: Mapping[str, str] | None = None) -> FileWrite:
    """The change for ``config.writing.write_all``, to be written together with other files.

    Raises:
        SecretStoreError: the store is read-only.
    """
    if change.changed:
        refuse_if_read_only(env)
    return FileWrite(change.path, change.before, change.after)


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
    try:
        return bool(write_all([as_write(change, env)]))
    except (ConfigConflict, ConfigWriteError) as error:
        raise SecretStoreError(error.message, hint=error.hint) from error
