"""Models, keys and spend: questions to the proxy that are no calls."""

from __future__ import annotations

from typing import Final

from .case import Case

_DB: Final = "database"
_NONE: Final = "no-database"
_ADMIN = "Only proxy admin can be used to generate, delete, update info for new keys/users/teams."

CASES = (
    Case("one-model-virtual-key", "`GET /v1/models/{id}` with a virtual key", 401, "auth_error", _ADMIN, "key-not-admin", _DB),
    Case("one-model-unknown", "`GET /v1/models/{id}` of a model that does not exist", 404, None, "does not exist or is not accessible", "unknown-model", since="1.77", earlier="`Not Found`", detail=True),
    Case("model-info-unknown-id", "`GET /model/info?litellm_model_id=…` of an id that does not exist", 400, None, "not found on litellm proxy", "unknown-model", detail=True),
    Case("model-info-v2-no-database", "`GET /v2/model/info` without a database", 500, None, "DB not connected.", "gateway-no-database", _NONE, since="1.74", earlier="answer", detail=True),
    Case("key-info-master", "`GET /key/info` with the master key", 404, "not_found_error", "Key not found in database", "key-not-stored", _DB),
    Case("key-info-unknown", "`GET /key/info?key=…` of a key that does not exist", 404, "not_found_error", "Key not found in database", "key-not-stored", _DB),
    Case("key-info-calls-only", "`GET /key/info` with a key of the type `llm_api`", 403, None, "Virtual key is not allowed to call this route.", "key-route-denied", _DB, detail=True),
    Case("key-list-virtual-key", "`GET /key/list` with a virtual key", 403, "bad_request_error", "You are not authorized to access this endpoint.", "key-not-admin", _DB),
    Case("key-list-no-database", "`GET /key/list` without a database", 500, "internal_server_error", "Database not connected", "gateway-no-database", _NONE),
    Case("key-generate-virtual-key", "`POST /key/generate` with a virtual key", 401, "auth_error", _ADMIN, "key-not-admin", _DB),
    Case("key-generate-same-alias", "an alias which another key has", 400, "bad_request_error", "Unique key aliases across all keys are required.", "key-alias-taken", _DB),
    Case("key-generate-bad-duration", '`"budget_duration": "yearly"`', 400, "internal_server_error", "Invalid budget_duration 'yearly'.", "budget-duration", _DB),
    Case("key-generate-bad-budget", '`"max_budget": "abc"`', 422, None, "Input should be a valid number", "bad-request", _DB, detail=True),
    Case("key-generate-negative-budget", '`"max_budget": -1`', 400, "internal_server_error", "max_budget must be a non-negative finite number.", "bad-request", _DB),
    Case("key-generate-enterprise", "`model_max_budget`, which needs a licence", 500, "internal_server_error", "You must be a LiteLLM Enterprise user to use this feature.", "enterprise-only", _DB),
    Case("key-regenerate", "`POST /key/{key}/regenerate`, which needs a licence", 500, "internal_server_error", "Regenerating Virtual Keys is an Enterprise feature", "enterprise-only", _DB),
    Case("key-update-unknown", "`POST /key/update` of a key that does not exist", 404, "not_found_error", "Key not found.", "key-not-stored", _DB),
    Case("spend-virtual-key", "`GET /spend/logs` with a virtual key", 401, "auth_error", _ADMIN, "key-not-admin", _DB),
    Case("spend-without-dates", "`GET /spend/logs/v2` without dates", 400, "bad_request", "Start date and end date are required", "bad-request", _DB),
    Case("spend-no-database", "`GET /spend/logs` without a database", 500, "internal_error", "Database not connected.", "gateway-no-database", _NONE),
    Case("spend-v2-no-database", "`GET /spend/logs/v2` without a database", 401, "internal_error", "Prisma Client is not initialized", "gateway-no-database", _NONE, since="1.80", earlier="`Not Found`"),
    Case("activity-virtual-key", "`GET /user/daily/activity` with a virtual key of no user", 403, None, "Service-account keys cannot query user analytics.", "key-not-admin", _DB, detail=True),
    Case("spend-report", "`GET /global/spend/report`, which needs a licence", 400, None, "You must be a LiteLLM Enterprise user to use this feature.", "enterprise-only", _DB, detail=True),
)  # fmt: skip
