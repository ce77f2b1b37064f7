"""What kind of key a real proxy was given."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fased_litellm.onboarding import NonInteractive, OnboardingRequest, onboard
from fased_litellm.paths import Paths
from fased_litellm.proxy.client import ProxyClient
from fased_litellm.proxy.management.keykind import KeyKind, kind_of_key
from tests.live.proxies import Proxy


def kind(proxy: Proxy, key: str) -> KeyKind:
    with ProxyClient(proxy.url, key, allow_private_network=True) as client:
        return kind_of_key(client)


def generate(proxy: Proxy, **body: Any) -> str:
    key: str = proxy.post("/key/generate", {"duration": "1h", **body})["key"]
    return key


@pytest.mark.database
def test_a_master_key_is_told_from_virtual_ones(proxy: Proxy) -> None:
    assert kind(proxy, proxy.master_key) == "master"
    assert kind(proxy, generate(proxy)) == "virtual"
    assert kind(proxy, generate(proxy, key_type="llm_api")) == "virtual"


def test_the_only_key_of_a_proxy_without_a_database(own_proxy: Proxy) -> None:
    assert kind(own_proxy, own_proxy.master_key) == "only-master"
    assert kind(own_proxy, "sk-test-unknown-01") == "unknown"


@pytest.mark.database
@pytest.mark.parametrize("virtual", [False, True])
def test_onboarding_accepts_a_master_key_with_a_warning(proxy: Proxy, home: Path, virtual: bool) -> None:
    key = generate(proxy) if virtual else proxy.master_key
    request = OnboardingRequest(key=key, base_url=proxy.url, storage="profile")
    env = {"HOME": str(home)}
    outcome = onboard(request, NonInteractive(request), Paths.from_env(env), env)
    warned = [text for text in outcome.plan.warnings if "the proxy's master key" in text]
    assert len(warned) == (0 if virtual else 1)
    assert all("fased litellm keys create --use" in text for text in warned)
