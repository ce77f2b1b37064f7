"""Our prices against what a real proxy bills: by its list, ``/model/info``, and by what it says of calls."""

from __future__ import annotations

import json
import time
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import json5
import pytest
from jsonschema import Draft202012Validator

from fased_litellm.catalog.discover import discover
from fased_litellm.catalog.facts import Catalog
from fased_litellm.net.messages import Response
from fased_litellm.proxy.client import ProxyClient
from fased_litellm.proxy.exchange import Exchange
from fased_litellm.proxy.management.spend import spend_rows
from fased_litellm.proxy.receipt import Receipt
from fased_litellm.proxy.wire import Attribution, ChatRequest
from fased_litellm.schemas import schemas
from tests.cli import proxied
from tests.live.proxies import Proxy

MODELS = ("upstream", "upstream-reason", "gpt-5.5", "fast-cheap-chat", "default")


def listed(proxy: Proxy) -> Catalog:
    with ProxyClient(proxy.url, proxy.master_key, allow_private_network=True) as client:
        return discover(client)


def called(proxy: Proxy, model: str, *, stream: bool, **params: Any) -> tuple[Receipt, Receipt]:
    """The receipt of a call with what the proxy says of its cost, and one by our prices alone."""
    prices = listed(proxy).by_id[model].prices
    chat = ChatRequest(
        model=model,
        messages=[{"role": "user", "content": "hi"}],
        attribution=Attribution("c"),
        stream=stream,
        params=params,
    )
    body = {"model": model, "messages": list(chat.messages), "stream": stream, **params}
    if stream:
        body["stream_options"] = {"include_usage": True}
    answer = httpx.post(
        f"{proxy.url}/v1/chat/completions",
        json=body,
        headers={"authorization": f"Bearer {proxy.master_key}"},
        timeout=60,
    )
    assert answer.status_code == 200
    receipts = []
    for silent in (False, True):
        exchange = Exchange(chat, model=f"litellm/{model}", prices=lambda: prices)
        headers = {name: value for name, value in answer.headers.items() if not (silent and "cost" in name)}
        if stream:
            exchange.opened(200, headers)
            data = answer.content
            if silent:
                lines = [_without_cost(line) for line in data.split(b"\n")]
                data = b"\n".join(lines)
            exchange.feed(data)
            receipts.append(exchange.finish().receipt)
        else:
            receipts.append(exchange.whole(Response(200, headers, answer.content, 1.0)).receipt)
    return receipts[0], receipts[1]


def _without_cost(line: bytes) -> bytes:
    if not line.startswith(b"data: {"):
        return line
    event = json.loads(line[6:])
    if isinstance(event.get("usage"), dict):
        event["usage"].pop("cost", None)
    return b"data: " + json.dumps(event).encode()


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("params", [{}, {"service_tier": "flex"}, {"service_tier": "priority"}])
@pytest.mark.parametrize("model", MODELS)
def test_our_prices_are_what_the_proxy_bills(proxy: Proxy, model: str, params: dict[str, Any], stream: bool) -> None:
    said, reckoned = called(proxy, model, stream=stream, **params)
    assert said.cost_source == ("stream" if stream else "header")
    assert reckoned.cost_source == "price-table"
    assert said.cost_usd is not None
    assert reckoned.cost_usd is not None
    assert abs(said.cost_usd - reckoned.cost_usd) <= Decimal("1e-9") * said.cost_usd


@pytest.mark.database
def test_our_prices_are_what_stands_in_the_spend_row(proxy: Proxy) -> None:
    since = time.time_ns() // 1_000_000 - 60_000
    _, reckoned = called(proxy, "upstream", stream=False)
    assert reckoned.response_id is not None
    with ProxyClient(proxy.url, proxy.master_key, allow_private_network=True) as client:
        for _ in range(30):
            rows = {row.request_id: row for row in spend_rows(client, since, time.time_ns() // 1_000_000 + 60_000)}
            if reckoned.response_id in rows:
                break
            time.sleep(1)
    assert rows[reckoned.response_id].spend == reckoned.cost_usd == Decimal("0.0000153")


def test_definitions_have_what_cached_tokens_are_billed_at(
    proxy: Proxy, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proxy knows no price for cached tokens of ``upstream-reason``, and bills them as input."""
    monkeypatch.setenv("LITELLM_API_KEY", proxy.master_key)
    fased = proxied.make(home, capsys, proxy.url)
    before = "{ id: 'upstream-reason', name: 'r', cost: { input: 1, output: 2 } }, { id: 'upstream', name: 'u', cost: { input: 5, output: 6 } },"
    fased.config.write_text(fased.config.read_text().replace("models: [\n", f"models: [\n      {before}\n"))
    fased.ok("providers", "refresh", "--apply")
    models = {
        one["id"]: one for one in json5.loads(fased.config.read_text())["models"]["providers"]["litellm"]["models"]
    }
    assert models["upstream-reason"]["cost"] == {"input": 1, "output": 2, "cacheRead": 1, "cacheWrite": 1}
    assert models["upstream"]["cost"] == {"input": 5, "output": 6}
    assert models["fast-cheap-chat"]["cost"] == {"input": 0.15, "output": 0.6, "cacheRead": 0.075, "cacheWrite": 0.15}
    document = fased.json("models", "list", "--all")
    Draft202012Validator(schemas()["models-list.schema.json"]).validate(document)
    found = {one["key"]: one for one in document["models"]}
    (rates,) = found["litellm/gpt-5.5"]["metadata"]["rates"]
    assert rates["input_cost_per_token_above_272k_tokens"] == 1e-05
    assert rates["cache_read_input_token_cost_flex"] == 2.5e-07
