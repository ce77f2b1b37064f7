"""Whatever goes wrong, and on whichever path, the exception has a cause that is in a table, its origin, and a remedy."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from fased_litellm import LiteLLMProvider
from fased_litellm.errors import CallError
from fased_litellm.net.causes import network_cause_of
from fased_litellm.proxy.causes import rule_of
from tests.servers import HANG, RESET, STREAM_HEAD, FaultServers, Script, answer, answer_json, event

PARTIAL = STREAM_HEAD + event({"choices": [{"index": 0, "delta": {"content": "Hel"}}]})
BROKEN = event({"error": {"message": "litellm.APIConnectionError: error mid stream", "type": None, "code": "500"}})
HTML = "<html>hello</html>"


def body(status: int, message: str, type: str | None = None) -> bytes:
    return answer_json(status, {"error": {"message": message, "type": type, "code": str(status)}})


SERVERS: dict[str, Script | bytes] = {
    "refused key": body(401, "Unable to find token in cache", "token_not_found_in_db"),
    "budget": body(422, "Budget has been exceeded!", "budget_exceeded"),
    "unknown model": body(400, "Invalid model name passed in model=default"),
    "cooldown": body(429, "No deployments available for selected model, Try again in 5 seconds."),
    "provider's key": body(401, "litellm.AuthenticationError: no"),
    "provider fails": body(500, "litellm.InternalServerError: no"),
    "crash": answer(500, "Internal Server Error"),
    "odd status": answer(418, "teapot"),
    "no JSON": answer(200, "hello"),
    "a web page": answer(200, HTML, {"content-type": "text/html"}),
    "a gateway's page": answer(502, HTML, {"content-type": "text/html"}),
    "JSON of no meaning": answer_json(200, {"hello": 1}),
    "redirect": answer(302, "", {"location": "http://example.com/"}),
    "reset": [RESET],
    "silence": [HANG],
    "no HTTP": [b"SSH-2.0\r\n\r\n"],
    "cut stream": PARTIAL,
    "stream that is reset": [PARTIAL, RESET],
    "stream that falls silent": [PARTIAL, HANG],
    "stream with an error": PARTIAL + BROKEN,
    "stream of no JSON": STREAM_HEAD + b"data: {oops\n\n",
    "stream without end": STREAM_HEAD + b"data: " + b"x" * 9_000_000,
}
QUICK = {"timeout_s": 0.3, "model": "litellm/default"}


def chat(provider: LiteLLMProvider) -> None:
    provider.chat("hi", **QUICK)  # type: ignore[arg-type]


def stream(provider: LiteLLMProvider) -> None:
    for _ in provider.stream("hi", **QUICK):  # type: ignore[arg-type]
        pass


def achat(provider: LiteLLMProvider) -> None:
    async def run() -> None:
        try:
            await provider.achat("hi", **QUICK)  # type: ignore[arg-type]
        finally:
            await provider.aclose()

    asyncio.run(run())


def astream(provider: LiteLLMProvider) -> None:
    async def run() -> None:
        try:
            async for _ in provider.astream("hi", **QUICK):  # type: ignore[arg-type]
                pass
        finally:
            await provider.aclose()

    asyncio.run(run())


PATHS: list[Callable[[LiteLLMProvider], None]] = [chat, stream, achat, astream]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.__name__)
@pytest.mark.parametrize("server", SERVERS)
def test_cause_origin_and_remedy(
    server: str, path: Any, fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LITELLM_API_KEY", "sk-test-0123456789")
    monkeypatch.setenv("LITELLM_BASE_URL", fault_server(SERVERS[server]).url)
    with LiteLLMProvider.from_config() as provider, pytest.raises(CallError) as caught:
        path(provider)
    hold(caught.value)
    assert caught.value.receipt is not None
    assert caught.value.receipt.attempts[-1].cause == caught.value.cause


@pytest.mark.parametrize("server", ["refused key", "crash", "a web page", "no JSON", "reset", "no HTTP", "redirect"])
def test_discovery_too(server: str, fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LITELLM_API_KEY", "sk-test-0123456789")
    monkeypatch.setenv("LITELLM_BASE_URL", fault_server(SERVERS[server]).url)
    with LiteLLMProvider.from_config() as provider, pytest.raises(CallError) as caught:
        provider.discover()
    hold(caught.value)


def hold(error: CallError) -> None:
    known = rule_of(error.cause) or network_cause_of(error.cause)
    assert known is not None, error.cause
    assert error.origin in {
        rule.origin for rule in (rule_of(error.cause), network_cause_of(error.cause)) if rule is not None
    }
    assert error.remedy
    assert error.remedy == error.hint
    assert error.as_dict()["cause"] == error.cause
