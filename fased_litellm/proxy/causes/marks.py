"""What an answer is by its structure: whose refusal it carries, and whether a guardrail had a part in it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

Mark = Literal["own", "behind", "guardrail-named", "guardrail-ran", "foreign"]

_CARRIED = (
    # litellm.RateLimitError: RateLimitError: AzureException RateLimitError - …; BedrockException: Rate Limit Error - …
    r"^(?:litellm\.[\w.]{1,80}: ){1,4}(?:[\w ]{1,60}: ){0,3}"
    r"(?:[A-Za-z][\w.]{0,60}? ?(?:Exception\b[\w ]{0,40}(?: - |: )|Error - )|Error code: \d{3}\b)"
)
"""The exception of a call which the proxy made.

Fact: LiteLLM puts the provider's name before its words (``exception_mapping_utils.py``), and before that the class of its own
exception; where it knows no class, the SDK's ``Error code: 400 - …`` stands there. What the proxy refuses by itself has none of it.
"""


def marks(message: str, headers: Mapping[str, str], body: Any) -> frozenset[Mark]:
    """The marks of a failed answer.

    Args:
        message: its message, without what LiteLLM's router adds.
        headers: lower-cased names.
        body: its JSON value, or anything else.

    ``own`` or ``behind``: whether the proxy refuses by itself, or passes on what a provider, or another gateway, answered it.
    ``foreign``: the answer is no JSON, as a refusal of LiteLLM's always is: something else refuses.
    ``guardrail-named``: the answer names the guardrail. ``guardrail-ran``: one ran, and the words are none of LiteLLM's.
    """
    found: set[Mark] = {"behind" if is_carried(message) else "own"}
    if _is_foreign(headers, body):
        found.add("foreign")
    if _names_guardrail(body):
        found.add("guardrail-named")
    # Fact: `x-litellm-timeout` comes with the router, behind what guards the request (seen with 1.108.7).
    ran = "x-litellm-applied-guardrails" in headers and "x-litellm-timeout" not in headers
    if ran and not message.startswith("litellm."):
        found.add("guardrail-ran")
    return frozenset(found)


def _is_foreign(headers: Mapping[str, str], body: Any) -> bool:
    kind = headers.get("content-type", "")
    return body is None and bool(kind) and "json" not in kind.lower()


def is_carried(message: str) -> bool:
    """Whether a message carries the exception of a call which the proxy made."""
    return re.match(_CARRIED, message) is not None


def _names_guardrail(body: Any) -> bool:
    """Fact: an HTTPException with an object is passed on in ``provider_specific_fields``, with the guardrail's name (1.108)."""
    error = body.get("error", body.get("detail")) if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return False
    fields = error.get("provider_specific_fields")
    named = (*error, *(fields if isinstance(fields, Mapping) else ()))
    return any("guardrail" in str(name).lower() for name in named)
