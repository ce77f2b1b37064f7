"""Names of models that a real proxy serves: odd ones, aliases that its list hides, and what only a wildcard of the key covers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fased_litellm.cli import main
from tests.live.conftest import StartProxy
from tests.live.proxies import Proxy
from tests.live.upstream import Upstream

ODD = [
    "claude@20250101",
    "gpt@litellm:default",
    "@cf/meta/llama",
    "team:model:1",
    "openai/gpt-4o",
    "with space in it",
    "UPPER-Case",
    "modèle-é",
    "litellm/inner",
    "x" * 200,
    "${LITELLM_API_KEY}",
]
Run = Callable[..., Any]


@pytest.fixture(scope="module")
def odd_proxy(start_proxy: StartProxy, upstream: Upstream) -> Proxy:
    params = {"model": "openai/gpt-4o-mini", "api_key": "sk-test-fake", "api_base": f"{upstream.url}/v1"}
    models = [{"model_name": name, "litellm_params": params} for name in [*ODD, "plain"]]
    aliases = {"typo": {"model": "plain", "hidden": True}, "open": "plain"}
    return start_proxy(config={"model_list": models, "router_settings": {"model_group_alias": aliases}})


@pytest.fixture
def run(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    del home
    monkeypatch.setenv("PATH", "/nonexistent")

    def run(proxy: Proxy, *words: str, key: str | None = None, status: int = 0) -> Any:
        monkeypatch.setenv("LITELLM_BASE_URL", proxy.url)
        monkeypatch.setenv("LITELLM_API_KEY", key or proxy.master_key)
        capsys.readouterr()
        assert main([*words]) == status, capsys.readouterr()
        printed = capsys.readouterr()
        return json.loads(printed.out) if "--json" in words else printed.out + printed.err

    return run


@pytest.mark.parametrize("name", ODD)
def test_a_real_proxy_serves_the_name_as_it_is_listed(run: Run, odd_proxy: Proxy, name: str) -> None:
    run(
        odd_proxy,
        "onboard",
        "--auth-choice",
        "litellm-api-key",
        "--non-interactive",
        "--accept-risk",
        f"--model={name}",
    )
    reply = run(odd_proxy, "litellm", "chat", "hi", "--json")
    assert reply["receipt"]["attempts"][0]["model"] == f"litellm/{name}"
    run(odd_proxy, "models", "aliases", "add", "odd", f"litellm/{name}")
    run(odd_proxy, "models", "set", f"litellm/{name}")
    run(odd_proxy, "agents", "models", "set", "--agent", "main", f"--coding=litellm/{name}")
    run(odd_proxy, "litellm", "chat", "hi", "--model", "odd")
    document = run(odd_proxy, "litellm", "verify", "--json", "--", name)
    [verified] = document["aliases"]
    assert (verified["alias"], verified["ok"]) == (f"litellm/{name}", True)
    assert next(step["detail"] for step in verified["steps"] if step["name"] == "alias") == "listed"


def test_a_hidden_alias_is_asked_though_it_is_not_listed(run: Run, odd_proxy: Proxy) -> None:
    [verified] = run(odd_proxy, "litellm", "verify", "typo", "--json")["aliases"]
    steps = {step["name"]: step for step in verified["steps"]}
    assert (steps["alias"]["result"], steps["request"]["result"]) == ("skipped", "passed")
    assert verified["ok"]
    [unknown] = run(odd_proxy, "litellm", "verify", "plian", "--json", status=1)["aliases"]
    last = unknown["steps"][-1]
    assert (last["name"], last["cause"], last["origin"]) == ("request", "unknown-model", "caller")
    assert "litellm/plain" in last["remedy"]


def test_a_hidden_alias_can_be_set_and_chosen_and_is_not_taken_for_a_vanished_one(run: Run, odd_proxy: Proxy) -> None:
    refused = run(odd_proxy, "models", "set", "litellm/plian", status=1)
    assert "--force" in refused
    assert "litellm/plain" in refused
    quiet = ("--auth-choice", "litellm-api-key", "--non-interactive", "--accept-risk")
    assert "--skip-health" in run(odd_proxy, "onboard", *quiet, "--model=plian", status=1)
    run(odd_proxy, "onboard", *quiet, "--model=typo")
    run(odd_proxy, "models", "set", "litellm/typo")
    run(odd_proxy, "models", "aliases", "add", "hidden", "typo")
    run(odd_proxy, "agents", "models", "set", "--agent", "main", "--strong=typo")
    assert run(odd_proxy, "litellm", "chat", "hi", "--json")["receipt"]["attempts"][0]["model"] == "litellm/typo"
    assert run(odd_proxy, "providers", "refresh", "--json")["vanishedRefs"] == []
    assert "model-vanished" not in {
        found["code"] for found in run(odd_proxy, "litellm", "doctor", "--json")["findings"]
    }
    assert "fased models set" not in run(odd_proxy)


@pytest.mark.database
def test_what_only_a_wildcard_of_the_key_covers_is_offered_by_its_kind(run: Run, proxy: Proxy) -> None:
    key = proxy.post("/key/generate", {"models": ["openai/*"], "duration": "10m"})["key"]
    assert "has to be chosen" in run(
        proxy, "onboard", "--auth-choice", "litellm-api-key", "--non-interactive", "--accept-risk", key=key, status=1
    )
    offered = run(proxy, "models", "list", "--all", "--refresh", "--plain", key=key).splitlines()
    assert "litellm/openai/gpt-4o" in offered
    others = ("dall-e", "image", "embedding", "tts", "whisper", "sora", "realtime", "moderation", "transcribe")
    assert [name for name in offered if any(kind in name for kind in others)] == []
