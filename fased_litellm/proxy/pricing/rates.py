"""Which rates of a card hold for one call: by the length of its prompt, its service tier and its hour. Pure.

Facts (LiteLLM 1.108, ``llm_cost_calc/utils.py``): all tokens of a call are billed at the rates of the highest threshold that
its whole prompt, cached tokens included, exceeds; a rate that a threshold or a tier of service lacks is the one below it;
cached tokens without a rate of their own are billed as input, and those cached for an hour like those cached for five minutes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import lru_cache

from .card import CACHE_READ, CACHE_WRITE, CACHE_WRITE_1H, INPUT, OUTPUT, REASONING, RateCard, Tier

SERVICE_TIERS = ("flex", "balanced", "priority", "ultrafast")
_OTHERS = (*(f"_{tier}" for tier in SERVICE_TIERS), "_auto", "_fast", "_batches")
"""Endings of rates that hold for some calls only. A call of this package is never part of a batch."""

_THRESHOLD = re.compile(rf"(?:{INPUT}|{OUTPUT}|{CACHE_READ}|{CACHE_WRITE})_above_(?:\w*_above_)?(\d+k?)_tokens(\w*)")


@dataclass(frozen=True, slots=True)
class Rates:
    """USD per token for one call; None where a rate is not known."""

    input: Decimal | None
    output: Decimal | None
    cache_read: Decimal | None
    cache_write: Decimal | None
    cache_write_1h: Decimal | None
    reasoning: Decimal | None


def rates_for(card: RateCard, prompt_tokens: int, tier: str | None = None, at: datetime | None = None) -> Rates:
    """The rates of a call.

    Args:
        card: of the deployment.
        prompt_tokens: of the whole prompt, cached ones included.
        tier: of service, as in ``BilledDetail``.
        at: when it was made; without it the rates are those of the day.
    """
    by_length = tier_of(card, prompt_tokens)
    cheaper = card.off_peak.rates if card.off_peak is not None and at is not None and card.off_peak.open(at) else {}
    found = _of_length(card, by_length) if by_length is not None else _of_service(card, prompt_tokens, tier)
    # Cached tokens without a rate are billed as input also at the cheaper hours.
    plain = cheaper.get(INPUT, found.input)
    write = found.cache_write if found.cache_write is not None else plain
    write = cheaper.get(CACHE_WRITE, write)
    return replace(
        found,
        input=plain,
        output=(output := cheaper.get(OUTPUT, found.output)),
        cache_read=cheaper.get(CACHE_READ, found.cache_read if found.cache_read is not None else plain),
        cache_write=write,
        cache_write_1h=found.cache_write_1h if found.cache_write_1h is not None else write,
        reasoning=cheaper.get(REASONING, found.reasoning if found.reasoning is not None else output),
    )


def tier_of(card: RateCard, prompt_tokens: int) -> Tier | None:
    """The row of ``tiered_pricing`` that a prompt falls into; above all of them, the last."""
    if not card.tiers or prompt_tokens <= 0:
        return None
    found = next((tier for tier in card.tiers if tier.above < prompt_tokens <= tier.up_to), card.tiers[-1])
    return found if INPUT in found.rates else None


def _of_length(card: RateCard, tier: Tier) -> Rates:
    rates = tier.rates
    plain = rates[INPUT]
    write = rates.get(CACHE_WRITE, plain)
    own = OUTPUT in rates
    return Rates(
        input=plain,
        output=rates[OUTPUT] if own else card.rates.get(OUTPUT),
        cache_read=rates.get(CACHE_READ, plain),
        cache_write=write,
        cache_write_1h=rates.get(CACHE_WRITE_1H, write),
        reasoning=rates.get(REASONING, rates.get(OUTPUT)) if own or REASONING in rates else card.rates.get(REASONING),
    )


def _of_service(card: RateCard, prompt_tokens: int, tier: str | None) -> Rates:
    def rate(name: str, otherwise: Decimal | None = None) -> Decimal | None:
        return of_tier(card.rates, name, tier, otherwise)

    plain, output = rate(INPUT), rate(OUTPUT)
    if not output:
        output = card.rates.get("output_cost_per_image_token", output)
    read, write = rate(CACHE_READ), rate(CACHE_WRITE)
    write_1h = card.rates.get(CACHE_WRITE_1H)
    for limit in _crossed(card, prompt_tokens, tier):
        above = f"_above_{limit}_tokens"
        plain, output = rate(INPUT + above, plain), rate(OUTPUT + above, output)
        read, write = rate(CACHE_READ + above, read), rate(CACHE_WRITE + above, write)
        write_1h = rate(CACHE_WRITE_1H + above, write_1h)
    return Rates(plain, output, read, write, write_1h, _reasoning(card, tier))


def of_tier(
    rates: Mapping[str, Decimal], name: str, tier: str | None, otherwise: Decimal | None = None
) -> Decimal | None:
    """A rate of a tier of service; where the tier has none, the standard one."""
    found = rates.get(f"{name}_{tier}") if tier else None
    return rates.get(name, otherwise) if found is None else found


def _reasoning(card: RateCard, tier: str | None) -> Decimal | None:
    """The rate of reasoning; None means that of all output."""
    if tier:
        if (own := card.rates.get(f"{REASONING}_{tier}")) is not None:
            return own
        if f"{OUTPUT}_{tier}" in card.rates:
            return None
    return card.rates.get(REASONING)


def _crossed(card: RateCard, prompt_tokens: int, tier: str | None) -> Iterator[str]:
    """The thresholds that a prompt exceeds, lowest first, as they stand in the names of rates (``272k``)."""
    for tokens, limit, ending in _thresholds(tuple(card.rates)):
        counts = not ending.endswith(_OTHERS) or (tier is not None and ending.endswith(f"_{tier}"))
        if counts and exceeds(card, prompt_tokens, tokens):
            yield limit


def exceeds(card: RateCard, prompt_tokens: int, tokens: Decimal) -> bool:
    """Whether a prompt is above a threshold. Fact: xAI's prices begin at the threshold, all others behind it."""
    return prompt_tokens > tokens or (card.route == "xai" and prompt_tokens == tokens)


@lru_cache(maxsize=1024)
def _thresholds(names: tuple[str, ...]) -> tuple[tuple[Decimal, str, str], ...]:
    found = {(tokens_of(match[1]), match[1], match[2]) for name in names if (match := _THRESHOLD.fullmatch(name))}
    return tuple(sorted(found))


def tokens_of(limit: str) -> Decimal:
    """The number of tokens that ``272k`` or ``128000`` means."""
    return Decimal(limit[:-1]) * 1000 if limit.endswith("k") else Decimal(limit)
