"""What a small request will cost at most, said before it is sent. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from ..proxy.pricing.prices import Prices
from ..proxy.tokens import TokenUsage
from ..proxy.wire import Message

_CHARACTERS_PER_TOKEN = 3
"""Of English text it is about 4; too many tokens are better announced than too few."""
_AROUND = 16
"""Tokens that a provider adds around the messages."""


@dataclass(frozen=True, slots=True)
class Foretold:
    """What one request takes.

    Attributes:
        input_tokens: tokens in, estimated.
        output_tokens: tokens out, at most.
        cost_usd: USD; None if the price is not known.
    """

    input_tokens: int
    output_tokens: int
    cost_usd: Decimal | None


def foretell(prices: Prices | None, messages: Sequence[Message], max_tokens: int) -> Foretold:
    """Estimate one request.

    Args:
        prices: of the model, None if they are not known.
        messages: what is asked.
        max_tokens: limit of the answer.
    """
    text = json.dumps(list(messages), ensure_ascii=False)
    tokens = len(text) // _CHARACTERS_PER_TOKEN + _AROUND
    usage = TokenUsage(input_tokens=tokens, output_tokens=max_tokens)
    charge = prices.charge(usage) if prices is not None and prices.known else None
    return Foretold(tokens, max_tokens, None if charge is None else charge.usd)
