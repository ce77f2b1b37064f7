"""Many calls are priced as each by itself, whatever the prices are."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fased_litellm.proxy.billed import BilledDetail
from fased_litellm.proxy.pricing.card import read
from fased_litellm.proxy.pricing.prices import Prices
from fased_litellm.proxy.tokens import TokenUsage
from fased_litellm.usage.costs.batch import ManyPriced
from fased_litellm.usage.costs.charge import priced
from tests.usage.samples import START_MS

BASE = {"input_cost_per_token": 3e-06, "output_cost_per_token": 1.5e-05, "cache_read_input_token_cost": 3e-07}
ABOVE = {
    "input_cost_per_token_above_200k_tokens": 6e-06,
    "output_cost_per_token_above_200k_tokens": 2.25e-05,
    "cache_read_input_token_cost_above_200k_tokens": 6e-07,
}
HOURLY = {"cache_creation_input_token_cost": 3.75e-06, "cache_creation_input_token_cost_above_1hr": 6e-06}
ROWS: dict[str, dict[str, Any]] = {
    "thresholds": {"litellm_provider": "anthropic", **BASE, **ABOVE, **HOURLY},
    "at the threshold": {"litellm_provider": "xai", **BASE, **ABOVE},
    "apart": {
        "litellm_provider": "vertex_ai",
        "key": "gemini-2-pro",
        **BASE,
        "input_cost_per_token_above_128k_tokens": 6e-06,
        "output_cost_per_token_above_128k_tokens": 3e-05,
    },
    "reasoning": {"litellm_provider": "openai", **BASE, "output_cost_per_reasoning_token": 4e-05},
    "citations": {"litellm_provider": "perplexity", **BASE, "output_cost_per_reasoning_token": 3e-06},
    "lengths": {
        "litellm_provider": "dashscope",
        "tiered_pricing": [
            {"range": [0, 32000], "input_cost_per_token": 1e-06, "output_cost_per_token": 4e-06},
            {"range": [32000, 128000], "input_cost_per_token": 2e-06, "output_cost_per_token": 8e-06},
        ],
    },
    "hours": {
        "litellm_provider": "deepseek",
        **BASE,
        "off_peak_pricing": {"hours": "16:30-00:30", "input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06},
    },
    "no price for the cache": {
        "litellm_provider": "openai",
        "input_cost_per_token": 1e-06,
        "output_cost_per_token": 2e-06,
    },
    "by the second": {"litellm_provider": "openai", "input_cost_per_second": 0.1},
}
FLAT = Prices(Decimal("0.000003"), Decimal("0.000015"), Decimal("0.0000003"))
PRICES = {
    **{name: Prices.of([read(row)]) for name, row in ROWS.items()},
    "two deployments": Prices.of([read(ROWS["thresholds"]), read(ROWS["no price for the cache"])]),
    "four prices": FLAT,
    "none": Prices(),
}
EDGES = [0, 1, 2, 31_999, 32_000, 32_001, 100_000, 100_001, 127_999, 128_000, 128_001, 200_000, 200_001]
numbers = st.sampled_from(EDGES) | st.integers(0, 400_000)
details = st.none() | st.just(BilledDetail()) | st.just(BilledDetail(service_tier="flex", cache_write_1h_tokens=5))


@st.composite
def usages(draw: st.DrawFn) -> TokenUsage:
    fresh, out, read_, write, thought = (draw(numbers) for _ in range(5))
    return TokenUsage(fresh, out, read_, write, min(thought, out), detail=draw(details))


def test_which_of_several_deployments_is_the_dearest_depends_on_the_call() -> None:
    many = ManyPriced(PRICES["two deployments"])
    for usage in (TokenUsage(100_000, 2, 1, 100_000, 1), TokenUsage(1, 1, 200_000, 1, 1)):
        assert many.cost(usage, START_MS) == priced(PRICES["two deployments"], usage, START_MS)


@pytest.mark.parametrize("name", PRICES)
@settings(max_examples=60, deadline=None)
@given(calls=st.lists(st.tuples(usages(), st.integers(0, 86_400_000)), min_size=1, max_size=12))
def test_each_costs_what_it_costs_by_itself(name: str, calls: list[tuple[TokenUsage, int]]) -> None:
    many = ManyPriced(PRICES[name])
    for usage, ms in calls:
        alone = priced(PRICES[name], usage, START_MS + ms)
        found = many.cost(usage, START_MS + ms)
        assert found == alone
