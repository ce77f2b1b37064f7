"""``fased litellm debug`` and ``explain`` against real proxies."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fased_litellm.cli import main
from fased_litellm.doctor.explain.explain import explain
from fased_litellm.errors import CallError
from fased_litellm.proxy.client import ProxyClient
from tests.live.proxies import Proxy

PROVIDERS = "sk-test-provider-0123456789"
Debug = Callable[..., dict[str, Any]]

FAILURES = [
    ("no-such-model", "unknown-model", "caller", 400),
    ("broken", "provider-unreachable", "provider", 500),
    ("upstream-400", "parameter-refused", "caller", 400),
    ("upstream-401", "provider-key", "provider-key", 401),
    ("upstream-403", "provider-permission", "provider-key", 403),
    ("upstream-404", "provider-model", "gateway", 404),
    ("upstream-quota", "provider-quota", "provider-key", 429),
    ("upstream-500", "provider-error", "provider", 500),
    ("upstream-ctx", "context-window", "caller", 400),
]


@pytest.fixture
def debug(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Debug:
    """Run ``fased litellm debug --json`` against a proxy; gives the document."""

    def run(proxy: Proxy, *words: str, key: str | None = None) -> dict[str, Any]:
        monkeypatch.setenv("LITELLM_API_KEY", key or proxy.master_key)
        monkeypatch.setenv("LITELLM_BASE_URL", proxy.url)
        monkeypatch.setenv("PROVIDER_KEY", PROVIDERS)
        capsys.readouterr()
        status = main(["litellm", "debug", "--json", *words])
        shown = capsys.readouterr()
        document: dict[str, Any] = json.loads(shown.out)
        assert "ok" in document, document
        assert status == (0 if document["ok"] else 1)
        assert (key or proxy.master_key) not in shown.out + shown.err
        assert PROVIDERS not in shown.out + shown.err
        return document

    return run


@pytest.mark.parametrize(("alias", "cause", "origin", "status"), FAILURES)
def test_the_real_cause(alias: str, cause: str, origin: str, status: int, debug: Debug, proxy: Proxy) -> None:
    document = debug(proxy, alias)
    assert (document["ok"], document["alias"]) == (False, alias)
    # A cooldown which another test caused is seen through.
    assert (document["cause"], document["origin"]) == (cause, origin)
    assert document["response"]["status"] == status
    assert document["remedy"]
    assert document["request"]["body"]["num_retries"] == 0


def test_a_cooldown_is_seen_through(debug: Debug, proxy: Proxy) -> None:
    debug(proxy, "upstream-401")
    document = debug(proxy, "upstream-401")
    assert [attempt["cause"] for attempt in document["attempts"]] == ["cooldown", "provider-key"]
    assert document["attempts"][1]["waitedS"] >= 5
    assert (document["cause"], document["response"]["status"]) == ("provider-key", 401)


def test_a_call_that_works(debug: Debug, proxy: Proxy) -> None:
    document = debug(proxy, "upstream")
    assert (document["ok"], document["cause"], document["response"]["status"]) == (True, None, 200)
    assert document["attempts"][0]["headers"]["x-litellm-model-group"] == "upstream"
    assert debug(proxy, "upstream", "--stream")["ok"]


def test_what_a_fallback_hides(debug: Debug, proxy: Proxy) -> None:
    document = debug(proxy, "upstream-fallback")
    assert document["ok"]
    assert [attempt["cause"] for attempt in document["attempts"]] == [None, "provider-error"]


@pytest.mark.parametrize("alias", ["upstream-midstream", "upstream-cut"])
def test_a_stream_that_breaks_off(alias: str, debug: Debug, own_proxy: Proxy) -> None:
    document = debug(own_proxy, alias, "--stream")
    assert (document["cause"], document["origin"]) == ("provider-stream-broke", "provider")
    assert document["attempts"][0]["text"] == "partial "


def test_a_key_that_is_refused(debug: Debug, proxy: Proxy, nodb_proxy: Proxy) -> None:
    document = debug(nodb_proxy, key="sk-test-0123456789abcdef")
    assert (document["cause"], document["origin"]) == ("key-no-database", "caller-key")
    if proxy.has_database:
        document = debug(proxy, key="sk-test-0123456789abcdef")
        assert (document["cause"], document["origin"]) == ("key-unknown", "caller-key")


@pytest.mark.database
def test_a_key_that_may_not(debug: Debug, proxy: Proxy) -> None:
    with ProxyClient(proxy.url, proxy.master_key, allow_private_network=True) as admin:
        key = admin.post_json("/key/generate", {"models": ["default"]}).body["key"]
        try:
            document = debug(proxy, "upstream", key=key)
        finally:
            admin.post_json("/key/delete", {"keys": [key]})
    assert (document["cause"], document["origin"]) == ("model-forbidden", "caller-key")


def test_with_and_without_the_proxy(debug: Debug, proxy: Proxy) -> None:
    if proxy.upstream_url is None:
        pytest.skip("the upstream of this proxy is not known")
    base = f"--direct --provider-base-url {proxy.upstream_url}/v1 --provider-key-env PROVIDER_KEY"
    direct = [*base.split(), "--provider-allow-private-network"]
    both = debug(proxy, "upstream", *direct)["direct"]
    assert (both["verdict"], both["request"]["body"]["model"]) == ("both-work", "gpt-4o-mini")
    neither = debug(proxy, "upstream-403", *direct)["direct"]
    assert (neither["verdict"], neither["cause"]) == ("both-fail", "provider-permission")
    only_proxy = debug(proxy, "upstream-401", *direct, "--provider-model", "gpt-4o-mini")["direct"]
    assert only_proxy["verdict"] == "only-proxy-fails"
    only_direct = debug(proxy, "upstream", *direct, "--provider-model", "fake-e401")["direct"]
    assert (only_direct["verdict"], only_direct["cause"]) == ("only-direct-fails", "provider-key")
    marked = {row["name"] for row in only_proxy["rows"] if row["differs"]}
    assert {"URL", "key", "goes to", "status", "cause"} <= marked


def test_a_real_log_is_explained(own_proxy: Proxy) -> None:
    """The log of the proxy itself, with all its tracebacks."""
    with ProxyClient(own_proxy.url, own_proxy.master_key, allow_private_network=True) as client:
        for alias in ("no-such-model", "broken", "upstream-403", "upstream-ctx"):
            body = {"model": alias, "messages": [{"role": "user", "content": "hi"}], "num_retries": 0}
            with contextlib.suppress(CallError):
                client.post_json("/v1/chat/completions", body)
    assert isinstance(own_proxy.log_path, Path)
    with own_proxy.log_path.open(encoding="utf-8", errors="replace") as lines:
        causes = {failure.cause for failure in explain(lines).failures}
    assert {"unknown-model", "provider-unreachable", "provider-permission", "context-window"} <= causes
