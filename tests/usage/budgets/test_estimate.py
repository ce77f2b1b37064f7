"""What a call will likely cost."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.proxy.pricing.card import read
from fased_litellm.proxy.pricing.prices import Prices
from fased_litellm.usage.budgets.estimate import EstimatedCall, Recent, likely_pico
from tests.usage.samples import sample

PRICES = Prices(Decimal("0.000001"), Decimal("0.000002"))
FREE = Prices(Decimal(0), Decimal(0))
LATELY = Recent(calls=4, output_tokens=400, priced=2, cost_pico=7)
NONE = Recent()


@pytest.mark.parametrize(
    ("asked", "recent", "pico"),
    [
        # By the price list: as many tokens out as the call allows, whatever was usual before.
        (EstimatedCall(10, 50, PRICES), NONE, 110 * 10**6),
        (EstimatedCall(10, 50, PRICES), LATELY, 110 * 10**6),
        # Else as many as the calls before had.
        (EstimatedCall(10, None, PRICES), LATELY, 210 * 10**6),
        # Without a price, what they cost, rounded up.
        (EstimatedCall(10, 50), LATELY, 4),
        # Calls whose price stays unknown are counted by no budget.
        (EstimatedCall(10, 50), Recent(calls=3, output_tokens=9), 0),
        (EstimatedCall(10, 50, FREE), NONE, 0),
        # Nothing to go by.
        (EstimatedCall(10, None, PRICES), NONE, None),
        (EstimatedCall(10, 50), NONE, None),
    ],
)
def test_what_is_reserved(asked: EstimatedCall, recent: Recent, pico: int | None) -> None:
    assert likely_pico(asked, recent) == pico


def test_the_tier_of_service_and_thresholds_count() -> None:
    card = read(
        {
            "litellm_provider": "openai",
            "input_cost_per_token": 1e-06,
            "output_cost_per_token": 2e-06,
            "input_cost_per_token_flex": 5e-07,
            "output_cost_per_token_flex": 1e-06,
            "input_cost_per_token_above_200k_tokens": 2e-06,
            "output_cost_per_token_above_200k_tokens": 4e-06,
        }
    )
    prices = Prices.of([card])
    assert likely_pico(EstimatedCall(10, 50, prices), NONE) == 110 * 10**6
    assert likely_pico(EstimatedCall(10, 50, prices, "flex"), NONE) == 55 * 10**6
    assert likely_pico(EstimatedCall(200_001, 50, prices), NONE) == 400_202 * 10**6


def test_only_answered_calls_are_a_measure() -> None:
    assert Recent.of(sample(output_tokens=20, cost=Decimal(1))) == Recent(1, 20, 1, 10**12)
    assert Recent.of(sample(output_tokens=20, cost=None)) == Recent(1, 20, 0, 0)
    assert Recent.of(sample(status="error", output_tokens=0)) == Recent()


@given(st.integers(0, 10**7), st.none() | st.integers(1, 10**7), st.integers(0, 10**6), st.integers(0, 10**12))
def test_it_is_never_negative(fresh: int, most: int | None, calls: int, out: int) -> None:
    found = likely_pico(EstimatedCall(fresh, most, PRICES), Recent(calls, out))
    assert found is None if most is None and not calls else found is not None and found >= 0
