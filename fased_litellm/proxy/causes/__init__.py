"""The one table of failures: what the proxy answers → cause, origin, remedy.

Facts: statuses, types and wordings were seen on LiteLLM 1.61 to 1.108, the last with openai 2 and 3. ``error.type`` is null in
many releases, and the same failure has other statuses in other releases, so a rule reads the status first, then the class name
or a fixed part of the message, and the type where it is set. With openai 3 LiteLLM finds neither type nor code of a provider's
answer, so classes which it made of those are gone (ContentPolicyViolationError, NotFoundError for a 403): the words are left.

What goes wrong on the way to the proxy is in ``net.causes``.
"""

from __future__ import annotations

from . import bystatus, gateway, keys, provider, request
from .provider import STREAM_BROKE
from .rule import WORDLESS, Rule

RULES = (*keys.RULES, *gateway.RULES, *request.RULES, *provider.RULES, *bystatus.RULES)
"""First fit wins: special rules stand before general ones."""

UNKNOWN = Rule("unknown", "unknown", "The message above is all that is known.")
STREAM_CUT = Rule(
    "stream-cut",
    "unknown",
    "The stream ended before its end. Try again; what arrived until then is kept.",
)


def rule_of(cause: str) -> Rule | None:
    """The first row with this cause."""
    return next((rule for rule in (*RULES, STREAM_CUT, UNKNOWN) if rule.cause == cause), None)


__all__ = ["RULES", "STREAM_BROKE", "STREAM_CUT", "UNKNOWN", "WORDLESS", "Rule", "rule_of"]
