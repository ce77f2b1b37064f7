"""The table of failures, case by case, in the wordings of the releases."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.proxy.causes import RULES
from fased_litellm.proxy.failures import classify, retry_after


def body(message: str, type: str | None = None, code: str | None = "400") -> dict[str, Any]:
    return {"error": {"message": message, "type": type, "param": None, "code": code}}


UNKNOWN_MODEL = (
    "/chat/completions: Invalid model name passed in model=nope. Call `/v1/models` to view available models."
)
CASES: list[tuple[int, Any, str, str]] = [
    (401, body("Authentication Error, No api key passed in.", "auth_error"), "key-missing", "caller-key"),
    (401, body("Authentication Error, Invalid proxy server token passed. Unable to find token in cache", "token_not_found_in_db"), "key-unknown", "caller-key"),
    (401, body("LiteLLM Virtual Key expected. Received=wron****, expected to start with 'sk-'.", "auth_error"), "key-wrong-kind", "caller-key"),
    (401, body("Authentication Error, Malformed API Key passed in. Ensure Key has `Bearer ` prefix."), "key-malformed", "caller-key"),
    (400, body("No connected db.", "no_db_connection"), "key-no-database", "caller-key"),
    (401, body("Authentication Error, No connected db.", "auth_error"), "key-no-database", "caller-key"),
    (401, body("Authentication Error, Key is blocked. Update via `/key/unblock`", "auth_error"), "key-blocked", "caller-key"),
    (401, body("Authentication Error - Expired Key. Key Expiry time", "expired_key"), "key-expired", "caller-key"),
    (401, body("Authentication Error, Only proxy admin can be used to generate"), "key-not-admin", "caller-key"),
    (403, {"detail": "Virtual key is not allowed to call this route. Only allowed to call routes: ['llm_api_routes']"}, "key-route-denied", "caller-key"),
    (403, body("The requested model 'upstream' is not available for this API key", "key_model_access_denied"), "model-forbidden", "caller-key"),
    (422, body("Budget has been exceeded! Key=tiny Current cost: 1.53e-05, Max budget: 1e-07", "budget_exceeded"), "budget-exceeded", "caller-key"),
    (400, body("Budget has been exceeded! Current cost: 1, Max budget: 0", None), "budget-exceeded", "caller-key"),
    (429, body("Budget has been exceeded! Current cost: 1", "budget_exceeded"), "budget-exceeded", "caller-key"),
    (429, body("Rate limit exceeded for api_key: 8fe. Limit type: requests.", "throttling_error"), "key-rate-limit", "caller-key"),
    (400, body(UNKNOWN_MODEL, "invalid_request_error"), "unknown-model", "caller"),
    (400, body("{'error': '" + UNKNOWN_MODEL + "'}", "None"), "unknown-model", "caller"),
    (404, {"detail": "The model `nope` does not exist or is not accessible"}, "unknown-model", "caller"),
    (429, body("No deployments available for selected model, Try again in 5 seconds.", "all_deployments_in_cooldown"), "cooldown", "gateway"),
    (429, body("No deployments available for selected model, Try again in 5 seconds.", "None"), "cooldown", "gateway"),
    (500, {"detail": {"error": "DB not connected. This endpoint needs a database"}}, "gateway-no-database", "gateway"),
    (500, body("'NoneType' object has no attribute 'acompletion'"), "gateway-defect", "gateway"),
    (401, body("litellm.AuthenticationError: AuthenticationError: OpenAIException - Incorrect API key provided", None), "provider-key", "provider-key"),
    (401, body("something else", "authentication_error"), "provider-key", "provider-key"),
    (403, body("litellm.NotFoundError: OpenAIException - Project does not have access", "permission_error"), "provider-permission", "provider-key"),
    (404, body("litellm.NotFoundError: OpenAIException - The model `x` does not exist", "invalid_request_error"), "provider-model", "gateway"),
    (429, body("litellm.RateLimitError: RateLimitError: OpenAIException - You exceeded your current quota"), "provider-quota", "provider-key"),
    (429, body("litellm.RateLimitError: RateLimitError: OpenAIException - Rate limit reached for gpt"), "provider-rate-limit", "provider"),
    (500, body("litellm.InternalServerError: InternalServerError: OpenAIException - Connection error."), "provider-unreachable", "provider"),
    (500, body("litellm.InternalServerError: OpenAIException - The server had an error"), "provider-error", "provider"),
    (500, body("litellm.APIError: APIError: OpenAIException - The server had an error"), "provider-error", "provider"),
    (503, body("litellm.ServiceUnavailableError: OpenAIException - overloaded"), "provider-overloaded", "provider"),
    (502, body("litellm.BadGatewayError: OpenAIException - <html>502</html>"), "provider-bad-answer", "provider"),
    (503, body("litellm.ServiceUnavailableError: litellm.MidStreamFallbackError: litellm.APIConnectionError"), "provider-stream-broke", "provider"),
    (408, body("litellm.Timeout: APITimeoutError - Request timed out."), "provider-timeout", "provider"),
    (400, body("litellm.ContextWindowExceededError: litellm.BadRequestError: maximum context length"), "context-window", "caller"),
    (400, body("litellm.BadRequestError: litellm.ContentPolicyViolationError: flagged"), "content-policy", "caller"),
    (400, body("litellm.BadRequestError: OpenAIException - Unsupported parameter: 'max_tokens'"), "parameter-refused", "caller"),
    (400, body("/chat/completions: Missing required parameter: 'messages'."), "bad-request", "caller"),
    (422, {"detail": [{"loc": ["body", "max_budget"], "msg": "not a number"}]}, "bad-request", "caller"),
    (404, {"detail": "Not Found"}, "not-litellm", "caller"),
    (307, b"", "redirected", "caller"),
    (502, b"<html><h1>502 Bad Gateway</h1></html>", "gateway-down", "gateway"),
    (500, b"Internal Server Error", "gateway-error", "gateway"),
    (418, b"teapot", "unknown", "unknown"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "answer", "cause", "origin"), CASES)
def test_cause_and_origin(status: int, answer: Any, cause: str, origin: str) -> None:
    data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    failure = classify(status, {}, data)
    assert (failure.rule.cause, failure.rule.origin) == (cause, origin)
    error = failure.as_error()
    assert (error.cause, error.origin, error.status, error.hint) == (cause, origin, status, failure.rule.remedy)


def test_a_crash_means_a_missing_key_only_where_none_was_sent() -> None:
    # LiteLLM without the prisma package crashes on a request without a key.
    assert classify(500, {}, b"Internal Server Error", key_sent=False).rule.cause == "key-missing"
    wrapped = json.dumps(body("Internal server error", "internal_server_error", None)).encode()
    assert classify(500, {}, wrapped, key_sent=False).rule.cause == "key-missing"
    assert classify(500, {}, wrapped, key_sent=True).rule.cause == "gateway-error"


def test_a_limit_of_the_key_is_known_by_its_header() -> None:
    assert classify(429, {"rate_limit_type": "tokens"}, b"{}").rule.cause == "key-rate-limit"


@pytest.mark.parametrize(
    ("headers", "message", "seconds"),
    [
        ({"retry-after": "60"}, "", 60.0),
        ({"llm_provider-retry-after": "7"}, "", 7.0),
        ({"retry-after": "soon"}, "Try again in 5 seconds.", 5.0),
        ({}, "Please try again in 7s.", 7.0),
        ({}, "later", None),
    ],
)
def test_when_a_repetition_makes_sense(headers: dict[str, str], message: str, seconds: float | None) -> None:
    assert retry_after(headers, message) == seconds


def test_every_rule_tells_what_to_do() -> None:
    for rule in RULES:
        assert rule.remedy.endswith((".", ")")), rule.cause
        assert rule.statuses or rule.types or rule.message or rule.header, rule.cause


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["error", "detail", "message", "type", "loc", "msg"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.integers(100, 599), json_values.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=40))
def test_any_answer_gets_a_verdict(status: int, data: bytes) -> None:
    failure = classify(status, {}, data)
    assert failure.message
    assert len(failure.message) <= 600
