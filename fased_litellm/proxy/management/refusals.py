"""What the routes for virtual keys answer when they refuse, in words."""

from __future__ import annotations

import re

from ...errors import CallError, KeyAdminError

NO_DATABASE = (
    "This proxy has no database, so it has no virtual keys, budgets and spend: its master key is the only one."
)
GIVE_DATABASE = (
    "Have its owner set DATABASE_URL (PostgreSQL) and restart it: https://docs.litellm.ai/docs/proxy/virtual_keys"
)
_REFUSALS: tuple[tuple[str, str, str], ...] = (
    # A part of the proxy's message, what it means, what to do.
    (
        r"Key with alias '(?P<name>[^']*)' already exists",
        "The proxy has a key called {name} already; names of keys are unique on a proxy.",
        "Choose another --alias, or see the one that is there: fased litellm keys info {name}",
    ),
    (
        r"Invalid budget_duration '(?P<name>[^']*)'",
        "This proxy does not know the budget duration {name!r}.",
        "Use 1d, 7d or 30d. (`monthly`, `weekly` and `daily` came with LiteLLM 1.96, and are sent in that form anyway.)",
    ),
    (r"Invalid duration format", "The proxy cannot read how long the key is to live.", "Write it as 12h or 30d."),
    (
        r"Enterprise",
        "LiteLLM has this only in its Enterprise edition; it answers with a server error.",
        "`fased litellm keys rotate` replaces a key without that edition.",
    ),
    (
        r"Only proxy admin|Your role=unknown|not allowed to call this route|Tried to call route",
        "This key may not manage keys; only the proxy's master key, or that of an admin, may.",
        "Set LITELLM_MASTER_KEY for this one command, or ask the owner of the proxy.",
    ),
    (
        r"Key not found|No keys found",
        "The proxy has no such key.",
        "See `fased litellm keys list`. (The master key itself is not in the list.)",
    ),
    (
        r"Invalid proxy server token|token_not_found|Malformed API Key|expected to start with 'sk-'",
        "The proxy does not know the master key that was given.",
        "Check LITELLM_MASTER_KEY; it is the one that the proxy was started with.",
    ),
)


def as_admin_error(error: CallError, path: str, *, without_database: bool) -> CallError | KeyAdminError:
    """A refusal of one of these routes in words; an error of another kind as it is.

    Fact: these routes answer 500 for several things that are no server errors (no database, an Enterprise feature).

    Args:
        error: with which it was refused.
        path: of the route.
        without_database: whether the proxy has none.
    """
    if error.status is None:
        return error
    if without_database:
        return KeyAdminError(NO_DATABASE, hint=GIVE_DATABASE, status=error.status)
    for pattern, message, hint in _REFUSALS:
        found = re.search(pattern, error.message)
        if found:
            names = found.groupdict()
            return KeyAdminError(message.format(**names), hint=hint.format(**names), status=error.status)
    return KeyAdminError(f"{path}: HTTP {error.status}: {error.message}", hint=error.hint, status=error.status)
