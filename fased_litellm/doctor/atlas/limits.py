"""Keys that the proxy knows, and that may not do this, or not now."""

from __future__ import annotations

from typing import Final

from .case import Case

_DB: Final = "database"
_OVER = "Budget has been exceeded!"
_EARLIER = "429 up to 1.103, 400 up to 1.84"
_LIMITED = "Rate limit exceeded for"

CASES = (
    Case("model-not-of-the-key", "a key restricted to other models", 403, "key_model_access_denied", "is not available for this API key, or the model name is invalid", "model-forbidden", _DB),
    Case("unknown-model-restricted-key", "a restricted key, and a model that does not exist", 403, "key_model_access_denied", "is not available for this API key", "model-forbidden", _DB),
    Case("model-not-of-the-team", "a key of a team restricted to other models", 403, "team_model_access_denied", "is not available for this API key", "model-forbidden", _DB),
    Case("model-not-of-the-user", "a key of a user restricted to other models", 403, "user_model_access_denied", "is not available for this API key", "model-forbidden", _DB),
    Case("route-not-of-the-key", "a key restricted to other routes", 403, None, "Virtual key is not allowed to call this route.", "key-route-denied", _DB, detail=True),
    Case("requests-per-minute", "the second request of a key with `rpm_limit: 1`", 429, "throttling_error", f"{_LIMITED} api_key", "key-rate-limit", _DB),
    Case("tokens-per-minute", "the second request of a key with `tpm_limit: 1`", 429, "throttling_error", "Limit type: tokens", "key-rate-limit", _DB),
    Case("parallel-requests", "a request of a key with `max_parallel_requests: 1` beside another", 429, "throttling_error", "Limit type: max_parallel_requests", "key-rate-limit", _DB),
    Case("requests-per-minute-of-a-team", "the second request of a key of a team with `rpm_limit: 1`", 429, "throttling_error", f"{_LIMITED} team", "key-rate-limit", _DB),
    Case("requests-per-minute-of-a-user", "the second request of a key of a user with `rpm_limit: 1`", 429, "throttling_error", f"{_LIMITED} user", "key-rate-limit", _DB),
    Case("budget-of-zero", "a key with `max_budget: 0`", 422, "budget_exceeded", _OVER, "budget-exceeded", _DB, earlier=_EARLIER),
    Case("budget-used-up", "a key which has spent its budget", 422, "budget_exceeded", _OVER, "budget-exceeded", _DB, earlier=_EARLIER),
    Case("budget-used-up-stream", "the same, with `stream: true`", 422, "budget_exceeded", _OVER, "budget-exceeded", _DB, earlier=_EARLIER),
    Case("budget-used-up-models", "the same, asking for `/v1/models`", 422, "budget_exceeded", _OVER, "budget-exceeded", _DB, earlier=_EARLIER),
    Case("budget-of-the-user", "a key of a user whose budget is used up", 422, "budget_exceeded", "ExceededBudget: User=", "budget-exceeded", _DB, earlier=_EARLIER),
    Case("budget-of-the-end-user", "a request whose `user` has used up a budget", 422, "budget_exceeded", "ExceededBudget: End User=", "budget-exceeded", _DB, earlier=_EARLIER),
    Case("budget-of-the-team", "a key of a team whose budget is used up", 422, "budget_exceeded", "Budget has been exceeded! Team=", "budget-exceeded", _DB, earlier=_EARLIER),
)  # fmt: skip
