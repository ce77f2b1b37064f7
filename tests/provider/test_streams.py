"""Streams through the provider, blocking and asyncio, against servers that do not do as LiteLLM does."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from fased_litellm import LiteLLMProvider
from fased_litellm.errors import BadAnswer, StreamInterrupted
from fased_litellm.proxy.reply import Delta, Reply
from tests.servers import CHUNKED_HEAD, HANG, STREAM_HEAD, FaultServers, Wait, answer, chunk, event

TEXT = event({"choices": [{"index": 0, "delta": {"content": "Hello"}}]})
STOP = event({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
USAGE = event({"choices": [], "usage": {"prompt_tokens": 10, "completion_tokens": 20}})
DONE = event("[DONE]")

Outcome = tuple[list[Delta], Reply]


def blocking(url: str, **options: Any) -> Outcome:
    with _provider(url) as provider, provider.stream("hi", **options) as stream:
        return list(stream), stream.reply


def in_a_loop(url: str, **options: Any) -> Outcome:
    async def run() -> Outcome:
        async with _provider(url) as provider, provider.astream("hi", **options) as stream:
            return [delta async for delta in stream], stream.reply

    return asyncio.run(run())


both = pytest.mark.parametrize("ask", [blocking, in_a_loop])


def _provider(url: str) -> LiteLLMProvider:
    home = Path.home()
    return LiteLLMProvider.from_config(
        env={"HOME": str(home), "LITELLM_API_KEY": "sk-test-stream", "LITELLM_BASE_URL": url}
    )


@both
@pytest.mark.parametrize("noise", [b": ping\n\n", b"data:\n\n", b"data: {}\n\n", event({"choices": []})])
def test_what_carries_nothing_is_no_sign_of_life(ask: Any, noise: bytes, fault_server: FaultServers) -> None:
    drip = [step for _ in range(400) for step in (noise, Wait(0.02))]
    server = fault_server([STREAM_HEAD, TEXT, *drip])
    with pytest.raises(StreamInterrupted) as caught:
        ask(server.url, timeout_s=0.3)
    assert caught.value.cause == "timeout"
    assert caught.value.partial.text == "Hello"


@both
def test_content_is_one_and_the_stream_lasts(ask: Any, fault_server: FaultServers) -> None:
    slow = [step for _ in range(8) for step in (TEXT, Wait(0.1), b": ping\n\n")]
    _, reply = ask(fault_server([STREAM_HEAD, *slow, STOP, DONE]).url, timeout_s=0.6)
    assert reply.text == "Hello" * 8


@both
def test_nobody_waits_for_a_server_that_does_not_end_behind_the_end_mark(
    ask: Any, fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fased_litellm.proxy.exchange.END_S", 0.1)
    server = fault_server([CHUNKED_HEAD, *(chunk(part) for part in (TEXT, STOP, USAGE, DONE)), HANG])
    _, reply = ask(server.url)
    assert (reply.text, reply.receipt.usage.total_tokens) == ("Hello", 30)


@both
@pytest.mark.parametrize("kind", ["application/json", "text/plain", ""])
def test_one_document_comes_out_as_pieces(ask: Any, kind: str, fault_server: FaultServers) -> None:
    message = {
        "content": "Hello",
        "reasoning_content": "Hm.",
        "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": "{}"}}],
    }
    body = {
        "id": "x",
        "choices": [{"message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2},
    }
    headers = {"content-type": kind, "x-litellm-response-cost": "0.5"}
    deltas, reply = ask(fault_server(answer(200, json.dumps(body), headers)).url)
    assert [(delta.kind, delta.text) for delta in deltas] == [
        ("reasoning", "Hm."),
        ("text", "Hello"),
        ("tool-call", "{}"),
    ]
    assert (reply.text, reply.reasoning, reply.finish_reason) == ("Hello", "Hm.", "stop")
    assert (reply.receipt.usage.total_tokens, str(reply.receipt.cost_usd)) == (3, "0.5")


@both
@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        ("text/html", "<!doctype html><p>Sign in", "an HTML page"),
        ("application/json", '{"ok": true}', "not a chat completion"),
        ("application/json", "[]", "not a chat completion"),
        ("text/plain", "hello", "not a chat completion"),
        ("application/json", "", "not a chat completion"),
    ],
)
def test_what_is_neither_is_named(ask: Any, kind: str, body: str, said: str, fault_server: FaultServers) -> None:
    with pytest.raises(BadAnswer, match=said):
        ask(fault_server(answer(200, body, {"content-type": kind})).url)


@both
def test_an_error_in_a_document_is_the_error(ask: Any, fault_server: FaultServers) -> None:
    body = {"error": {"message": "litellm.RateLimitError: slow down", "code": "429"}}
    with pytest.raises(StreamInterrupted) as caught:
        ask(fault_server(answer(200, json.dumps(body), {"content-type": "application/json"})).url)
    assert caught.value.cause == "provider-rate-limit"
