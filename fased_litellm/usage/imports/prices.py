"""What a message cost: as its transcript says, else by the prices of the config and of the proxy's list, else not known.

Facts: ``usage.cost.total`` wins, then ``models.providers.<provider>.models[].cost`` by exact provider and id: Fased's
``src/utils/usage-format.ts``. A model without prices gets a cost of 0 there; so a 0 is believed only where the config
itself says that the model is free.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, NamedTuple

from ...config.agents import section
from ...proxy.pricing.longprompt import HOUR_DOUBT, LONG_DOUBT, LONG_PROMPT
from ...refs import normalize_provider
from ..money import MAX_COST_USD, rounded, to_pico
from ..record import ESTIMATE
from .transcripts.numbers import pico
from .transcripts.tokens import Tokens

if TYPE_CHECKING:
    from ...paths import Paths
    from ..costs.pricelist import PriceList
    from .catalog_prices import CatalogPrice

_MOST_PICO = to_pico(MAX_COST_USD)
PER_MILLION = 6
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


def written_of(prices: Mapping[str, Any], providers: Iterable[str], provider: str, model: str) -> Any:
    """What stands for a model in ``written``: of the provider as it is spelled, as in Fased, else of one that means the same."""
    found = prices.get(f"{provider}/{model}")
    if found is None:
        wanted = normalize_provider(provider)
        same = (key for key in providers if key != provider and normalize_provider(key) == wanted)
        found = next((one for key in same if (one := prices.get(f"{key}/{model}")) is not None), None)
    return found


class Lists(NamedTuple):
    """Where to find what the proxies said of their prices when they were last asked.

    Attributes:
        config: as much of it as a price is looked up by.
        base_urls: provider, in its normalised form → its address.
        paths: the installation.
    """

    config: Mapping[str, Any]
    base_urls: Mapping[str, str]
    paths: Paths


class Known(NamedTuple):
    """What an import knows of prices, in a form that another process can be handed: as for ``PriceTable``."""

    written: Written
    lists: Lists | None = None


NOTHING = Known({})


def known(config: Mapping[str, Any], env: Mapping[str, str], paths: Paths) -> Known:
    """The prices of a config and, where any is kept, of the lists of its proxies. No list is read.

    Args:
        config: its value.
        env: its environment.
        paths: the installation.
    """
    found = Known(written(config))
    if not os.path.isdir(paths.catalogs):
        return found
    from ...config.defaults import base_urls

    providers = {
        name: {"models": [_needed(entry) for entry in models]}
        for name, entry in section(config, "models", "providers").items()
        if isinstance(entry, Mapping) and isinstance(models := entry.get("models"), list)
    }
    return found._replace(lists=Lists({"models": {"providers": providers}}, base_urls(config, env), paths))


def _needed(entry: Any) -> dict[str, Any]:
    return {name: entry[name] for name in ("id", "cost") if name in entry} if isinstance(entry, Mapping) else {}


class PriceTable:
    """Finds what a message cost.

    Args:
        prices: those of the config.
        lists: what the proxies said; None where no list is kept.
    """

    def __init__(self, prices: Written, lists: Lists | None = None) -> None:
        self._written = prices
        self._lists = lists
        self._price_list: PriceList | None = None
        self._found: dict[tuple[str | None, str | None], Flat | CatalogPrice | None] = {}

    def cost(
        self,
        usage: Any,
        tokens: Tokens,
        provider: str | None,
        model: str | None,
        reasoning: int = 0,
        at_ms: int = 0,
    ) -> Cost:
        """The cost of a message.

        Args:
            usage: as it is written.
            tokens: what that comes to, and ``reasoning`` how many of the output are reasoning.
            provider, model: which were asked.
            at_ms: when, in milliseconds since 1970 UTC.
        """
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
        if (key := (provider, model)) in self._found:
            found = self._found[key]
        else:
            found = self._found[key] = self._find(provider, model) if provider and model else None
        return UNKNOWN if found is None else found.cost(tokens, reasoning, at_ms)

    def _find(self, provider: str, model: str) -> Flat | CatalogPrice | None:
        if self._lists is not None:
            from . import catalog_prices

            if self._price_list is None:
                self._price_list = catalog_prices.price_list(self._lists)
            return catalog_prices.find(self._price_list, provider, model)
        providers = dict.fromkeys(name.partition("/")[0] for name in self._written)
        found = written_of(self._written, providers, provider, model)
        if found is None:
            return None
        plain, output, read, write = (None if one is None else Decimal(one) for one in found[0])
        return flat(plain, output, read, write, note=found[1])


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
        return _priced(self, tokens)


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


def _priced(found: Flat, tokens: Tokens) -> Cost:
    prices, note, source = found
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
