"""Failures behind the proxy: its key at the provider, its way there, and the provider."""

from __future__ import annotations

from .rule import WORDLESS, Rule

STREAM_BROKE = Rule(
    "provider-stream-broke",
    "provider",
    "The provider broke the stream off. Try again; what arrived until then is kept.",
    # Fact: this class with these words comes of a stream alone, with openai 3. Where no connection is made to begin with, the
    # class is InternalServerError, with either SDK.
    message=r"MidStreamFallbackError|error mid stream|Response payload is not completed"
    r"|APIConnectionError: \w+Exception - Connection error\.",
)
_SERVER_ERRORS = (500, 501, 502, 503, 504, 520, 521, 522, 523, 524, 525, 526)

RULES = (
    # ---- the provider's key
    Rule(
        "provider-key-missing",
        "provider-key",
        "The proxy has no key for this provider. The owner of the proxy has to set the variable that `litellm_params.api_key` names, where the proxy runs.",
        statuses=(400, 401, 500),
        message=r"Missing credentials|api_key client option must be set|Missing \w+ API\b",
    ),
    Rule(
        "provider-quota",
        "provider-key",
        "The proxy's account at the provider has no credit left. The owner of the proxy has to see to its billing.",
        statuses=(400, 402, 403, 429),
        message=r"(?i)insufficient_quota|current quota|billing|credit balance|insufficient (?:balance|credits|funds)"
        r"|hard limit has been reached|spending limit",
    ),
    Rule(
        "provider-quota",
        "provider-key",
        "The provider wants to be paid first. The owner of the proxy has to see to the billing of its account there.",
        statuses=(402,),
    ),
    Rule(
        "provider-key",
        "provider-key",
        "The provider refused the key that the proxy uses. The owner of the proxy has to correct it in the proxy's config.",
        statuses=(401,),
        # The proxy's own refusals name no class; from 1.101 on they have the same types. With openai 2 the class of a 401 may be
        # BadRequestError.
        message=r"AuthenticationError|^litellm\.\w+Error|Incorrect API key provided|invalid x-api-key",
    ),
    Rule(
        "provider-key",
        "provider-key",
        "The provider refused the key that the proxy uses. The owner of the proxy has to correct it in the proxy's config.",
        statuses=(400,),
        message=r"Incorrect API key provided|API key not valid|API_KEY_INVALID",
    ),
    Rule(
        "provider-permission",
        "provider-key",
        "The proxy's account at the provider may not use this model. The owner of the proxy has to enable it there.",
        statuses=(403,),
        message=r"litellm\.(?:NotFoundError|PermissionDeniedError|APIError|BadRequestError)|PermissionDenied"
        r"|does not have access to (?:the )?model",
    ),
    # ---- the way to it
    Rule(
        "provider-route",
        "gateway",
        "There is no such route at the address to which the proxy sends this. The owner of the proxy has to correct `litellm_params.api_base`, or the model is of another kind.",
        statuses=(400, 404, 405),
        message=r"unknown_url|Unknown request URL|Invalid URL|(?:NotFoundError|APIError)\b.{0,120}<(?:html|!DOCTYPE|!doctype)"
        r"|(?i:page not found|no route matched|'detail': '(?:not found|method not allowed)'"
        r"|(?:Error:|Exception|Error) (?:- )?(?:resource )?not found\s*$)",
    ),
    Rule(
        "provider-route",
        "gateway",
        "What answers at the provider's address says no more than this: mostly, its path is wrong. The owner of the proxy has to correct `litellm_params.api_base`, or `litellm_params.model` if the address is right.",
        statuses=(404, 405),
        message=rf"{WORDLESS}|: no text$",
    ),
    Rule(
        "provider-model",
        "gateway",
        "The provider does not know the model to which the proxy maps this name. The owner of the proxy has to correct `litellm_params.model`.",
        statuses=(400, 404),
        message=r"NotFoundError|(?i:the (?:requested )?model [`'\"].{1,200}?[`'\"] does not exist|invalid model (?:id|name)\b"
        r"|not a valid model|\bunknown model\b|no such model)",
    ),
    Rule(
        "provider-rate-limit",
        "provider",
        "The provider limits the rate. Wait, or spread the load over more deployments.",
        statuses=(429,),
        message=r"RateLimitError|Rate limit reached for",
    ),
    # Before the stream that broke: up to 1.91 the message has that class, too.
    Rule(
        "provider-timeout",
        "provider",
        "The provider did not go on in the time which the proxy grants. Try again, or raise `timeout` in the proxy's config.",
        statuses=(500,),
        # Fact: of a stream that stalls, openai 2; with openai 3 the class is Timeout.
        message=r"Timeout on reading data from socket|ReadTimeout|APITimeoutError",
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
        message=r"Cannot connect to host|Name or service not known|Connection refused",
    ),
    Rule(
        "provider-unreachable",
        "provider",
        "The proxy cannot reach the provider. Check `api_base` in the proxy's config and the proxy's network. If its log says CERTIFICATE_VERIFY_FAILED, it does not trust the provider's certificate: name the authority's file in SSL_CERT_FILE or `ssl_verify` there.",
        statuses=(500, 502, 503),
        # Fact: all that the openai SDK, 2 and 3, says of a connection that failed, whatever the reason; the log has that.
        message=r"Connection error",
    ),
    Rule(
        "provider-overloaded",
        "provider",
        "The provider is overloaded. Try again later.",
        statuses=(500, 503, 529),
        # Fact: Anthropic's 529 comes as a 500, other providers' as 529, or, from 1.110 on, as 503.
        message=r"ServiceUnavailableError|(?i:overloaded)",
    ),
    Rule("provider-overloaded", "provider", "The provider is overloaded. Try again later.", statuses=(529,)),
    Rule(
        "provider-bad-answer",
        "provider",
        "Something before the provider answered in its place. Check `api_base` in the proxy's config.",
        statuses=(502,),
        message=r"BadGatewayError|APIError|InternalServerError|<html",
    ),
    Rule(
        "provider-bad-answer",
        "provider",
        "What answers at `api_base` is not a model provider, or not the kind that the proxy's config says. Check `api_base` and the prefix of `litellm_params.model`.",
        statuses=(500,),
        message=r"invalid response from LLM endpoint|Exception - (?:Expecting |<html|<!DOCTYPE)|has no attribute 'model_dump'",
    ),
    Rule(
        "provider-error",
        "provider",
        "The provider failed. Try again later.",
        statuses=_SERVER_ERRORS,
        message=r"litellm\.(?:InternalServerError|APIError|APIConnectionError|ServiceUnavailableError|BadGatewayError)",
    ),
    Rule(
        "provider-refused",
        "provider",
        "The provider refused the request, and the proxy does not pass its words on. `fased litellm debug --direct` asks the provider itself and shows them.",
        statuses=(403, 405, 409, 410, 415, 424, 425, 451),
        message=WORDLESS,
    ),
    Rule(
        "provider-refused",
        "provider",
        "The provider refused the request; the message says why.",
        statuses=(403, 404, 405, 409, 410, 415, 424, 425, 451),
        message=r"litellm\.\w+(?:Error|Exception)",
    ),
)
