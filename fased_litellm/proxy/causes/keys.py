"""Failures of the caller's key: the proxy does not know it, or does not let it do this."""

from __future__ import annotations

from functools import partial

from .rule import SHOW_MODELS, Rule

_own = partial(Rule, only="own")
RULES = (
    _own(
        "budget-exceeded",
        "caller-key",
        "The budget of this key (or of its team or user) is used up. Wait for its reset, or have the owner of the proxy raise it.",
        types=("budget_exceeded",),
        message=r"Budget has been exceeded|ExceededBudget",
    ),
    _own(
        "key-no-database",
        "caller-key",
        "This proxy has no database, so it knows no virtual keys: only its master key is accepted. Use the master key, or give the proxy a database.",
        statuses=(400, 401),
        types=("no_db_connection",),
        message=r"No connected db",
    ),
    _own(
        "key-missing",
        "caller-key",
        "Set LITELLM_API_KEY, or run `fased onboard --auth-choice litellm-api-key`.",
        statuses=(401,),
        message=r"No api key passed in",
    ),
    _own(
        "key-missing",
        "caller-key",
        "The proxy needs a key, and fails without one since its `prisma` package is missing. Set LITELLM_API_KEY, or run `fased onboard --auth-choice litellm-api-key`.",
        statuses=(500,),
        message=r"(?i)^internal server error$",
        keyless=True,
    ),
    _own(
        "key-malformed",
        "caller-key",
        "The key must be sent as a Bearer token. Store the key alone, without `Bearer` and without quotes.",
        statuses=(401,),
        message=r"Malformed API Key",
    ),
    _own(
        "key-wrong-kind",
        "caller-key",
        "This is not a LiteLLM key: those begin with `sk-`. Use a virtual key of this proxy, not the key of a provider.",
        statuses=(401,),
        message=r"LiteLLM Virtual Key expected",
    ),
    _own(
        "key-expired",
        "caller-key",
        "The key has expired. Ask the owner of the proxy for a new one, then run `fased onboard --auth-choice litellm-api-key`.",
        statuses=(400, 401),
        types=("expired_key",),
        message=r"Expired Key",
    ),
    _own(
        "key-blocked",
        "caller-key",
        "The key is blocked. The owner of the proxy can unblock it.",
        statuses=(401,),
        message=r"Key is blocked",
    ),
    _own(
        "team-blocked",
        "caller-key",
        "The team to which the key belongs is blocked. The owner of the proxy can unblock it.",
        statuses=(400, 401, 403),
        message=r"Authentication Error, Team=|\bTeam=.{1,120} is blocked",
    ),
    _own(
        "key-unknown",
        "caller-key",
        "This proxy does not know the key: it is mistyped, deleted, or belongs to another proxy. Check LITELLM_API_KEY, or run `fased onboard --auth-choice litellm-api-key`.",
        statuses=(401,),
        types=("token_not_found_in_db",),
        message=r"Invalid proxy server token|Unable to find token|Authentication Error, Invalid API key provided",
    ),
    _own(
        "key-not-admin",
        "caller-key",
        "Only the master key or an administrator may ask this.",
        statuses=(401, 403),
        message=r"Only proxy admin can be used|Service-account keys cannot query|not authorized to access this endpoint",
    ),
    _own(
        "key-route-denied",
        "caller-key",
        "The key is restricted to other routes. Ask the owner of the proxy for a key of the default type to do more.",
        statuses=(401, 403),
        message=r"not allowed to call this route",
    ),
    _own(
        "key-not-stored",
        "caller-key",
        "The proxy has no virtual key of that name in its database. Its master key is in none either: it cannot be asked about itself.",
        statuses=(404,),
        message=r"Key not found|No keys found",
    ),
    _own(
        "key-alias-taken",
        "caller",
        "Another key has this alias already. Choose another one, or delete that key first.",
        statuses=(400,),
        message=r"Unique key aliases|Key with alias .{1,200} already exists",
    ),
    _own(
        "budget-duration",
        "caller",
        "The proxy does not take this duration. Write `24h`, `7d` or `30d`, which every release knows; `weekly` and `monthly` came with 1.96.",
        statuses=(400, 422, 500),
        message=r"Invalid budget_duration|Invalid duration|Unsupported duration|duration format",
    ),
    _own(
        "model-forbidden",
        "caller-key",
        f"This key may not use that model, or the name is wrong. {SHOW_MODELS}",
        statuses=(400, 401, 403),
        types=("key_model_access_denied", "team_model_access_denied", "user_model_access_denied"),
        message=r"is not available for this API key|not allowed to access model",
    ),
    _own(
        "key-rate-limit",
        "caller-key",
        "The key has reached its limit of requests, tokens or parallel calls. Wait for the reset, or have the limit raised.",
        statuses=(429,),
        message=r"Rate limit exceeded for (?:api_key|user|team)|Limit type: \w|Crossed TPM / RPM / Max Parallel|(?i:max parallel request limit)",
        header="rate_limit_type",
    ),
)
"""In the words of a gateway behind the proxy they are of the key which the proxy has there: ``behind``."""
