"""The proxy's view of spend, with each kind of key."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fased_litellm.cli import main
from fased_litellm.schemas import schemas
from tests.live.proxies import Proxy

Spend = Callable[..., Any]


@pytest.fixture
def spend(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Spend:
    monkeypatch.setenv("FASED_STATE_DIR", str(home / "state"))

    def ask(proxy: Proxy, key: str, *words: str, master: str | None = None) -> Any:
        monkeypatch.setenv("LITELLM_BASE_URL", proxy.url)
        monkeypatch.setenv("LITELLM_API_KEY", key)
        monkeypatch.setenv("LITELLM_MASTER_KEY", master or "")
        capsys.readouterr()
        assert main(["litellm", "spend", "--days", "1", *words, "--json"]) == 0
        document = json.loads(capsys.readouterr().out)
        Draft202012Validator(schemas()["spend.schema.json"]).validate(document)
        return document

    return ask


@pytest.fixture
def keys(proxy: Proxy) -> Iterator[dict[str, str]]:
    """A plain virtual key, and one that belongs to a user."""
    user = proxy.post("/user/new", {"user_id": f"user-{uuid.uuid4().hex[:8]}", "user_role": "internal_user"})
    made = {
        "plain": proxy.post("/key/generate", {"duration": "1h", "max_budget": 1})["key"],
        "of a user": proxy.post("/key/generate", {"duration": "1h", "user_id": user["user_id"]})["key"],
    }
    yield made
    proxy.post("/key/delete", {"keys": list(made.values())})
    proxy.post("/user/delete", {"user_ids": [user["user_id"]]})


def call(proxy: Proxy, key: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    monkeypatch.setenv("LITELLM_BASE_URL", proxy.url)
    monkeypatch.setenv("LITELLM_API_KEY", key)
    words = ["--model", "litellm/upstream", "--task", "digest", "--session", "s-spend", "--json", "--no-stream"]
    assert main(["litellm", "chat", "hi", *words]) == 0
    receipt: dict[str, Any] = json.loads(capsys.readouterr().out)["receipt"]
    return receipt


@pytest.mark.database
@pytest.mark.parametrize("kind", ["plain", "of a user"])
def test_what_a_key_may_see(
    spend: Spend,
    proxy: Proxy,
    keys: dict[str, str],
    kind: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    key = keys[kind]
    receipt = call(proxy, key, monkeypatch, capsys)
    seen = spend(proxy, key)
    assert seen["key"]["token"]
    if kind == "plain":
        assert seen["rows"] is None
        assert seen["rowsProblem"]["code"] == "spend"
    deadline = time.monotonic() + 60
    master = proxy.master_key if kind == "plain" else None
    while (seen := spend(proxy, key, "--by", "model,task,session,tag", master=master))["totals"]["requests"] < 1:
        assert time.monotonic() < deadline, "the proxy never wrote the row"
        time.sleep(0.5)
    assert seen["rows"] == "key"
    assert seen["totals"]["requests"] == 1
    assert seen["totals"]["spendUsd"] == receipt["costUsd"]
    assert {name: [group["value"] for group in groups] for name, groups in seen["groups"].items()} == {
        "model": ["upstream"],
        "task": ["digest"],
        "session": ["s-spend"],
        "tag": ["agent:main", "source:cli", "task:digest"],
    }
    assert spend(proxy, key, "--tag", "task:other", master=master)["totals"]["requests"] == 0


@pytest.mark.database
def test_the_master_key_sees_all_keys(spend: Spend, proxy: Proxy) -> None:
    own = spend(proxy, proxy.master_key)
    everybody = spend(proxy, proxy.master_key, "--all-keys", "--by", "key")
    assert own["key"] is None
    assert everybody["rows"] == "all"
    assert everybody["totals"]["requests"] >= own["totals"]["requests"]


def test_a_proxy_without_a_database_has_no_spend(spend: Spend, nodb_proxy: Proxy) -> None:
    seen = spend(nodb_proxy, nodb_proxy.master_key)
    assert (seen["rows"], seen["groups"]) == (None, None)
    assert "no database" in seen["rowsProblem"]["message"]
