"""Whose file stands in the way, and what to do: for whoever runs this on files of another user."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

DENIED = (errno.EACCES, errno.EPERM, errno.EROFS)
"""What the system says where a file may not be read or written."""


def told(path: str | os.PathLike[str]) -> str | None:
    """What keeps this user from a file, and the remedy, in sentences; None if nothing does that can be seen.

    Args:
        path: the file, which need not exist.
    """
    found = _in_the_way(Path(os.path.abspath(path)))
    if found is None:
        return None
    place, status = found
    what = "folder" if stat.S_ISDIR(status.st_mode) else "file"
    if _read_only(place):
        return f"{place} is on a file system that is mounted read-only."
    me = os.geteuid()
    if status.st_uid == me:
        return f"The {what} {place} is yours, and its mode forbids it: chmod u+rw{'x' if what == 'folder' else ''} {place}."
    owner, mine = _name(status.st_uid), _name(me)
    return (
        f"The {what} {place} belongs to {owner}, and this runs as {mine}. Run it as {owner} (sudo -u {owner} fased …), or"
        f" have it given to you: sudo chown -R {mine} {place}."
    )


def may_write(path: Path) -> bool:
    """Whether this user may write to a file, and make others beside it."""
    return os.access(path, os.R_OK | os.W_OK) and os.access(path.parent, os.W_OK | os.X_OK)


def _in_the_way(path: Path) -> tuple[Path, os.stat_result] | None:
    """The first file or folder on the way to ``path`` that this user may not use."""
    above: tuple[Path, os.stat_result] | None = None
    for place in (*reversed(path.parents), path):
        try:
            status = os.stat(place)
        except OSError as error:
            if error.errno in DENIED or (above is not None and not os.access(above[0], os.W_OK)):
                return above
            return None
        above = place, status
        if place != path and not os.access(place, os.X_OK):
            return above
    if above is not None and not os.access(path, os.R_OK | os.W_OK):
        return above
    # What is replaced as a whole, or has other files beside it, needs the folder.
    if not os.access(path.parent, os.W_OK):
        return path.parent, os.stat(path.parent)
    return None


def _read_only(place: Path) -> bool:
    try:
        return bool(os.statvfs(place).f_flag & os.ST_RDONLY)
    except OSError:
        return False


def _name(user: int) -> str:
    import pwd  # seldom needed

    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return f"user {user}"
