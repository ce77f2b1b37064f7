"""Requests that cannot be carried out as they are."""

from __future__ import annotations

from .case import Case

_INVALID = "invalid_request_error"
_UNTYPED = "type null"

CASES = (
    Case("unknown-model", "a model which the proxy does not have", 400, _INVALID, "/chat/completions: Invalid model name passed in model=", "unknown-model", earlier="type null"),
    Case("no-model", "no field `model`", 400, _INVALID, "Invalid model name passed in model=None", "model-missing", earlier="type null"),
    Case("no-messages", "no field `messages`", 400, _INVALID, "Missing required parameter: 'messages'.", "bad-request", earlier="500 `missing 1 required positional argument: 'messages'` up to 1.91"),
    Case("messages-a-text", "`messages` is a text", 400, _INVALID, "'str' object has no attribute 'get'", "bad-request", earlier="500 up to 1.77"),
    Case("bad-json", "a body that is not JSON", 400, _INVALID, "Invalid JSON payload: ", "bad-request"),
    Case("unknown-route", "a path that does not exist", 404, None, "Not Found", "not-litellm", detail=True),
    Case("v1-twice", "`/v1/v1/chat/completions`", 404, None, "Not Found", "not-litellm", detail=True),
    Case("wrong-method", "`GET /v1/chat/completions`", 405, None, "Method Not Allowed", "not-litellm", detail=True),
    Case("context-window", "more tokens than the provider's model takes", 400, _INVALID, "litellm.ContextWindowExceededError: litellm.BadRequestError: ContextWindowExceededError", "context-window", earlier="type null"),
    Case("context-window-in-other-words", "the same, in words which LiteLLM does not know", 400, _INVALID, "litellm.BadRequestError: OpenAIException - Your input exceeds the context window of this model.", "context-window"),
    Case("context-window-before-the-call", "more tokens than LiteLLM knows the model to take, with `enable_pre_call_checks`", 400, _INVALID, "litellm.ContextWindowExceededError: litellm.BadRequestError: litellm._pre_call_checks: Context Window exceeded", "context-window", earlier="type null"),
    Case("content-policy", "a prompt which the provider refuses", 400, _INVALID, "litellm.BadRequestError: OpenAIException - Your request was flagged by the content policy.", "content-policy", earlier="type null", openai2="litellm.BadRequestError: litellm.ContentPolicyViolationError: ContentPolicyViolationError: OpenAIException"),
    Case("content-policy-azure", "the same, in Azure's words", 400, _INVALID, "litellm.BadRequestError: OpenAIException - The response was filtered due to the prompt triggering Azure OpenAI's content management policy.", "content-policy"),
    Case("content-policy-403", "the same, as a 403 of a moderation", 403, "permission_error", "litellm.APIError: APIError: OpenAIException - This model requires moderation", "content-policy"),
    Case("parameter-refused-by-provider", "a parameter which the model does not take", 400, _INVALID, "litellm.BadRequestError: OpenAIException - Unsupported parameter: 'max_tokens'", "parameter-refused", sent=("model", "messages", "max_tokens"), fields={"param": "max_tokens"}),
    Case("refused-without-words", "a refusal that is not of OpenAI's form: `{\"detail\": …}`", 422, _INVALID, "litellm.BadRequestError: OpenAIException - Error code: 422", "bad-request", openai2="litellm.BadRequestError: OpenAIException - Error code: 422 - {'detail': "),
    Case("parameter-refused-by-litellm", "a parameter which LiteLLM cannot translate for this provider", 400, _INVALID, "litellm.UnsupportedParamsError: anthropic does not support parameters", "parameter-refused", earlier="type null"),
    Case("output-limit-too-low", "one of our own small requests (16 tokens), to a model that wants more", 400, _INVALID, "litellm.BadRequestError: OpenAIException - Invalid 'max_output_tokens': integer below minimum value.", "output-limit-too-low", sent=("model", "messages", "max_tokens"), fields={"param": "max_output_tokens"}, probe=16, earlier="type null"),
    Case("request-too-large", "more bytes than the provider takes", 413, "invalid_request_error", "litellm.APIError: APIError: OpenAIException", "request-too-large", earlier="type null"),
    Case("parameter-of-the-config", "a parameter which the model does not take, from `litellm_params` of the proxy's config", 400, _INVALID, "litellm.BadRequestError: OpenAIException - Unsupported value: 'temperature' does not support 0.2 with this model.", "parameter-of-config", sent=("model", "messages", "num_retries"), fields={"param": "temperature"}),
    Case("guardrail", "a prompt which a guardrail of the proxy blocks, as LiteLLM's own do (400)", 400, _INVALID, "Violated guardrail policy", "guardrail", fields={"provider_specific_fields": {"guardrail_name": "fased-atlas"}}, earlier="the whole object as a Python text; type None"),
    Case("guardrail-raised", "the same, by a `GuardrailRaisedException`", 400, _INVALID, "Guardrail raised an exception, Guardrail: fased-atlas", "guardrail", earlier="500"),
    Case("guardrail-other-words", "the same, by an HTTPException of one's own with words of one's own (403)", 403, "permission_error", "We do not speak of this here.", "guardrail", headers=(("x-litellm-applied-guardrails", "fased-atlas"),), since="1.104", earlier="the same without the header that names the guardrail, which is `forbidden`"),
    Case("guardrail-value-error", "the same, by any other exception of a custom guardrail (500)", 500, "internal_server_error", "Guardrail failed words detected: the project", "guardrail", earlier=_UNTYPED),
    Case("guardrail-failed", "a guardrail that cannot judge, and lets nothing through then", 503, "internal_server_error", "The guardrail is unreachable", "guardrail-failed", earlier=_UNTYPED),
    Case("name-outside-latin-1", "a `model_name` with letters outside Latin-1, up to 1.109", 500, "internal_server_error", "'latin-1' codec can't encode characters in position 0-3", "gateway-defect", until="1.110", earlier=_UNTYPED),
    Case("mock-testing", "`mock_testing_fallbacks` in the body", 400, _INVALID, "Mock testing request params are disabled on this proxy", "bad-request", since="1.106", earlier="do what it says"),
)  # fmt: skip
