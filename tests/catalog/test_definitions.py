from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.catalog.definitions import cost_per_million, default_definition, to_definition
from fased_litellm.catalog.facts import ModelFacts
from fased_litellm.config.schema.models import ModelDefinition
from fased_litellm.proxy.pricing import card
from fased_litellm.proxy.pricing.prices import Prices

FULL = ModelFacts(
    id="team/sonnet",
    mode="chat",
    context_window=200_000,
    max_output_tokens=64_000,
    prices=Prices(Decimal("0.000003"), Decimal("0.000015"), Decimal("3E-7"), Decimal("0.00000375")),
    vision=True,
    reasoning=True,
    tools=True,
    json=False,
    audio_input=None,
    audio_output=True,
)


def test_everything_known() -> None:
    assert to_definition(FULL) == {
        "id": "team/sonnet",
        "name": "team/sonnet",
        "reasoning": True,
        "input": ["text", "image"],
        "cost": {"input": 3, "output": 15, "cacheRead": 0.3, "cacheWrite": 3.75},
        "contextWindow": 200_000,
        "maxTokens": 64_000,
        "capabilities": {"tools": True, "json": False, "speech": True},
        "compat": {
            "supportsUsageInStreaming": True,
            "supportsStore": False,
            "supportsDeveloperRole": False,
            "maxTokensField": "max_tokens",
            "supportsReasoningEffort": True,
        },
    }


def test_nothing_known_is_nothing_said() -> None:
    definition = to_definition(ModelFacts("m"))
    assert set(definition) == {"id", "name", "reasoning", "input", "compat"}
    assert definition["reasoning"] is False
    assert definition["input"] == ["text"]
    assert "supportsReasoningEffort" not in definition["compat"]


def test_output_is_capped_to_the_context() -> None:
    assert to_definition(replace(FULL, context_window=1000))["maxTokens"] == 1000
    assert to_definition(replace(FULL, context_window=None))["maxTokens"] == 64_000


def test_the_default_has_the_limits_of_fased_and_no_price() -> None:
    definition = default_definition()
    assert (definition["id"], definition["contextWindow"], definition["maxTokens"]) == ("default", 128_000, 8_192)
    assert "cost" not in definition
    assert definition["compat"]["supportsUsageInStreaming"] is True


def test_prices_are_clean_numbers() -> None:
    prices = Prices(Decimal(str(1.5e-07)), Decimal(str(0.1 + 0.2)) / 1_000_000)
    assert repr(cost_per_million(prices)) == "{'input': 0.15, 'output': 0.3}"


@pytest.mark.parametrize(
    ("rates", "cost"),
    [
        ({}, {"input": 1, "output": 2, "cacheRead": 1, "cacheWrite": 1}),
        ({"cache_read_input_token_cost": 1e-7}, {"input": 1, "output": 2, "cacheRead": 0.1, "cacheWrite": 1}),
        ({"cache_read_input_token_cost": 0.0}, {"input": 1, "output": 2, "cacheRead": 0, "cacheWrite": 1}),
        ({"litellm_provider": "fireworks_ai"}, {"input": 1, "output": 2, "cacheRead": 0.5, "cacheWrite": 1}),
        ({"input_cost_per_token": None}, {"output": 2}),
    ],
)
def test_cached_tokens_have_the_price_that_litellm_bills(rates: dict[str, Any], cost: dict[str, Any]) -> None:
    """Fact: the Node agent takes a price that is missing for 0, LiteLLM for that of the input."""
    row = {"input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6, "pricing_overrides": [], **rates}
    prices = Prices.of([card.read(row)])
    assert to_definition(ModelFacts("m", prices=prices))["cost"] == cost
    # Shown is what the proxy names.
    assert "cacheWrite" not in cost_per_million(prices)


flags = st.none() | st.booleans()
prices = st.none() | st.decimals("1e-12", "0.01", places=14)
facts = st.builds(
    ModelFacts,
    id=st.text(min_size=1, max_size=5),
    mode=st.none() | st.just("chat"),
    context_window=st.none() | st.integers(1, 10**7),
    max_output_tokens=st.none() | st.integers(1, 10**7),
    prices=st.builds(Prices, prices, prices, prices, prices, st.just(())),
    vision=flags,
    reasoning=flags,
    tools=flags,
    json=flags,
    audio_input=flags,
    audio_output=flags,
)


@given(facts)
def test_every_definition_is_legal(model: ModelFacts) -> None:
    definition = to_definition(model)
    ModelDefinition.model_validate(definition)
    assert definition["compat"]["supportsUsageInStreaming"] is True
    cost = definition.get("cost", {})
    assert ("input" in cost) == (model.prices.input is not None)
    if model.prices.input is not None:
        assert abs(Decimal(str(cost["input"])) / 1_000_000 - model.prices.input) <= model.prices.input * Decimal(
            "1e-11"
        )
