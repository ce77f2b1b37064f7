"""Restore the last backup: what ``undo`` would write, to be written by ``save.commit`` as any other change.

That write makes a backup of its own, so that an undo can be undone.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

from ..errors import ConfigError, ConfigSyntaxError
from ..paths import Paths
from . import save
from .change import ConfigChange
from .document import Document
from .files.backups import backup_path
from .files.readfile import decode, read_bytes
from .interpolation import environment
from .load import ConfigSnapshot, load


def plan(paths: Paths, env: Mapping[str, str] | None = None) -> ConfigChange:
    """Compute what brings the last backup back. Nothing is written.

    Where the last write changed included files too, these go back with it; backups of one write have the same time.

    Args:
        paths: the installation.
        env: the process's environment; ``os.environ`` by default.

    Returns:
        The change; one that changes nothing where the config is as the backup has it.

    Raises:
        ConfigError: there is no backup, or it cannot be read.
        ConfigSyntaxError: the backup is not JSON5.
        ConfigInvalid: the config would not be valid with it.
    """
    snapshot = _snapshot(paths, env)
    documents = {}
    for path in _last_written(snapshot):
        backup = backup_path(path)
        data = read_bytes(backup)
        if data is not None:
            documents[path] = Document.parse(decode(data, backup), path=str(backup))
    if not documents:
        raise ConfigError(
            f"No backup found for {paths.config}.", hint="Backups are made when a command changes the config."
        )
    change = ConfigChange(snapshot, save.file_changes(snapshot, documents), None)
    if change.changed:
        save.check(change)
    return change


def _last_written(snapshot: ConfigSnapshot) -> list[Path]:
    times = {}
    for path in dict.fromkeys([snapshot.path, *snapshot.files]):
        with contextlib.suppress(FileNotFoundError):
            times[path] = os.stat(backup_path(path)).st_mtime_ns
    return [path for path, time in times.items() if time == max(times.values())]


def _snapshot(paths: Paths, env: Mapping[str, str] | None) -> ConfigSnapshot:
    """The config as it is; of one that is not JSON5, the text alone: that is when a backup is wanted most."""
    try:
        return load(paths, env)
    except ConfigSyntaxError:
        data = read_bytes(paths.config)
        raw = None if data is None else decode(data, paths.config)
        outer, _ = environment.with_dotenv(os.environ if env is None else env, paths, None)
        return ConfigSnapshot(paths, paths.config, data is not None, raw, None, {}, {}, outer, outer)
