"""Why the cost of two windows differs: more calls, longer calls, other models, other prices. Pure.

The change of the cost is split without a rest. With N calls in all, and for each model its share of them s, what its calls
are at constant prices l (USD per call), and the level of its prices p (1 as before):

- more calls: as many more or fewer as there are, at the mean cost of a call before;
- other models: the shares changed, each model at its cost of a call before;
- longer calls: the calls of a model are longer, or have more of the dear tokens (output, not cached), at prices as before;
- other prices: what is left is that the same tokens cost another amount.

A model without calls before has no cost of a call before: its own counts, so that all it changes is "other models".
Calls whose cost is not known are left out of all four.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import NamedTuple

from ...proxy.pricing.prices import Prices
from ..money import PICO_PER_USD
from ..query.totals import Totals
from .unit_prices import Key, Moments, Weights, fitted

PricesOf = Callable[[Key], Prices | None]
"""What the model of a group costs by today's price list, None if that is not known."""
BothMoments = tuple[Mapping[Key, Moments], Mapping[Key, Moments]]
"""Of the window before and the one after."""


class Reasons(NamedTuple):
    """The change of the known cost, in pico-USD, split up; the sum of the four is the whole change."""

    more_calls: int
    longer_calls: int
    other_models: int
    other_prices: int


def reasons(
    before: Mapping[Key, Totals],
    after: Mapping[Key, Totals],
    prices_of: PricesOf,
    moments: Callable[[], BothMoments] = lambda: ({}, {}),
) -> Reasons:
    """Why the known cost changed.

    Kinds of tokens are weighed against each other by the parts of the costs, if these are known; else by the price list, if it
    gives the costs of both windows; else by the prices that the calls themselves tell; else by the price list
    all the same; and where nobody knows anything, all tokens weigh the same.

    Args:
        before, after: the totals per provider and model.
        prices_of: the price list.
        moments: gives the moments of both windows; asked only where they are needed.
    """
    old: dict[Key, _Part] = {}
    new: dict[Key, _Part] = {}
    for key in {**before, **after}:
        sides = (before.get(key, Totals()), after.get(key, Totals()))
        # Where some calls have no price, the totals tell of those that have one only the tokens in all.
        unpriced = any(totals.unpriced_calls for totals in sides)
        listed = _listed(prices_of(key))
        weights = None if unpriced else _told(*sides) or (listed if listed and _gives(listed, sides) else None)
        counts = (_counts(sides[0]), _counts(sides[1]))
        if weights is None and any(totals.priced_calls for totals in sides):
            found = (moments()[0].get(key, Moments()), moments()[1].get(key, Moments()))
            weights = fitted(*found)
            if unpriced:
                counts = (found[0].tokens, found[1].tokens)
            if weights is None and any(map(sum, counts)):
                weights = listed
        for totals, used, parts in zip(sides, counts, (old, new), strict=True):
            if totals.priced_calls:
                parts[key] = _Part.of(totals, weights, used)
    calls_before = sum(part.calls for part in old.values())
    calls_after = sum(part.calls for part in new.values())
    cost_before = Fraction(sum(part.cost for part in old.values()))
    cost_after = Fraction(sum(part.cost for part in new.values()))
    more_calls = (calls_after - calls_before) * cost_before / calls_before if calls_before else Fraction(0)
    at_old_cost = Fraction(0)  # the calls of now, each at what a call of its model cost before
    at_old_prices = Fraction(0)  # … and at what it would have cost at the prices of before
    for key, part in new.items():
        was = old.get(key)
        at_old_cost += part.calls * Fraction(was.cost, was.calls) if was else part.cost
        if was is None:
            at_old_prices += part.cost
        elif not was.size:
            # Nothing to tell longer calls by: they cost what a call cost before.
            at_old_prices += part.calls * Fraction(was.cost, was.calls)
        else:
            at_old_prices += part.size * was.cost / was.size
    other_models = at_old_cost - cost_before - more_calls
    longer = at_old_prices - at_old_cost
    told = round(more_calls), round(longer), round(other_models)
    return Reasons(*told, other_prices=int(cost_after - cost_before) - sum(told))


class _Part(NamedTuple):
    """The priced calls of one model: how many, their size at constant prices, and their cost in pico-USD."""

    calls: int
    size: Fraction
    cost: int

    @classmethod
    def of(cls, totals: Totals, weights: Weights | None, counts: tuple[int, ...]) -> _Part:
        if weights is None:
            return cls(totals.priced_calls, Fraction(totals.total_tokens - totals.unpriced_tokens), totals.cost_pico)
        return cls(
            totals.priced_calls,
            sum(map(Fraction.__mul__, map(Fraction, counts), weights), Fraction(0)),
            totals.cost_pico,
        )


def _counts(totals: Totals) -> tuple[int, ...]:
    return totals.input_tokens, totals.output_tokens, totals.cache_read_tokens, totals.cache_write_tokens


def _gives(prices: Weights, sides: Iterable[Totals]) -> bool:
    """Whether these prices give the costs of both windows, within one percent."""
    for totals in sides:
        cost = sum(map(Fraction.__mul__, map(Fraction, _counts(totals)), prices), Fraction(0)) * PICO_PER_USD
        if totals.priced_calls and abs(cost - totals.cost_pico) * 100 > totals.cost_pico:
            return False
    return True


def _told(before: Totals, after: Totals) -> Weights | None:
    """What a token of each kind cost before (now, where there were none), by the parts of the costs; None if not all are known."""
    weights = []
    priced = [totals for totals in (before, after) if totals.priced_calls]
    if not priced or any(sum(pico for _, pico in _kinds(totals)) != totals.cost_pico for totals in priced):
        return None
    for kind in zip(*map(_kinds, priced), strict=True):
        counts, pico = next(((counts, pico) for counts, pico in kind if counts), (1, 0))
        weights.append(Fraction(pico, counts))
    found = (weights[0], weights[1], weights[2], weights[3])
    return found if any(found) else None


def _kinds(totals: Totals) -> list[tuple[int, int]]:
    """Tokens and known cost of each kind."""
    return [
        (totals.input_tokens, totals.input_cost_pico),
        (totals.output_tokens, totals.output_cost_pico),
        (totals.cache_read_tokens, totals.cache_read_cost_pico),
        (totals.cache_write_tokens, totals.cache_write_cost_pico),
    ]


def _listed(prices: Prices | None) -> Weights | None:
    """What a token of input, of output, read from and written to a cache costs, None where that is not known."""
    if prices is None or prices.input is None or prices.output is None:
        return None
    read = prices.input if prices.cache_read is None else prices.cache_read
    write = prices.input if prices.cache_write is None else prices.cache_write
    found = (Fraction(prices.input), Fraction(prices.output), Fraction(read), Fraction(write))
    return found if any(found) else None
