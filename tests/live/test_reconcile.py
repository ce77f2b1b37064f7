"""The local history against the real proxy's rows: a foreign call, a row that is gone, a price that was changed."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fased_litellm.cli import main
from fased_litellm.schemas import schemas
from tests.live.proxies import Proxy

pytestmark = pytest.mark.database
Reconcile = Callable[..., Any]


@pytest.fixture
def key(proxy: Proxy, home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    made: str = proxy.post("/key/generate", {"duration": "1h", "max_budget": 5})["key"]
    monkeypatch.setenv("FASED_STATE_DIR", str(home / "state"))
    monkeypatch.setenv("LITELLM_BASE_URL", proxy.url)
    monkeypatch.setenv("LITELLM_API_KEY", made)
    monkeypatch.setenv("LITELLM_MASTER_KEY", proxy.master_key)
    yield made
    proxy.post("/key/delete", {"keys": [made]})


@pytest.fixture
def reconcile(capsys: pytest.CaptureFixture[str]) -> Reconcile:
    def run(*words: str) -> Any:
        capsys.readouterr()
        status = main(["usage", "reconcile", "--days", "2", *words, "--json"])
        document = json.loads(capsys.readouterr().out)
        Draft202012Validator(schemas()["reconciliation.schema.json"]).validate(document)
        assert status == (0 if document["agrees"] else 1)
        return document

    return run


def chat(model: str) -> None:
    assert main(["litellm", "chat", "hi", "--model", f"litellm/{model}", "--task", "digest", "--json"]) == 0


def counts(document: Any) -> dict[str, int]:
    return {kind: count for kind, count in document["totals"]["counts"].items() if count}


def test_what_differs_is_found_and_filled(proxy: Proxy, key: str, reconcile: Reconcile, home: Path) -> None:
    for model in ("upstream", "default", "upstream"):
        chat(model)
    foreign = {"model": "upstream", "messages": [{"role": "user", "content": "of another client"}]}
    proxy.post("/v1/chat/completions", foreign, key=key)

    # A row is written some seconds after its call; that of the foreign call cannot be waited for by us.
    deadline = time.monotonic() + 60
    while counts(found := reconcile()) != {"equal": 3, "missing-here": 1}:
        assert time.monotonic() < deadline, found
        time.sleep(0.5)
    assert found["agrees"] is False
    assert found["matchedBy"] == {"call-id": 3}

    with sqlite3.connect(home / "state" / "litellm" / "usage.sqlite3") as ledger:
        ledger.execute("UPDATE call SET cost_pico = cost_pico * 2 WHERE id = 2")
        ledger.execute("UPDATE call SET call_id = 'never-sent', response_id = NULL WHERE id = 3")
    ledger.close()
    found = reconcile("--wait", "0")
    assert counts(found) == {"equal": 1, "cost-differs": 1, "missing-here": 2, "missing-there": 1}
    differing = {difference["kind"]: difference for difference in found["differences"]}
    assert differing["cost-differs"]["hereUsd"] == 2 * differing["cost-differs"]["thereUsd"]
    assert (differing["cost-differs"]["model"], differing["cost-differs"]["hereSource"]) == ("default", "stream")
    assert differing["missing-there"]["callId"] == "never-sent"

    filled = reconcile("--fill", "--wait", "0")
    assert filled["filled"] == 2
    assert counts(filled) == {"equal": 3, "cost-differs": 1, "missing-there": 1}
    assert reconcile("--fill", "--wait", "0")["filled"] == 0


def test_a_plain_key_compares_its_total(key: str, reconcile: Reconcile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LITELLM_MASTER_KEY")
    chat("upstream")
    deadline = time.monotonic() + 60
    while not (found := reconcile())["agrees"]:
        assert time.monotonic() < deadline, found
        time.sleep(0.5)
    assert (found["compared"], found["hereUsd"]) == ("totals", found["thereUsd"])
    assert "may not see spend rows" in found["why"]
    chat("default")
    assert reconcile()["hereUsd"] > found["hereUsd"]


def test_without_rows_nothing_can_be_filled(
    key: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("LITELLM_MASTER_KEY")
    assert main(["usage", "reconcile", "--fill", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "spend"


def test_a_proxy_without_a_database_has_no_rows(
    nodb_proxy: Proxy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LITELLM_BASE_URL", nodb_proxy.url)
    monkeypatch.setenv("LITELLM_API_KEY", nodb_proxy.master_key)
    assert main(["usage", "reconcile", "--json"]) == 1
    assert "no database" in json.loads(capsys.readouterr().out)["error"]["message"]


def test_calls_with_a_key_that_was_replaced_are_found(
    proxy: Proxy, key: str, reconcile: Reconcile, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat("default")
    foreign = {"model": "default", "messages": [{"role": "user", "content": "of another client"}]}
    proxy.post("/v1/chat/completions", foreign, key=key)
    made = proxy.post("/key/generate", {"duration": "1h"})["key"]
    try:
        monkeypatch.setenv("LITELLM_API_KEY", made)
        chat("upstream")
        found = reconcile()
        assert counts(found) == {"equal": 2}, found
    finally:
        proxy.post("/key/delete", {"keys": [made]})
