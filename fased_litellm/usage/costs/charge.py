"""What tokens cost at given prices, in whole pico-USD, with the parts. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple

from ...proxy.pricing.prices import Prices
from ...proxy.tokens import TokenUsage
from ..money import MAX_COST_USD, to_pico
from ..record import ESTIMATE

Parts = tuple[int | None, int | None, int | None, int | None]
"""The cost of input, output, cache read and cache write in pico-USD, None where there is no price."""


class Priced(NamedTuple):
    """Pico-USD; each part is rounded by itself, and searches are in the cost alone. ``doubt`` is why it is an estimate."""

    cost: int
    parts: Parts
    doubt: str | None

    def said(self, source: str, note: str) -> tuple[str, str]:
        """``cost_source`` and ``price_note`` of a price from ``source``, which stands at ``note``."""
        return (source, note) if self.doubt is None else (ESTIMATE, f"{note}; {self.doubt}")


def priced(prices: Prices, usage: TokenUsage, at_ms: int | None = None) -> Priced | None:
    """The cost; None if a price that is needed is not known, or the cost makes no sense.

    Args:
        prices: of the model.
        usage: of the call.
        at_ms: when it was made, in milliseconds since 1970; some prices depend on the hour.
    """
    timed = prices.cards and at_ms is not None
    charge = prices.charge(usage, datetime.fromtimestamp(at_ms / 1000, UTC) if timed and at_ms is not None else None)
    if charge is None or charge.usd > MAX_COST_USD:
        return None
    whole = bool(prices.cards)
    # Cached tokens without a price of their own count as input.
    return Priced(
        to_pico(charge.usd),
        (
            to_pico(charge.input) if whole or prices.input is not None else None,
            to_pico(charge.output) if whole or prices.output is not None else None,
            to_pico(charge.cache_read) if whole or (prices.cache_read, prices.input) != (None, None) else None,
            to_pico(charge.cache_write) if whole or (prices.cache_write, prices.input) != (None, None) else None,
        ),
        charge.doubt,
    )
