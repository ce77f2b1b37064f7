"""Failures of a gateway behind the proxy, such as another LiteLLM, Azure or OpenRouter: budget, key, rate and model are the proxy's there.

Facts: of LiteLLM behind LiteLLM the message carries the words of the inner one behind ``Litellm_proxyException - `` (or the name
of the provider in whose place it is), and ``error.type`` is the inner one's where the SDK has no class for it (1.108.7, openai 2
and 3). So the caller's key has no part in it, whatever the words are.
"""

from __future__ import annotations

from functools import partial

from .rule import Rule

_behind = partial(Rule, only="behind")
RULES = (
    _behind(
        "provider-quota",
        "provider-key",
        "The budget of the key that the proxy uses at the gateway behind it is used up. The owner of the proxy has to raise it there.",
        types=("budget_exceeded",),
        message=r"(?i)budget has been exceeded|ExceededBudget|crossed budget|exceeded budget for|key limit exceeded"
        r"|requires more credits|out of call volume quota",
    ),
    _behind(
        "provider-rate-limit",
        "provider",
        "The gateway behind the proxy limits the rate of the key that the proxy uses there. Wait, or have the limit raised there.",
        statuses=(400, 429),
        message=r"Rate limit exceeded for (?:api_key|user|team|model|end_user|project|organization)|Limit type: \w"
        r"|Crossed TPM / RPM / Max Parallel|(?i:max parallel request limit)",
    ),
    _behind(
        "provider-overloaded",
        "provider",
        "Every deployment of this model is cooling down at the gateway behind the proxy. Try again in some seconds; if it lasts, see the log there.",
        statuses=(400, 429, 500, 503),
        types=("all_deployments_in_cooldown",),
        message=r"(?i)no (?:healthy )?deployments? available",
    ),
    _behind(
        "provider-permission",
        "provider-key",
        "The key that the proxy uses at the gateway behind it may not use this model there. The owner of the proxy has to enable it there.",
        statuses=(400, 401, 403),
        types=("key_model_access_denied", "team_model_access_denied", "user_model_access_denied"),
        message=r"(?i)not allowed to (?:access model|call this route)|is not available for this api key|only proxy admin can be used",
    ),
    _behind(
        "provider-key",
        "provider-key",
        "The gateway behind the proxy does not take the key that the proxy uses there. The owner of the proxy has to correct it in the proxy's config.",
        statuses=(400, 401, 403),
        types=("token_not_found_in_db", "expired_key", "no_db_connection", "auth_error"),
        message=r"(?i)no connected db|no api key passed in|malformed api key|virtual key expected|expired key|key is blocked"
        r"|invalid proxy server token|unable to find token|authentication error, (?:team=|invalid)|\bteam=.{1,120} is blocked"
        # Fact: LiteLLM 1.80 takes this one of Azure for a ContentPolicyViolationError.
        r"|access denied due to .{0,60}subscription key",
    ),
    _behind(
        "provider-model",
        "gateway",
        "Bedrock serves this model through an inference profile alone. The owner of the proxy has to name its id or ARN in `litellm_params.model`, as in `bedrock/us.anthropic.claude-…`.",
        statuses=(400, 403, 404, 424, 500),
        message=r"(?i)on-demand throughput|(?:ID or )?ARN of an inference profile",
    ),
    _behind(
        "provider-model",
        "gateway",
        "The gateway behind the proxy has no model of the name to which the proxy maps this one, or none that can do this. The owner of the proxy has to correct `litellm_params.model`, or the config there.",
        statuses=(400, 404, 500),
        message=r"(?i)invalid model name passed in|no healthy deployments for this model|LLM provider not provided|no endpoints found"
        r"|no allowed providers|deployment for this resource does not exist|does not work with the specified model"
        r"|provided model identifier is invalid|model .{1,120} (?:is )?not found|is not accessible",
    ),
    _behind(
        "provider-route",
        "gateway",
        "The `api_version` of the deployment does not have this model. The owner of the proxy has to raise it in `litellm_params`.",
        statuses=(400, 404),
        message=r"(?i)enabled only for api versions?|(?:unsupported|invalid) api[- ]version|api[- ]version (?:is )?not supported",
    ),
    # ---- TLS between the proxy and it. Fact: the openai SDK says no more than "Connection error."; aiohttp and httpx say this.
    _behind(
        "provider-certificate",
        "gateway",
        "The certificate of the provider, or of a server in front of it, has expired. Renew it; or check `api_base` and the clock where the proxy runs.",
        message=r"certificate has expired|certificate is not yet valid",
    ),
    _behind(
        "provider-certificate",
        "gateway",
        "The certificate of the provider is for another host name than the one in `api_base`. Correct `api_base` in the proxy's config, or the certificate.",
        message=r"(?i)host ?name mismatch|doesn't match (?:either of )?'|certificate is not valid for|IP address mismatch",
    ),
    _behind(
        "provider-certificate",
        "gateway",
        "The proxy does not trust the certificate of the provider, as behind a company's own authority. Where the proxy runs, name the authority's file in SSL_CERT_FILE or in `ssl_verify` of `litellm_settings` (or of the deployment).",
        message=r"(?i)CERTIFICATE_VERIFY_FAILED|SSLCertVerificationError|certificate verify failed|self[- ]signed certificate"
        r"|unable to get (?:local )?issuer certificate|unknown ca\b",
    ),
    _behind(
        "provider-key",
        "provider-key",
        "The key or a header which the proxy sends to the provider holds characters that HTTP does not take, such as a typographic quote. The owner of the proxy has to correct it in the proxy's config.",
        statuses=(400, 500),
        message=r"'(?:ascii|latin-1)' codec can't encode",
    ),
)

