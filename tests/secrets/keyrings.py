"""Keyrings for tests: one that works, and some that do not. Also named by ``PYTHON_KEYRING_BACKEND`` in other processes."""

from __future__ import annotations

import threading
from typing import ClassVar

import keyring.errors
from keyring.backend import KeyringBackend

never = threading.Event()


class Memory(KeyringBackend):
    """Works."""

    priority: ClassVar[float] = 0.1  # so that keyring never chooses it by itself
    name = "Memory of the tests"

    def __init__(self) -> None:
        super().__init__()
        self.entries: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        return self.entries.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self.entries[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        del self.entries[service, username]


class Hanging(Memory):
    """Waits for a dialogue that nobody sees."""

    def get_password(self, service: str, username: str) -> str | None:
        never.wait()
        return None


class Forgetful(Memory):
    """Takes a key and does not keep it."""

    def set_password(self, service: str, username: str, password: str) -> None:
        pass


class Locked(Memory):
    """Says that it is locked."""

    def get_password(self, service: str, username: str) -> str | None:
        raise keyring.errors.KeyringLocked("dismissed")

    set_password = get_password  # type: ignore[assignment]


class Talkative(Memory):
    """Quotes the key where it fails."""

    def set_password(self, service: str, username: str, password: str) -> None:
        raise keyring.errors.PasswordSetError(f"cannot store {password}")
