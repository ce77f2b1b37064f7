"""What a message cost: as its transcript says, else by the prices of the config, else not known.

Facts: ``usage.cost.total`` wins, then ``models.providers.<provider>.models[].cost`` by exact provider and id: Fased's
``src/utils/usage-format.ts``. A model without prices gets a cost of 0 there; so a 0 is believed only where the config
itself says that the model is free.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from ...config.agents import section
from ...proxy.pricing.prices import LONG_PROMPT, Prices
from ...proxy.tokens import TokenUsage
from ..money import MAX_COST_USD, to_pico
from ..pricing import priced
from .numbers import pico
from .tokens import Tokens

_MILLION = Decimal(1_000_000)
_MOST_PICO = to_pico(MAX_COST_USD)
_KEYS = ("input", "output", "cacheRead", "cacheWrite")

Cost = tuple[int | None, str, int | None, int | None, int | None, int | None, str | None]
"""Cost in pico-USD, its source, the parts for input, output, cache read and cache write, and where a price came from."""
UNKNOWN: Cost = (None, "unknown", None, None, None, None, None)

Written = dict[str, tuple[list[str | None], str]]
"""``provider/model`` → the four prices in USD per million tokens, as texts, and where they stand."""


def written(config: Mapping[str, Any]) -> Written:
    """The prices in a config, in a form that another process can be handed."""
    found: Written = {}
    for provider, models in section(config, "models", "providers").items():
        entries = models.get("models") if isinstance(models, Mapping) else None
        for index, entry in enumerate(entries if isinstance(entries, list) else []):
            cost = entry.get("cost") if isinstance(entry, Mapping) else None
            if not isinstance(cost, Mapping) or not isinstance(entry.get("id"), str):
                continue
            prices = [_price(cost.get(key)) for key in _KEYS]
            note = f"config models.providers.{provider}.models[{index}].cost"
            found.setdefault(f"{provider}/{entry['id']}", (prices, note))
    return found


def _price(value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    try:
        price = Decimal(str(value))
    except InvalidOperation:
        return None
    return str(price) if price.is_finite() and 0 <= price <= MAX_COST_USD else None


class PriceTable:
    """Finds what a message cost.

    Args:
        prices: those of the config.
    """

    def __init__(self, prices: Written) -> None:
        self._table = {key: (found := per_token(values), note, _whole(found)) for key, (values, note) in prices.items()}

    def cost(self, usage: Any, tokens: Tokens, provider: str | None, model: str | None) -> Cost:
        """The cost of a message with that ``usage`` and these tokens."""
        told = usage.get("cost") if type(usage) is dict else None
        if type(told) is dict:
            total = pico(told.get("total"))
            if total:
                amount = told.get
                return (
                    total,
                    "transcript",
                    pico(amount("input")),
                    pico(amount("output")),
                    pico(amount("cacheRead")),
                    pico(amount("cacheWrite")),
                    None,
                )
        found = self._table.get(f"{provider}/{model}")
        return UNKNOWN if found is None else _priced(found, tokens)


_Whole = tuple[int, int, int, int]


def _whole(prices: Prices) -> _Whole | None:
    """The four prices as whole pico-USD per token, where all are: whole numbers are multiplied in a fraction of the time."""
    if prices.input is None or prices.output is None:
        return None
    read, write = prices.cached()
    found = [price.scaleb(12) for price in (prices.input, prices.output, read, write)]
    if any(price != price.to_integral_value() for price in found):
        return None
    return int(found[0]), int(found[1]), int(found[2]), int(found[3])


def _priced(found: tuple[Prices, str, _Whole | None], tokens: Tokens) -> Cost:
    prices, note, whole = found
    if not any(tokens[:4]) and any((prices.input, prices.output)):
        return UNKNOWN  # it may have taken tokens that nobody counted, or of which only the sum is known
    plain, output, read, write = tokens[:4]
    if whole is not None and plain + read + write <= LONG_PROMPT:
        parts = plain * whole[0], output * whole[1], read * whole[2], write * whole[3]
        total = sum(parts)
        return (total, "config", *parts, note) if total <= _MOST_PICO else UNKNOWN
    cost = priced(prices, TokenUsage(*tokens[:4])) if prices.known else None
    if cost is None:
        return UNKNOWN
    source, note = cost.said("config", note)
    return (cost.cost, source, *cost.parts, note)


def per_token(values: list[str | None]) -> Prices:
    """Such four prices, in USD per token."""
    plain, output, read, write = (None if value is None else Decimal(value) / _MILLION for value in values)
    return Prices(plain, output, read, write)
