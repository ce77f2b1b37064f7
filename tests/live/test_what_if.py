"""What calls through a real proxy would have cost on another of its models: what LiteLLM bills for that one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fased_litellm import LiteLLMProvider
from fased_litellm.cli import main
from fased_litellm.paths import Paths
from tests.live.proxies import Proxy


def what_if(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main(["usage", "what-if", *arguments, "--json"]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    return document


def test_the_same_calls_on_another_model(
    proxy: Proxy, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    env = {"HOME": str(home), "LITELLM_API_KEY": proxy.master_key, "LITELLM_BASE_URL": proxy.url}
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    with LiteLLMProvider.from_config(Paths.from_env(env), env) as provider:
        provider.discover()
        cheap = provider.chat("Hello", model="upstream").receipt
        dear = provider.chat("Hello", model="upstream-reason").receipt
    assert cheap.usage == dear.usage  # 120 tokens in, 100 of them cached, and 8 out
    assert cheap.cost_usd is not None
    assert dear.cost_usd is not None
    there = what_if(capsys, "--model", "upstream-reason", "--filter", "model:=upstream")
    assert there["totals"]["costUsd"] == float(cheap.cost_usd)
    assert there["totals"]["thereUsd"] == float(dear.cost_usd)
    assert there["totals"]["changeUsd"] == pytest.approx(float(dear.cost_usd - cheap.cost_usd), rel=1e-9)
    back = what_if(capsys, "--model", "litellm/upstream", "--filter", "model:=upstream-reason")
    assert back["totals"]["thereUsd"] == float(cheap.cost_usd)
    same = what_if(capsys, "--model", "upstream", "--filter", "model:=upstream")
    assert same["totals"]["changeUsd"] == 0


def test_a_model_that_the_proxy_does_not_offer(
    proxy: Proxy, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    env = {"HOME": str(home), "LITELLM_API_KEY": proxy.master_key, "LITELLM_BASE_URL": proxy.url}
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    with LiteLLMProvider.from_config(Paths.from_env(env), env) as provider:
        provider.discover()
    assert main(["usage", "what-if", "--model", "upstreem"]) == 1
    err = capsys.readouterr().err
    assert f"litellm/upstreem cannot be priced: the proxy at {proxy.url} does not offer it." in err
    assert "Nearest: litellm/upstream" in err
