"""What a message costs by four prices per token, in whole numbers. Pure."""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from ...proxy.pricing.longprompt import HOUR_DOUBT, LONG_DOUBT, LONG_PROMPT
from ..money import MAX_COST_USD, rounded, to_pico
from ..record import ESTIMATE
from .transcripts.tokens import Tokens

_MOST_PICO = to_pico(MAX_COST_USD)
PER_MILLION = 6

Cost = tuple[int | None, str, int | None, int | None, int | None, int | None, str | None]
"""Cost in pico-USD, its source, the parts for input, output, cache read and cache write, and where a price came from."""
UNKNOWN: Cost = (None, "unknown", None, None, None, None, None)


class _Whole(NamedTuple):
    """Four prices per token as whole numbers of pico-USD, ``scale`` times as high: such are multiplied in a fraction of the time."""

    input: int
    output: int
    cache_read: int
    cache_write: int
    scale: int


class Flat(NamedTuple):
    """A model with four prices, and where they stand."""

    prices: _Whole
    note: str
    source: str = "config"

    def cost(self, tokens: Tokens, _reasoning: int, _at_ms: int) -> Cost:
        """As of ``PriceTable.cost``."""
        prices, note, source = self
        plain, output, read, write, _ = tokens
        if not (plain or output or read or write) and (prices.input or prices.output):
            return UNKNOWN  # it may have taken tokens that nobody counted, or of which only the sum is known
        one, two, three, four = (
            plain * prices.input,
            output * prices.output,
            read * prices.cache_read,
            write * prices.cache_write,
        )
        total, scale = one + two + three + four, prices.scale
        if total > _MOST_PICO * scale:
            return UNKNOWN
        if scale > 1:
            total, one, two, three, four = (rounded(part, scale) for part in (total, one, two, three, four))
        if plain + read + write > LONG_PROMPT and any(prices[:4]):
            return total, ESTIMATE, one, two, three, four, f"{note}; {LONG_DOUBT}"
        if write and prices.cache_write != prices.input:
            return total, ESTIMATE, one, two, three, four, f"{note}; {HOUR_DOUBT}"
        return total, source, one, two, three, four, note


def flat(
    plain: Decimal | None,
    output: Decimal | None,
    read: Decimal | None,
    write: Decimal | None,
    *,
    note: str,
    source: str = "config",
) -> Flat | None:
    """A model with prices per million tokens; None if input or output is missing. As ``Prices``, without whose import most imports do."""
    if plain is None or output is None:
        return None
    # Cached tokens without a price of their own count as input.
    four = (plain, output, plain if read is None else read, plain if write is None else write)
    digits = max(0, *(-_exponent(price) for price in four), PER_MILLION) - PER_MILLION
    whole = [int(price.scaleb(PER_MILLION + digits)) for price in four]
    return Flat(_Whole(whole[0], whole[1], whole[2], whole[3], 10**digits), note, source)


def _exponent(price: Decimal) -> int:
    exponent = price.as_tuple().exponent
    assert isinstance(exponent, int)  # it is finite
    return exponent
