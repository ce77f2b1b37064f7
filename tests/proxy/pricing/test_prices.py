"""The prices of a model: of a config, and of several deployments."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.proxy.billed import BilledDetail
from fased_litellm.proxy.pricing import card
from fased_litellm.proxy.pricing.charge import DIFFERENT_DEPLOYMENTS
from fased_litellm.proxy.pricing.longprompt import LONG_PROMPT
from fased_litellm.proxy.pricing.prices import Prices
from fased_litellm.proxy.tokens import TokenUsage

FLAT = Prices(Decimal("3e-6"), Decimal("15e-6"), Decimal("3e-7"), Decimal("3.75e-6"))


def row(**rates: Any) -> card.RateCard:
    return card.read({"litellm_provider": "openai", "pricing_overrides": [], **rates})


@pytest.mark.parametrize(
    ("usage", "usd", "doubt"),
    [
        (TokenUsage(1000, 100, 10), "0.004503", None),
        (TokenUsage(1000, 100, 10, 10), "0.0045405", "for an hour"),
        (TokenUsage(1000, 100, 10, 10, detail=BilledDetail()), "0.0045405", "for an hour"),
        (TokenUsage(1000, 100, 10, 10, detail=BilledDetail(cache_write_1h_tokens=0)), "0.0045405", None),
        (TokenUsage(LONG_PROMPT, 0), "0.096", None),
        # Case 07 with the prices of a config: whether a long prompt has another price, four prices do not say.
        (TokenUsage(270_540, 630, 7936), "0.8234508", "above 32,000 tokens"),
        # Case 08 with the prices of a config.
        (TokenUsage(10, 0, 0, 1_000, detail=BilledDetail(cache_write_1h_tokens=1000)), "0.00378", "for an hour"),
        (TokenUsage(10, 0, detail=BilledDetail(service_tier="flex")), "0.00003", "service tier flex"),
        (TokenUsage(10, 0, detail=BilledDetail(audio_tokens=1)), "0.00003", "sound"),
        (TokenUsage(10, 0, detail=BilledDetail(output_image_tokens=1)), "0.00003", "pictures"),
        (TokenUsage(10, 0, detail=BilledDetail(tool_searches=1)), "0.00003", "searches"),
        (TokenUsage(10, 0, detail=BilledDetail(tool_searches=0)), "0.00003", None),
        (TokenUsage(10, 0, detail=BilledDetail(geo="us")), "0.00003", "place"),
    ],
)
def test_four_prices_are_exact_only_for_what_they_say(usage: TokenUsage, usd: str, doubt: str | None) -> None:
    charge = FLAT.charge(usage)
    assert charge is not None
    assert charge.usd == Decimal(usd)
    assert (doubt is None) is (charge.doubt is None)
    assert doubt is None or doubt in str(charge.doubt)


def test_what_is_free_is_free_for_any_call() -> None:
    charge = Prices(Decimal(0), Decimal(0)).charge(TokenUsage(LONG_PROMPT + 1, 1, 1, 1))
    assert charge is not None
    assert not charge.usd
    assert charge.doubt is None


def test_a_price_that_is_missing() -> None:
    assert Prices(Decimal(1)).charge(TokenUsage(1, 1)) is None
    assert Prices(Decimal(1)).cost(TokenUsage(1, 0, 2, 3)) == 6  # cached tokens count as input


def test_of_several_deployments_the_dearest_counts_and_says_so() -> None:
    cheap = row(input_cost_per_token=1e-6, output_cost_per_token=2e-6, cache_read_input_token_cost=1e-7)
    dear = row(input_cost_per_token=2e-6, output_cost_per_token=2e-6)
    both = Prices.of([cheap, dear, cheap])
    assert (both.input, both.output, both.cache_read, both.cache_write) == (
        Decimal("2e-6"),
        Decimal("2e-6"),
        None,
        None,
    )
    assert both.cards == (cheap, dear)
    charge = both.charge(TokenUsage(100, 0))
    assert charge is not None
    assert (charge.usd, charge.doubt) == (Decimal("2e-4"), DIFFERENT_DEPLOYMENTS)
    same = both.charge(TokenUsage(0, 100))
    assert same is not None
    assert same.doubt is None
    assert both.cached() == (Decimal("2e-6"), Decimal("2e-6"))


def test_what_is_not_known_of_one_deployment_is_not_known() -> None:
    known = row(input_cost_per_token=1e-6, output_cost_per_token=2e-6)
    for other in (row(), row(input_cost_per_token=0, output_cost_per_token=1e-6), row(input_cost_per_token=1e-6)):
        found = Prices.of([known, other])
        charge = found.charge(TokenUsage(10, 10))
        assert charge is None or other.rates.get(card.INPUT) == 0
    assert Prices.of([]) == Prices()
    assert not Prices.of([row()]).known


def test_a_model_that_the_proxy_says_is_free() -> None:
    free = Prices.of([row(input_cost_per_token=0, output_cost_per_token=0)])
    assert free.free
    assert free.known
    assert free.cost(TokenUsage(10, 10, 10, 10)) == 0
    assert not FLAT.free
    assert not Prices().free


@pytest.mark.parametrize(
    ("rates", "usage", "doubt"),
    [
        ({"output_cost_per_reasoning_token": 9e-6}, TokenUsage(10, 10), "reasoning"),
        ({"output_cost_per_reasoning_token": 9e-6}, TokenUsage(10, 10, reasoning_tokens=5), None),
        ({"output_cost_per_reasoning_token": 9e-6}, TokenUsage(10, 10, detail=BilledDetail()), None),
        ({"cache_creation_input_token_cost_above_1hr": 9e-6}, TokenUsage(10, 10, 0, 10), "for an hour"),
        ({"cache_creation_input_token_cost_above_1hr": 9e-6}, TokenUsage(10, 10), None),
    ],
)
def test_what_a_transcript_does_not_say_makes_an_estimate(rates: Any, usage: TokenUsage, doubt: str | None) -> None:
    found = Prices.of([row(input_cost_per_token=1e-6, output_cost_per_token=2e-6, **rates)])
    charge = found.charge(usage)
    assert charge is not None
    assert (doubt is None) is (charge.doubt is None)
    assert doubt is None or doubt in str(charge.doubt)


rates = st.none() | st.sampled_from([0.0, 1e-7, 3e-6])
usages = st.builds(TokenUsage, *[st.integers(0, 300_000)] * 4)


@given(st.lists(st.tuples(rates, rates, rates, rates), min_size=1, max_size=3), usages)
def test_one_card_without_anything_special_is_the_same_as_its_four_prices(rows: list[Any], usage: TokenUsage) -> None:
    names = (card.INPUT, card.OUTPUT, card.CACHE_READ, card.CACHE_WRITE)
    cards = [row(**dict(zip(names, one, strict=True))) for one in rows]
    found = Prices.of(cards)
    charge = found.charge(usage)
    if len(found.cards) == 1:
        flat = Prices(found.input, found.output, found.cache_read, found.cache_write).cost(usage)
        assert (None if charge is None else charge.usd) == flat
    elif charge is not None and found.cards:
        each = [Prices.of([one]).cost(usage) for one in cards]
        assert charge.usd == max(one for one in each if one is not None)
