"""Discovery, refresh and the choice of a model against real proxies."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fased_litellm.catalog.discover import adiscover, discover
from fased_litellm.catalog.facts import Catalog
from fased_litellm.errors import ProxyError
from fased_litellm.proxy.client import AsyncProxyClient, ProxyClient
from tests.cli import proxied
from tests.live.conftest import StartProxy
from tests.live.proxies import Proxy

WORST_CASE: dict[str, Any] = {
    "model_list": [
        {"model_name": "team", "litellm_params": {"model": "openai/gpt-5.5", "api_key": "sk-test-none"}},
        {"model_name": "team", "litellm_params": {"model": "openai/gpt-4o-mini", "api_key": "sk-test-none"}},
        {
            "model_name": "embed",
            "litellm_params": {"model": "openai/text-embedding-3-small", "api_key": "sk-test-none"},
        },
        {"model_name": "groq/*", "litellm_params": {"model": "groq/*", "api_key": "sk-test-none"}},
    ]
}


def found(proxy: Proxy, key: str | None = None) -> Catalog:
    with ProxyClient(proxy.url, key or proxy.master_key, allow_private_network=True) as client:
        return discover(client)


@pytest.mark.parametrize("name", ["proxy", "nodb_proxy"])
def test_models_and_their_facts(name: str, request: pytest.FixtureRequest) -> None:
    catalog = found(request.getfixturevalue(name))
    assert {"default", "gpt-5.5", "fast-cheap-chat", "upstream"} <= set(catalog.by_id)
    assert not catalog.single_model
    cheap, reason, tool = (catalog.by_id[item] for item in ("fast-cheap-chat", "upstream-reason", "upstream-tool"))
    assert cheap.prices.input == Decimal("1.5E-7")
    assert (cheap.vision, cheap.tools, cheap.json) == (True, True, True)
    assert (reason.context_window, reason.max_output_tokens, reason.reasoning) == (50000, 4000, True)
    assert not tool.prices.known
    assert tool.vision is None


def test_the_asyncio_driver_finds_the_same(proxy: Proxy) -> None:
    async def ask() -> Catalog:
        async with AsyncProxyClient(proxy.url, proxy.master_key, allow_private_network=True) as client:
            return await adiscover(client)

    assert asyncio.run(ask()).models == found(proxy).models


def test_a_wrong_key(proxy: Proxy, nodb_proxy: Proxy) -> None:
    for one in (proxy, nodb_proxy):
        with pytest.raises(ProxyError) as caught:
            found(one, "sk-test-wrong")
        assert caught.value.origin == "caller-key"


@pytest.mark.database
def test_a_restricted_key_sees_its_models_alone(proxy: Proxy) -> None:
    key = proxy.post("/key/generate", {"models": ["upstream"], "duration": "10m"})["key"]
    try:
        catalog = found(proxy, key)
    finally:
        proxy.post("/key/delete", {"keys": [key]})
    assert [model.id for model in catalog.models] == ["upstream"]
    assert catalog.by_id["upstream"].prices.known


def test_single_model_mode(single_model_proxy: Proxy) -> None:
    catalog = found(single_model_proxy)
    assert catalog.single_model
    assert catalog.notes == ()
    facts = catalog.facts_for("default")
    assert facts is not None
    assert (facts.context_window, facts.tools) == (128000, True)


def test_several_deployments_and_wildcards(start_proxy: StartProxy) -> None:
    proxy = start_proxy(config=WORST_CASE)
    try:
        catalog = found(proxy)
    finally:
        proxy.stop()
    team = catalog.by_id["team"]
    assert (team.deployments, team.context_window, team.reasoning) == (2, 128000, None)
    assert catalog.patterns == ("groq/*",)
    assert any(item.startswith("groq/") for item in catalog.by_id)
    assert "embed" not in [model.id for model in catalog.chat_models]


def test_refresh_and_set(
    proxy: Proxy, home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LITELLM_API_KEY", proxy.master_key)
    fased = proxied.make(home, capsys, proxy.url)
    assert "Provider registry updated." in fased.ok("providers", "refresh", "--apply")
    text = fased.config.read_text()
    assert "// the proxy, with a comment" in text
    assert "already matched" in fased.ok("providers", "refresh", "--apply")
    assert fased.config.read_text() == text
    assert fased.run("models", "set", "litellm/upstraem")[0] == 1
    fased.ok("models", "set", "litellm/upstream")
    listed = fased.json("models", "list", "--all")["models"]
    assert listed[0]["key"] == "litellm/upstream"
