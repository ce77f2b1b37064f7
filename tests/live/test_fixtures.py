"""The live fixtures themselves: the proxies are what they are said to be."""

from __future__ import annotations

import http.client
import json
from contextlib import closing
from typing import Any

import pytest

from tests.live.proxies import Proxy


def chat(proxy: Proxy, model: str, **more: Any) -> tuple[int, str]:
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": "hi"}], "num_retries": 0, **more})
    headers = {"Authorization": f"Bearer {proxy.master_key}", "content-type": "application/json"}
    with closing(http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=60)) as connection:
        connection.request("POST", "/v1/chat/completions", body, headers)
        with connection.getresponse() as reply:
            return reply.status, reply.read().decode()


@pytest.mark.parametrize("name", ["proxy", "nodb_proxy", "own_proxy"])
def test_proxies_with_the_common_models(name: str, request: pytest.FixtureRequest) -> None:
    proxy: Proxy = request.getfixturevalue(name)
    status, models = proxy.get("/v1/models")
    assert status == 200
    ids = {model["id"] for model in models["data"]}
    assert {"default", "gpt-5.5", "fast-cheap-chat", "broken", "upstream", "upstream-cut", "upstream-fallback"} <= ids
    assert "Hello from mock default" in chat(proxy, "default")[1]
    status, text = chat(proxy, "upstream", stream=True, stream_options={"include_usage": True})
    assert status == 200
    assert '"total_tokens":128' in text
    assert text.rstrip().endswith("data: [DONE]")
    status, text = chat(proxy, "upstream-ctx")
    assert (status, "ContextWindowExceededError" in text) == (400, True)
    status, text = chat(proxy, "upstream-midstream", stream=True)
    assert (status, "mid stream" in text, "[DONE]" in text) == (200, True, False)
    status, text = chat(proxy, "upstream-cut", stream=True)
    assert (status, '"error"' in text, "[DONE]" in text) == (200, True, False)
    assert any(entry["body"].get("model") == "gpt-4o-mini" for entry in proxy.upstream_log())


@pytest.mark.database
def test_the_database_is_there(proxy: Proxy) -> None:
    assert proxy.get("/key/list")[0] == 200


def test_without_a_database_there_are_no_virtual_keys(nodb_proxy: Proxy) -> None:
    assert not nodb_proxy.has_database
    status, body = nodb_proxy.get("/v1/models", key="sk-test-wrong")
    assert (status, body["error"]["type"]) == (400, "no_db_connection")


def test_a_single_model_answers_to_any_name(single_model_proxy: Proxy) -> None:
    assert [model["id"] for model in single_model_proxy.get("/v1/models")[1]["data"]] == ["openai/gpt-4o-mini"]
    assert chat(single_model_proxy, "whatever")[0] == 200
