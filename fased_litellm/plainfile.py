"""Open what should be a plain file, and nothing else.

A named pipe in a file's place would be waited for without end, a device has no end, and a socket or a folder gives errors
which say nothing. All readers and writers of files that may lie there already go through here. What is raised is an ``OSError``
whose ``strerror`` says what lies there, so that whoever reports one names it.
"""

from __future__ import annotations

import errno
import os
import stat
from typing import BinaryIO

# ``O_NOCTTY``: a terminal in a file's place must not become that of this process.
_ALWAYS = os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY

_KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
    stat.S_IFLNK: "a link",
}


class NotPlain(OSError):
    """Something else lies in a file's place; ``strerror`` says what, and what to do."""


class TooLarge(OSError):
    """A file is larger than anything that belongs there; ``strerror`` has both sizes."""


def open_file(path: str | os.PathLike[str], flags: int = os.O_RDONLY, mode: int = 0o600) -> int:
    """Open a plain file without ever waiting for it.

    Args:
        path: the file; links are followed unless ``flags`` has ``O_NOFOLLOW``.
        flags: as of ``os.open``.
        mode: of a file that is made.

    Returns:
        A descriptor, which no child inherits.

    Raises:
        NotPlain: it is something else.
        OSError: it cannot be opened.
    """
    descriptor = open_unchecked(path, flags, mode)
    try:
        require_plain(os.fstat(descriptor), path)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def open_unchecked(path: str | os.PathLike[str], flags: int, mode: int = 0o600) -> int:
    """As ``open_file``, for a caller that looks at the open file anyway and asks ``require_plain`` then.

    Raises:
        NotPlain: it is something else, as far as opening it shows that.
        OSError: it cannot be opened.
    """
    try:
        return os.open(path, flags | _ALWAYS, mode)
    except OSError as error:
        if error.errno in (errno.ENXIO, errno.EISDIR, errno.ELOOP, errno.ENODEV, errno.EOPNOTSUPP):
            require_plain(os.lstat(path) if flags & os.O_NOFOLLOW else os.stat(path), path)
        raise


def open_folder(path: str | os.PathLike[str]) -> int:
    """Open a folder, to lock it or to have it written to disk.

    Raises:
        OSError: it is none, or cannot be opened.
    """
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | _ALWAYS)


def require_plain(found: os.stat_result, path: str | os.PathLike[str]) -> None:
    """Make sure that this is what ``stat`` says of a plain file.

    Raises:
        NotPlain: it is something else.
    """
    if not stat.S_ISREG(found.st_mode):
        what = f"it is {what_is(found)}, not a regular file; move it away"
        raise NotPlain(errno.EINVAL, what, os.fspath(path))


def what_is(found: os.stat_result) -> str:
    """What ``stat`` says that something is which is no file: ``a named pipe``."""
    return _KINDS.get(stat.S_IFMT(found.st_mode), "something else")


def refuse_other(path: str | os.PathLike[str]) -> None:
    """Make sure that at ``path`` there is a plain file or nothing, before something is put there or opened by name.

    Raises:
        NotPlain: there is something else.
        OSError: it cannot be looked at.
    """
    try:
        found = os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return
    require_plain(found, path)


def read(path: str | os.PathLike[str], most: int, *, flags: int = 0) -> bytes:
    """The content of a plain file.

    Args:
        path: the file.
        most: the largest size that is read, in bytes.
        flags: ``O_NOFOLLOW``, where a link would be wrong.

    Raises:
        FileNotFoundError: there is none.
        NotPlain: it is something else.
        TooLarge: it is larger.
        OSError: it cannot be read.
    """
    with os.fdopen(open_file(path, os.O_RDONLY | flags), "rb") as file:
        return content(file, most, path)


def content(file: BinaryIO, most: int, path: str | os.PathLike[str]) -> bytes:
    """What an open file holds, from where it stands.

    Raises:
        TooLarge: it is larger than ``most`` bytes.
        OSError: it cannot be read.
    """
    size = os.fstat(file.fileno()).st_size
    # One byte more: a file may grow meanwhile, and those of some file systems say that they have none.
    data = file.read(most + 1) if size <= most else b""
    if size > most or len(data) > most:
        raise TooLarge(errno.EFBIG, f"it has {max(size, len(data))} bytes; at most {most} are read", os.fspath(path))
    return data
