"""Tokens of a call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..documents import TokensPart
from .billed import UNSERVED, BilledDetail, Served, billed_detail
from .counting import counted


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Tokens of a call, counted as Fased does.

    Input leaves out the cached tokens; reasoning tokens are part of the output; the total is the sum of the other four.
    Fact: Fased's ``src/agents/usage.ts``.

    Attributes:
        detail: what else a price may depend on; None where nobody wrote it down, as in the Node agent's transcripts.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    detail: BilledDetail | None = field(default=None, compare=False, kw_only=True)

    @property
    def total_tokens(self) -> int:
        return self.input_tokens + self.output_tokens + self.cache_read_tokens + self.cache_write_tokens

    @property
    def prompt_tokens(self) -> int:
        """All that was sent, cached or not."""
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens

    def as_dict(self) -> TokensPart:
        return {
            "inputTokens": self.input_tokens,
            "outputTokens": self.output_tokens,
            "cacheReadTokens": self.cache_read_tokens,
            "cacheWriteTokens": self.cache_write_tokens,
            "reasoningTokens": self.reasoning_tokens,
            "totalTokens": self.total_tokens,
        }


def token_usage(usage: Mapping[str, Any] | None, served: Served = UNSERVED) -> TokenUsage | None:
    """Tokens from an OpenAI ``usage`` object, None if there is none.

    Fact: LiteLLM's ``prompt_tokens`` include what was read from and written to a cache.

    Args:
        usage: the object.
        served: what else the price of the call may depend on.
    """
    if not isinstance(usage, Mapping) or not usage:
        return None
    found = counted(usage)
    return TokenUsage(
        found.input,
        found.output,
        found.cache_read,
        found.cache_write,
        found.reasoning,
        detail=billed_detail(usage, served),
    )


def merged_usage(before: Mapping[str, Any] | None, more: Mapping[str, Any]) -> dict[str, Any]:
    """What several chunks of a stream tell of its usage, as one.

    A figure that was told once is kept: another chunk may count on (the later figure holds), tell the rest, or end with
    zeros or nothing in its place.
    """
    found = dict(before or {})
    for name, value in more.items():
        known = found.get(name)
        if isinstance(value, Mapping):
            found[name] = merged_usage(known if isinstance(known, Mapping) else None, value)
        elif value or not known:
            found[name] = value
    return found
