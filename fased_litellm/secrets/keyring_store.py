"""Keys in the keyring of the operating system: Secret Service, KWallet, macOS Keychain, Windows Credential Locker.

An entry has the service ``fased-litellm``; its user is the id of the reference which stands for the key
(``secrets.placement``), such as ``main/litellm:default``. Anybody can look at it with the tools of the system.

A keyring may ask its user for a password and wait for ever. So nothing here waits longer than 5 s, and a Secret Service is
asked beforehand whether it is locked: then it is an error, and no dialogue appears.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import KeyringError
from ..redaction import remember
from .timelimit import TimeLimitExceeded, limited

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "fased-litellm"
LIMIT_S = 5.0
"""Seconds for one call."""

T = TypeVar("T")

_ELSEWHERE = "Keep the key in LITELLM_API_KEY or in the auth profile instead: --key-storage env|profile."
_UNLOCK = "Unlock it in the password manager of your desktop, or log in there, and run this again. " + _ELSEWHERE
_SECRET_SERVICE = ("keyring.backends.SecretService", "keyring.backends.libsecret")
_NO_STORES = ("keyring.backends.fail", "keyring.backends.null")

_waiting: list[threading.Thread] = []
"""Where a call still hangs; another one would hang beside it."""


def get(user: str, *, limit_s: float = LIMIT_S) -> str | None:
    """The key of that id; None if there is none.

    Raises:
        KeyringError: the keyring cannot be read.
    """

    def read() -> str | None:
        backend = _backend()
        return None if _locked_or_missing(backend) else backend.get_password(SERVICE, user)

    found = _call(read, limit_s)
    remember(found)
    return found


def put(user: str, key: str) -> None:
    """Keep a key, and read it back to be sure.

    Raises:
        KeyringError: the keyring cannot be written, or does not give back what it was given.
    """
    remember(key)

    def write() -> None:
        backend = _backend()
        if _locked_or_missing(backend):
            raise KeyringError(
                "The Secret Service has no default keyring yet.",
                trouble="no-backend",
                hint="Make one in the password manager of your desktop, and run this again. " + _ELSEWHERE,
            )
        backend.set_password(SERVICE, user, key)

    _call(write, LIMIT_S)
    if get(user) != key:
        raise KeyringError("The keyring took the key and does not give it back.", trouble="failed", hint=_ELSEWHERE)


def delete(user: str) -> bool:
    """Forget a key.

    Returns:
        Whether there was one.

    Raises:
        KeyringError: the keyring cannot be written.
    """

    def remove() -> bool:
        backend = _backend()
        if _locked_or_missing(backend) or backend.get_password(SERVICE, user) is None:
            return False
        backend.delete_password(SERVICE, user)
        return True

    return _call(remove, LIMIT_S)


def name() -> str:
    """The name of the keyring that would be used now, which has been read from to be sure.

    Raises:
        KeyringError: there is none, or it cannot be read.
    """

    def look() -> str:
        backend = _backend()
        if _locked_or_missing(backend):
            raise KeyringError("The Secret Service has no default keyring yet.", trouble="no-backend", hint=_ELSEWHERE)
        backend.get_password(SERVICE, "is it open?")
        return str(backend.name)

    return _call(look, LIMIT_S)


@contextlib.contextmanager
def replaced(user: str, key: str) -> Iterator[None]:
    """Keep a key while something else is done; if that fails, the keyring gets back what it had.

    Raises:
        KeyringError: the keyring cannot be written; nothing else was done.
    """
    before = get(user)
    try:
        put(user, key)
        yield
    except BaseException:
        with contextlib.suppress(KeyringError):
            if before is None:
                delete(user)
            else:
                put(user, before)
        raise


def _call(function: Callable[[], T], limit_s: float) -> T:
    _waiting[:] = [thread for thread in _waiting if thread.is_alive()]
    if _waiting:
        raise _too_slow("The keyring has not answered an earlier question yet.")
    import keyring.errors  # 100 ms, so not before a keyring is wanted

    try:
        return limited(function, limit_s)
    except TimeLimitExceeded as slow:
        _waiting.append(slow.thread)
        raise _too_slow(f"The keyring did not answer within {limit_s:g} s.") from None
    except KeyringError:
        raise
    except keyring.errors.KeyringLocked:
        raise _locked() from None
    except keyring.errors.NoKeyringError:
        raise _no_backend() from None
    except Exception as error:
        # What a backend says may quote what it was given.
        raise KeyringError(f"The keyring failed ({type(error).__name__}).", trouble="failed", hint=_ELSEWHERE) from None


def _backend() -> KeyringBackend:
    import keyring

    try:
        backend = keyring.get_keyring()
    except Exception as error:
        raise _no_backend(f" ({type(error).__name__} while it was looked for)") from None
    if not any(type(one).__module__ not in _NO_STORES for one in _parts(backend)):
        raise _no_backend()
    return backend


def _parts(backend: KeyringBackend) -> list[Any]:
    """The backend, or those of which it is a chain."""
    return list(getattr(backend, "backends", None) or [backend])


def _locked_or_missing(backend: KeyringBackend) -> bool:
    """Whether the Secret Service has no default keyring; for other backends False, they cannot be asked.

    Raises:
        KeyringError: it has one, and that is locked.
    """
    if not any(type(one).__module__ in _SECRET_SERVICE for one in _parts(backend)):
        return False
    import secretstorage

    with contextlib.closing(secretstorage.dbus_init()) as bus:
        try:
            locked = secretstorage.Collection(bus).is_locked()
        except secretstorage.ItemNotFoundException:
            return True
    if locked:
        raise _locked()
    return False


def _locked() -> KeyringError:
    return KeyringError("The keyring is locked.", trouble="locked", hint=_UNLOCK)


def _no_backend(detail: str = "") -> KeyringError:
    return KeyringError(f"No OS keyring is available here{detail}.", trouble="no-backend", hint=_ELSEWHERE)


def _too_slow(message: str) -> KeyringError:
    return KeyringError(message, trouble="too-slow", hint="It may be waiting for a password. " + _UNLOCK)
