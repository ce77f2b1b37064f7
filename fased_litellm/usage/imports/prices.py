"""What a message cost: as its transcript says, else by the prices of the config, else not known.

Facts: ``usage.cost.total`` wins, then ``models.providers.<provider>.models[].cost`` by exact provider and id: Fased's
``src/utils/usage-format.ts``. A model without prices gets a cost of 0 there; so a 0 is believed only where the config
itself says that the model is free.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from ...config.agents import section
from ...proxy.pricing.longprompt import LONG_DOUBT, LONG_PROMPT
from ..money import MAX_COST_USD, to_pico
from ..record import ESTIMATE
from .transcripts.numbers import pico
from .transcripts.tokens import Tokens

_MOST_PICO = to_pico(MAX_COST_USD)
_PER_MILLION = 6
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
        self._table = {key: (_whole(values), note) for key, (values, note) in prices.items()}

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
        prices, note = self._table.get(f"{provider}/{model}", _NONE)
        return UNKNOWN if prices is None else _priced(prices, note, tokens)


class _Whole(NamedTuple):
    """Four prices per token as whole numbers of pico-USD, ``scale`` times as high: such are multiplied in a fraction of the time."""

    input: int
    output: int
    cache_read: int
    cache_write: int
    scale: int


_NONE: tuple[_Whole | None, str] = (None, "")


def _whole(values: Sequence[str | None]) -> _Whole | None:
    """Prices per million tokens; None if input or output is missing. As ``Prices``, without whose import most imports do."""
    plain, output, read, write = (None if value is None else Decimal(value) for value in values)
    if plain is None or output is None:
        return None
    # Cached tokens without a price of their own count as input.
    four = (plain, output, plain if read is None else read, plain if write is None else write)
    digits = max(0, *(-_exponent(price) for price in four), _PER_MILLION) - _PER_MILLION
    whole = [int(price.scaleb(_PER_MILLION + digits)) for price in four]
    return _Whole(whole[0], whole[1], whole[2], whole[3], 10**digits)


def _exponent(price: Decimal) -> int:
    exponent = price.as_tuple().exponent
    assert isinstance(exponent, int)  # it is finite
    return exponent


def _priced(prices: _Whole, note: str, tokens: Tokens) -> Cost:
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
        total, one, two, three, four = (_rounded(part, scale) for part in (total, one, two, three, four))
    if plain + read + write > LONG_PROMPT:
        return total, ESTIMATE, one, two, three, four, f"{note}; {LONG_DOUBT}"
    return total, "config", one, two, three, four, note


def _rounded(value: int, scale: int) -> int:
    """Divided, and rounded half to even, as ``money.to_pico`` does."""
    whole, rest = divmod(value, scale)
    return whole + (2 * rest > scale or (2 * rest == scale and whole % 2 == 1))
