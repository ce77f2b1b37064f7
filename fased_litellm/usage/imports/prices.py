"""What a message cost: as its transcript says, else by the prices of the config and of the proxy's list, else not known.

Facts: ``usage.cost.total`` wins, then ``models.providers.<provider>.models[].cost`` by exact provider and id: Fased's
``src/utils/usage-format.ts``. A model without prices gets a cost of 0 there; so a 0 is believed only where the config
itself says that the model is free.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from ...config.agents import section
from ..costs.config_prices import Written, written, written_of
from .flat_price import UNKNOWN, Cost, Flat, flat
from .transcripts.numbers import pico
from .transcripts.tokens import Tokens

if TYPE_CHECKING:
    from ...paths import Paths
    from ..costs.pricelist import PriceList
    from .catalog_prices import CatalogPrice


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
        return self.priced(tokens, provider, model, reasoning, at_ms)

    def priced(self, tokens: Tokens, provider: str | None, model: str | None, reasoning: int, at_ms: int) -> Cost:
        """The same of a message that does not say what it cost."""
        if (key := (provider, model)) in self._found:
            found = self._found[key]
        else:
            found = self._found[key] = self._find(provider, model) if provider and model else None
        return UNKNOWN if found is None else found.cost(tokens, reasoning, at_ms)

    def _find(self, provider: str, model: str) -> Flat | CatalogPrice | None:
        if self._lists is not None:
            from . import catalog_prices

            if self._price_list is None:
                self._price_list = catalog_prices.price_list(*self._lists)
            return catalog_prices.find(self._price_list, provider, model)
        providers = dict.fromkeys(name.partition("/")[0] for name in self._written)
        found = written_of(self._written, providers, provider, model)
        if found is None:
            return None
        plain, output, read, write = (None if one is None else Decimal(one) for one in found[0])
        return flat(plain, output, read, write, note=found[1])
