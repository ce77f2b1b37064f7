"""What the proxy says of a model → Fased's definition of it (``models.providers.litellm.models[]``).

Fact: Fased's ``src/config/zod-schema.core.ts`` refuses every key that is not written here or in its neighbours; a
price is USD per million tokens; a definition without ``cost`` counts as free there, which only a price can cure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from ..config.defaults import DEFAULT_CONTEXT_WINDOW, DEFAULT_MAX_TOKENS, DEFAULT_MODEL_NAME
from ..config.interpolation.placeholders import literal
from ..proxy.pricing.prices import Prices
from ..refs import DEFAULT_MODEL_ID
from .facts import ModelFacts

COMPAT: Mapping[str, Any] = {
    "supportsUsageInStreaming": True,
    "supportsStore": False,
    "supportsDeveloperRole": False,
    "maxTokensField": "max_tokens",
}
"""Fact: Fased asks a proxy for usage in streams only with the first; the others are what any model behind it takes."""

Definition = dict[str, Any]


def to_definition(facts: ModelFacts) -> Definition:
    """A new definition, as it is written into a config. What is not known is left out, so that Fased's own defaults hold; ``reasoning`` and ``input``
    then say the least. Token limits are in tokens, prices in USD per million tokens."""
    name = DEFAULT_MODEL_NAME if facts.id == DEFAULT_MODEL_ID else facts.id
    definition: Definition = {
        "id": literal(facts.id),
        "name": literal(name),
        "reasoning": False,
        "input": ["text"],
    }
    definition |= known_fields(facts)
    definition["compat"] = compat(facts)
    return definition


def known_fields(facts: ModelFacts) -> Definition:
    """The fields of a definition of which the proxy knows something, without ``id``, ``name`` and ``compat``."""
    fields: Definition = {}
    if facts.reasoning is not None:
        fields["reasoning"] = facts.reasoning
    if facts.vision is not None:
        fields["input"] = ["text", "image"] if facts.vision else ["text"]
    cost = cost_of(facts.prices)
    if cost:
        fields["cost"] = cost
    if facts.context_window is not None:
        fields["contextWindow"] = facts.context_window
    if facts.max_output_tokens is not None:
        fields["maxTokens"] = min(facts.max_output_tokens, facts.context_window or facts.max_output_tokens)
    capabilities = {
        "tools": facts.tools,
        "json": facts.json,
        "audio": facts.audio_input,
        "speech": facts.audio_output,
    }
    known = {key: value for key, value in capabilities.items() if value is not None}
    if known:
        fields["capabilities"] = known
    return fields


def compat(facts: ModelFacts) -> dict[str, Any]:
    """The ``compat`` of a definition."""
    effort = {"supportsReasoningEffort": True} if facts.reasoning else {}
    return {**COMPAT, **effort}


def cost_per_million(prices: Prices) -> dict[str, int | float]:
    """``cost`` of a definition: USD per million tokens; only the prices that are known."""
    pairs = {
        "input": prices.input,
        "output": prices.output,
        "cacheRead": prices.cache_read,
        "cacheWrite": prices.cache_write,
    }
    return {key: _plain(price * 1_000_000) for key, price in pairs.items() if price is not None}


def cost_of(prices: Prices) -> dict[str, int | float]:
    """``cost`` of a definition that is written: as ``cost_per_million``, and what cached tokens are billed at in any case,
    as far as the proxy showed the deployments of the model.

    Facts: where LiteLLM has no price for cached tokens it bills them as input (from 1.104 on). The Node agent takes a price
    that a definition lacks for 0, and its transcripts would hold costs that leave these tokens out.
    """
    known = cost_per_million(prices)
    if prices.input is None or not prices.cards:
        return known
    read, write = prices.cached()
    return known | {"cacheRead": _plain(read * 1_000_000), "cacheWrite": _plain(write * 1_000_000)}


def costs_written(facts: ModelFacts) -> list[Mapping[str, int | float]]:
    """What ``cost`` of a definition of ours may be: as it would be written now, as releases before wrote it, and the same for
    what the proxy said before."""
    return [cost_of(facts.prices), cost_per_million(facts.prices), *facts.earlier_costs]


def states(prices: Prices, facts: ModelFacts) -> bool:
    """Whether the prices of a definition are those which the proxy names, as far as four prices can say them."""
    cost = cost_per_million(prices)
    return prices.known and _within(cost, [cost_of(facts.prices)])


def is_own(cost: Mapping[str, Any], facts: ModelFacts) -> bool:
    """Whether the ``cost`` of a definition was written by this package; else it is the user's.

    Ours are prices that the proxy names or once named, and the four zeros which the Node agent writes for prices that it
    does not know.
    """
    zeros = len(cost) == 4 and not any(cost.values())
    return not cost or zeros or _within(cost, costs_written(facts))


def _within(cost: Mapping[str, Any], written: Sequence[Mapping[str, int | float]]) -> bool:
    return any(all(one.get(key) == value for key, value in cost.items()) for one in written)


def default_definition() -> Definition:
    """``litellm/default``, as far as nothing is known of it.

    Fact: name and limits are those with which Fased's ``src/providers/litellm-models.ts`` registers it; its zero
    prices are left out, for they would count as "free".
    """
    return {
        "id": DEFAULT_MODEL_ID,
        "name": DEFAULT_MODEL_NAME,
        "reasoning": False,
        "input": ["text"],
        "contextWindow": DEFAULT_CONTEXT_WINDOW,
        "maxTokens": DEFAULT_MAX_TOKENS,
        "compat": dict(COMPAT),
    }


def _plain(value: Decimal) -> int | float:
    # 12 digits are more than any price has, and take away what binary fractions add (0.15000000000000002).
    rounded = Decimal(f"{value:.12g}")
    return int(rounded) if rounded == rounded.to_integral_value() else float(rounded)
