"""Whether the proxy has a database: without one it knows no virtual keys, budgets and spend rows."""

from __future__ import annotations

import re

from ...errors import CallError, FasedError
from .. import readiness
from ..client import ProxyClient

_TOLD = r"DB not connected|Database not connected|No connected db|Prisma Client is not initialized"
_SAYS_NOTHING = "Internal Server Error"


def is_missing(error: CallError, client: ProxyClient) -> bool:
    """Whether a route was refused because the proxy has no database.

    Fact: LiteLLM from pip has no ``prisma`` package. Without it, from 1.108 on, the routes of keys and spend fail on the import of
    that package, and answer with a plain 500. Then the proxy's readiness is asked, which is free and tells of the database.

    Args:
        error: with which it was refused.
        client: of that proxy.
    """
    if re.search(_TOLD, error.message):
        return True
    if error.status != 500 or _SAYS_NOTHING not in error.message:
        return False
    try:
        found = readiness.ask(client)
    except FasedError:
        return False
    return found is not None and found.without_database
