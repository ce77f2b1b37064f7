"""What a model provider's own answers mean, by the one table of failures."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.doctor.debug.direct import provider_base_url
from fased_litellm.doctor.debug.providerwords import verdict
from fased_litellm.errors import UsageError


def body(message: str, code: str | None = None, type: str | None = "invalid_request_error") -> bytes:
    return json.dumps({"error": {"message": message, "type": type, "param": None, "code": code}}).encode()


@pytest.mark.parametrize(
    ("status", "answer", "cause"),
    [
        (401, body("Incorrect API key provided", "invalid_api_key"), "provider-key"),
        (403, body("Project does not have access", "model_not_found"), "provider-permission"),
        (404, body("The model `x` does not exist", "model_not_found"), "provider-model"),
        (404, body("Unknown request URL: POST /x", "unknown_url"), "provider-route"),
        (404, b"<html><h1>404</h1></html>", "provider-route"),
        (400, body("maximum context length is 8192", "context_length_exceeded"), "context-window"),
        (400, body("flagged", "content_policy_violation"), "content-policy"),
        (400, body("Unsupported parameter: 'max_tokens'", "unsupported_parameter"), "parameter-refused"),
        (400, body("Your credit balance is too low"), "provider-quota"),
        (400, body("no such thing"), "provider-refused"),
        (402, body("Insufficient credits"), "provider-quota"),
        (408, body("slow"), "provider-timeout"),
        (413, b"", "request-too-large"),
        (429, body("You exceeded your current quota", "insufficient_quota"), "provider-quota"),
        (429, body("Rate limit reached", "rate_limit_exceeded"), "provider-rate-limit"),
        (429, body("Budget", None, "budget_exceeded"), "provider-rate-limit"),
        (500, body("The server had an error"), "provider-error"),
        (502, b"<html>bad gateway</html>", "provider-bad-answer"),
        (503, body("overloaded"), "provider-overloaded"),
        (504, b"", "provider-timeout"),
        (529, body("Overloaded", None, "overloaded_error"), "provider-overloaded"),
        (409, body("conflict"), "provider-refused"),
    ],
)
def test_cause(status: int, answer: bytes, cause: str) -> None:
    assert verdict(status, {}, answer).rule.cause == cause


@given(st.integers(400, 599), st.binary(max_size=60) | st.text(max_size=30).map(lambda text: body(text, text or None)))
def test_no_answer_of_a_provider_is_the_callers_key(status: int, answer: bytes) -> None:
    found = verdict(status, {}, answer)
    assert found.rule.origin != "network"
    if status == 401:
        assert found.rule.origin in ("provider-key", "provider", "gateway", "caller")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("https://api.openai.com/v1", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1/chat/completions", "https://api.openai.com/v1"),
        ("https://host.example/v1beta/openai", "https://host.example/v1beta/openai"),
        ("http://box:11434", "http://box:11434"),
        ("HTTPS://Host.example:8443/x", "https://Host.example:8443/x"),
    ],
)
def test_the_address_is_taken_as_litellm_takes_it(text: str, wanted: str) -> None:
    assert provider_base_url(text) == wanted


@pytest.mark.parametrize(
    "text", ["", "api.openai.com", "ftp://x", "https://u:p@x/v1", "https://x/v1?key=1", "https://x/#a"]
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(UsageError):
        provider_base_url(text)


def test_the_answer_may_be_a_value() -> None:
    value: dict[str, Any] = {"error": {"message": "no", "code": "invalid_api_key"}}
    assert verdict(401, {}, value).rule.cause == "provider-key"
