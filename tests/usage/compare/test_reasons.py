from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.proxy.pricing.prices import Prices
from fased_litellm.usage.compare.reasons import Reasons, reasons
from fased_litellm.usage.compare.unit_prices import Key
from fased_litellm.usage.query.totals import Totals

A: Key = ("litellm", "a")
B: Key = ("litellm", "b")
USD = 10**12
LIST = Prices(input=Decimal(1), output=Decimal(4), cache_read=Decimal("0.1"), cache_write=Decimal("1.25"))


def totals(calls: int, tokens: int, usd: int, *, output: int = 0, unpriced: int = 0) -> Totals:
    return Totals(
        calls=calls + unpriced,
        input_tokens=tokens - output,
        output_tokens=output,
        total_tokens=tokens,
        cost_pico=usd * USD,
        priced_calls=calls,
        unpriced_calls=unpriced,
    )


def nobody(_: Key) -> None:
    """No price list."""


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        # Twice the calls, all else as before.
        ({A: totals(10, 1000, 10)}, {A: totals(20, 2000, 20)}, Reasons(10 * USD, 0, 0, 0)),
        # Half as many calls of twice the length.
        ({A: totals(10, 1000, 10)}, {A: totals(5, 1000, 10)}, Reasons(-5 * USD, 5 * USD, 0, 0)),
        # The same calls, dearer.
        ({A: totals(10, 1000, 10)}, {A: totals(10, 1000, 15)}, Reasons(0, 0, 0, 5 * USD)),
        # The same number of calls, by a dearer model that was not used before.
        ({A: totals(10, 1000, 10)}, {B: totals(10, 1000, 30)}, Reasons(0, 0, 20 * USD, 0)),
        # More of the dearer one of two.
        (
            {A: totals(5, 500, 5), B: totals(5, 500, 15)},
            {A: totals(2, 200, 2), B: totals(8, 800, 24)},
            Reasons(0, 0, 6 * USD, 0),
        ),
        ({}, {A: totals(10, 1000, 10)}, Reasons(0, 0, 10 * USD, 0)),
        ({A: totals(10, 1000, 10)}, {}, Reasons(-10 * USD, 0, 0, 0)),
        ({}, {}, Reasons(0, 0, 0, 0)),
        # Calls without a price are in none of the four.
        ({A: totals(10, 1000, 10)}, {A: totals(10, 1000, 10, unpriced=90)}, Reasons(0, 0, 0, 0)),
    ],
)
def test_each_reason_alone(before: dict[Key, Totals], after: dict[Key, Totals], expected: Reasons) -> None:
    assert reasons(before, after, nobody) == expected


def test_more_output_at_the_same_prices_is_a_longer_call_where_prices_are_known() -> None:
    # 1,000 tokens both times; 100 of them output at 4 and then 300: 1,300 and 1,900.
    before, after = {A: totals(10, 1000, 1300, output=100)}, {A: totals(10, 1000, 1900, output=300)}
    assert reasons(before, after, lambda _: LIST) == Reasons(0, 600 * USD, 0, 0)
    assert reasons(before, after, nobody) == Reasons(0, 0, 0, 600 * USD)


def test_the_parts_of_the_costs_count_more_than_a_price_list() -> None:
    def parts(found: Totals, usd_in: int, usd_out: int) -> Totals:
        return found._replace(input_cost_pico=usd_in * USD, output_cost_pico=usd_out * USD)

    before = {A: parts(totals(10, 1000, 1300, output=100), 900, 400)}
    after = {A: parts(totals(10, 1000, 3800, output=300), 1400, 2400)}  # twice the prices
    assert reasons(before, after, nobody) == Reasons(0, 600 * USD, 0, 1900 * USD)


amounts = st.integers(0, 10**6)
sides = st.dictionaries(
    st.sampled_from([A, B, ("litellm", None), (None, None)]),
    st.builds(
        lambda priced, unpriced, tokens, cached, pico: Totals(
            calls=priced + unpriced,
            input_tokens=tokens,
            cache_read_tokens=cached,
            total_tokens=tokens + cached,
            cost_pico=pico if priced else 0,
            priced_calls=priced,
            unpriced_calls=unpriced,
            input_cost_pico=pico if priced else 0,
        ),
        amounts, st.sampled_from([0, 0, 1]), amounts, amounts, st.integers(0, 10**15),
    ),
)  # fmt: skip


@given(sides, sides, st.sampled_from([None, LIST]))
def test_the_four_add_up_to_the_whole_change(
    before: dict[Key, Totals], after: dict[Key, Totals], prices: Prices | None
) -> None:
    found = reasons(before, after, lambda _: prices)
    assert sum(found) == sum(one.cost_pico for one in after.values()) - sum(one.cost_pico for one in before.values())
