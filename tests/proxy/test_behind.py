"""Whose refusal it is: the proxy's own words, those of what answers behind it, those of a guardrail."""

from __future__ import annotations

from typing import Any

import pytest

from fased_litellm.proxy.causes.marks import is_carried
from fased_litellm.proxy.causes.parameters import blamed, foreign
from fased_litellm.proxy.failures import classify, recognise

INNER: list[tuple[int, str, str, str]] = [
    # status, what a LiteLLM says of its caller's key, type, what that means behind another proxy
    (400, "Budget has been exceeded! Current cost: 0.2, Max budget: 0.1", "budget_exceeded", "provider-quota"),
    (422, "ExceededBudget: User=u over budget. Spend=1.0, Budget=0.5", "budget_exceeded", "provider-quota"),
    (429, "No deployments available - crossed budget: Exceeded budget for deployment", "None", "provider-quota"),
    (401, "Authentication Error, Invalid proxy server token passed.", "token_not_found_in_db", "provider-key"),
    (401, "Authentication Error, No api key passed in.", "auth_error", "provider-key"),
    (400, "Authentication Error - Expired Key. Key Expiry time 2026", "expired_key", "provider-key"),
    (400, "No connected db.", "no_db_connection", "provider-key"),
    (401, "Authentication Error, Team=1 is blocked.", "auth_error", "provider-key"),
    (401, "LiteLLM Virtual Key expected. Received=abc", "auth_error", "provider-key"),
    (403, "key not allowed to access model.", "key_model_access_denied", "provider-permission"),
    (401, "Virtual key is not allowed to call this route.", "auth_error", "provider-permission"),
    (429, "Rate limit exceeded for team: x. Limit type: tokens.", "throttling_error", "provider-rate-limit"),
    (429, "No deployments available for selected model, Try again in 5 s", "None", "provider-overloaded"),
    (400, "/chat/completions: Invalid model name passed in model=x", "invalid_request_error", "provider-model"),
    (400, "litellm.BadRequestError: There are no healthy deployments for this model", "None", "provider-model"),
    (500, "Internal Server Error", "None", "provider-error"),
    (400, "Violated guardrail policy", "None", "guardrail"),
]
WRAPPED = {
    "litellm_proxy": "litellm.{cls}: {cls}: Litellm_proxyException - {said}",
    "openai": "litellm.{cls}: OpenAIException - {said}",
    "as JSON": 'litellm.{cls}: {cls}: Hosted_vllmException - {{"error": {{"message": "{said}", "code": "400"}}}}',
    "two deep": "litellm.{cls}: Litellm_proxyException - litellm.{cls}: AzureException {cls} - {said}",
    "the class alone": "litellm.{cls}: Error code: 400 - {said}",
    "with a colon": "litellm.{cls}: BedrockException: Some Error - {said}",
}
CLASSES = {400: "BadRequestError", 401: "AuthenticationError", 403: "APIError", 422: "BadRequestError", 429: "RateLimitError", 500: "InternalServerError"}  # fmt: skip


def body(message: str, type: str | None = None, **more: Any) -> dict[str, Any]:
    return {"error": {"message": message, "type": type, "param": None, "code": "400", **more}}


@pytest.mark.parametrize("form", WRAPPED)
@pytest.mark.parametrize(("status", "said", "type_", "cause"), INNER, ids=lambda value: str(value)[:40])
def test_what_a_gateway_behind_the_proxy_refuses(form: str, status: int, said: str, type_: str, cause: str) -> None:
    message = WRAPPED[form].format(cls=CLASSES[status], said=said)
    for passed_on in (None, "None", type_):
        found = classify(status, {}, body(message, passed_on)).rule
        assert found.cause == cause, message
        assert found.origin != "caller-key"
        # The agent's fallback is tried, but for content.
        assert (found.origin in ("gateway", "provider", "provider-key")) == (cause != "guardrail")


@pytest.mark.parametrize(("status", "said", "type_", "cause"), INNER[:13], ids=lambda value: str(value)[:40])
def test_the_same_words_of_the_callers_own_proxy_stay_the_callers(
    status: int, said: str, type_: str, cause: str
) -> None:
    found = classify(status, {}, body(said, type_)).rule
    assert found.cause != cause
    assert found.origin in ("caller-key", "gateway")


