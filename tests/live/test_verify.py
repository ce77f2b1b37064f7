"""The verification against real proxies: the whole path, and where it ends when something is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fased_litellm.cli import main
from fased_litellm.schemas import schemas
from tests.live.conftest import StartProxy
from tests.live.proxies import Proxy
from tests.live.upstream import Upstream
from tests.servers import UNREAD, FaultServers, Script, answer, answer_json, free_port

PATH = ["name", "connection", "proxy", "key", "models", "alias", "request", "stream", "refusal", "ledger", "spend"]
Verify = Callable[..., Any]


@pytest.fixture
def verify(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Verify:
    monkeypatch.setenv("FASED_STATE_DIR", str(home / "state"))

    def run(url: str, key: str, *words: str, ok: bool = True) -> Any:
        monkeypatch.setenv("LITELLM_BASE_URL", url)
        monkeypatch.setenv("LITELLM_API_KEY", key)
        capsys.readouterr()
        assert main(["litellm", "verify", *words, "--json"]) == (0 if ok else 1)
        printed = capsys.readouterr()
        document = json.loads(printed.out)
        Draft202012Validator(schemas()["verification.schema.json"]).validate(document)
        assert document["ok"] is ok
        document["said"] = printed.err
        return document

    return run


def results(document: Any) -> dict[str, str]:
    return {step["name"]: step["result"] for step in document["aliases"][0]["steps"]}


def last(document: Any) -> Any:
    return document["aliases"][0]["steps"][-1]


@pytest.mark.database
def test_the_whole_path_with_a_database(verify: Verify, proxy: Proxy) -> None:
    found = verify(proxy.url, proxy.master_key, "upstream")
    assert results(found) == dict.fromkeys(PATH, "passed")
    # 22 tokens in and 8 out, twice, at the price of gpt-4o-mini, which was not known here before.
    assert found["said"].startswith("2 requests are sent; they cost $0.0000")
    facts = {step["name"]: step["facts"] for step in found["aliases"][0]["steps"]}
    assert facts["proxy"]["database"] is True
    assert facts["request"]["receipt"]["usage"]["totalTokens"] > 0
    assert facts["request"]["networkMs"] > 0
    assert facts["request"]["providerMs"] > 0
    assert facts["stream"]["receipt"]["callId"] != facts["request"]["receipt"]["callId"]
    assert (facts["ledger"]["rows"], facts["spend"]["rows"]) == (2, 2)
    assert [rung["name"] for rung in found["ladder"] if rung["reached"]] == ["alias"]


def test_the_whole_path_without_a_database(verify: Verify, nodb_proxy: Proxy) -> None:
    found = verify(nodb_proxy.url, nodb_proxy.master_key, "upstream")
    assert results(found) == {**dict.fromkeys(PATH, "passed"), "spend": "skipped"}
    again = verify(nodb_proxy.url, nodb_proxy.master_key, "upstream-tool")
    assert [rung["name"] for rung in again["ladder"] if rung["reached"]] == ["alias", "second-alias"]
    # No virtual key can be made there, so it is not what comes next.
    assert again["next"]["name"] == "fallback"
    assert [rung["name"] for rung in again["ladder"] if rung["command"] is None] == ["virtual-key", "budget"]
    assert "keys create" not in json.dumps(again)


@pytest.mark.parametrize(
    ("alias", "step", "cause", "origin"),
    [
        ("upstream-401", "request", "provider-key", "provider-key"),
        ("upstream-500", "request", "provider-error", "provider"),
        ("upstream-midstream", "stream", None, "provider"),
        ("no-such-alias", "request", "unknown-model", "caller"),
    ],
)
def test_the_walk_ends_where_it_breaks(
    verify: Verify, nodb_proxy: Proxy, alias: str, step: str, cause: str | None, origin: str
) -> None:
    found = verify(nodb_proxy.url, nodb_proxy.master_key, alias, ok=False)
    ended = last(found)
    assert (ended["name"], ended["result"], ended["origin"]) == (step, "failed", origin)
    assert cause is None or ended["cause"] == cause
    assert ended["remedy"]
    assert not any(rung["reached"] for rung in found["ladder"])


def test_a_wrong_key(verify: Verify, nodb_proxy: Proxy) -> None:
    ended = last(verify(nodb_proxy.url, "sk-test-wrong-0123456789", ok=False))
    assert (ended["name"], ended["origin"]) == ("key", "caller-key")


def test_nothing_listens(verify: Verify) -> None:
    ended = last(verify(f"http://127.0.0.1:{free_port()}", "sk-test-k", ok=False))
    assert (ended["name"], ended["cause"], ended["origin"]) == ("connection", "connect-refused", "network")


def test_a_name_that_does_not_resolve(verify: Verify) -> None:
    ended = last(verify("http://nowhere.invalid:4000", "sk-test-k", ok=False))
    assert (ended["name"], ended["origin"]) == ("name", "network")


def test_something_else_than_litellm(verify: Verify, fault_server: FaultServers) -> None:
    page = fault_server([answer(200, "<html>hi</html>", {"content-type": "text/html"})])
    ended = last(verify(page.url, "sk-test-k", ok=False))
    assert (ended["name"], ended["result"]) == ("proxy", "failed")


def test_a_proxy_that_takes_any_key(verify: Verify, start_proxy: StartProxy, upstream: Upstream) -> None:
    model = {
        "model_name": "default",
        "litellm_params": {"model": "openai/x", "api_base": f"{upstream.url}/v1", "api_key": "sk-test-provider"},
    }
    permitted = {"LITELLM_MASTER_KEY": None, "LITELLM_DANGEROUSLY_PERMIT_WEAK_OR_UNSET_MASTER_KEY": "true"}
    proxy = start_proxy(config={"model_list": [model]}, env=permitted)
    try:
        found = verify(proxy.url, "sk-test-any", ok=False)
    finally:
        proxy.stop()
    assert {name for name, result in results(found).items() if result == "failed"} == {"refusal"}, last(found)
    refusal = next(step for step in found["aliases"][0]["steps"] if step["name"] == "refusal")
    assert (refusal["cause"], refusal["origin"]) == ("any-key", "gateway")


def test_all_aliases_in_use_side_by_side(verify: Verify, nodb_proxy: Proxy, home: Path) -> None:
    (home / "state").mkdir()
    provider = {"baseUrl": nodb_proxy.url, "request": {"allowPrivateNetwork": True}, "models": []}
    defaults = {
        "model": {"primary": "litellm/upstream", "fallbacks": ["litellm/upstream-tool"]},
        "taskModels": {"coding": "litellm/upstream-500", "strong": "litellm/upstream"},
    }
    config = {"models": {"providers": {"litellm": provider}}, "agents": {"defaults": defaults}}
    (home / "state" / "fased.json").write_text(json.dumps(config))
    found = verify(nodb_proxy.url, nodb_proxy.master_key, "--all", ok=False)
    assert {alias["alias"]: alias["ok"] for alias in found["aliases"]} == {
        "litellm/upstream": True,
        "litellm/upstream-tool": True,
        "litellm/upstream-500": False,
    }
    assert [rung["name"] for rung in found["ladder"] if rung["reached"]] == ["alias", "second-alias", "fallback"]


def test_people_see_each_step(
    nodb_proxy: Proxy, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LITELLM_BASE_URL", nodb_proxy.url)
    monkeypatch.setenv("LITELLM_API_KEY", nodb_proxy.master_key)
    assert main(["litellm", "verify", "upstream-500"]) == 1
    shown = capsys.readouterr().out
    assert "✓ the proxy's name resolves" in shown
    assert "✗ one request is answered" in shown
    assert "Failed at the provider behind the proxy (provider-error)" in shown
    assert "Next: fased litellm verify" in shown


def test_a_list_of_models_that_makes_no_sense(verify: Verify, fault_server: FaultServers) -> None:
    connected: Script = [UNREAD]
    healthy = [answer_json(200, {"status": "healthy"}, {"connection": "close"})]
    nonsense = [answer_json(200, {"data": 3}, {"connection": "close"})]
    server = fault_server(nonsense, connected, healthy, nonsense)  # the first one is asked what the model costs
    ended = last(verify(server.url, "sk-test-k", ok=False))
    assert (ended["name"], ended["result"]) == ("key", "failed")


@pytest.mark.database
def test_an_alias_whose_fallback_answers_is_not_counted_as_verified(verify: Verify, proxy: Proxy) -> None:
    document = verify(proxy.url, proxy.master_key, "upstream-fallback")
    [alias] = document["aliases"]
    # What is known against the release of the proxy is told, too.
    assert {finding["code"] for finding in alias["findings"]} - {"cve"} == {"answered-by-fallback"}
    assert [rung["name"] for rung in document["ladder"] if rung["reached"]] == []
