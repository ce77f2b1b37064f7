"""Price many calls by the same prices: each as ``pricing.priced`` does, and most of them by what it says of a few.

Between two thresholds, the cost of a call without further details is the sum of its tokens times one rate for each kind. The
rates are the differences that one token more makes; where they do not give the cost of the call itself, there are none, and each
call is priced by itself.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import NamedTuple

from ...proxy.billed import BilledDetail
from ...proxy.pricing.charge import Charge
from ...proxy.pricing.longprompt import LONG_PROMPT
from ...proxy.pricing.prices import Prices
from ...proxy.tokens import TokenUsage
from ..money import MAX_COST_USD, rounded, to_pico
from .charge import Priced, priced

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


class ManyPriced:
    """Prices of one model for many calls.

    Args:
        prices: of the model.
    """

    def __init__(self, prices: Prices) -> None:
        self._prices = prices
        self._timed = any(card.off_peak is not None for card in prices.cards)
        lengths = {int(tier.up_to) for card in prices.cards for tier in card.tiers if tier.up_to == int(tier.up_to)}
        lengths |= {int(tier.above) for card in prices.cards for tier in card.tiers if tier.above == int(tier.above)}
        names = [name for card in prices.cards for name in card.rates]
        self._limits = sorted({*_OTHERS, *lengths, *_named(names)})
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
        if self._timed or (usage.detail is not None and usage.detail != _PLAIN):
            return self._single(usage, at_ms)
        tokens = _tokens(usage)
        key = (
            usage.detail is None,
            usage.reasoning_tokens <= usage.output_tokens,
            *(number > 0 for number in tokens),
            *self._between(usage.prompt_tokens),
            *self._between(usage.output_tokens),
        )
        if key in self._known:
            rates = self._known[key]
        else:
            rates = self._known[key] = self._rates(usage, at_ms)
        if rates is None:
            return self._single(usage, at_ms)
        found = _priced(rates, tokens)
        return found if found is None or not self._lacks else self._without(found)

    def _single(self, usage: TokenUsage, at_ms: int) -> Priced | None:
        return priced(self._prices, usage, at_ms)

    def _without(self, found: Priced) -> Priced:
        one, two, three, four = (
            part if known else None for part, known in zip(found.parts, self._known_parts, strict=True)
        )
        return found._replace(parts=(one, two, three, four))

    def _between(self, number: int) -> tuple[int, int]:
        """Between which thresholds, or on which; some hold from there on, and some behind."""
        return bisect_left(self._limits, number), bisect_right(self._limits, number)

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


def _whole(rates: list[Decimal], doubt: str | None) -> _Rates:
    digits = max(0, *(-_exponent(rate) for rate in rates), _DIGITS) - _DIGITS
    return _Rates(tuple(int(rate.scaleb(_DIGITS + digits)) for rate in rates), 10**digits, doubt)


def _priced(rates: _Rates, tokens: _Tokens) -> Priced | None:
    (one, two, three, four, five), scale, doubt = rates
    plain, output, read, write, reasoning = tokens
    parts = plain * one, output * two + reasoning * five, read * three, write * four
    total = sum(parts)
    if total > _MOST_PICO * scale:
        return None
    if scale == 1:
        return Priced(total, parts, doubt)
    first, second, third, fourth = (rounded(part, scale) for part in parts)
    return Priced(rounded(total, scale), (first, second, third, fourth), doubt)


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
