from __future__ import annotations

import threading
from collections.abc import Iterator

import keyring
import keyring.backends.fail
import keyring.backends.null
import pytest
from keyring.backend import KeyringBackend

from fased_litellm.errors import KeyringError
from fased_litellm.secrets import keyring_store
from tests.secrets import keyrings

KEY = "sk-test-keyring-0001"


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Iterator[object]:
    def choose(backend: KeyringBackend) -> KeyringBackend:
        monkeypatch.setattr(keyring.core, "_keyring_backend", backend)
        return backend

    monkeypatch.setattr(keyring_store, "_waiting", [])
    monkeypatch.setattr(keyrings, "never", threading.Event())
    yield choose
    keyrings.never.set()


def test_a_key_is_kept_read_and_forgotten(use) -> None:
    backend = use(keyrings.Memory())
    assert keyring_store.get("main/litellm:default") is None
    keyring_store.put("main/litellm:default", KEY)
    assert backend.entries == {("fased-litellm", "main/litellm:default"): KEY}
    assert keyring_store.get("main/litellm:default") == KEY
    assert keyring_store.delete("main/litellm:default")
    assert not keyring_store.delete("main/litellm:default")
    assert backend.entries == {}


@pytest.mark.parametrize("backend", [keyring.backends.fail.Keyring, keyring.backends.null.Keyring])
def test_without_a_backend_it_says_so(use, backend: type[KeyringBackend]) -> None:
    use(backend())
    for call in (keyring_store.name, lambda: keyring_store.get("a"), lambda: keyring_store.put("a", KEY)):
        with pytest.raises(KeyringError, match="No OS keyring is available here") as caught:
            call()
        assert caught.value.trouble == "no-backend"
        assert "--key-storage env|profile" in (caught.value.hint or "")


def test_a_backend_that_cannot_be_loaded_is_none(use, monkeypatch: pytest.MonkeyPatch) -> None:
    use(None)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "no.such.Keyring")
    with pytest.raises(KeyringError, match=r"No OS keyring is available here \(ModuleNotFoundError"):
        keyring_store.name()


def test_a_locked_keyring_is_told_from_none(use) -> None:
    use(keyrings.Locked())
    with pytest.raises(KeyringError, match="locked") as caught:
        keyring_store.get("a")
    assert caught.value.trouble == "locked"
    assert caught.value.as_dict()["trouble"] == "locked"


def test_a_keyring_that_hangs_is_left_and_not_asked_again(use) -> None:
    use(keyrings.Hanging())
    with pytest.raises(KeyringError, match=r"did not answer within 0\.05 s") as caught:
        keyring_store.get("a", limit_s=0.05)
    assert caught.value.trouble == "too-slow"
    with pytest.raises(KeyringError, match="not answered an earlier question"):
        keyring_store.get("a")
    (waiting,) = keyring_store._waiting
    keyrings.never.set()
    waiting.join()
    assert keyring_store.get("a", limit_s=5) is None


def test_what_is_written_is_read_back(use) -> None:
    use(keyrings.Forgetful())
    with pytest.raises(KeyringError, match="does not give it back"):
        keyring_store.put("a", KEY)


def test_a_backend_s_own_words_are_not_repeated(use) -> None:
    use(keyrings.Talkative())
    with pytest.raises(KeyringError, match=r"The keyring failed \(PasswordSetError\)") as caught:
        keyring_store.put("a", KEY)
    assert KEY not in f"{caught.value.message}{caught.value.hint}{caught.value.__cause__}"


@pytest.mark.parametrize("before", [None, "sk-test-before-01"])
def test_a_key_goes_back_where_the_rest_fails(use, before: str | None) -> None:
    backend = use(keyrings.Memory())
    if before:
        keyring_store.put("a", before)
    entries = dict(backend.entries)
    with pytest.raises(OSError, match="no space"), keyring_store.replaced("a", KEY):
        raise OSError("no space")
    assert backend.entries == entries
    with keyring_store.replaced("a", KEY):
        pass
    assert keyring_store.get("a") == KEY
