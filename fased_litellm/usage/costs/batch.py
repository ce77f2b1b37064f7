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
from ...proxy.pricing.longprompt import LONG_PROMPT
from ...proxy.pricing.prices import Prices
from ...proxy.tokens import TokenUsage
from ..money import MAX_COST_USD, to_pico

_PLAIN = BilledDetail()
_LIMIT = re.compile(r"([0-9]+)(k?)_tokens")
_OTHERS = (LONG_PROMPT, 128_000)
"""Thresholds that stand in no name of a price."""
_Tokens = tuple[int, int, int, int, int]


class Cost(NamedTuple):
    """What a call costs in pico-USD, and why that is an estimate; None where it is exact."""

    pico: int
    doubt: str | None


class _Rates(NamedTuple):
    """USD per token of each kind, and why what they give is an estimate."""

    usd: tuple[Decimal, ...]
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

    def cost(self, usage: TokenUsage, at_ms: int) -> Cost | None:
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
        usd = sum((rate * number for rate, number in zip(rates.usd, tokens, strict=True) if number), Decimal(0))
        return None if usd > MAX_COST_USD else Cost(to_pico(usd), rates.doubt)

    def _single(self, usage: TokenUsage, at_ms: int) -> Cost | None:
        found = self._prices.charge(usage, datetime.fromtimestamp(at_ms / 1000, UTC))
        return None if found is None or found.usd > MAX_COST_USD else Cost(to_pico(found.usd), found.doubt)

    def _between(self, number: int) -> tuple[int, int]:
        """Between which thresholds, or on which; some hold from there on, and some behind."""
        return bisect_left(self._limits, number), bisect_right(self._limits, number)

    def _rates(self, usage: TokenUsage, at_ms: int) -> _Rates | None:
        at = datetime.fromtimestamp(at_ms / 1000, UTC)
        whole = self._prices.charge(usage, at)
        if whole is None:
            return None
        rates = []
        for kind, number in enumerate(_tokens(usage)):
            if not number:
                rates.append(Decimal(0))
                continue
            more = self._prices.charge(_one_more(usage, kind), at)
            if more is None or more.doubt != whole.doubt:
                return None
            rates.append(more.usd - whole.usd)
        said = sum((rate * number for rate, number in zip(rates, _tokens(usage), strict=True)), Decimal(0))
        return _Rates(tuple(rates), whole.doubt) if said == whole.usd else None


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
