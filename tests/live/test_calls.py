"""Calls through a real proxy: whole and streamed, blocking and asyncio, failing and left alone."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fased_litellm import CallContext, LiteLLMProvider
from fased_litellm.errors import CallError, StreamInterrupted
from fased_litellm.paths import Paths
from fased_litellm.proxy.management.spend import SpendRow, spend_rows
from fased_litellm.proxy.reply import Delta
from fased_litellm.usage.query.calendar.windows import window
from fased_litellm.usage.query.query import Query
from fased_litellm.usage.query.totals import UsageGroup
from fased_litellm.usage.store.ledger import Ledger
from tests.live.proxies import Proxy

WHO = CallContext.from_session_key("agent:main:telegram:direct:42").with_(task="digest")
TOOL = {
    "type": "function",
    "function": {"name": "get_weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}},
}
MakeProvider = Callable[..., LiteLLMProvider]


def environment(proxy: Proxy, home: Path) -> dict[str, str]:
    return {"HOME": str(home), "LITELLM_API_KEY": proxy.master_key, "LITELLM_BASE_URL": proxy.url}


def provider_of(proxy: Proxy, home: Path, **config: Any) -> LiteLLMProvider:
    env = environment(proxy, home)
    paths = Paths.from_env(env)
    if config:
        paths.state.mkdir(exist_ok=True)
        paths.config.write_text(json.dumps(config))
    return LiteLLMProvider.from_config(paths, env)


def rows(home: Path, *by: str) -> list[UsageGroup]:
    first, last = window(time.time_ns() // 1_000_000, days=1)
    with Ledger(home / ".fased" / "litellm" / "usage.sqlite3") as ledger:
        return ledger.report(Query(first, last, by)).as_dict()["groups"]


def test_a_whole_reply_with_its_receipt_and_row(proxy: Proxy, home: Path) -> None:
    with provider_of(proxy, home) as provider:
        reply = provider.chat("hi", model="upstream", context=WHO)
    receipt = reply.receipt
    assert (reply.text, reply.finish_reason) == ("Hello from the fake upstream.", "stop")
    assert (receipt.model, receipt.model_group, receipt.served_model) == (
        "litellm/upstream",
        "upstream",
        "openai/gpt-4o-mini",
    )
    assert receipt.deployment_id
    assert receipt.proxy_version
    assert (receipt.retries, receipt.fallbacks, receipt.cost_source) == (0, 0, "header")
    assert receipt.cost_usd == Decimal("0.0000153")
    assert receipt.usage is not None
    assert (receipt.usage.input_tokens, receipt.usage.cache_read_tokens, receipt.usage.total_tokens) == (20, 100, 128)
    (row,) = rows(home, "provider", "model", "agent", "task", "channel", "session", "source")
    assert [row[name] for name in ("provider", "model", "agent", "task", "channel", "session", "source")] == [
        "litellm",
        "upstream",
        "main",
        "digest",
        "telegram",
        "agent:main:telegram:direct:42",
        "channel",
    ]
    assert (row["calls"], row["totalTokens"], row["costUsd"]) == (1, 128, 0.0000153)


def test_a_stream_has_its_usage_and_cost_from_its_last_chunk(proxy: Proxy, home: Path) -> None:
    with provider_of(proxy, home) as provider, provider.stream("hi", model="upstream-reason") as stream:
        deltas = list(stream)
        reply = stream.reply
    assert deltas[0] == Delta("reasoning", "I thought about it.")
    assert "".join(delta.text for delta in deltas if delta.kind == "text") == reply.text
    assert (reply.text, reply.reasoning) == ("Hello from the fake upstream.", "I thought about it.")
    assert (reply.receipt.cost_usd, reply.receipt.cost_source) == (Decimal("0.000136"), "stream")
    assert reply.receipt.response_id
    assert reply.receipt.time_to_first_token_ms is not None
    assert reply.receipt.latency_ms is not None
    assert reply.receipt.time_to_first_token_ms <= reply.receipt.latency_ms
    assert rows(home, "model")[0]["totalTokens"] == 128


def test_a_tool_is_called_and_its_result_answered(proxy: Proxy, home: Path) -> None:
    ask = [{"role": "user", "content": "Weather in Paris?"}]
    with provider_of(proxy, home) as provider:
        whole = provider.chat(ask, model="upstream-tool", tools=[TOOL])
        with provider.stream(ask, model="upstream-tool", tools=[TOOL]) as stream:
            list(stream)
        assert stream.reply.tool_calls == whole.tool_calls
        (call,) = whole.tool_calls
        assert (call.name, json.loads(call.arguments)) == ("get_weather", {"city": "Paris"})
        result = {"role": "tool", "tool_call_id": call.id, "content": "sunny"}
        answer = provider.chat([*ask, dict(whole.message), result], model="upstream-tool", tools=[TOOL])
    assert answer.text == "Hello from the fake upstream."


def test_names_reach_the_proxy_and_not_the_provider(own_proxy: Proxy, home: Path) -> None:
    picture = "data:image/png;base64," + base64.b64encode(b"no real picture").decode()
    content = [{"type": "text", "text": "look"}, {"type": "image_url", "image_url": {"url": picture}}]
    with provider_of(own_proxy, home) as provider:
        provider.chat(
            [{"role": "user", "content": content}], model="upstream", context=WHO, max_tokens=7, temperature=0.5
        )
    seen = own_proxy.upstream_log()[-1]
    assert seen["body"]["messages"][0]["content"] == content
    assert (seen["body"]["max_tokens"], seen["body"]["temperature"]) == (7, 0.5)
    text = json.dumps(seen)
    for private in ("digest", "telegram", "agent:main", own_proxy.master_key):
        assert private not in text


@pytest.mark.database
def test_the_spend_row_carries_our_names(proxy: Proxy, home: Path) -> None:
    begun_ms = time.time_ns() // 1_000_000
    with provider_of(proxy, home) as provider:
        receipt = provider.chat("hi", model="upstream", context=WHO).receipt
        row: SpendRow | None = None
        deadline = time.monotonic() + 60
        while row is None and time.monotonic() < deadline:
            time.sleep(0.5)
            found = spend_rows(provider.client(), begun_ms - 5_000, begun_ms + 120_000, {"model_group": "upstream"})
            row = next((entry for entry in found if entry.call_id == receipt.call_id), None)
    assert row is not None
    assert row.session_id == "agent:main:telegram:direct:42"
    assert row.agent_id == "main"
    assert {"agent:main", "task:digest", "channel:telegram", "source:channel"} <= set(row.tags)
    assert row.spend == receipt.cost_usd
    assert row.request_id == receipt.response_id


FAILURES = [
    ("nope", 400, "unknown-model", "caller"),
    ("broken", 500, "provider-unreachable", "provider"),
    ("upstream-400", 400, "parameter-of-config", "gateway"),  # max_tokens, which these calls do not send
    ("upstream-403", 403, "provider-permission", "provider-key"),
    ("upstream-429", 429, "provider-rate-limit", "provider"),
    ("upstream-quota", 429, "provider-quota", "provider-key"),
    ("upstream-500", 500, "provider-error", "provider"),
    ("upstream-503", 503, "provider-overloaded", "provider"),
    ("upstream-html", 502, "provider-bad-answer", "provider"),
    ("upstream-ctx", 400, "context-window", "caller"),
    ("upstream-filter", 400, "content-policy", "caller"),
    ("upstream-slow", 408, "provider-timeout", "provider"),
]


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(("model", "status", "cause", "origin"), FAILURES)
def test_who_failed_and_why(
    model: str, status: int, cause: str, origin: str, streamed: bool, proxy: Proxy, home: Path
) -> None:
    with provider_of(proxy, home) as provider:
        ask: Callable[..., Any] = provider.stream if streamed else provider.chat
        with pytest.raises(CallError) as caught:
            list(ask("hi", model=model, num_retries=0))
        assert (caught.value.status, caught.value.cause, caught.value.origin) == (status, cause, origin)
        assert caught.value.hint
        (row,) = rows(home, "model", "status")
    assert (row["model"], row["status"], row["calls"], row["failed"]) == (model, "error", 1, 1)


@pytest.mark.parametrize(("model", "first"), [("upstream-401", "provider-key"), ("upstream-404", "provider-model")])
def test_a_cooldown_hides_the_cause_and_says_so(model: str, first: str, own_proxy: Proxy, home: Path) -> None:
    with provider_of(own_proxy, home) as provider:
        causes = []
        for _ in range(2):
            with pytest.raises(CallError) as caught:
                provider.chat("hi", model=model, num_retries=0)
            causes.append((caught.value.cause, caught.value.retry_after_s))
    assert causes == [(first, None), ("cooldown", 5.0)]


@pytest.mark.parametrize("model", ["upstream-midstream", "upstream-cut"])
def test_an_interrupted_stream_keeps_what_arrived(model: str, proxy: Proxy, home: Path) -> None:
    with provider_of(proxy, home) as provider:
        pieces: list[Delta] = []
        with pytest.raises(StreamInterrupted) as caught:
            pieces.extend(provider.stream("hi", model=model))
    assert pieces == [Delta("text", "partial ")]
    assert caught.value.partial.text == "partial "
    assert (caught.value.cause, caught.value.origin) == ("provider-stream-broke", "provider")
    (row,) = rows(home, "status")
    assert (row["status"], row["failed"]) == ("interrupted", 1)
    assert row["costUsd"] is None  # what it cost is not known, so it is not 0


def test_a_stream_that_is_left_is_cancelled(proxy: Proxy, home: Path) -> None:
    with provider_of(proxy, home) as provider, provider.stream("hi", model="upstream-drip") as stream:
        assert next(iter(stream)).text == "Hello "
    assert rows(home, "status")[0]["status"] == "cancelled"


def test_the_proxys_own_fallback_and_retries_are_on_the_receipt(proxy: Proxy, home: Path) -> None:
    with provider_of(proxy, home) as provider:
        receipt = provider.chat("hi", model="upstream-fallback", num_retries=0).receipt
        assert (receipt.model, receipt.model_group, receipt.fallbacks) == ("litellm/upstream-fallback", "upstream", 1)
        flaky = provider.chat("hi", model="upstream-flaky").receipt
    assert flaky.retries is not None


def test_the_agents_one_fallback(proxy: Proxy, home: Path) -> None:
    model = {"primary": "litellm/upstream-500", "fallbacks": ["litellm/upstream"]}
    with provider_of(proxy, home, agents={"defaults": {"model": model}}) as provider:
        reply = provider.chat("hi", num_retries=0)
        with provider.stream("hi", num_retries=0) as stream:
            assert "".join(delta.text for delta in stream) == reply.text
    assert [(attempt.model, attempt.ok) for attempt in reply.receipt.attempts] == [
        ("litellm/upstream-500", False),
        ("litellm/upstream", True),
    ]
    (row,) = rows(home, "model")
    assert (row["model"], row["calls"], row["failed"]) == ("upstream", 2, 0)


def test_the_asyncio_half_does_the_same(proxy: Proxy, home: Path) -> None:
    async def run() -> tuple[str, list[str], str]:
        async with provider_of(proxy, home) as provider:
            together = await asyncio.gather(*(provider.achat("hi", model="upstream") for _ in range(5)))
            async with provider.astream("hi", model="upstream") as stream:
                texts = [delta.text async for delta in stream]
            with pytest.raises(StreamInterrupted) as caught:
                async for _ in provider.astream("hi", model="upstream-midstream"):
                    pass
            async with provider.astream("hi", model="upstream-drip") as left:
                async for _ in left:
                    break
            models = await provider.adiscover()
            assert "upstream" in models.by_id
            assert stream.reply.receipt.cost_source in ("stream", "price-table")
            return together[0].text, texts, str(caught.value.partial.text)

    text, texts, partial = asyncio.run(run())
    assert ("".join(texts), partial) == (text, "partial ")
    assert {row["status"]: row["calls"] for row in rows(home, "status")} == {"ok": 6, "interrupted": 1, "cancelled": 1}


def test_cancelling_a_task_is_recorded(proxy: Proxy, home: Path) -> None:
    async def run() -> None:
        async with provider_of(proxy, home) as provider:
            task = asyncio.create_task(provider.achat("hi", model="upstream-slow", num_retries=0))
            await asyncio.sleep(0.5)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(run())
    assert rows(home, "status")[0]["status"] == "cancelled"


def test_threads_may_share_a_provider(proxy: Proxy, home: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with provider_of(proxy, home) as provider, ThreadPoolExecutor(4) as pool:
        texts = set(pool.map(lambda _: provider.chat("hi", model="upstream").text, range(12)))
    assert texts == {"Hello from the fake upstream."}
    assert rows(home, "model")[0]["calls"] == 12


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
def test_single_model_mode_answers_to_default(single_model_proxy: Proxy, home: Path, streamed: bool) -> None:
    with provider_of(single_model_proxy, home) as provider:
        if streamed:
            with provider.stream("hi") as stream:
                list(stream)
            reply = stream.reply
        else:
            reply = provider.chat("hi")
    assert reply.text == "Hello from the fake upstream."
    assert reply.receipt.deployment_id is None
    assert reply.receipt.usage is not None
    assert reply.receipt.usage.total_tokens == 128


def test_no_key_at_a_proxy_without_prisma(own_proxy: Proxy) -> None:
    from fased_litellm.proxy.client import ProxyClient

    with ProxyClient(own_proxy.url, None, allow_private_network=True) as client, pytest.raises(CallError) as caught:
        client.get_json("/v1/models")
    assert (caught.value.cause, caught.value.origin) == ("key-missing", "caller-key")
