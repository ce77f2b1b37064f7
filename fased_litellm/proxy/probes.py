"""Small requests of ours, sent to see whether a model answers. Pure."""

from __future__ import annotations

import re

from ..errors import CallError
from ..formatting import token_count
from .causes import TOO_LOW
from .reply import Reply

TOKENS = 16
"""The output limit of a probe, in tokens. Fact: OpenAI's Responses API takes no ``max_output_tokens`` below 16, and LiteLLM sends
``max_tokens`` there for some models."""

_TOO_LOW = (
    r"(?is)integer_below_min_value|below (?:the )?minimum value"
    r"|max_(?:completion_|output_)?tokens\b.{0,80}?(?:must be (?:at least|greater than|>)|too (?:low|small)|>= ?\d)"
    r"|(?:at least|minimum(?: of)?) \d+ (?:output |completion )?tokens"
    r"|max_tokens or model output limit was reached|try again with higher max_tokens"
)
"""Facts: the words of OpenAI's two interfaces, for a limit below the minimum, and for one that the reasoning used up."""


def judge(error: CallError, max_tokens: int) -> CallError:
    """The failure of a probe: an output limit that a model finds too low is not the mistake of whoever asked for the probe.

    Args:
        error: why it failed; changed in place.
        max_tokens: its output limit in tokens.
    """
    if error.status in (400, 422) and error.cause != "context-window" and re.search(_TOO_LOW, error.message):
        error.cause, error.origin = TOO_LOW.cause, TOO_LOW.origin
        error.hint = TOO_LOW.remedy.replace("than this probe had", f"than the {token_count(max_tokens)} of this probe")
    return error


def without_words(reply: Reply) -> str | None:
    """Why a reply holds no text, where its limit explains that; None for any other reply."""
    if reply.text.strip() or reply.tool_calls:
        return None
    usage = reply.receipt.usage
    spent = usage.reasoning_tokens if usage else 0
    if spent or reply.reasoning:
        counted = token_count(spent) if spent else "every token of it"
        return f"no text: the answer was all reasoning ({counted}); --max-tokens allows more"
    if reply.finish_reason == "length":
        return "no text within the output limit; a model that reasons may need more (--max-tokens)"
    return None
