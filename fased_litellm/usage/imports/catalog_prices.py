"""The prices of messages by what a proxy said of its models when it was last asked, as ``pricelist`` finds them.

Only an import that comes upon a message without a cost, on a machine that keeps such a list, loads this.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ...paths import Paths
from ..costs.batch import ManyPriced
from ..costs.pricelist import Price, PriceList
from .flat_price import PER_MILLION, UNKNOWN, Cost, Flat, flat
from .transcripts.tokens import Tokens


class CatalogPrice:
    """A model with all the prices that its proxy names.

    Args:
        price: what was found.
    """

    def __init__(self, price: Price) -> None:
        self._price = price
        self._many = ManyPriced(price.prices)

    def cost(self, tokens: Tokens, reasoning: int, at_ms: int) -> Cost:
        """As of ``PriceTable.cost``."""
        if not any(tokens[:4]) and not self._price.prices.free:
            return UNKNOWN  # it may have taken tokens that nobody counted, or of which only the sum is known
        plain, output, read, write, _ = tokens
        found = self._many.plain(plain, output, read, write, reasoning, at_ms=at_ms)
        if found is None:
            return UNKNOWN
        source, note = found.said(self._price.source, self._price.note)
        return found.cost, source, *found.parts, note


def price_list(config: Mapping[str, Any], base_urls: Mapping[str, str], paths: Paths) -> PriceList:
    """The prices, as they are looked up afterwards, too. The arguments are those of ``prices.Lists``."""
    return PriceList(config, base_urls, paths, datetime.now(UTC))


def find(prices: PriceList, provider: str, model: str) -> Flat | CatalogPrice | None:
    """What a model costs; None if nobody says."""
    price = prices.find(provider, model)
    if not isinstance(price, Price):
        return None
    if price.prices.cards:
        return CatalogPrice(price)
    plain, output, read, write = (None if one is None else one.scaleb(PER_MILLION) for one in price.prices[:4])
    return flat(plain, output, read, write, note=price.note, source=price.source)
