"""``fased`` alone: the route at a glance."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from fased_litellm.cli import main
from fased_litellm.usage.store.spool import Spool
from tests.servers import FaultServers, answer_json, free_port
from tests.usage.samples import sample

MODELS = {"object": "list", "data": [{"id": "default", "mode": "chat"}, {"id": "GPT-5.5", "mode": "chat"}]}


def glance(capsys: pytest.CaptureFixture[str]) -> str:
    assert main([]) == 0
    return capsys.readouterr().out


def test_with_no_config_the_implied_provider_is_shown(
    fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    server = fault_server(answer_json(200, MODELS))
    monkeypatch.setenv("LITELLM_BASE_URL", server.url)
    monkeypatch.setenv("LITELLM_API_KEY", "sk-test-0123456789abcdef")
    shown = glance(capsys)
    assert f"Calls are routed through LiteLLM at {server.url}." in shown
    assert "env: LITELLM_API_KEY" in shown
    assert "litellm/default, litellm/GPT-5.5" in shown
    assert "no calls yet (UTC)" in shown
    assert "Next:" not in shown
    assert "0123456789" not in shown
    assert not (home / ".fased" / "fased.json").exists()


def test_a_proxy_that_is_not_there_and_a_key_that_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = glance(capsys)
    assert "export LITELLM_API_KEY" in shown
    assert "not asked: no key" in shown
    monkeypatch.setenv("LITELLM_API_KEY", "sk-test-1")
    monkeypatch.setenv("LITELLM_BASE_URL", f"http://127.0.0.1:{free_port()}")
    shown = glance(capsys)
    assert "Nothing answers at" in shown
    assert "litellm/default is registered" in shown
    assert "fased litellm up" in shown


def test_a_primary_which_the_proxy_does_not_have_is_noticed(
    fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    server = fault_server(answer_json(200, {"data": [{"id": "other", "mode": "chat"}]}))
    monkeypatch.setenv("LITELLM_BASE_URL", server.url)
    monkeypatch.setenv("LITELLM_API_KEY", "sk-test-1")
    assert "Next: fased models set litellm/other" in glance(capsys)
    (home / ".fased").mkdir(exist_ok=True)
    (home / ".fased" / "fased.json").write_text('{agents: {defaults: {model: "anthropic/claude"}}}')
    shown = glance(capsys)
    assert "Calls go to anthropic, not through LiteLLM" in shown


def test_as_json(
    fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server = fault_server(answer_json(200, MODELS))
    monkeypatch.setenv("LITELLM_BASE_URL", server.url)
    monkeypatch.setenv("LITELLM_API_KEY", "sk-test-1")
    assert main(["--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["routedThroughLiteLLM"] is True
    assert document["models"] == ["litellm/default", "litellm/GPT-5.5"]
    assert document["proxy"] == {"reachable": True, "problem": None}


def test_the_calls_of_today_with_the_latest(
    fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    server = fault_server(answer_json(200, MODELS))
    monkeypatch.setenv("LITELLM_BASE_URL", server.url)
    monkeypatch.setenv("LITELLM_API_KEY", "sk-test-1")
    path = home / ".fased" / "litellm" / "usage.sqlite3"
    now = time.time_ns() // 1_000_000
    Spool.beside(path).append(sample("c1", started_at_ms=now))
    assert main(["--json"]) == 0
    assert json.loads(capsys.readouterr().out)["today"]["calls"] == 1
    path.write_bytes(b"x" * 4096)
    Spool.beside(path).append(sample("c2", started_at_ms=now))
    assert "Calls are routed" in glance(capsys)
    assert path.read_bytes() == b"x" * 4096  # `fased usage` sets it aside, not a look in passing
    assert Spool.beside(path).waiting()


@pytest.mark.parametrize(("spent", "told"), [(42.5, True), (39.9, False)])
def test_a_key_whose_budget_is_nearly_spent(
    fault_server: FaultServers,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    spent: float,
    told: bool,
) -> None:
    info = {
        "key_alias": "fased",
        "spend": spent,
        "max_budget": 50.0,
        "budget_reset_at": "2026-12-01T00:00:00+00:00",
        "key_name": "sk-...28wA",
    }
    # A connection each: the models, what is known of them (twice), and the key.
    close = {"connection": "close"}
    models, key = answer_json(200, MODELS, close), answer_json(200, {"key": "ab" * 32, "info": info}, close)
    server = fault_server([models], [answer_json(404, {}, close)], [answer_json(404, {}, close)], [key])
    monkeypatch.setenv("LITELLM_BASE_URL", server.url)
    monkeypatch.setenv("LITELLM_API_KEY", "sk-test-0123456789abcdef")
    shown = glance(capsys)
    assert (
        "The key has spent 85% of its budget at the proxy, $42.50 of $50.00; it resets on 2026-12-01." in shown
    ) is told
