"""The provider's key: looked up once, and again when the files change that say where it is."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from ..config import agents
from ..config.load import ConfigSnapshot, load
from ..errors import CallError, FasedError, SecretError
from ..redaction import logger
from ..refs import PROVIDER
from ..secrets.lookup import ResolvedKey, resolve_key
from .settings import Settings

_log = logger("secrets")

_UNKNOWN = "key-unknown"
_Stamp = tuple[int, int, int] | None


class Keys:
    """The key for the calls of one provider.

    Each call looks at the time, size and number of fased.json and of the files of auth profiles, which costs some
    microseconds; only when one has changed is the key looked up again. A key that was set meanwhile is so used by the next
    call, while calls under way end with the old one. Where the new state gives no key, as while a file is half written by
    another program, the last good one stays, and the next call looks again.

    A key that changes in the keyring alone touches no file: it is looked up again when the proxy says that it does not know
    the old one.

    Args:
        settings: the config.
        agent: whose key it is.
        profile: the auth profile whose key it is; None for the first that is found.
        key: a key that is given and never looked up.
    """

    def __init__(
        self, settings: Settings, agent: str, *, profile: str | None = None, key: ResolvedKey | None = None
    ) -> None:
        self._settings, self._agent, self._profile = settings, agent, profile
        self._given = self._key = key
        self._lock = threading.Lock()
        paths, config = settings.paths, settings.snapshot.value
        self._files = (
            paths.config,
            *dict.fromkeys((agents.base_auth_profiles(paths), agents.auth_profiles(paths, config, agent))),
        )
        self._read_with = _stamp(paths.config)
        self._stamps: tuple[_Stamp, ...] | None = None
        """Of the files when the key was looked up; None if it is to be looked up."""

    def current(self) -> ResolvedKey:
        """The key and where it was found.

        Raises:
            MissingKey: there is none, and never was.
            SecretError: it cannot be read, and never could.
        """
        if self._given is not None:
            return self._given
        key = self._key
        if key is not None and not self.changed():
            return key
        with self._lock:
            stamps = self._now()
            if self._key is None or stamps != self._stamps:
                self._look_up(stamps)
            assert self._key is not None
            return self._key

    def changed(self) -> bool:
        """Whether ``current`` would have to look the key up, which can take a while."""
        return self._given is None and (self._key is None or self._now() != self._stamps)

    def replaced_since(self, error: CallError, used: str | None) -> bool:
        """Whether a call was refused for a key that has been replaced meanwhile, so that it may be made again.

        Nothing is done twice by that: the proxy refuses an unknown key before it does anything else.

        Args:
            error: why the call failed.
            used: the key it was made with.
        """
        if error.cause != _UNKNOWN or self._given is not None:
            return False
        with self._lock:
            if self._key is not None and self._key.value == used:
                self._look_up(self._now())
            return self._key is not None and self._key.value != used

    async def acurrent(self) -> ResolvedKey:
        """As ``current``, without holding up the event loop while a keyring or a program is asked."""
        if not self.changed():
            return self.current()
        import asyncio

        return await asyncio.to_thread(self.current)

    async def areplaced_since(self, error: CallError, used: str | None) -> bool:
        """As ``replaced_since``, for asyncio."""
        if error.cause != _UNKNOWN:
            return False
        import asyncio

        return await asyncio.to_thread(self.replaced_since, error, used)

    def _look_up(self, stamps: tuple[_Stamp, ...]) -> None:
        """Look the key up; ``stamps`` were taken before, so that a change while this reads is noticed afterwards."""
        try:
            snapshot = self._snapshot(stamps[0])
            self._key = resolve_key(snapshot, self._settings.paths, PROVIDER, agent=self._agent, profile=self._profile)
            self._stamps = stamps
        except SecretError as error:
            if self._key is None:
                raise
            self._stamps = None
            _log.warning("The key in use stays: %s", error.message)

    def _snapshot(self, config: _Stamp) -> ConfigSnapshot:
        """The config as it is now; as it was where it has become invalid. Only the key follows it, nothing else does."""
        first = self._settings.snapshot
        if config == self._read_with:
            return first
        try:
            return load(self._settings.paths, first.outer_env).require_usable()
        except FasedError as error:
            _log.warning("The config that was read first stays: %s", error.message)
            return first

    def _now(self) -> tuple[_Stamp, ...]:
        return tuple(_stamp(path) for path in self._files)


def _stamp(path: Path) -> _Stamp:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