@pytest.mark.parametrize(
    ("status", "message", "cause", "origin"),
    [
        (404, "litellm.NotFoundError: AzureException NotFoundError - The API deployment for this resource does not exist.", "provider-model", "gateway"),
        (400, "litellm.BadRequestError: AzureException - The embeddings operation does not work with the specified model, gpt-4o.", "provider-model", "gateway"),
        (400, "litellm.BadRequestError: AzureException - Model o3 is enabled only for api versions 2024-12-01-preview and later", "provider-route", "gateway"),
        (403, "litellm.APIError: AzureException APIError - Access denied due to Virtual Network/Firewall rules.", "provider-permission", "provider-key"),
        (403, "litellm.PermissionDeniedError: AzureException PermissionDeniedError - Public access is disabled.", "provider-permission", "provider-key"),
        (403, 'litellm.APIError: APIError: OpenrouterException - {"error":{"message":"Key limit exceeded (daily limit)."}}', "provider-quota", "provider-key"),
        (404, 'litellm.NotFoundError: NotFoundError: OpenrouterException - {"error":{"message":"No endpoints found matching your data policy"}}', "provider-model", "gateway"),
        (400, 'litellm.BadRequestError: OpenrouterException - {"error":{"message":"Provider returned error","code":400}}', "provider-refused", "provider"),
        (400, "litellm.BadRequestError: OpenAIException - Your organization was suspended.", "provider-permission", "provider-key"),
        (400, "litellm.BadRequestError: OpenAIException - messages: roles must alternate", "bad-request", "caller"),
        (400, "litellm.BadRequestError: GroqException - 'messages.0.content' : value must be a string", "bad-request", "caller"),
        (400, "litellm.BadRequestError: BedrockException - Invocation of model ID amazon.nova-pro-v1:0 with on-demand throughput isn't supported.", "provider-model", "gateway"),
        (500, "litellm.APIConnectionError: BedrockException - Retry your request with the ID or ARN of an inference profile that contains it", "provider-model", "gateway"),
        (500, "litellm.APIError: APIError: OpenrouterException - [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: self-signed certificate in certificate chain (_ssl.c:1028)", "provider-certificate", "gateway"),
        (503, "litellm.ServiceUnavailableError: VertexAIException - certificate verify failed: certificate has expired (_ssl.c:1006)", "provider-certificate", "gateway"),
        (500, "litellm.InternalServerError: AnthropicException - certificate verify failed: Hostname mismatch, certificate is not valid for 'x'. (_ssl.c:1006)", "provider-certificate", "gateway"),
        (500, "litellm.InternalServerError: OpenAIException - 'ascii' codec can't encode character '\\u201c' in position 7: ordinal not in range(128)", "provider-key", "provider-key"),
        (500, "'latin-1' codec can't encode characters in position 4-7: ordinal not in range(256)", "gateway-defect", "gateway"),
        (418, "litellm.APIError: APIError: OpenAIException - I am a teapot", "provider-refused", "provider"),
        (400, "litellm.UnsupportedParamsError: gpt-5 models don't support temperature=0.2. Only temperature=1 is supported.", "parameter-refused", "caller"),
    ],
)  # fmt: skip
def test_other_gateways_and_the_way_to_them(status: int, message: str, cause: str, origin: str) -> None:
    rule = classify(status, {}, body(message)).rule
    assert (rule.cause, rule.origin) == (cause, origin)


@pytest.mark.parametrize(
    ("message", "carried"),
    [
        ("litellm.RateLimitError: RateLimitError: OpenAIException - slow", True),
        ("litellm.exceptions.BadRequestError: litellm.BadRequestError: VertexAIException BadRequestError - x", True),
        ("litellm.InternalServerError: AnthropicError - x", True),
        ("litellm.Timeout: AzureException Timeout - x", True),
        ("litellm.APIError: Cloudflare Exception - x", True),
        ("litellm.BadRequestError: You passed in model=x. There are no healthy deployments", False),
        ("litellm.UnsupportedParamsError: anthropic does not support parameters: ['n']", False),
        ("litellm.exceptions.BudgetExceededError: Budget has been exceeded!", False),
        ("Budget has been exceeded! Key=OpenAIException - x", False),
        ("litellm.BadRequestError: litellm._pre_call_checks: Context Window exceeded", False),
    ],
)
def test_an_exception_of_a_call_is_told_from_the_proxys_own(message: str, carried: bool) -> None:
    assert is_carried(message) is carried


# ---- guardrails


@pytest.mark.parametrize(
    "words",
    [
        "Violated guardrail policy", "Violated OpenAI moderation policy", "Violated jailbreak threshold",
        "Guardrail raised an exception, Guardrail: pii-guard, Message: pii detected",
        "Blocked entity detected: CREDIT_CARD by Guardrail: presidio.",
        "Rejected message. This is a prompt injection attack.", "Content blocked by Model Armor",
        "Request blocked by Noma guardrail", "Blocked by Prompt Security, Violations: x",
        "Azure Content Safety Guardrail: Hate crossed severity 2, Got severity: 4",
        "Keyword banned. Keyword=secret", "LLM judge rejected request: score below threshold",
        "Custom code guardrail execution failed: Content policy violation: PromptInjection",
    ],
)  # fmt: skip
@pytest.mark.parametrize("status", [400, 403, 422, 500])
def test_words_of_guardrails(words: str, status: int) -> None:
    rule = classify(status, {}, body(words)).rule
    assert (rule.cause, rule.origin) == ("guardrail", "caller")


