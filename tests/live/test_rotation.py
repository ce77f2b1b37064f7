"""A key is replaced while calls run, and the old one is deleted at the proxy: no call fails."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from fased_litellm import LiteLLMProvider
from fased_litellm.errors import CallError
from fased_litellm.paths import Paths
from tests import environment
from tests.live import secretservice
from tests.live.proxies import Proxy

pytestmark = pytest.mark.database
THREADS = 4


@pytest.fixture
def keys(proxy: Proxy) -> Iterator[tuple[str, str]]:
    """Two virtual keys."""
    made = [proxy.post("/key/generate", {"duration": "1h"})["key"] for _ in range(2)]
    yield made[0], made[1]
    for key in made:
        if proxy.get(f"/key/info?key={key}")[1].get("info", {}).get("status") != "deleted":
            proxy.post("/key/delete", {"keys": [key]})


@pytest.fixture(params=["profile", "keyring"])
def env(request: pytest.FixtureRequest, proxy: Proxy, home: Path) -> Iterator[dict[str, str]]:
    """The environment of commands, with a keyring that works where the key goes there."""
    names = {"HOME": str(home), "PATH": os.environ["PATH"], "LITELLM_BASE_URL": proxy.url, "STORAGE": request.param}
    if request.param == "profile":
        yield names
        return
    if secretservice.missing():
        if environment.FOUND.get("FASED_TEST_REQUIRE_KEYRING") == "1":
            pytest.fail(f"{secretservice.missing()} not installed, and FASED_TEST_REQUIRE_KEYRING=1", pytrace=False)
        pytest.skip(f"{', '.join(secretservice.missing())} not installed")
    with secretservice.started(home) as service:
        yield {**names, **service.env}


def fased(env: dict[str, str], *words: str) -> None:
    command = [sys.executable, "-m", "fased_litellm", *words]
    done = subprocess.run(command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_call_fails_while_the_key_is_replaced(
    proxy: Proxy, keys: tuple[str, str], env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = keys
    onboard = ("onboard", "--auth-choice", "litellm-api-key", "--non-interactive", "--accept-risk")
    fased({**env, "LITELLM_API_KEY": old}, *onboard, "--key-storage", env["STORAGE"])
    if "DBUS_SESSION_BUS_ADDRESS" in env:
        import keyring

        monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", env["DBUS_SESSION_BUS_ADDRESS"])
        # By its name: keyring's own choice would take the backends of other tests into account.
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.SecretService.Keyring")
        monkeypatch.setattr(keyring.core, "_keyring_backend", None)
    failures: list[BaseException] = []
    done = [0] * THREADS
    stop = threading.Event()
    with LiteLLMProvider.from_config(Paths.from_env(env), env) as provider:
        assert provider.key.value == old

        def loop(number: int) -> None:
            try:
                while not stop.is_set():
                    if number % 2:
                        provider.chat("hi", model="fast-cheap-chat")
                    else:
                        with provider.stream("hi", model="fast-cheap-chat") as stream:
                            list(stream)
                    done[number] += 1
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=loop, args=(number,)) for number in range(THREADS)]
        for thread in threads:
            thread.start()

        def further(calls: int) -> None:
            """Let every thread make some more calls."""
            goal = [count + calls for count in done]
            while any(count < wanted for count, wanted in zip(done, goal, strict=True)) and not failures:
                stop.wait(0.01)

        try:
            further(5)
            fased({**env, "FRESH": new}, "litellm", "key", "set", "--from-env", "FRESH")
            proxy.post("/key/delete", {"keys": [old]})  # at once, with calls on their way
            further(10)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        assert failures == []
        assert provider.key.value == new
    with LiteLLMProvider.from_config(Paths.from_env(env), {**env, "LITELLM_API_KEY": old}) as provider:
        assert provider.key.value == new  # the profile comes before the environment
    status, _ = proxy.get("/v1/models", key=old)
    assert status == 401  # so the calls at the end cannot have had the old key


def test_a_key_that_was_deleted_and_not_replaced_is_refused(proxy: Proxy, keys: tuple[str, str], home: Path) -> None:
    old, _ = keys
    env = {"HOME": str(home), "LITELLM_BASE_URL": proxy.url, "LITELLM_API_KEY": old}
    proxy.post("/key/delete", {"keys": [old]})
    with LiteLLMProvider.from_config(Paths.from_env(env), env) as provider, pytest.raises(CallError) as caught:
        provider.chat("hi", model="fast-cheap-chat")
    assert caught.value.cause == "key-unknown"
