from __future__ import annotations

import json
from typing import Any

import pytest

from fased_litellm.errors import UsageError
from fased_litellm.proxy.wire import Attribution, ChatRequest, base_headers, chat_request

WHO = Attribution("call-1", session_id="s1", agent_id="main", tags=("agent:main", "task:digest"))
HELLO = [{"role": "user", "content": "hi"}]


def body_of(**options: Any) -> dict[str, Any]:
    request = chat_request(ChatRequest("default", HELLO, WHO, **options), base_headers("sk-test-1", "fased-litellm/1"))
    assert request.body is not None
    parsed: dict[str, Any] = json.loads(request.body)
    return parsed


def test_names_travel_in_headers_and_body() -> None:
    request = chat_request(ChatRequest("default", HELLO, WHO), base_headers("sk-test-1", "fased-litellm/1"))
    assert request.target == "/v1/chat/completions"
    assert dict(request.headers) == {
        "accept": "application/json",
        "user-agent": "fased-litellm/1",
        "authorization": "Bearer sk-test-1",
        "content-type": "application/json",
        "x-litellm-call-id": "call-1",
        "x-litellm-session-id": "s1",
        "x-litellm-agent-id": "main",
    }
    assert body_of() == {
        "model": "default",
        "messages": HELLO,
        "metadata": {"tags": ["agent:main", "task:digest"]},
        "litellm_session_id": "s1",
    }


def test_a_stream_asks_for_its_usage() -> None:
    body = body_of(stream=True, params={"stream_options": {"other": 1}})
    assert (body["stream"], body["stream_options"]) == (True, {"other": 1, "include_usage": True})


def test_the_output_limit_goes_by_the_field_which_the_model_takes() -> None:
    assert body_of(max_tokens=7)["max_tokens"] == 7
    assert body_of(max_tokens=7, max_tokens_field="max_completion_tokens")["max_completion_tokens"] == 7


def test_further_parameters_pass_and_none_is_left_out() -> None:
    tools = [{"type": "function", "function": {"name": "f", "parameters": {}}}]
    body = body_of(params={"tools": tools, "temperature": 0.5, "top_p": None, "metadata": {"tags": ["x"], "team": "a"}})
    assert body["tools"] == tools
    assert body["temperature"] == 0.5
    assert "top_p" not in body
    assert body["metadata"] == {"tags": ["x", "agent:main", "task:digest"], "team": "a"}


def test_a_header_holds_no_line_break_and_has_an_end() -> None:
    who = Attribution("c", session_id="a\r\nx-evil: 1é" + "y" * 500)
    request = chat_request(ChatRequest("m", HELLO, who), {})
    value = request.headers["x-litellm-session-id"]
    assert value.startswith("a??x-evil: 1?yyy")
    assert len(value) == 256


def test_configured_headers_go_along_but_never_replace_ours() -> None:
    chat = ChatRequest("m", HELLO, WHO, headers={"x-team": "a", "authorization": "Bearer other"})
    headers = chat_request(chat, base_headers("sk-test-1", "u")).headers
    assert (headers["x-team"], headers["authorization"]) == ("a", "Bearer sk-test-1")


@pytest.mark.parametrize("value", [object(), float("nan"), {1, 2}])
def test_what_is_no_json_is_refused_before_sending(value: object) -> None:
    with pytest.raises(UsageError, match="JSON"):
        body_of(params={"stop": value})
