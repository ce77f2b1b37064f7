"""Prices that the calls themselves tell, and the reasons that follow from them."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.proxy.pricing.prices import Prices
from fased_litellm.usage.compare.comparison import compare
from fased_litellm.usage.compare.periods import Period
from fased_litellm.usage.compare.reasons import Reasons
from fased_litellm.usage.compare.unit_prices import KINDS, Moments, fitted
from fased_litellm.usage.query.calendar.timezones import UTC_ZONE
from fased_litellm.usage.query.dialect import SQLITE
from fased_litellm.usage.query.query import Query
from fased_litellm.usage.record import UsageRecord
from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.usage.store.snapshot import asking
from tests.usage.samples import DAY_MS, START_MS, sample

Call = tuple[int, int, int, int]
USD_PER_M = ("2", "8", "0.2", "2.5")


def moments(calls: Sequence[Call], prices: Sequence[int]) -> Moments:
    found = Moments()
    for call in calls:
        cost = sum(number * price for number, price in zip(call, prices, strict=True))
        products = tuple(float(call[one] * call[other]) for one in range(4) for other in range(one, 4))
        found = found.plus(Moments(call, products, tuple(float(number * cost) for number in call), float(cost * cost)))
    return found


tokens = st.tuples(st.integers(1, 10**5), st.integers(1, 10**4), st.integers(0, 10**6), st.integers(0, 10**5))
prices = st.tuples(*(st.integers(1, 10**8) for _ in KINDS))


@given(st.lists(tokens, min_size=6, max_size=20), prices)
def test_what_is_found_gives_the_costs(calls: list[Call], cost: tuple[int, int, int, int]) -> None:
    whole = moments(calls, cost)
    found = fitted(whole, Moments())
    if found is not None:
        said = sum((weight * number for weight, number in zip(found, whole.tokens, strict=True)), Fraction(0))
        paid = sum(price * number for price, number in zip(cost, whole.tokens, strict=True))
        assert abs(said - paid) <= paid / 500


def test_prices_are_found_to_the_digit() -> None:
    calls = [(1_000 * n + 7, 100 * n * n, 5_000 * (n % 3), 10 * n**3) for n in range(1, 12)]
    whole = moments(calls, (2_000_000, 8_000_000, 200_000, 2_500_000))
    assert fitted(whole, Moments()) == tuple(map(Fraction, (2_000_000, 8_000_000, 200_000, 2_500_000)))


@pytest.mark.parametrize(
    "calls",
    [[], [(0, 0, 0, 0)], [(10, 10, 0, 0)], [(10, 20, 0, 0), (20, 40, 0, 0), (30, 60, 0, 0)]],
    ids=["none", "without tokens", "one", "all alike"],
)
def test_too_little_to_tell(calls: list[Call]) -> None:
    assert fitted(moments(calls, (1, 2, 3, 4)), Moments()) is None


def test_costs_that_are_no_sum_of_tokens_tell_no_price() -> None:
    calls = [(10, 1, 0, 0), (20, 7, 0, 0), (5, 3, 0, 0)]
    whole = moments(calls, (3, 5, 1, 1)).plus(moments(calls, (900, 1, 1, 1)))
    assert fitted(whole, Moments()) is None


def record(number: int, day: int, call: Call, factor: int = 1, model: str = "a") -> UsageRecord:
    cost = sum((Decimal(price) * count for price, count in zip(USD_PER_M, call, strict=True)), Decimal(0)) / 10**6
    values = dict(zip(KINDS, call, strict=True))
    return sample(
        f"{model}-{day}-{number}",
        START_MS + day * DAY_MS + number,
        model=model,
        cost=cost * factor if model != "unpriced" else None,
        **values,
        total_tokens=sum(call),
    )


SHORT: list[Call] = [(1_000 * n, 50 + n * n, 100 * (n % 2), 0) for n in range(1, 9)]
CHATTY: list[Call] = [(fresh, 6 * out, read, write) for fresh, out, read, write in SHORT]
CACHED: list[Call] = [(fresh // 2, out, read + 20_000, write) for fresh, out, read, write in SHORT]


def split(
    tmp_path: Path, before: list[UsageRecord], after: list[UsageRecord], listed: Prices | None = None
) -> tuple[Reasons, int]:
    path = tmp_path / "usage.sqlite3"
    with Ledger(path) as ledger:
        ledger.record_many([*before, *after])
    first = UTC_ZONE.day(START_MS)
    days = [
        Period(UTC_ZONE.day(START_MS + day * DAY_MS), UTC_ZONE.day(START_MS + (day + 1) * DAY_MS)) for day in (0, 1)
    ]
    assert days[0].first == first
    with asking(path) as connection:
        found = compare(connection, Query(0, 1), (days[0], days[1]), lambda _: listed, SQLITE)
    return found.reasons, found.whole.cost_pico


@pytest.mark.parametrize("later", [CHATTY, CACHED], ids=["more output", "more from the cache"])
def test_another_mix_of_tokens_is_no_other_price(tmp_path: Path, later: list[Call]) -> None:
    """Nobody has a price list here, and the costs do not tell their parts."""
    found, change = split(
        tmp_path,
        [record(number, 0, call) for number, call in enumerate(SHORT)],
        [record(number, 1, call) for number, call in enumerate(later)],
    )
    assert found == Reasons(0, change, 0, 0)


def test_dearer_tokens_are_another_price_and_longer_calls_are_not(tmp_path: Path) -> None:
    found, change = split(
        tmp_path,
        [record(number, 0, call) for number, call in enumerate(SHORT)],
        [record(number, 1, call, factor=3) for number, call in enumerate(CHATTY)],
    )
    longer = sum(int((record(0, 0, call).cost or 0) * 10**12) for call in CHATTY)
    longer -= sum(int((record(0, 0, call).cost or 0) * 10**12) for call in SHORT)
    assert (found.more_calls, found.other_models, found.longer_calls) == (0, 0, longer)
    assert found.other_prices == change - longer


def test_calls_without_a_price_hide_nothing_of_the_others(tmp_path: Path) -> None:
    """A call of the same model without a cost is in the totals of its tokens, and in no reason."""
    unpriced = [
        sample(
            f"u{day}",
            START_MS + day * DAY_MS,
            model="a",
            cost=None,
            input_tokens=day * 10**6,
            total_tokens=20 + day * 10**6,
        )
        for day in (0, 1)
    ]
    found, change = split(
        tmp_path,
        [*(record(number, 0, call) for number, call in enumerate(SHORT)), unpriced[0]],
        [*(record(number, 1, call) for number, call in enumerate(CACHED)), unpriced[1]],
    )
    assert found == Reasons(0, change, 0, 0)


def test_one_kind_of_tokens_is_enough() -> None:
    calls = [(1, 0, 0, 0), (2, 0, 0, 0)]
    assert fitted(moments(calls, (5, 0, 0, 0)), Moments()) == tuple(map(Fraction, (5, 0, 0, 0)))


def test_a_price_list_that_gives_the_costs_of_one_period_by_chance_is_not_believed(tmp_path: Path) -> None:
    """Before, nothing came from the cache; so a list with a wrong price for that gives the costs of before alone."""
    wrong = Prices(Decimal("0.000002"), Decimal("0.000008"), Decimal("0.000001"), Decimal("0.0000025"))
    plain: list[Call] = [(fresh, out, 0, 0) for fresh, out, _, _ in SHORT]
    found, change = split(
        tmp_path,
        [record(number, 0, call) for number, call in enumerate(plain)],
        [record(number, 1, call) for number, call in enumerate(CACHED)],
        wrong,
    )
    assert found == Reasons(0, change, 0, 0)
