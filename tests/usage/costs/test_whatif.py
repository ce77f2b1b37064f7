"""What calls would have cost on another model: by hand for each kind of price, and as sums over random histories."""

from __future__ import annotations

import json
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fased_litellm.proxy.pricing.card import read
from fased_litellm.proxy.pricing.prices import Prices
from fased_litellm.refs import ModelRef
from fased_litellm.usage.costs.pricelist import Price
from fased_litellm.usage.costs.whatif import DEFAULT_BY, Supposition, suppose
from fased_litellm.usage.query.filters import parse
from fased_litellm.usage.query.query import Query
from fased_litellm.usage.record import UsageRecord
from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.usage.store.snapshot import asking
from tests.usage.samples import DAY_MS, START_MS, records, sample

REF = ModelRef("litellm", "other")
FLAT = Prices(Decimal("0.000002"), Decimal("0.00001"), Decimal("0.0000002"))
CARD = Prices.of(
    [
        read(
            {
                "key": "some-model",
                "litellm_provider": "openai",
                "input_cost_per_token": 2e-06,
                "output_cost_per_token": 1e-05,
                "cache_read_input_token_cost": 2e-07,
                "input_cost_per_token_above_272k_tokens": 4e-06,
                "output_cost_per_token_above_272k_tokens": 1.5e-05,
                "cache_read_input_token_cost_above_272k_tokens": 4e-07,
                "input_cost_per_token_flex": 1e-06,
                "output_cost_per_token_flex": 5e-06,
            }
        )
    ]
)


def tokens(fresh: int, out: int, read: int = 0, write: int = 0, **more: Any) -> dict[str, Any]:
    return {
        "input_tokens": fresh,
        "output_tokens": out,
        "cache_read_tokens": read,
        "cache_write_tokens": write,
        "total_tokens": fresh + out + read + write,
        **more,
    }


def supposed(calls: list[UsageRecord], prices: Prices = FLAT, **query: Any) -> Supposition:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "usage.sqlite3"
        with Ledger(path) as ledger:
            ledger.record_many(calls)
        asked = Query(**{"from_ms": START_MS, "to_ms": START_MS + DAY_MS, "by": DEFAULT_BY, **query})
        with asking(path) as connection:
            return suppose(connection, asked, REF, Price(prices, "catalog", "catalog"))


@pytest.mark.parametrize(
    ("prices", "call", "usd"),
    [
        (FLAT, tokens(1_000, 100), "0.003"),
        (FLAT, tokens(1_000, 100, read=10_000), "0.005"),
        # Without a price of its own, what is written to a cache is input.
        (FLAT, tokens(1_000, 100, write=1_000), "0.005"),
        (CARD, tokens(1_000, 100, read=10_000), "0.005"),
        (CARD, tokens(272_000, 100), "0.545"),
        (CARD, tokens(272_001, 100), "1.089504"),
        (CARD, tokens(1_000, 100, read=272_000), "0.1143"),
        (CARD, tokens(1_000, 100, billing=json.dumps({"service_tier": "flex"})), "0.0015"),
    ],
)
def test_a_call_costs_what_its_tokens_cost_there(prices: Prices, call: dict[str, Any], usd: str) -> None:
    found = supposed([sample(**call, cost=Decimal(1))], prices)
    assert Decimal(found.totals.there_pico).scaleb(-12) == Decimal(usd)
    assert found.totals.change_pico == found.totals.there_pico - 10**12
    assert (found.totals.compared, found.totals.left, found.totals.estimated) == (1, 0, 0)


def test_calls_that_cannot_be_priced_are_named_and_in_no_change() -> None:
    calls = [
        sample("both", **tokens(1_000, 100), cost=Decimal("0.01")),
        sample("no price so far", **tokens(1_000, 100), cost=None, cost_source="unknown"),
        sample("only the sum", **(tokens(0, 0) | {"total_tokens": 500}), cost=Decimal("0.5")),
        sample("never answered", **tokens(0, 0), cost=None, cost_source="unknown", status="error", cause="timeout"),
        sample("refused", **tokens(0, 0), cost=None, cost_source="unknown", status="error", cause="own-budget"),
    ]
    totals = supposed(calls).totals
    assert (totals.calls, totals.priced, totals.unpriced) == (5, 2, 2)
    assert (totals.left, totals.left_tokens) == (2, 500)
    assert (totals.there, totals.there_pico) == (3, 6 * 10**9)
    assert (totals.compared, totals.before_pico, totals.after_pico) == (1, 10**10, 3 * 10**9)


def test_what_is_no_exact_price_is_an_estimate_with_its_reason() -> None:
    hourly = read(
        {
            "litellm_provider": "anthropic",
            "input_cost_per_token": 3e-06,
            "output_cost_per_token": 1.5e-05,
            "cache_creation_input_token_cost": 3.75e-06,
            "cache_creation_input_token_cost_above_1hr": 6e-06,
        }
    )
    found = supposed([sample(**tokens(10, 10, write=1_000))], Prices.of([hourly]))
    assert found.totals.estimated == 1
    assert len(found.doubts) == 1


def test_window_filters_and_groups_are_those_of_a_report() -> None:
    calls = [
        sample("a", **tokens(1_000, 0), role="coding", agent="main"),
        sample("b", **tokens(2_000, 0), role="coding", agent="ops"),
        sample("c", **tokens(4_000, 0), agent="ops", model="x"),
        sample("yesterday", START_MS - 1, **tokens(8_000, 0), role="coding"),
    ]
    coding = supposed(calls, by=("agent",), filters={"role": ("coding",)})
    assert {key: side.there_pico for key, side in coding.groups} == {("main",): 2 * 10**9, ("ops",): 4 * 10**9}
    assert supposed(calls, where=parse("model:x")).totals.there_pico == 8 * 10**9


@settings(max_examples=40, deadline=None)
@given(st.lists(records(), max_size=8, unique_by=lambda record: record.call_id))
def test_groups_add_up(calls: list[UsageRecord]) -> None:
    found = supposed(calls, by=("agent", "status"), from_ms=START_MS - 30 * DAY_MS, to_ms=START_MS + 30 * DAY_MS)
    sides = [side for _, side in found.groups]
    for name in ("calls", "cost_pico", "there_pico", "left", "left_tokens", "unpriced", "compared", "change_pico"):
        assert sum(getattr(side, name) for side in sides) == getattr(found.totals, name)
    assert found.totals.calls == len(calls)
    assert found.totals.compared + found.totals.left <= found.totals.calls
