"""Failures behind the proxy: its config, its key at the provider, its way there, the provider."""

from __future__ import annotations

from .case import Case

_SERVER = "internal_server_error"
_UNTYPED = "type null up to 1.99"

CASES = (
    # ---- its config
    Case("mapping-without-provider", "`litellm_params.model: some-model`, without the provider", 400, "invalid_request_error", "There are no healthy deployments for this model", "model-mapping"),
    Case("mapping-misspelt-provider", "`litellm_params.model: opneai/gpt-4o`", 400, "invalid_request_error", "There are no healthy deployments for this model", "model-mapping"),
    Case("mapping-unknown-model", "`litellm_params.model` names a model which the provider does not have (its 404)", 404, "invalid_request_error", "litellm.NotFoundError: NotFoundError: OpenAIException - The model", "provider-model", earlier=_UNTYPED, openai2="litellm.NotFoundError: OpenAIException - The model"),
    Case("mapping-unknown-model-400", "the same, as a 400", 400, "invalid_request_error", "litellm.BadRequestError: OpenAIException - The requested model 'fake-model400' does not exist.", "provider-model", openai2="litellm.NotFoundError: OpenAIException - The requested model 'fake-model400' does not exist."),
    Case("mapping-wrong-api-base", "`litellm_params.api_base` has a wrong path: a 404 as a web page", 404, "invalid_request_error", "litellm.NotFoundError: NotFoundError: OpenAIException - Error code: 404", "provider-route", earlier=_UNTYPED, openai2="litellm.NotFoundError: NotFoundError: OpenAIException - <html>"),
    Case("mapping-wrong-api-base-json", "the same, and the 404 is FastAPI's `{\"detail\": \"Not Found\"}`", 404, "invalid_request_error", "litellm.NotFoundError: NotFoundError: OpenAIException - Error code: 404", "provider-route", openai2="litellm.NotFoundError: NotFoundError: OpenAIException - Error code: 404 - {'detail': 'Not Found'}"),
    Case("mapping-other-kind", "a chat model asked for embeddings, a route which its provider does not have", 404, "invalid_request_error", "Unknown request URL: POST", "provider-route", earlier="400 up to 1.77"),
    Case("deployment-budget", "the `max_budget` of the deployment in the proxy's config is used up", 429, _SERVER, "No deployments available - crossed budget: Exceeded budget for deployment", "deployment-budget", earlier="type null"),
    Case("cooldown", "a second call within 5 s of a provider's 401 or 404", 429, "all_deployments_in_cooldown", "No deployments available for selected model, Try again in 5 seconds.", "cooldown", earlier="type null, no `retry-after` header up to 1.85"),
    # ---- its key there
    Case("provider-key-not-set", "`litellm_params.api_key: os.environ/NAME`, and the variable is not set", 500, _SERVER, "Missing credentials. Please pass an `api_key`", "provider-key-missing", earlier="`The api_key client option must be set`"),
    Case("provider-key-absent", "no `api_key` in `litellm_params` of an Anthropic model", 401, "authentication_error", "litellm.AuthenticationError: Missing Anthropic API Key", "provider-key-missing", earlier=_UNTYPED),
    Case("provider-key-wrong", "a wrong `api_key` (the provider's 401)", 401, "authentication_error", "litellm.AuthenticationError: AuthenticationError: OpenAIException - Incorrect API key provided", "provider-key", earlier=_UNTYPED),
    Case("provider-permission", "an account without access to the model (the provider's 403)", 403, "permission_error", "litellm.APIError: APIError: OpenAIException - Project does not have access to model", "provider-permission", earlier=_UNTYPED, openai2="litellm.NotFoundError: OpenAIException - Project does not have access to model"),
    Case("provider-permission-stream", "the same, with `stream: true`: a plain answer, since nothing was streamed yet", 403, "permission_error", "litellm.APIError: APIError: OpenAIException - Project does not have access to model", "provider-permission", earlier=_UNTYPED, openai2="litellm.NotFoundError: OpenAIException - Project does not have access to model"),
    Case("provider-quota", "an account without credit (429 `insufficient_quota`)", 429, "throttling_error", "litellm.RateLimitError: RateLimitError: OpenAIException - You exceeded your current quota", "provider-quota"),
    Case("provider-credit", "an account without credit, as a 400 `credit balance is too low`", 400, "invalid_request_error", "Your credit balance is too low", "provider-quota", earlier=_UNTYPED),
    Case("provider-payment", "the provider wants to be paid (402)", 402, "invalid_request_error", "litellm.APIError: APIError: OpenAIException", "provider-quota", earlier=_UNTYPED),
    # ---- its way there
    Case("provider-refused-connection", "nothing listens at `api_base`", 500, _SERVER, "litellm.InternalServerError: InternalServerError: OpenAIException - Connection error.", "provider-unreachable", earlier=_UNTYPED),
    Case("provider-unknown-host", "the host in `api_base` does not resolve", 500, _SERVER, "OpenAIException - Connection error.", "provider-unreachable", earlier=_UNTYPED),
    Case("provider-wrong-scheme", "`https://` in `api_base`, where plain http is spoken", 500, _SERVER, "OpenAIException - Connection error.", "provider-unreachable", earlier=_UNTYPED),
    Case("provider-reset", "the provider cuts the connection before it answers", 500, _SERVER, "OpenAIException - Connection error.", "provider-unreachable", earlier=_UNTYPED),
    Case("provider-web-page", "a web page with status 200 instead of a reply", 500, _SERVER, "Empty or invalid response from LLM endpoint.", "provider-bad-answer", earlier="`has no attribute 'model_dump'` up to 1.77"),
    Case("provider-not-json", "an answer with status 200 that is not JSON", 500, _SERVER, "OpenAIException - Expecting property name enclosed in double quotes", "provider-bad-answer", earlier=_UNTYPED),
    Case("provider-bad-gateway", "a gateway's page with status 502", 502, _SERVER, "litellm.BadGatewayError: BadGatewayError: OpenAIException - Error code: 502", "provider-bad-answer", earlier="`litellm.APIError` up to 1.77", openai2="litellm.BadGatewayError: BadGatewayError: OpenAIException - <html>"),
    Case("provider-certificate", "the proxy does not trust the provider's certificate", 500, _SERVER, "litellm.InternalServerError: AnthropicException - Cannot connect to host localhost", "provider-certificate", further="[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed", earlier="`Connection error.`, as with the openai SDK in every release: `provider-unreachable`", since="1.77"),
    # ---- a gateway in its place
    Case("inner-budget", "LiteLLM behind LiteLLM: the budget of the key which the proxy has there", 400, "budget_exceeded", "litellm.BadRequestError: OpenAIException - Budget has been exceeded!", "provider-quota", earlier="type null"),
    Case("inner-key", "LiteLLM behind LiteLLM: it does not know the key which the proxy has there", 401, "authentication_error", "litellm.AuthenticationError: AuthenticationError: OpenAIException - Authentication Error, Invalid proxy server token passed.", "provider-key", earlier=_UNTYPED),
    Case("inner-model-denied", "LiteLLM behind LiteLLM: that key may not use the model", 403, "permission_error", "litellm.APIError: APIError: OpenAIException - key not allowed to access model.", "provider-permission", earlier=_UNTYPED),
    Case("inner-rate", "LiteLLM behind LiteLLM: the limit of that key", 429, "throttling_error", "litellm.RateLimitError: RateLimitError: OpenAIException - Rate limit exceeded for api_key:", "provider-rate-limit"),
    Case("inner-cooldown", "LiteLLM behind LiteLLM: all deployments there are cooling down", 429, "throttling_error", "litellm.RateLimitError: RateLimitError: OpenAIException - No deployments available for selected model", "provider-overloaded"),
    Case("inner-model", "LiteLLM behind LiteLLM: it has no model of the name to which the proxy maps", 400, "invalid_request_error", "litellm.BadRequestError: OpenAIException - /chat/completions: Invalid model name passed in model=", "provider-model", earlier=_UNTYPED),
    Case("inner-guardrail", "LiteLLM behind LiteLLM: a guardrail there", 400, "invalid_request_error", "litellm.BadRequestError: OpenAIException - Violated guardrail policy", "guardrail", earlier=_UNTYPED),
    Case("azure-deployment", "Azure has no such deployment", 404, "invalid_request_error", "litellm.NotFoundError: AzureException NotFoundError - The API deployment for this resource does not exist.", "provider-model", earlier=_UNTYPED),
    Case("azure-key", "Azure refuses the key", 401, "authentication_error", "litellm.AuthenticationError: AzureException AuthenticationError - Access denied due to invalid subscription key", "provider-key", earlier=_UNTYPED),
    Case("openrouter-key-limit", "the limit of the proxy's key at OpenRouter", 403, "permission_error", "litellm.APIError: APIError: OpenAIException - Key limit exceeded (total limit).", "provider-quota", earlier=_UNTYPED, openai2="litellm.BadRequestError: OpenAIException - Key limit exceeded (total limit)."),
    Case("bedrock-on-demand", "a model of Bedrock which is served through an inference profile alone", 400, "invalid_request_error", 'litellm.BadRequestError: BedrockException - {"message": "Invocation of model ID anthropic.claude-3-7-sonnet-20250219-v1:0 with on-demand throughput isn', "provider-model", earlier=_UNTYPED),
    Case("refused-in-other-words", "an unknown refusal", 400, "invalid_request_error", "litellm.BadRequestError: OpenAIException - Not today.", "provider-refused", earlier=_UNTYPED),
    # ---- the provider
    Case("provider-rate-limit", "the provider limits the rate (429)", 429, "throttling_error", "litellm.RateLimitError: RateLimitError: OpenAIException - Rate limit reached", "provider-rate-limit"),
    Case("provider-500", "the provider fails (500)", 500, _SERVER, "litellm.InternalServerError: InternalServerError: OpenAIException - The server had an error", "provider-error", earlier=_UNTYPED),
    Case("provider-501", "the provider fails in an odd way (501)", 501, _SERVER, "litellm.APIError: APIError: OpenAIException", "provider-error", earlier=_UNTYPED),
    Case("provider-503", "the provider is overloaded (503)", 503, _SERVER, "litellm.ServiceUnavailableError: ServiceUnavailableError: OpenAIException", "provider-overloaded", earlier=_UNTYPED),
    Case("provider-529", "the provider is overloaded (529)", 529, _SERVER, "litellm.APIError: APIError: OpenAIException", "provider-overloaded", earlier=_UNTYPED),
    Case("provider-overloaded-anthropic", "Anthropic is overloaded (its 529)", 500, _SERVER, 'litellm.InternalServerError: AnthropicError - {"error": {"message": "Overloaded."', "provider-overloaded"),
    Case("provider-409", "the provider refuses in an odd way (409)", 409, "invalid_request_error", "litellm.APIError: APIError: OpenAIException", "provider-refused", earlier=_UNTYPED),
    Case("provider-504", "a gateway before the provider gives up (504)", 504, _SERVER, "litellm.Timeout: Timeout Error: OpenAIException", "provider-timeout", earlier=_UNTYPED),
    Case("provider-timeout", "the provider takes longer than `timeout`", 408, "invalid_request_error", "litellm.Timeout: APITimeoutError - Request timed out.", "provider-timeout", earlier=_UNTYPED),
    Case("fallback-fails-too", "the provider fails (500), and so does the fallback (503)", 500, _SERVER, "litellm.InternalServerError: InternalServerError: OpenAIException - The server had an error", "provider-error", earlier=_UNTYPED),
    Case("fallback-does-not-exist", "the provider fails (500), and the fallback is no alias of the proxy", 500, _SERVER, "litellm.InternalServerError: InternalServerError: OpenAIException - The server had an error", "provider-error", earlier=_UNTYPED),
    Case("stream-error-event", "the provider sends an error in the middle of a stream", None, None, "The server had an error mid stream", "provider-stream-broke", earlier="`MidStreamFallbackError` up to 1.85"),
    Case("stream-stalls", "the provider stops in the middle of a stream for longer than `timeout`", None, None, "litellm.Timeout: APITimeoutError - Request timed out.", "provider-timeout", openai2="OpenAIException - Timeout on reading data from socket"),
    Case("stream-cut-by-provider", "the provider cuts a stream", None, None, "litellm.APIConnectionError: APIConnectionError: OpenAIException - Connection error.", "provider-stream-broke", since="1.96", earlier="a made-up end: the stream looks complete (1.72 to 1.95)", openai2="litellm.APIConnectionError: APIConnectionError: OpenAIException - Response payload is not completed"),
)  # fmt: skip