_ACCOUNT = (
    r"(?i)\b(?:account|tenant|subscription|organi[sz]ation|workspace|api[ _-]?key|credentials?|licen[cs]e|quota|credits?|budget"
    r"|billing|payment|suspended|deactivated|unauthori[sz]ed|not authori[sz]ed|access denied|permission|forbidden)\b"
)
_REQUEST = (
    r"(?i)\b(?:invalid|must|should|cannot|can't|missing|expected|unexpected|unrecognized|unknown|malformed|unsupported|alternate"
    r"|duplicate|too (?:long|short|many|few|large|small|big)|at (?:least|most)|minimum|maximum|out of range|validation|schema"
    r"|(?:not|n't) (?:a valid|support(?:ed)?|permitted|match)|(?:field|is|are) required|required (?:field|parameter|property)"
    r"|parameters?|arguments?|json|parse|parsed|parsing|base64|images?|tool_(?:calls?|use|choice|result)|tools?|messages|roles?)\b"
)
_KEY = (
    r"(?i)(?:invalid|incorrect|wrong|missing|expired|revoked|bad)[ _](?:api[ _-]?|subscription[ _]|access[ _])?(?:key|token)\b"
    r"|\b(?:api[ _-]?key|access token|credentials?) (?:is |has |was |are )?(?:not valid|invalid|expired|missing|revoked|disabled)"
)
_WORDS_LEFT = (
    _behind(
        "provider-key",
        "provider-key",
        "The provider refused the key that the proxy uses. The owner of the proxy has to correct it in the proxy's config.",
        (400, 422),
        message=_KEY,
    ),
    _behind(
        "provider-permission",
        "provider-key",
        "The provider refuses the account which the proxy uses there; the message says why. The owner of the proxy has to see to it.",
        (400, 422),
        message=_ACCOUNT,
    ),
    _behind(
        "bad-request",
        "caller",
        "The provider refused the request; the message says why.",
        (400, 422),
        # The SDK's "Error code" stands before what is not of OpenAI's form, and mostly a server that checks the request says so.
        message=rf"{_REQUEST}|^\S.{{0,200}}?\bError code: \d{{3}}\b|<html",
    ),
)
_STATUS_LEFT = (
    _behind(
        "provider-refused",
        "provider",
        "The provider, or the gateway behind the proxy, refused this; the message says why.",
        (400, 404, 405, 409, 410, 415, 418, 422, 424, 425, 451),
    ),
    _behind(
        "provider-key",
        "provider-key",
        "The provider refused the key that the proxy uses. The owner of the proxy has to correct it in the proxy's config.",
        (401,),
    ),
    _behind(
        "provider-permission",
        "provider-key",
        "The proxy's account at the provider may not do this. The owner of the proxy has to allow it there.",
        (403,),
    ),
    _behind(
        "provider-rate-limit",
        "provider",
        "The provider limits the rate. Wait, or spread the load over more deployments.",
        (429,),
    ),
    _behind(
        "provider-timeout",
        "provider",
        "The provider did not answer in time. Try again, or raise `timeout` in the proxy's config.",
        (408, 504),
    ),
    _behind(
        "provider-error",
        "provider",
        "The provider failed. Try again later.",
        (500, 501, 502, 503, 520, 521, 522, 523, 524),
    ),
)
LEFT = (*_WORDS_LEFT, *_STATUS_LEFT)
"""What is left, when no row of the other tables fits: the structure says that it came from behind the proxy."""
