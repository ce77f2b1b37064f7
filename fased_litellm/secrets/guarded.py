"""Which files may be trusted with a secret: those that nobody else can change, or read.

Fact: the rules are those of ``assertSecurePath`` in Fased's ``src/secrets/resolve.ts``.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from pathlib import Path

from ..errors import SecretError
from ..paths import home

_FOR_OTHERS_TO_WRITE = stat.S_IWGRP | stat.S_IWOTH
_FOR_OTHERS_TO_READ = stat.S_IRGRP | stat.S_IROTH


def check_command(
    path: str,
    *,
    label: str,
    env: dict[str, str],
    trusted_dirs: Sequence[str] = (),
    allow_symlink: bool = False,
    allow_insecure: bool = False,
) -> str:
    """The path of a program that may be run for a secret, links followed where that is allowed.

    Args:
        path: as configured.
        label: the place in the config, for messages.
        env: the environment, for ``~`` in ``trusted_dirs``.
        trusted_dirs: folders below which it must lie; none for anywhere.
        allow_symlink: it may be a link.
        allow_insecure: neither its owner nor its mode counts.

    Raises:
        SecretError: it may not.
    """
    found = _lstat(path, label)
    if stat.S_ISLNK(found.st_mode):
        if not allow_symlink:
            raise SecretError(
                f"{label} must not be a link: {path}.",
                hint=f"Name {os.path.realpath(path)}, or set allowSymlinkCommand beside it.",
            )
        path = os.path.realpath(path)
        found = _lstat(path, label)
    _regular(found, path, label)
    folders = [_folder(text, env) for text in trusted_dirs]
    if folders and not any(_inside(path, folder) for folder in folders):
        raise SecretError(f"{label} lies outside of trustedDirs: {path}.")
    if not allow_insecure:
        _check_owner(found, path, label, forbidden=_FOR_OTHERS_TO_WRITE, remedy="chmod go-w")
    return path


def open_private(path: str, *, label: str) -> int:
    """Open a file that holds secrets, for reading: no link, owned by this user, closed to all others.

    Returns:
        A descriptor. What was checked is what is read.

    Raises:
        SecretError: it is not such a file.
    """
    try:
        # A pipe would otherwise hold up the opening itself.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if os.path.islink(path):
            raise SecretError(f"{label} must not be a link: {path}.", hint=f"Name {os.path.realpath(path)}.") from None
        raise SecretError(f"{label} cannot be read: {path} ({error.strerror}).") from None
    try:
        found = os.fstat(descriptor)
        _regular(found, path, label)
        _check_owner(found, path, label, forbidden=_FOR_OTHERS_TO_WRITE | _FOR_OTHERS_TO_READ, remedy="chmod go=")
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _lstat(path: str, label: str) -> os.stat_result:
    if not os.path.isabs(path):
        raise SecretError(f"{label} must be an absolute path.")
    try:
        return os.lstat(path)
    except OSError as error:
        raise SecretError(f"{label} cannot be read: {path} ({error.strerror}).") from None


def _regular(found: os.stat_result, path: str, label: str) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise SecretError(f"{label} must be a file: {path}.")


def _check_owner(found: os.stat_result, path: str, label: str, *, forbidden: int, remedy: str) -> None:
    if found.st_mode & forbidden:
        raise SecretError(
            f"{label} is open to others (mode {stat.S_IMODE(found.st_mode):04o}): {path}.", hint=f"{remedy} {path}"
        )
    if hasattr(os, "getuid") and found.st_uid != os.getuid():
        raise SecretError(f"{label} belongs to another user (uid {found.st_uid}): {path}.")


def _folder(text: str, env: dict[str, str]) -> str:
    return str(home(env)) + text[1:] if text == "~" or text.startswith("~/") else text


def _inside(path: str, folder: str) -> bool:
    return Path(os.path.normpath(path)).is_relative_to(os.path.normpath(folder))
