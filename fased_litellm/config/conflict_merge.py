"""Write a change; where another program wrote meanwhile, apply the change to what that program left."""

from __future__ import annotations

import contextlib

from ..errors import ConfigConflict, ConfigWriteError
from . import save
from .change import ConfigChange
from .edits import Edit
from .files.filelock import LockBusy, locked
from .files.writing import lock_conflict
from .load import reload
from .merge import merge

_TRIES = 5
"""How often; within our lock only programs that do not look at it can come between."""

OPTION = "--retry"


def commit(change: ConfigChange, *, retry: bool) -> ConfigChange:
    """Write a change as ``save.commit`` does.

    Args:
        change: as ``save.plan`` gives it.
        retry: where the config is not what was read any more, read it again and put both changes together (``merge``).

    Returns:
        The change that was written, which may be one that changes nothing any more.

    Raises:
        ConfigConflict: the config was changed by another program, and ``retry`` is not set, or both changed the same value; or it is
            locked. Nothing was written.
        ConfigInvalid: what the other program left is not valid, or would not be with this change.
        ConfigWriteError, ConfigError: as ``save.commit``.
    """
    try:
        save.commit(change)
    except ConfigConflict as error:
        if not retry:
            raise ConfigConflict(
                error.message, hint=f"Run the command again. With {OPTION}, changes of different keys are put together."
            ) from error
        return _again(change)
    return change


def _again(change: ConfigChange) -> ConfigChange:
    # Read, planned and written under the lock, so that of many programs each has its turn.
    try:
        with locked(change.path):
            for _ in range(_TRIES - 1):
                merged = _merged(change)
                with contextlib.suppress(ConfigConflict):
                    save.commit(merged, held=change.path)
                    return merged
            merged = _merged(change)
            save.commit(merged, held=change.path)
            return merged
    except LockBusy as busy:
        raise lock_conflict(busy) from busy
    except OSError as error:
        raise ConfigWriteError(f"Cannot write {change.path}: {error.strerror}. The old content stands.") from error


def _merged(change: ConfigChange) -> ConfigChange:
    fresh = reload(change.snapshot)
    return save.plan(fresh, [Edit((), merge(change.snapshot.source, change.wanted, fresh.source))])
