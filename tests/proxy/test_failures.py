"""The table of failures, case by case, in the wordings of the releases."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.proxy.causes import RULES
from fased_litellm.proxy.failures import classify, recognise, retry_after


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
    (401, body("litellm.AuthenticationError: something else", "authentication_error"), "provider-key", "provider-key"),
    # From 1.101 on the proxy sets the types for what it refuses by itself, too.
    (401, body("something else", "authentication_error"), "unauthorized", "caller-key"),
    (403, body("something else", "permission_error"), "forbidden", "caller-key"),
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

SDKS: list[tuple[int, str, str, str]] = [
    # status, words with openai 2, words with openai 3, cause: of LiteLLM 1.108.7 before one and the same provider
    (400, "litellm.BadRequestError: litellm.ContentPolicyViolationError: ContentPolicyViolationError: OpenAIException - Your request was rejected as a result of our safety system.", "litellm.BadRequestError: OpenAIException - Your request was rejected as a result of our safety system.", "content-policy"),
    (400, "litellm.BadRequestError: litellm.ContentPolicyViolationError: ContentPolicyViolationError: OpenaiException - Error code: 400 - {'error': {'message': 'This request was fla", "litellm.BadRequestError: litellm.ContentPolicyViolationError: ContentPolicyViolationError: OpenaiException - Error code: 400 - This request was flagged for cyber abuse.", "content-policy"),
    (400, "litellm.BadRequestError: OpenAIException - Your request was rejected by the safety system.", "", "content-policy"),
    (400, "litellm.BadRequestError: OpenAIException - Content Exists Risk", "", "content-policy"),
    (400, "litellm.BadRequestError: OpenAIException - Input data may contain inappropriate content.", "", "content-policy"),
    (403, 'litellm.APIError: APIError: OpenAIException - x/y requires moderation on Z. Your input was flagged for "violence".', "", "content-policy"),
    (400, "litellm.BadRequestError: OpenAIException - Please reduce the length of the messages or completion.", "", "context-window"),
    (400, "litellm.BadRequestError: OpenAIException - This model's maximum prompt length is 131072 but the request contains 200000 tokens.", "", "context-window"),
    (400, "litellm.BadRequestError: OpenAIException - Unknown parameter: 'foo'.", "", "parameter-refused"),
    (400, "litellm.BadRequestError: OpenAIException - Unrecognized request argument supplied: foo", "", "parameter-refused"),
    (400, "litellm.BadRequestError: OpenAIException - property 'foo' is unsupported", "", "parameter-refused"),
    (400, "litellm.BadRequestError: OpenAIException - Unknown parameter: 'moderation_blocked'.", "", "parameter-refused"),
    (400, "litellm.BadRequestError: OpenAIException - <html><h1>400 Bad Request</h1></html>", "litellm.BadRequestError: OpenAIException - Error code: 400", "bad-request"),
    (400, 'litellm.BadRequestError: AnthropicException - {"type":"error","error":{"type":"request_too_large","message":"Request exceeds the maximum size"}}', "", "request-too-large"),
    (400, "litellm.BadRequestError: OpenAIException - API key not valid. Please pass a valid API key.", "", "provider-key"),
    (401, "litellm.BadRequestError: OpenAIException - You must be a member of an organization to use the API", "litellm.AuthenticationError: AuthenticationError: OpenAIException - You must be a member of an organization to use the API", "provider-key"),
    (401, "litellm.AuthenticationError: AuthenticationError: OpenAIException - <html>401</html>", "litellm.AuthenticationError: AuthenticationError: OpenAIException - Error code: 401", "provider-key"),
    (402, "litellm.APIError: APIError: OpenAIException - Error code: 402 - {'detail': 'pay'}", "litellm.APIError: APIError: OpenAIException - Error code: 402", "provider-quota"),
    (403, "litellm.NotFoundError: OpenAIException - Project `p` does not have access to model `m`", "litellm.APIError: APIError: OpenAIException - Project `p` does not have access to model `m`", "provider-permission"),
    (403, "litellm.APIError: APIError: OpenAIException - <html>403 Forbidden</html>", "litellm.APIError: APIError: OpenAIException - Error code: 403", "provider-permission"),
    (400, "litellm.NotFoundError: OpenAIException - invalid model ID", "litellm.BadRequestError: OpenAIException - invalid model ID", "provider-model"),
    (404, "litellm.NotFoundError: OpenAIException - The model `gpt-9` does not exist or you do not have access to it.", "litellm.NotFoundError: NotFoundError: OpenAIException - The model `gpt-9` does not exist or you do not have access to it.", "provider-model"),
    (404, "litellm.NotFoundError: NotFoundError: OpenAIException - 404 page not found", "litellm.NotFoundError: NotFoundError: OpenAIException - Error code: 404", "provider-route"),
    (404, "litellm.NotFoundError: AzureException NotFoundError - <html><body>", "litellm.NotFoundError: AzureException NotFoundError - Error code: 404", "provider-route"),
    (404, "litellm.NotFoundError: NotFoundError: OpenAIException - Resource not found", "", "provider-route"),
    (404, "litellm.NotFoundError: NotFoundError: OpenAIException - no Route matched with those values", "", "provider-route"),
    (404, "litellm.BadRequestError: OpenAIException - Unknown request URL: POST /v1/foo.", "litellm.NotFoundError: NotFoundError: OpenAIException - Unknown request URL: POST /v1/foo.", "provider-route"),
    (404, 'litellm.NotFoundError: NotFoundError: OpenAIException - model "llama9" not found, try pulling it first', "", "provider-model"),
    (405, "litellm.APIError: APIError: OpenAIException - Error code: 405 - {'detail': 'Method Not Allowed'}", "litellm.APIError: APIError: OpenAIException - Error code: 405", "provider-route"),
    (409, "litellm.APIError: APIError: OpenAIException - Error code: 409 - {'detail': 'conflict'}", "litellm.APIError: APIError: OpenAIException - Error code: 409", "provider-refused"),
    (429, "litellm.RateLimitError: RateLimitError: OpenAIException - slow down", "litellm.RateLimitError: RateLimitError: OpenAIException - Error code: 429", "provider-rate-limit"),
    (500, "litellm.APIConnectionError: APIConnectionError: OpenAIException - Response payload is not completed: <TransferEncodingError: 400>", "litellm.APIConnectionError: APIConnectionError: OpenAIException - Connection error.", "provider-stream-broke"),
    (500, "litellm.InternalServerError: InternalServerError: OpenAIException - Connection error.", "", "provider-unreachable"),
    (500, "litellm.APIConnectionError: AzureException APIConnectionError - Connection error.", "", "provider-unreachable"),
    (500, "litellm.APIConnectionError: APIConnectionError: OpenAIException - Timeout on reading data from socket", "", "provider-timeout"),
    (408, "litellm.Timeout: APITimeoutError - Request timed out. Error_str: Request timed out.", "", "provider-timeout"),
    (500, 'litellm.InternalServerError: AnthropicError - {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}', "", "provider-overloaded"),
    (503, "litellm.APIError: APIError: OpenAIException - Overloaded", "", "provider-overloaded"),
    (503, "litellm.ServiceUnavailableError: ServiceUnavailableError: OpenAIException - <html>503</html>", "litellm.ServiceUnavailableError: ServiceUnavailableError: OpenAIException - Error code: 503", "provider-overloaded"),
    (529, "litellm.APIError: APIError: OpenAIException - Overloaded", "litellm.APIError: APIError: OpenAIException - Error code: 529", "provider-overloaded"),
    (502, "litellm.BadGatewayError: BadGatewayError: OpenAIException - <html>", "litellm.BadGatewayError: BadGatewayError: OpenAIException - Error code: 502", "provider-bad-answer"),
    (504, "litellm.Timeout: Timeout Error: OpenAIException - <html>504</html>", "litellm.Timeout: Timeout Error: OpenAIException - Error code: 504", "provider-timeout"),
]  # fmt: skip
"""No words with openai 3: they are the same."""


@pytest.mark.parametrize(("status", "answer", "cause", "origin"), CASES)
def test_cause_and_origin(status: int, answer: Any, cause: str, origin: str) -> None:
    data = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
    failure = classify(status, {}, data)
    assert (failure.rule.cause, failure.rule.origin) == (cause, origin)
    error = failure.as_error()
    assert (error.cause, error.origin, error.status, error.hint) == (cause, origin, status, failure.rule.remedy)


@pytest.mark.parametrize(("status", "with_2", "with_3", "cause"), SDKS)
@pytest.mark.parametrize(
    "router", ["", "\n\nLiteLLM: model group 'x' failed with the error above. No fallback was attempted."]
)
def test_either_generation_of_the_sdk(status: int, with_2: str, with_3: str, cause: str, router: str) -> None:
    for words in filter(None, (with_2, with_3)):
        answer = json.dumps(body(words + router, None, str(status))).encode()
        assert classify(status, {}, answer).rule.cause == cause, words


@pytest.mark.parametrize(
    ("words", "cause"),
    [
        ("Violated guardrail policy: content filter", "guardrail"),  # LiteLLM's own guardrail, not the provider
        ("/chat/completions: the field `content_policy` is unknown", "bad-request"),
    ],
)
def test_the_proxys_own_words_are_no_providers_refusal_of_content(words: str, cause: str) -> None:
    assert classify(400, {}, body(words)).rule.cause == cause


def test_only_the_beginning_of_a_long_answer_is_searched() -> None:
    told = "litellm.ContextWindowExceededError: "
    assert classify(400, {}, body("x" * 1_000 + told)).rule.cause == "context-window"
    assert classify(400, {}, body("x" * 20_000 + told)).rule.cause == "bad-request"
    # Each of these begins a pattern of the table, again and again: read to the end each time, it would take minutes.
    for part in ("Error code: 400 - ", "the model '", "litellm.BadRequestError: ", "NotFoundError <", "property '"):
        for status in (400, 401, 403, 404, 422, 500):
            assert classify(status, {}, body(part * 30_000)).message


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
        assert rule.statuses or rule.types or rule.message or rule.header or rule.only, rule.cause


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


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("AuthenticationError", 401),
        ("BadGatewayError", 502),
        ("BadRequestError", 400),
        ("BudgetExceededError", 400),
        ("InternalServerError", 500),
        ("APIConnectionError", 500),
        ("APIError", 500),
        ("NotFoundError", 404),
        ("PermissionDeniedError", 403),
        ("RateLimitError", 429),
        ("ServiceUnavailableError", 503),
        ("Timeout", 408),
        ("UnprocessableEntityError", 422),
    ],
)
def test_the_class_in_a_message_stands_for_its_status(name: str, status: int) -> None:
    found = recognise(f"litellm.{name}: OpenAIException - some words which nobody knows")
    assert found is not None
    assert found.status == status
    told = recognise(f"litellm.exceptions.{name}: OpenAIException - Error code: 429 - words")
    assert told is not None
    assert told.status == 429


def test_a_class_that_is_not_known_gives_way_to_the_next() -> None:
    found = recognise("litellm.MadeUpError: litellm.RateLimitError: RateLimitError: OpenAIException - slow down")
    assert found is not None
    assert (found.status, found.rule.origin) == (429, "provider")


@pytest.mark.parametrize("name", ["NotFoundError", "APIError"])
def test_a_project_without_access_is_a_403_in_both_sdks(name: str) -> None:
    words = "OpenAIException - Project `p` does not have access to model `m`"
    found = recognise(f"litellm.{name}: {words}")
    assert found is not None
    assert (found.status, found.rule.cause) == (403, "provider-permission")


def test_words_of_nobody_are_no_failure() -> None:
    assert recognise("all is well") is None
    assert recognise("all is well", status=418) is None


def test_what_is_given_besides_the_words_is_used() -> None:
    by_type = recognise("some words", "budget_exceeded")
    assert by_type is not None
    assert (by_type.rule.cause, by_type.type, by_type.message) == ("budget-exceeded", "budget_exceeded", "some words")
    by_status = recognise("some words", None, 503)
    assert by_status is not None
    assert by_status.status == 503
    waiting = recognise("Budget has been exceeded! Try again in 7.5 seconds")
    assert waiting is not None
    assert waiting.retry_after_s == 7.5
