"""The prices that a config names, ``models.providers.<provider>.models[].cost``, and which of them a model has. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from ...config.agents import section
from ...refs import normalize_provider
from ..money import MAX_COST_USD

_KEYS = ("input", "output", "cacheRead", "cacheWrite")

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
