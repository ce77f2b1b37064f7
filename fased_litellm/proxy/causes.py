"""The one table of failures: what the proxy answers → cause, origin, remedy.

Facts: statuses, types and wordings were seen on LiteLLM 1.61 to 1.106. ``error.type`` is null in many releases, and the
same failure has other statuses in other releases, so a rule reads the status first, then the class name or a fixed part
of the message, and the type where it is set.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import Origin


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the table. A rule fits if all that it names fits.

    Attributes:
        cause: short name, unique in the table.
        origin: whose side it broke on.
        remedy: what to do.
        statuses: HTTP statuses, empty for any.
        types: values of ``error.type`` of which one suffices in place of ``message``.
        message: pattern that is searched for in the message.
        header: a header that suffices in place of ``message``.
        keyless: the rule fits only requests that were sent without a key.
    """

    cause: str
    origin: Origin
    remedy: str
    statuses: tuple[int, ...] = ()
    types: tuple[str, ...] = ()
    message: str = ""
    header: str = ""
    keyless: bool = False


_SHOW_MODELS = "`fased models list --all` shows the models which this key may use."

STREAM_BROKE = Rule(
    "provider-stream-broke",
    "provider",
    "The provider broke the stream off. Try again; what arrived until then is kept.",
    message=r"MidStreamFallbackError|error mid stream",
)

