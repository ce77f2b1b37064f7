"""Tokens of a call, and what they cost by a table of prices."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any


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
    prompt = _count(usage.get("prompt_tokens"))
    details = _mapping(usage.get("prompt_tokens_details"))
    read = _count(details.get("cached_tokens")) or _count(usage.get("cache_read_input_tokens"))
    write = _count(usage.get("cache_creation_input_tokens")) or _count(details.get("cache_creation_tokens"))
    reasoning = _mapping(usage.get("completion_tokens_details")).get("reasoning_tokens")
    return TokenUsage(
        input_tokens=max(0, prompt - read - write),
        output_tokens=_count(usage.get("completion_tokens")),
        cache_read_tokens=read,
        cache_write_tokens=write,
        reasoning_tokens=_count(reasoning),
    )


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return 0
    return max(0, int(value)) if value == value and abs(value) < 1e15 else 0  # noqa: PLR0124 - NaN is not itself


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
