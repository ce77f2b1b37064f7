"""Keys that the proxy does not take."""

from __future__ import annotations

from typing import Final

from .case import Case

_DB: Final = "database"
_NONE: Final = "no-database"

CASES = (
    Case("no-key", "no key is sent", 401, "auth_error", "Authentication Error, No api key passed in.", "key-missing", _DB, keyless=True),
    Case(
        "no-key-no-database",
        "no key is sent to a proxy without the package `prisma`",
        500,
        None,
        "Internal Server Error",
        "key-missing",
        _NONE,
        earlier="401 `No api key passed in`, as all do where `prisma` is installed",
        keyless=True,
    ),
    Case("wrong-key", "a key which the proxy does not know", 401, "token_not_found_in_db", "Authentication Error, Invalid API key provided.", "key-unknown", _DB, earlier="`Invalid proxy server token passed`"),
    Case("deleted-key", "a key which was deleted", 401, "token_not_found_in_db", "Authentication Error, Invalid API key provided.", "key-unknown", _DB, earlier="`Unable to find token in cache or LiteLLM_VerificationTokenTable`"),
    Case("wrong-key-no-database", "another key than the master key, without a database", 400, "no_db_connection", "No connected db.", "key-no-database", _NONE, earlier="401 `auth_error` up to 1.61"),
    Case("key-of-a-provider", "a key that does not begin with `sk-`", 401, "auth_error", "LiteLLM Virtual Key expected.", "key-wrong-kind", _DB),
    Case("key-of-a-provider-no-database", "the same without a database", 400, "no_db_connection", "No connected db.", "key-no-database", _NONE),
    Case("key-without-bearer", "`Authorization: sk-…` without `Bearer`", 401, "auth_error", "Malformed API Key passed in. Ensure Key has `Bearer ` prefix.", "key-malformed", _DB),
    Case("blocked-key", "a key that was blocked", 401, "auth_error", "Key is blocked. Update via `/key/unblock`", "key-blocked", _DB),
    Case("blocked-key-models", "the same, asking for `/v1/models`", 401, "auth_error", "Key is blocked.", "key-blocked", _DB),
    Case("expired-key", "a key whose duration is over", 401, "expired_key", "Authentication Error - Expired Key.", "key-expired", _DB),
    Case("blocked-team", "a key of a team that is blocked", 401, "auth_error", "Authentication Error, Team=", "team-blocked", _DB),
)  # fmt: skip
