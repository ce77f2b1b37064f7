"""A call that was refused for its budget: which one, spent, limit, when it resets, and whom to ask."""

from __future__ import annotations

import re

from ..errors import CallError, FasedError
from ..formatting import usd
from ..proxy.client import ProxyClient
from ..proxy.management.admin import KeyAdmin, VirtualKey

_WHOSE = re.compile(r"\b(Key|Team|User|Org|Organization|EndUser|End User|Tag|Model|Provider)=")
"""Fact: LiteLLM 1.106 names the holder of the budget in its message, ``Key=alias (sk-...) Current cost: …``."""
_NAMES = {"org": "organization", "enduser": "end user"}


def enrich(client: ProxyClient, error: CallError) -> CallError:
    """The error with what the proxy says of the key, which may ask about itself also when nothing is left.

    The proxy is asked once; where it does not say, the error stays as it is.
    """
    found = _WHOSE.search(error.message)
    whose = (found[1].lower() if found else "key").replace("_", " ")
    whose = _NAMES.get(whose, whose)
    if whose != "key":
        error.hint = (
            f"It is the budget of the {whose} that this key belongs to, not of the key itself. The owner of the proxy can raise it,"
            " or say when it resets."
        )
        return error
    try:
        key = KeyAdmin(client).info()
    except FasedError:
        return error
    if key.max_budget is not None:
        error.hint = _hint(key)
    return error


def _hint(key: VirtualKey) -> str:
    name = f"the key {key.alias}" if key.alias else "this key"
    again = (
        f"It resets on {key.budget_reset_at:%Y-%m-%d at %H:%M} UTC."
        if key.budget_reset_at
        else "It does not reset automatically."
    )
    raised = f" (fased litellm keys update {key.alias} --max-budget …)" if key.alias else ""
    most = key.max_budget or key.spent
    spent = max(key.spent, most)
    return (
        f"The budget of {name}: {usd(spent)} of {usd(most)} spent. {again}"
        f" Whoever has the proxy's master key can raise it{raised}."
    )
