"""The one table of failures: what the proxy answers → cause, origin, remedy.

Facts: statuses, types and wordings were seen on LiteLLM 1.61 to 1.108, the last with openai 2 and 3. ``error.type`` is null in
many releases, and the same failure has other statuses in other releases, so a rule reads the status first, then the class name
or a fixed part of the message, and the type where it is set. With openai 3 LiteLLM finds neither type nor code of a provider's
answer, so classes which it made of those are gone (ContentPolicyViolationError, NotFoundError for a 403): the words are left.

What goes wrong on the way to the proxy is in ``net.causes``.
"""

from __future__ import annotations

from . import bystatus, front_gateways, gateway, guardrail, inner_gateways, keys, provider, request
from .marks import Mark, marks
from .provider import STREAM_BROKE
from .rule import WORDLESS, Rule

RULES = (
    *front_gateways.RULES,
    *guardrail.NAMED,
    *keys.RULES,
    *gateway.RULES,
    *inner_gateways.RULES,
    *request.RULES,
    *guardrail.WORDED,
    *provider.RULES,
    *inner_gateways.LEFT,
    *bystatus.RULES,
)
"""First fit wins: special rules stand before general ones."""

OF_CONFIG = Rule(
    "parameter-of-config",
    "gateway",
    "The proxy's config adds a parameter which the model does not take; the call did not send it. The owner of the proxy has to take it out of `litellm_params`, or to set `drop_params: true` in litellm_settings.",
)
"""Not found by the answer alone: what was sent counts, too (``parameters``)."""
TOO_LOW = Rule(
    "output-limit-too-low",
    "provider",
    "The model wants a higher output limit than this probe had; this is not a fault of the route. Try it with --max-tokens 1024.",
    (400, 422),
)
"""Of our own small requests alone (``probes``): where a caller chose the limit, it is the caller's."""
UNKNOWN = Rule("unknown", "unknown", "The message above is all that is known.")
FURTHER = (OF_CONFIG, TOO_LOW)
"""Rows which the answer alone does not lead to."""
STREAM_CUT = Rule(
    "stream-cut",
    "unknown",
    "The stream ended before its end. Try again; what arrived until then is kept.",
)


def rule_of(cause: str) -> Rule | None:
    """The first row with this cause."""
    return next((rule for rule in (*RULES, *FURTHER, STREAM_CUT, UNKNOWN) if rule.cause == cause), None)


__all__ = [
    "FURTHER",
    "OF_CONFIG",
    "RULES",
    "STREAM_BROKE",
    "STREAM_CUT",
    "TOO_LOW",
    "UNKNOWN",
    "WORDLESS",
    "Mark",
    "Rule",
    "marks",
    "rule_of",
]