RULES = (
    # ---- the caller's key
    Rule(
        "budget-exceeded",
        "caller-key",
        "The budget of this key (or of its team or user) is used up. Wait for its reset, or have the owner of the proxy raise it.",
        types=("budget_exceeded",),
        message=r"Budget has been exceeded|ExceededBudget",
    ),
    Rule(
        "key-no-database",
        "caller-key",
        "This proxy has no database, so it knows no virtual keys: only its master key is accepted. Use the master key, or give the proxy a database.",
        statuses=(400, 401),
        types=("no_db_connection",),
        message=r"No connected db",
    ),
    Rule(
        "key-missing",
        "caller-key",
        "Set LITELLM_API_KEY, or run `fased onboard --auth-choice litellm-api-key`.",
        statuses=(401,),
        message=r"No api key passed in",
    ),
    Rule(
        "key-missing",
        "caller-key",
        "The proxy needs a key, and fails without one since its `prisma` package is missing. Set LITELLM_API_KEY, or run `fased onboard --auth-choice litellm-api-key`.",
        statuses=(500,),
        message=r"(?i)^internal server error$",
        keyless=True,
    ),
    Rule(
        "key-malformed",
        "caller-key",
        "The key must be sent as a Bearer token. Store the key alone, without `Bearer` and without quotes.",
        statuses=(401,),
        message=r"Malformed API Key",
    ),
    Rule(
        "key-wrong-kind",
        "caller-key",
        "This is not a LiteLLM key: those begin with `sk-`. Use a virtual key of this proxy, not the key of a provider.",
        statuses=(401,),
        message=r"LiteLLM Virtual Key expected",
    ),
    Rule(
        "key-expired",
        "caller-key",
        "The key has expired. Ask the owner of the proxy for a new one, then run `fased onboard --auth-choice litellm-api-key`.",
        statuses=(400, 401),
        types=("expired_key",),
        message=r"Expired Key",
    ),
    Rule(
        "key-blocked",
        "caller-key",
        "The key is blocked. The owner of the proxy can unblock it.",
        statuses=(401,),
        message=r"Key is blocked",
    ),
    Rule(
        "key-unknown",
        "caller-key",
        "This proxy does not know the key: it is mistyped, deleted, or belongs to another proxy. Check LITELLM_API_KEY, or run `fased onboard --auth-choice litellm-api-key`.",
        statuses=(401,),
        types=("token_not_found_in_db",),
        message=r"Invalid proxy server token|Unable to find token",
    ),
    Rule(
        "key-not-admin",
        "caller-key",
        "Only the master key or an administrator may ask this.",
        statuses=(401, 403),
        message=r"Only proxy admin can be used|Service-account keys cannot query",
    ),
    Rule(
        "key-route-denied",
        "caller-key",
        "The key is restricted to other routes. Calls work; ask the owner of the proxy for a key of the default type to see more.",
        statuses=(401, 403),
        message=r"not allowed to call this route",
    ),
    Rule(
        "model-forbidden",
        "caller-key",
        f"This key may not use that model, or the name is wrong. {_SHOW_MODELS}",
        statuses=(400, 401, 403),
        types=("key_model_access_denied", "team_model_access_denied", "user_model_access_denied"),
        message=r"is not available for this API key|not allowed to access model",
    ),
    Rule(
        "key-rate-limit",
        "caller-key",
        "The key has reached its limit of requests, tokens or parallel calls. Wait for the reset, or have the limit raised.",
        statuses=(429,),
        message=r"Rate limit exceeded for (?:api_key|user|team)|Crossed TPM / RPM / Max Parallel|max_parallel_requests",
        header="rate_limit_type",
    ),
    # ---- the gateway
    Rule(
        "cooldown",
        "gateway",
        "Every deployment of this model is cooling down after an earlier error, which is the real cause. Wait the seconds named, then try once more to see it.",
        statuses=(429, 400, 500),
        types=("all_deployments_in_cooldown",),
        message=r"No deployments available",
    ),
    Rule(
        "unknown-model",
        "caller",
        f"The proxy has no model of that name. {_SHOW_MODELS}",
        statuses=(400, 404),
        message=r"Invalid model name passed in|is not accessible|does not exist or is not accessible",
    ),
    Rule(
        "gateway-no-database",
        "gateway",
        "This needs a proxy with a database. Calls and model discovery work without one.",
        statuses=(400, 401, 500),
        message=r"DB not connected|Database not connected|Prisma Client is not initialized",
    ),
    Rule(
        "enterprise-only",
        "gateway",
        "The proxy offers this only with an Enterprise licence.",
        message=r"(?i)\benterprise\b",
    ),
    Rule(
        "gateway-defect",
        "gateway",
        "This release of LiteLLM fails here by itself. Upgrade the proxy.",
        statuses=(500,),
        message=r"'NoneType' object has no attribute|LLM Model List not loaded",
    ),
    # ---- the caller's request
    Rule(
        "context-window",
        "caller",
        "The conversation is longer than the model's context. Shorten it, or choose a model with a larger one.",
        statuses=(400,),
        message=r"ContextWindowExceededError|context_length_exceeded",
    ),
    Rule(
        "content-policy",
        "caller",
        "The provider refused the content. Change the prompt, or choose another model.",
        statuses=(400,),
        message=r"ContentPolicyViolationError|content_policy_violation",
    ),
    Rule(
        "parameter-refused",
        "caller",
        "The model does not take a parameter that was sent. Leave it out, or set `drop_params: true` in the proxy's litellm_settings.",
        statuses=(400, 422),
        message=r"(?i)unsupported (?:parameter|value)|UnsupportedParamsError|Extra inputs are not permitted|drop_params",
    ),
    # ---- the provider's key
    Rule(
        "provider-key",
        "provider-key",
        "The provider refused the key which the proxy uses. The owner of the proxy has to correct it in the proxy's config.",
        statuses=(401,),
        types=("authentication_error",),
        message=r"AuthenticationError",
    ),
    Rule(
        "provider-permission",
        "provider-key",
        "The proxy's account at the provider may not use this model. The owner of the proxy has to enable it there.",
        statuses=(403,),
        types=("permission_error",),
        message=r"litellm\.(?:NotFoundError|PermissionDeniedError|APIError|BadRequestError)|PermissionDenied",
    ),
    Rule(
        "provider-quota",
        "provider-key",
        "The proxy's account at the provider has no credit left. The owner of the proxy has to see to its billing.",
        statuses=(429, 402),
        message=r"(?i)quota|billing",
    ),
    # ---- the provider
    Rule(
        "provider-model",
        "gateway",
        "The provider does not know the model to which the proxy maps this name. The owner of the proxy has to correct `litellm_params.model`.",
        statuses=(404,),
        message=r"NotFoundError",
    ),
    Rule(
        "provider-rate-limit",
        "provider",
        "The provider limits the rate. Wait, or spread the load over more deployments.",
        statuses=(429,),
        message=r"RateLimitError",
    ),
    STREAM_BROKE,
    Rule(
        "provider-timeout",
        "provider",
        "The provider did not answer in the time which the proxy grants. Try again, or raise `timeout` in the proxy's config.",
        statuses=(408, 504),
        message=r"Timeout",
    ),
    Rule(
        "provider-unreachable",
        "provider",
        "The proxy cannot reach the provider. Check `api_base` in the proxy's config and the proxy's network.",
        statuses=(500, 502, 503),
        message=r"Connection error|Cannot connect to host|Name or service not known|Connection refused",
    ),
    Rule(
        "provider-overloaded",
        "provider",
        "The provider is overloaded. Try again later.",
        statuses=(503, 529),
        message=r"ServiceUnavailableError|overloaded",
    ),
    Rule(
        "provider-bad-answer",
        "provider",
        "Something before the provider answered in its place. Check `api_base` in the proxy's config.",
        statuses=(502,),
        message=r"BadGatewayError|APIError|InternalServerError|<html",
    ),
    Rule(
        "provider-error",
        "provider",
        "The provider failed. Try again later.",
        statuses=(500, 502, 503, 504),
        message=r"litellm\.(?:InternalServerError|APIError|APIConnectionError|ServiceUnavailableError)",
    ),
    # ---- what is left, by status alone
    Rule("bad-request", "caller", "The proxy or the provider refused the request; the message says why.", (400, 422)),
    Rule("unauthorized", "caller-key", "The proxy refused the key. Check LITELLM_API_KEY.", (401,)),
    Rule("forbidden", "caller-key", "The proxy refuses this to this key.", (403,)),
    Rule(
        "not-litellm",
        "caller",
        "No LiteLLM API at this address. Correct the base URL: it is the proxy's root, like http://localhost:4000.",
        (404, 405),
    ),
    Rule(
        "redirected",
        "caller",
        "The address redirects elsewhere; the key is not sent along. Put the final address into the base URL.",
        (301, 302, 303, 307, 308),
    ),
    Rule("gateway-timeout", "gateway", "The proxy gave up waiting. See its log, then try again.", (408, 504)),
    Rule("rate-limit", "provider", "Too many requests. Wait, then try again.", (429,)),
    Rule(
        "gateway-down",
        "gateway",
        "The proxy is not ready, or not running behind this address. See its log.",
        (502, 503),
    ),
    Rule("gateway-error", "gateway", "The proxy failed by itself. See its log.", (500,)),
)
"""First fit wins: special rules stand before general ones."""

UNKNOWN = Rule("unknown", "unknown", "The message above is all that is known.")
STREAM_CUT = Rule(
    "stream-cut",
    "unknown",
    "The stream ended before its end. Try again; what arrived until then is kept.",
)
