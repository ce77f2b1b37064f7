"""Tokens of a call, and what they cost by a table of prices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from .counting import counted


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Tokens of a call, counted as Fased does.

    Input leaves out the cached tokens; reasoning tokens are part of the output; the total is the sum of the other four.
    Fact: Fased's ``src/agents/usage.ts``.
    """

    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0

    @property
    def total_tokens(self) -> int:
        return self.input_tokens + self.output_tokens + self.cache_read_tokens + self.cache_write_tokens

    def as_dict(self) -> dict[str, int]:
        return {
            "inputTokens": self.input_tokens,
            "outputTokens": self.output_tokens,
            "cacheReadTokens": self.cache_read_tokens,
            "cacheWriteTokens": self.cache_write_tokens,
            "reasoningTokens": self.reasoning_tokens,
            "totalTokens": self.total_tokens,
        }


@dataclass(frozen=True, slots=True)
class Prices:
    """USD per token; None where the price is not known."""

    input: Decimal | None = None
    output: Decimal | None = None
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None

    @property
    def known(self) -> bool:
        """Whether a call can be priced: input and output both have a price."""
        return self.input is not None and self.output is not None

    def cost(self, usage: TokenUsage) -> Decimal | None:
        """What ``usage`` costs in USD, None if a price that it needs is not known.

        Cached tokens without a price of their own count as input. Fact: so does LiteLLM from 1.104 on.
        """
        read = self.cache_read if self.cache_read is not None else self.input
        write = self.cache_write if self.cache_write is not None else self.input
        parts = (
            (usage.input_tokens, self.input),
            (usage.output_tokens, self.output),
            (usage.cache_read_tokens, read),
            (usage.cache_write_tokens, write),
        )
        if any(tokens and price is None for tokens, price in parts):
            return None
        return sum((tokens * price for tokens, price in parts if price is not None), Decimal(0))


PriceSource = Callable[[], Prices | None]
"""Gives what a model costs, None if that is not known; asked only where the answer does not say."""


def token_usage(usage: Mapping[str, Any] | None) -> TokenUsage | None:
    """Tokens from an OpenAI ``usage`` object, None if there is none.

    Fact: LiteLLM's ``prompt_tokens`` include what was read from and written to a cache.
    """
    if not isinstance(usage, Mapping) or not usage:
        return None
    found = counted(usage)
    return TokenUsage(found.input, found.output, found.cache_read, found.cache_write, found.reasoning)


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
