"""The provider's key while it is replaced: in files, in the keyring, and in files that are half written."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import keyring
import pytest

from fased_litellm import LiteLLMProvider
from fased_litellm.config.load import load
from fased_litellm.errors import CallError, MissingKey
from fased_litellm.paths import Paths
from fased_litellm.provider.settings import Settings
from fased_litellm.secrets import keyring_store, ownprogram
from fased_litellm.secrets.lookup import ResolvedKey
from tests.secrets.keyrings import Memory

OLD, NEW = "sk-test-old-000001", "sk-test-new-000002"
REPLY = {
    "id": "c1",
    "model": "default",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello."}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}
REFUSED = {"error": {"message": "Authentication Error, Invalid proxy server token passed.", "code": "401"}}


class Gate:
    """A proxy that answers to the keys in ``allowed``, and notes who asked."""

    def __init__(self) -> None:
        self.allowed, self.asked = {OLD}, list[str]()
        self.on_refusal: Callable[[], object] = lambda: None
        gate = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
                key = (self.headers["authorization"] or "").removeprefix("Bearer ")
                gate.asked.append(key)
                good = key in gate.allowed
                if not good:
                    gate.on_refusal()
                data, kind = json.dumps(REPLY if good else REFUSED).encode(), "application/json"
                if good and asked.get("stream"):
                    data, kind = streamed(), "text/event-stream"
                self.send_response(200 if good else 401)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, format: str, *args: Any) -> None:
                del format, args

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def streamed() -> bytes:
    chunk = {"id": "c1", "model": "default", "choices": [{"index": 0, "delta": {"content": "Hello."}}]}
    end = {**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    return b"".join(b"data: " + json.dumps(one).encode() + b"\n\n" for one in (chunk, end)) + b"data: [DONE]\n\n"


@pytest.fixture
def gate() -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.close()


class Place:
    """A state folder, whose files other programs replace."""

    def __init__(self, folder: Path, url: str) -> None:
        self.env = {"HOME": str(folder), "LITELLM_BASE_URL": url}
        self.paths = Paths.from_env(self.env)

    def store(self, secret: dict[str, Any], agent: str = "main") -> Path:
        profile = {"type": "api_key", "provider": "litellm", **secret}
        return self.text(json.dumps({"version": 1, "profiles": {"litellm:default": profile}}), agent)

    def text(self, text: str, agent: str = "main") -> Path:
        path = self.paths.auth_profiles(agent)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_suffix(".new")
        fresh.write_text(text)
        os.replace(fresh, path)
        return path

    def config(self, tree: dict[str, Any]) -> None:
        self.paths.state.mkdir(exist_ok=True)
        self.paths.config.write_text(json.dumps(tree))

    def provider(self, **options: Any) -> LiteLLMProvider:
        return LiteLLMProvider.from_config(self.paths, self.env, **options)


@pytest.fixture
def place(tmp_path: Path, gate: Gate) -> Place:
    return Place(tmp_path, gate.url)


@pytest.fixture
def memory(monkeypatch: pytest.MonkeyPatch) -> Memory:
    backend = Memory()
    monkeypatch.setattr(keyring.core, "_keyring_backend", backend)
    return backend


def test_a_key_that_was_stored_is_used_by_the_next_call(place: Place, gate: Gate) -> None:
    place.store({"key": OLD})
    with place.provider() as provider:
        provider.chat("hi")
        place.store({"key": NEW})
        gate.allowed = {NEW}
        provider.chat("hi")
        assert provider.key.value == NEW
    assert gate.asked == [OLD, NEW]


def test_files_that_did_not_change_are_not_read_again(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.store({"key": OLD})
    with place.provider() as provider:
        assert provider.key.value == OLD

        def forbidden(*_: Any, **__: Any) -> ResolvedKey:
            raise AssertionError("looked up again")

        monkeypatch.setattr("fased_litellm.provider.keys.resolve_key", forbidden)
        assert provider.key.value == OLD
        place.store({"key": NEW})
        with pytest.raises(AssertionError, match="looked up again"):
            _ = provider.key


def test_an_agent_s_own_file_and_that_of_main_both_count(place: Place) -> None:
    place.store({"key": OLD})
    with place.provider(agent="ops") as provider:
        assert provider.key.value == OLD
        place.store({"key": "sk-test-main-again"})
        assert provider.key.value == "sk-test-main-again"
        place.store({"key": NEW}, "ops")
        assert provider.key.value == NEW


@pytest.mark.parametrize("text", ["", '{"version": 1, "prof', '{"profiles": {}}'])
def test_a_file_half_written_leaves_the_key_as_it_was(
    place: Place, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    place.store({"key": OLD})
    with place.provider() as provider:
        assert provider.key.value == OLD
        place.text(text)
        assert provider.key.value == OLD
        assert "The key in use stays" in caplog.text
        place.store({"key": NEW})
        assert provider.key.value == NEW


def test_without_a_key_at_first_it_is_an_error_until_there_is_one(place: Place) -> None:
    with place.provider() as provider:
        with pytest.raises(MissingKey):
            provider.chat("hi")
        place.store({"key": OLD})
        assert provider.chat("hi").text == "Hello."


def test_a_config_that_changed_says_where_the_key_is(place: Place, tmp_path: Path) -> None:
    place.config({"models": {"mode": "merge"}})
    place.store({"key": OLD})
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"k": NEW}))
    keys.chmod(0o600)
    with place.provider() as provider:
        assert provider.key.value == OLD
        place.config({"secrets": {"providers": {"files": {"source": "file", "path": str(keys)}}}})
        place.store({"keyRef": {"source": "file", "provider": "files", "id": "/k"}})
        assert provider.key.value == NEW


def test_a_config_that_became_invalid_is_left_aside(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    place.config({"models": {"mode": "merge"}})
    place.store({"key": OLD})
    with place.provider() as provider:
        assert provider.key.value == OLD
        place.paths.config.write_text("{ models: ")
        place.store({"key": NEW})
        assert provider.key.value == NEW
        assert "The config that was read first stays" in caplog.text


def test_a_key_that_is_given_is_never_looked_up(place: Place) -> None:
    place.store({"key": OLD})
    settings = Settings.of(load(place.paths, place.env), place.paths)
    given = ResolvedKey("sk-test-given-001", "local", "given")
    with LiteLLMProvider(settings, key=given) as provider:
        place.store({"key": NEW})
        assert provider.key is given


def keyring_config() -> dict[str, Any]:
    entry = {"source": "exec", "command": ownprogram.find(), "args": ["litellm", "secrets", "exec"]}
    return {"secrets": {"providers": {"kr": entry}}}


def ask(provider: LiteLLMProvider, how: str) -> str:
    async def whole() -> str:
        try:
            return (await provider.achat("hi")).text
        finally:
            await provider.aclose()

    async def pieces() -> str:
        try:
            async with provider.astream("hi") as stream:
                return "".join([delta.text async for delta in stream])
        finally:
            await provider.aclose()

    if how == "chat":
        return provider.chat("hi").text
    if how == "stream":
        with provider.stream("hi") as stream:
            return "".join(delta.text for delta in stream)
    return asyncio.run(whole() if how == "achat" else pieces())


@pytest.mark.parametrize("how", ["chat", "achat", "stream", "astream"])
def test_a_key_that_changed_in_the_keyring_alone_is_found_when_the_old_one_is_refused(
    place: Place, gate: Gate, memory: Memory, how: str
) -> None:
    place.config(keyring_config())
    place.store({"keyRef": {"source": "exec", "provider": "kr", "id": "main/litellm:default"}})
    keyring_store.put("main/litellm:default", OLD)
    with place.provider() as provider:
        assert ask(provider, how) == "Hello."
        keyring_store.put("main/litellm:default", NEW)
        gate.allowed = {NEW}
        assert ask(provider, how) == "Hello."
        assert gate.asked == [OLD, OLD, NEW]


@pytest.mark.parametrize("how", ["chat", "achat", "stream", "astream"])
def test_a_call_overtaken_by_a_new_key_is_made_once_more_with_it(place: Place, gate: Gate, how: str) -> None:
    place.store({"key": OLD})
    gate.allowed, gate.on_refusal = {NEW}, lambda: place.store({"key": NEW})
    with place.provider() as provider:
        assert ask(provider, how) == "Hello."
    assert gate.asked == [OLD, NEW]


@pytest.mark.parametrize("how", ["chat", "achat", "stream", "astream"])
def test_a_key_that_is_refused_and_was_not_replaced_is_tried_once(place: Place, gate: Gate, how: str) -> None:
    place.store({"key": OLD})
    gate.allowed = set()
    with place.provider() as provider, pytest.raises(CallError) as caught:
        ask(provider, how)
    assert caught.value.cause == "key-unknown"
    assert gate.asked == [OLD]


def test_threads_go_on_while_the_key_is_replaced(place: Place, gate: Gate) -> None:
    place.store({"key": OLD})
    gate.allowed = {OLD, NEW}
    failures: list[BaseException] = []
    begun, stop = threading.Barrier(5), threading.Event()

    with place.provider() as provider:

        def loop() -> None:
            try:
                provider.chat("hi")
                begun.wait()
                while not stop.is_set():
                    provider.chat("hi")
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=loop) for _ in range(4)]
        for thread in threads:
            thread.start()
        begun.wait()
        place.store({"key": NEW})
        gate.allowed = {NEW}  # at once, with calls on their way
        while gate.asked.count(NEW) < 20 and not failures:
            stop.wait(0.001)
        stop.set()
        for thread in threads:
            thread.join()
    assert failures == []


@pytest.mark.parametrize("how", ["chat", "achat", "stream", "astream"])
def test_a_reference_may_name_the_profile_whose_key_it_takes(place: Place, gate: Gate, how: str) -> None:
    profiles = {
        name: {"type": "api_key", "provider": "litellm", "key": key}
        for name, key in (("litellm:default", OLD), ("litellm:team", NEW))
    }
    place.text(json.dumps({"version": 1, "profiles": profiles}))
    place.config({"agents": {"defaults": {"model": {"primary": "litellm/default@litellm:team"}}}})
    gate.allowed = {OLD, NEW}
    with place.provider() as provider:
        assert ask(provider, how) == "Hello."
        provider.chat("hi", model="litellm/default")
    assert gate.asked == [NEW, OLD]


@pytest.mark.parametrize("how", ["chat", "achat", "stream", "astream"])
def test_a_profile_that_is_not_there_is_no_reason_to_take_another_key(place: Place, gate: Gate, how: str) -> None:
    place.store({"key": OLD})
    place.config({"agents": {"defaults": {"model": {"primary": "litellm/default@litellm:team"}}}})
    with place.provider() as provider, pytest.raises(MissingKey, match='profile "litellm:team"'):
        ask(provider, how)
    assert gate.asked == []
