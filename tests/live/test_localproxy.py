"""``fased litellm up``, ``status``, ``logs`` and ``down`` with the real LiteLLM."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fased_litellm.cli.commands import app
from fased_litellm.errors import LocalProxyError
from fased_litellm.localproxy import readiness
from fased_litellm.localproxy.control import LocalProxy
from tests.live import proxies
from tests.live.conftest import unavailable
from tests.servers import free_port


@pytest.fixture
def local(home: Path) -> Iterator[LocalProxy]:
    if proxies.executable() is None:
        unavailable("litellm is not installed")
    proxy = LocalProxy(home / ".fased" / "litellm" / "proxy")
    yield proxy
    proxy.stop()


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["litellm", *arguments])
    if result.exception is not None:
        raise result.exception
    return result.stdout


def test_up_status_logs_down(local: LocalProxy) -> None:
    port = free_port()
    started = json.loads(run("up", "--mock", "--model", "real=openai/gpt-5", "--port", str(port), "--json"))
    assert started["ready"] is True
    assert set(started["models"]) == {"default", "gpt-5.5", "fast-cheap-chat", "real"}
    key = local.files.read_master_key()
    assert key is not None
    log = local.files.log.read_text()
    assert key not in log
    assert key not in local.files.config.read_text()

    assert json.loads(run("status", "--json")) == started
    assert "ready at" in run("status")
    assert "/v1/models" in run("logs")
    assert readiness.models(port, "sk-test-wrong") is None

    own = proxies.get(f"http://127.0.0.1:{port}", "/model_group/info?model_group=default", key=key)
    assert own[1]["data"][0]["input_cost_per_token"] > 0

    assert json.loads(run("down", "--json")) == {"stopped": True}
    assert readiness.ready(port) is False
    assert json.loads(run("status", "--json"))["running"] is False


@pytest.mark.parametrize(
    ("config", "cause"),
    [
        ("model_list: [a: b: c", "not YAML"),
        ('{"model_list": [{"model_name": "default"}]}', "not a LiteLLM config"),
        ('{"model_list": [], "general_settings": {"master_key": "sk-1234"}}', "master key"),
    ],
)
def test_a_start_that_fails_for_real(local: LocalProxy, tmp_path: Path, config: str, cause: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(config)
    with pytest.raises(LocalProxyError) as caught:
        run("up", "--config", str(path), "--port", str(free_port()))
    assert cause in caught.value.message.partition("Likely cause:")[2]
    assert local.is_running() is False
