"""Price many calls by the same prices: each as ``pricing.priced`` does, and most of them by what it says of a few.

Between two thresholds, the cost of a call without further details is the sum of its tokens times one rate for each kind. The
rates are the differences that one token more makes; where they do not give the cost of the call itself, there are none, and each
call is priced by itself.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from ...proxy.billed import BilledDetail
from ...proxy.pricing.charge import DIFFERENT_DEPLOYMENTS, Charge
from ...proxy.pricing.longprompt import LONG_PROMPT
from ...proxy.pricing.prices import Prices
from ...proxy.tokens import TokenUsage
from ..money import MAX_COST_USD, rounded, to_pico
from .charge import Parts, Priced, priced

_PLAIN = BilledDetail()
_MOST_PICO = to_pico(MAX_COST_USD)
_LIMIT = re.compile(r"([0-9]+)(k?)_tokens")
_OTHERS = (LONG_PROMPT, 128_000)
"""Thresholds that stand in no name of a price."""
_Tokens = tuple[int, int, int, int, int]
_PARTS = (0, 1, 2, 3, 1)
"""Kind of tokens, as in ``_tokens`` → the part of the cost that it counts in, as in ``Charge``."""
_DIGITS = 12
"""Of a USD in pico-USD."""


class _Rates(NamedTuple):
    """Pico-USD per token of each kind, ``scale`` times as high so that they are whole, and why what they give is an estimate."""

    pico: tuple[int, ...]
    scale: int
    doubt: str | None


_NEW = _Rates((), 0, None)


class ManyPriced:
    """Prices of one model for many calls.

    Args:
        prices: of the model.
    """

    def __init__(self, prices: Prices) -> None:
        self._prices = prices
        # Which deployment is the dearest depends on the call.
        several = prices.cards if len(prices.cards) > 1 else ()
        self._each = [ManyPriced(prices._replace(cards=(card,))) for card in several]
        self._timed = any(card.off_peak is not None for card in prices.cards)
        lengths = {int(tier.up_to) for card in prices.cards for tier in card.tiers if tier.up_to == int(tier.up_to)}
        lengths |= {int(tier.above) for card in prices.cards for tier in card.tiers if tier.above == int(tier.above)}
        names = [name for card in prices.cards for name in card.rates]
        limits = {*_OTHERS, *lengths, *_named(names)}
        # Some prices hold from a threshold on, and some behind it: what lies on it is a stretch of its own.
        self._edges = sorted({*limits, *(limit + 1 for limit in limits)})
        self._known: dict[tuple[object, ...], _Rates | None] = {}
        nothing = priced(prices, TokenUsage())
        self._known_parts = [part is not None for part in nothing.parts] if nothing else []
        self._lacks = not all(self._known_parts)

    def cost(self, usage: TokenUsage, at_ms: int) -> Priced | None:
        """The cost of a call; None if a price that it needs is not known, or the cost makes no sense.

        Args:
            usage: of the call.
            at_ms: when it was made, in milliseconds since 1970 UTC.
        """
        if usage.detail is not None and usage.detail != _PLAIN:
            return self._single(usage, at_ms)
        return self.plain(*_tokens(usage), at_ms=at_ms, detailed=usage.detail is not None)

    def plain(
        self, plain: int, output: int, read: int, write: int, reasoning: int, *, at_ms: int, detailed: bool = False
    ) -> Priced | None:
        """The cost of a call of which no more is known than its tokens, or with ``detailed``, that there is no more to know.

        Args:
            plain, output, read, write, reasoning: tokens, as in ``TokenUsage``.
            at_ms: as for ``cost``.
        """
        if self._each:
            return _highest(
                [one.plain(plain, output, read, write, reasoning, at_ms=at_ms, detailed=detailed) for one in self._each]
            )
        key = (
            bisect_right(self._edges, plain + read + write),
            bisect_right(self._edges, output),
            not plain,
            not output,
            not read,
            not write,
            not reasoning,
            reasoning <= output,
            detailed,
        )
        rates = self._known.get(key, _NEW)
        if rates is None or rates is _NEW or self._timed:
            usage = TokenUsage(plain, output, read, write, reasoning, detail=_PLAIN if detailed else None)
            if rates is _NEW and not self._timed:
                rates = self._known[key] = self._rates(usage, at_ms)
            if rates is None or self._timed:
                return self._single(usage, at_ms)
        (one, two, three, four, five), scale, doubt = rates
        first, second, third, fourth = plain * one, output * two + reasoning * five, read * three, write * four
        total = first + second + third + fourth
        if total > _MOST_PICO * scale:
            return None
        if scale != 1:
            total, first, second, third, fourth = (
                rounded(part, scale) for part in (total, first, second, third, fourth)
            )
        parts: Parts = first, second, third, fourth
        if self._lacks:
            one_, two_, three_, four_ = (
                part if known else None for part, known in zip(parts, self._known_parts, strict=True)
            )
            parts = one_, two_, three_, four_
        return Priced(total, parts, doubt)

    def _single(self, usage: TokenUsage, at_ms: int) -> Priced | None:
        return priced(self._prices, usage, at_ms)

    def _rates(self, usage: TokenUsage, at_ms: int) -> _Rates | None:
        at = datetime.fromtimestamp(at_ms / 1000, UTC)
        whole = self._prices.charge(usage, at)
        if whole is None or whole.other:
            return None
        rates, said = [], [Decimal(0)] * 4
        for kind, number in enumerate(_tokens(usage)):
            if not number:
                rates.append(Decimal(0))
                continue
            more, part = self._prices.charge(_one_more(usage, kind), at), _PARTS[kind]
            if more is None or more.other or more.doubt != whole.doubt:
                return None
            rates.append(_parts(more)[part] - _parts(whole)[part])
            if more.usd - whole.usd != rates[-1]:
                return None
            said[part] += rates[-1] * number
        return _whole(rates, whole.doubt) if tuple(said) == _parts(whole) else None


def _highest(found: list[Priced | None]) -> Priced | None:
    """As ``charge.worst``."""
    known = [one for one in found if one is not None]
    if len(known) < len(found):
        return None
    highest = max(known, key=lambda one: one.cost)
    if all(one.cost == highest.cost for one in known):
        return highest
    doubt = DIFFERENT_DEPLOYMENTS if highest.doubt is None else f"{highest.doubt}; {DIFFERENT_DEPLOYMENTS}"
    return highest._replace(doubt=doubt)


def _whole(rates: list[Decimal], doubt: str | None) -> _Rates:
    digits = max(0, *(-_exponent(rate) for rate in rates), _DIGITS) - _DIGITS
    return _Rates(tuple(int(rate.scaleb(_DIGITS + digits)) for rate in rates), 10**digits, doubt)


def _exponent(rate: Decimal) -> int:
    exponent = rate.as_tuple().exponent
    assert isinstance(exponent, int)  # it is finite
    return exponent


def _parts(charge: Charge) -> tuple[Decimal, ...]:
    return charge.input, charge.output, charge.cache_read, charge.cache_write


def _tokens(usage: TokenUsage) -> _Tokens:
    return (
        usage.input_tokens,
        usage.output_tokens,
        usage.cache_read_tokens,
        usage.cache_write_tokens,
        usage.reasoning_tokens,
    )


def _one_more(usage: TokenUsage, kind: int) -> TokenUsage:
    numbers = list(_tokens(usage))
    numbers[kind] += 1
    return TokenUsage(*numbers, detail=usage.detail)


def _named(names: list[str]) -> Iterator[int]:
    for name in names:
        for found in _LIMIT.finditer(name):
            yield int(found[1]) * (1000 if found[2] else 1)
