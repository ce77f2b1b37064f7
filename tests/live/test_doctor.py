"""The doctor in front of real proxies: nothing is spent."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fased_litellm.cli import main
from tests.live.proxies import Proxy
from tests.servers import HANG, FaultServers, free_port

Doctor = Callable[..., Any]


@pytest.fixture
def doctor(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Doctor:
    monkeypatch.setenv("FASED_STATE_DIR", str(home / "state"))

    def run(url: str, key: str, *, ok: bool) -> dict[str, dict[str, Any]]:
        monkeypatch.setenv("LITELLM_BASE_URL", url)
        monkeypatch.setenv("LITELLM_API_KEY", key)
        capsys.readouterr()
        assert main(["litellm", "doctor", "--json"]) == (0 if ok else 1)
        document = json.loads(capsys.readouterr().out)
        return {finding["code"]: finding for finding in document["findings"]}

    return run


@pytest.mark.database
def test_a_master_key_is_told(doctor: Doctor, proxy: Proxy) -> None:
    assert doctor(proxy.url, proxy.master_key, ok=True)["master-key-in-use"]["severity"] == "warning"


def test_nothing_is_spent(doctor: Doctor, own_proxy: Proxy) -> None:
    before = len(own_proxy.upstream_log())
    found = doctor(own_proxy.url, own_proxy.master_key, ok=True)
    assert found["master-key-in-use"]["severity"] == "info"
    assert len(own_proxy.upstream_log()) == before


def test_a_model_in_use_that_the_proxy_does_not_offer(doctor: Doctor, nodb_proxy: Proxy, home: Path) -> None:
    (home / "state").mkdir()
    provider = {"baseUrl": nodb_proxy.url, "request": {"allowPrivateNetwork": True}, "models": []}
    config = {"models": {"providers": {"litellm": provider}}, "agents": {"defaults": {"model": "litellm/upstrem"}}}
    (home / "state" / "fased.json").write_text(json.dumps(config))
    assert "litellm/upstream" in doctor(nodb_proxy.url, nodb_proxy.master_key, ok=False)["model-vanished"]["message"]


def test_a_wrong_key_and_no_proxy(doctor: Doctor, nodb_proxy: Proxy) -> None:
    assert "key-refused" in doctor(nodb_proxy.url, "sk-test-wrong-0123456789", ok=False)
    assert "proxy-unreachable" in doctor(f"http://127.0.0.1:{free_port()}", "sk-test-k", ok=False)


def test_a_proxy_that_hangs(doctor: Doctor, fault_server: FaultServers) -> None:
    assert "proxy-unreachable" in doctor(fault_server([HANG]).url, "sk-test-k", ok=False)
