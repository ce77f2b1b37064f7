"""What tokens cost at given prices, in whole pico-USD, with the parts. Pure."""

from __future__ import annotations

from ..proxy.tokens import Prices, TokenUsage
from .money import MAX_COST_USD, to_pico

Parts = tuple[int | None, int | None, int | None, int | None]
"""The cost of input, output, cache read and cache write in pico-USD, None where there is no price."""


def priced(prices: Prices, usage: TokenUsage) -> tuple[int, Parts] | None:
    """The cost in pico-USD and its parts; None if a price that is needed is not known, or the cost makes no sense.

    Each is rounded by itself, so that the parts may add up to a few pico-USD more or less.
    """
    cost = prices.cost(usage)
    if cost is None or cost > MAX_COST_USD:
        return None
    # As in `Prices.cost`: cached tokens without a price of their own count as input.
    read = prices.input if prices.cache_read is None else prices.cache_read
    write = prices.input if prices.cache_write is None else prices.cache_write
    return to_pico(cost), (
        None if prices.input is None else to_pico(usage.input_tokens * prices.input),
        None if prices.output is None else to_pico(usage.output_tokens * prices.output),
        None if read is None else to_pico(usage.cache_read_tokens * read),
        None if write is None else to_pico(usage.cache_write_tokens * write),
    )