RAN = {"x-litellm-applied-guardrails": "mine"}


@pytest.mark.parametrize("status", [400, 403, 500])
def test_a_guardrail_with_words_of_its_own_is_known_by_what_stands_beside_them(status: int) -> None:
    named = body("Not here.", provider_specific_fields={"error": "Not here.", "guardrail_name": "mine"})
    assert classify(status, {}, named).rule.cause == "guardrail"
    assert classify(status, RAN, body("Not here.")).rule.cause == "guardrail"
    assert classify(status, {}, body("Not here.")).rule.cause != "guardrail"


def test_a_guardrail_that_ran_is_not_to_blame_for_what_comes_after() -> None:
    wrapped = body("litellm.InternalServerError: InternalServerError: OpenAIException - boom")
    assert classify(500, RAN, wrapped).rule.cause == "provider-error"
    assert classify(400, RAN, body("Invalid model name passed in model=x")).rule.cause == "unknown-model"
    routed = {**RAN, "x-litellm-timeout": "600.0"}
    assert classify(500, routed, body("division by zero")).rule.cause == "gateway-error"


@pytest.mark.parametrize(
    ("status", "words"),
    [(503, "RepelloAI Argus guardrail unreachable"), (500, "Error in Pangea Guardrail"), (500, "Cisco AI Defense guardrail unavailable")],
)  # fmt: skip
def test_a_guardrail_that_could_not_judge(status: int, words: str) -> None:
    rule = classify(status, {}, body(words)).rule
    assert (rule.cause, rule.origin) == ("guardrail-failed", "gateway")


def test_a_line_of_a_log_is_no_guardrail_for_a_common_word() -> None:
    assert recognise("the request was rejected by the load balancer") is None


# ---- parameters


@pytest.mark.parametrize(
    ("message", "param", "names"),
    [
        ("Unsupported value: 'temperature' does not support 0.2 with this model.", "temperature", {"temperature"}),
        ("gpt-5 doesn't support temperature=0.2 while reasoning is active.", None, {"temperature"}),
        ("Unrecognized request argument supplied: reasoning_effort", None, {"reasoning_effort"}),
        ("anthropic does not support parameters: ['logprobs', 'frequency_penalty'], for model=x", None, {"logprobs", "frequency_penalty"}),
        ("property 'seed' is unsupported", None, {"seed"}),
        ("top_k: Extra inputs are not permitted", None, {"top_k"}),
        ("`temperature` is deprecated for this model", None, {"temperature"}),
        ("`tools` is not supported with this model", "tools", {"tools"}),
        ("Invalid 'messages[0].role'", "messages[0].role", {"messages"}),
        ("Unknown parameter: 'my_own'.", None, {"my_own"}),
    ],
)  # fmt: skip
def test_the_parameter_that_is_blamed(message: str, param: str | None, names: set[str]) -> None:
    assert blamed(message, param) == names


REFUSED = "litellm.BadRequestError: OpenAIException - Unsupported value: 'temperature' does not support 0.2"


def test_what_the_call_did_not_send_the_config_adds() -> None:
    rule = classify(400, {}, body(REFUSED), sent=("model", "messages", "max_tokens")).rule
    assert (rule.cause, rule.origin) == ("parameter-of-config", "gateway")
    assert "`temperature`" in rule.remedy
    assert classify(400, {}, body(REFUSED), sent=("model", "temperature")).rule.cause == "parameter-refused"
    assert classify(400, {}, body(REFUSED)).rule.cause == "parameter-refused"


@pytest.mark.parametrize(
    ("param", "sent"),
    [
        ("max_output_tokens", "max_tokens"),
        ("max_completion_tokens", "max_tokens"),
        ("thinking.budget_tokens", "reasoning_effort"),
        ("messages[3].content", "messages"),
        ("tools[0].function.name", "tools"),
        ("output_config", "response_format"),
    ],
)
def test_a_parameter_with_another_name_on_the_way(param: str, sent: str) -> None:
    assert foreign("", param, [sent]) == frozenset()
    words = body("litellm.BadRequestError: OpenAIException - Invalid value.", param=param)
    assert classify(400, {}, words, sent=["model", sent]).rule.cause == "bad-request"
