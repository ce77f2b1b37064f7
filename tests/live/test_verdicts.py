"""Whose side a refusal is on, and whether the agent's fallback is tried: guardrails, gateways behind the proxy, patterns."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from fased_litellm import LiteLLMProvider
from fased_litellm.errors import ProxyError
from fased_litellm.paths import Paths
from tests.live import atlasrecipes
from tests.live.conftest import StartProxy
from tests.live.proxies import Proxy
from tests.live.upstream import Upstream

GUARDED = ("guard-object", "guard-raise", "guard-words", "guard-value", "guard-down")


@pytest.fixture(scope="module")
def inner_keys(proxy: Proxy) -> Iterator[dict[str, str]]:
    """Keys of the proxy with a database, of which none may do what it is used for."""
    wanted: dict[str, dict[str, Any]] = {
        "budget": {"max_budget": 0},
        "model": {"models": ["no-such-model"]},
        "routes": {"allowed_routes": ["/v1/models"]},
        "rate": {"rpm_limit": 0},
        "deleted": {},
    }
    made = {name: proxy.post("/key/generate", body)["key"] for name, body in wanted.items()}
    proxy.post("/key/delete", {"keys": [made["deleted"]]})
    yield made | {"unknown": f"sk-test-{secrets.token_hex(8)}"}
    proxy.post("/key/delete", {"keys": [made[name] for name in wanted if name != "deleted"]})


@pytest.fixture(scope="module")
def outer(
    start_proxy: StartProxy,
    upstream: Upstream,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Proxy]:
    """A proxy before another one, with a guardrail and with a pattern."""
    whole = atlasrecipes.config(upstream)
    pattern = {"model": "openai/*", "api_key": "sk-test-fake", "api_base": f"{upstream.url}/v1"}
    whole["model_list"].append({"model_name": "any/*", "litellm_params": pattern})
    whole["model_list"].append({"model_name": "fake-e404-mini", "litellm_params": pattern})
    proxy: Proxy = request.getfixturevalue("proxy")
    if proxy.has_database:
        keys: dict[str, str] = request.getfixturevalue("inner_keys")
        for name, key in keys.items():
            there = {"model": "litellm_proxy/upstream", "api_key": key, "api_base": f"{proxy.url}/v1"}
            whole["model_list"].append({"model_name": f"via-{name}", "litellm_params": there})
    started = start_proxy(config=atlasrecipes.write_config(tmp_path_factory.mktemp("outer"), whole))
    yield started
    started.stop()


def provider_of(outer: Proxy, home: Path, primary: str) -> LiteLLMProvider:
    env = {"HOME": str(home), "LITELLM_API_KEY": outer.master_key, "LITELLM_BASE_URL": outer.url}
    paths = Paths.from_env(env)
    paths.state.mkdir(exist_ok=True)
    choice = {"primary": f"litellm/{primary}", "fallbacks": ["litellm/upstream"]}
    paths.config.write_text(json.dumps({"agents": {"defaults": {"model": choice}}}))
    return LiteLLMProvider.from_config(paths, env)


def asked(upstream: Upstream) -> int:
    """How many chats the provider has seen; the proxy also asks it for its models, by itself."""
    return sum(entry["method"] == "POST" for entry in upstream.log)


@pytest.mark.parametrize("word", GUARDED)
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "stream"])
def test_what_a_guardrail_refuses_is_not_sent_on_to_a_fallback(
    word: str, streamed: bool, outer: Proxy, upstream: Upstream, home: Path
) -> None:
    before = asked(upstream)
    with provider_of(outer, home, "default") as provider:
        ask: Callable[[str], object] = (lambda text: list(provider.stream(text))) if streamed else provider.chat
        with pytest.raises(ProxyError) as caught:
            ask(word)
    assert caught.value.cause == ("guardrail-failed" if word == "guard-down" else "guardrail")
    assert [attempt.model for attempt in caught.value.receipt.attempts] == ["litellm/default"]
    assert asked(upstream) == before


@pytest.mark.database
@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("budget", "provider-quota"),
        ("model", "provider-permission"),
        ("routes", "provider-permission"),
        ("rate", "provider-rate-limit"),
        ("deleted", "provider-key"),
        ("unknown", "provider-key"),
    ],
)
def test_a_key_of_the_proxy_at_a_proxy_behind_it(name: str, cause: str, outer: Proxy, home: Path) -> None:
    with provider_of(outer, home, f"via-{name}") as provider:
        reply = provider.chat("hi", num_retries=0)
    assert reply.text
    assert [(attempt.model, attempt.cause) for attempt in reply.receipt.attempts] == [
        (f"litellm/via-{name}", cause),
        ("litellm/upstream", None),
    ]


def test_a_name_that_a_pattern_alone_took_is_an_unknown_model(outer: Proxy, home: Path) -> None:
    with provider_of(outer, home, "default") as provider:
        provider.discover()
        assert provider.chat("hi", model="litellm/any/gpt-4o-mini").text
        with pytest.raises(ProxyError) as caught:
            provider.chat("hi", model="litellm/any/fake-e404", num_retries=0)
        assert (caught.value.cause, caught.value.origin) == ("unknown-model", "caller")
        assert "pattern" in str(caught.value.hint)
        assert "Nearest: litellm/fake-e404-mini." in str(caught.value.hint)
        # A listed name whose mapping is wrong stays the proxy's side.
        with pytest.raises(ProxyError) as caught:
            provider.chat("hi", model="litellm/upstream-404", num_retries=0)
        assert (caught.value.cause, caught.value.origin) == ("provider-model", "gateway")


def test_a_parameter_which_the_proxys_config_adds(outer: Proxy, home: Path) -> None:
    with provider_of(outer, home, "default") as provider:
        with pytest.raises(ProxyError) as caught:
            provider.chat("hi", model="litellm/upstream-temperature", num_retries=0)
        assert caught.value.cause == "parameter-of-config"
        with pytest.raises(ProxyError) as caught:
            provider.chat("hi", model="litellm/upstream-temperature", num_retries=0, temperature=0.2)
        assert caught.value.cause == "parameter-refused"
