"""What a call will likely cost, before it is made. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from ...proxy.billed import TIERS, BilledDetail
from ...proxy.pricing.prices import Prices
from ...proxy.tokens import TokenUsage
from ..money import MAX_COST_USD, to_pico
from ..record import UsageRecord


@dataclass(frozen=True, slots=True)
class EstimatedCall:
    """What is known of a call that has not been made.

    Attributes:
        input_tokens: tokens in, estimated.
        max_tokens: the most tokens out, of all choices together; None where the call sets no limit.
        prices: what its model costs, None if that is not known.
        tier: the tier of service that is asked for.
    """

    input_tokens: int
    max_tokens: int | None = None
    prices: Prices | None = None
    tier: str | None = None


@dataclass(frozen=True, slots=True)
class Recent:
    """What the calls of a model came to of late, as far as they were answered.

    Attributes:
        calls: how many.
        output_tokens: of all of them.
        priced, cost_pico: those whose cost is known, and that, in pico-USD.
    """

    calls: int = 0
    output_tokens: int = 0
    priced: int = 0
    cost_pico: int = 0

    def plus(self, other: Recent) -> Recent:
        """Both together."""
        return Recent(
            self.calls + other.calls,
            self.output_tokens + other.output_tokens,
            self.priced + other.priced,
            self.cost_pico + other.cost_pico,
        )

    @classmethod
    def of(cls, record: UsageRecord) -> Recent:
        """What one call adds: nothing, unless it was answered."""
        if record.status != "ok":
            return cls()
        return cls(1, record.output_tokens, int(record.cost is not None), record.cost_pico or 0)


def likely_pico(asked: EstimatedCall, recent: Recent) -> int | None:
    """The likely cost in pico-USD; None if there is nothing to go by.

    By the price list, where it has the model: the input as it is, and as much output as the call allows, else as the calls of
    the model had of late. Otherwise what these cost; 0 where their cost is not known either, so that no budget counts them.
    """
    prices = asked.prices
    if prices is not None and prices.free:
        return 0
    if prices is not None and prices.known and (asked.max_tokens is not None or recent.calls):
        output = asked.max_tokens if asked.max_tokens is not None else _mean(recent.output_tokens, recent.calls)
        detail = BilledDetail(service_tier=TIERS.get(asked.tier or ""))
        charge = prices.charge(TokenUsage(asked.input_tokens, output, detail=detail))
        if charge is not None:
            return to_pico(min(charge.usd, MAX_COST_USD))
    if recent.priced:
        return _mean(recent.cost_pico, recent.priced)
    return 0 if recent.calls else None


def _mean(whole: int, number: int) -> int:
    return -(-whole // number)
