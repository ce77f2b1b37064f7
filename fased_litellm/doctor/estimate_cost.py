"""What a small request will cost at most, said before it is sent. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from ..proxy.pricing.prices import Prices
from ..proxy.sizing import prompt_tokens
from ..proxy.tokens import TokenUsage
from ..proxy.wire import Message


@dataclass(frozen=True, slots=True)
class CostEstimate:
    """What one request takes.

    Attributes:
        input_tokens: tokens in, estimated.
        output_tokens: tokens out, at most.
        cost_usd: USD; None if the price is not known.
    """

    input_tokens: int
    output_tokens: int
    cost_usd: Decimal | None


def estimate_cost(prices: Prices | None, messages: Sequence[Message], max_tokens: int) -> CostEstimate:
    """Estimate one request.

    Args:
        prices: of the model, None if they are not known.
        messages: what is asked.
        max_tokens: limit of the answer.
    """
    tokens = prompt_tokens(messages, {})
    usage = TokenUsage(input_tokens=tokens, output_tokens=max_tokens)
    charge = prices.charge(usage) if prices is not None and prices.known else None
    return CostEstimate(tokens, max_tokens, None if charge is None else charge.usd)
