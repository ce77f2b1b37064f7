"""The prices of a model: four for everyday use, and the cards of its deployments, if they are known."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from ..billed import BilledDetail
from ..tokens import TokenUsage
from .card import CACHE_READ, CACHE_WRITE, INPUT, OUTPUT, RateCard
from .charge import ZERO, Charge, worst
from .longprompt import HOUR_DOUBT, LONG_DOUBT, LONG_PROMPT


class Prices(NamedTuple):
    """USD per token; None where the price is not known.

    Attributes:
        input, output, cache_read, cache_write: for a short request; the highest of all deployments.
        cards: all prices of each deployment that differs from the others; none where only the four are known, as in
            a config.
    """

    input: Decimal | None = None
    output: Decimal | None = None
    cache_read: Decimal | None = None
    cache_write: Decimal | None = None
    cards: tuple[RateCard, ...] = ()

    @property
    def known(self) -> bool:
        """Whether a call can be priced: input and output both have a price."""
        return self.input is not None and self.output is not None

    @property
    def free(self) -> bool:
        """Whether whoever names these prices says that calls cost nothing."""
        if self.cards:
            return all(card.free for card in self.cards)
        return self.known and not any((self.input, self.output, self.cache_read, self.cache_write))

    def charge(self, usage: TokenUsage, at: datetime | None = None) -> Charge | None:
        """What a call costs, None if a price that it needs is not known.

        Args:
            usage: of the call.
            at: when it was made; some prices depend on the hour.
        """
        if self.cards:
            from .routes import charge

            return worst(charge(card, usage, at) for card in self.cards)
        return self._flat(usage)

    def cost(self, usage: TokenUsage) -> Decimal | None:
        """What a call costs in USD; None if a price that it needs is not known. It may be an estimate: see ``charge``."""
        charge = self.charge(usage)
        return None if charge is None else charge.usd

    def cached(self) -> tuple[Decimal, Decimal]:
        """What a token read from a cache, and one written to it, is billed at in a short request; ``input`` must be known."""
        plain = self.input or ZERO
        if self.cards:
            from .routes import charge

            pair = TokenUsage(cache_read_tokens=1, cache_write_tokens=1, detail=BilledDetail())
            found = [one for card in self.cards if (one := charge(card, pair)) is not None]
            if found:
                return max(one.cache_read for one in found), max(one.cache_write for one in found)
        return (
            plain if self.cache_read is None else self.cache_read,
            plain if self.cache_write is None else self.cache_write,
        )

    @classmethod
    def of(cls, cards: Iterable[RateCard]) -> Prices:
        """The prices of a model with these deployments. A request may land on any of them, so that the highest count;
        what is not known of one is not known of the model."""
        found: list[RateCard] = []
        for card in cards:
            if card not in found:
                found.append(card)
        if not found or not all(card.known for card in found):
            return cls(
                _highest(found, INPUT, real=False),
                _highest(found, OUTPUT, real=False),
                _highest(found, CACHE_READ, real=False),
                _highest(found, CACHE_WRITE, real=False),
            )
        names = (INPUT, OUTPUT, CACHE_READ, CACHE_WRITE)
        plain, output, read, write = (_highest(found, name, real=True) for name in names)
        return cls(plain, output, read, write, tuple(found))

    def _doubt(self, usage: TokenUsage) -> str | None:
        """Why four prices may not be enough for a call."""
        if self.free:
            return None
        detail = usage.detail
        unsplit = usage.cache_write_tokens and (detail is None or detail.cache_write_1h_tokens is None)
        # What has the price of the input, or none of its own, has no other for an hour.
        if unsplit and usage.prompt_tokens <= LONG_PROMPT and self.cache_write not in (None, self.input):
            return HOUR_DOUBT
        return _doubt(usage)

    def _flat(self, usage: TokenUsage) -> Charge | None:
        # Cached tokens without a price of their own count as input. Fact: so does LiteLLM from 1.104 on.
        read = self.cache_read if self.cache_read is not None else self.input
        write = self.cache_write if self.cache_write is not None else self.input
        pairs = (
            (usage.input_tokens, self.input),
            (usage.output_tokens, self.output),
            (usage.cache_read_tokens, read),
            (usage.cache_write_tokens, write),
        )
        if any(tokens and price is None for tokens, price in pairs):
            return None
        plain, output, cached, written = (ZERO if price is None else tokens * price for tokens, price in pairs)
        return Charge(plain, output, cached, written, doubt=self._doubt(usage))


def _highest(cards: list[RateCard], name: str, *, real: bool) -> Decimal | None:
    """The highest base price; None as soon as one is not known, which a zero means where the card knows no other price."""
    found = [card.base(name) for card in cards]
    known = [price for price in found if price is not None and (price or real)]
    return max(known) if known and len(known) == len(found) else None


def _doubt(usage: TokenUsage) -> str | None:
    """Why four prices may not be enough for a call."""
    if usage.prompt_tokens > LONG_PROMPT:
        return LONG_DOUBT
    detail = usage.detail
    if detail is None:
        return None
    if detail.cache_write_1h_tokens:
        return "the price of what is cached for an hour is not known"
    if detail.service_tier:
        return f"the price of the service tier {detail.service_tier} is not known"
    kinds = _kinds(detail)
    return f"the price of {kinds[0]} is not known" if kinds else None


def _searches(detail: BilledDetail) -> tuple[int | None, ...]:
    return detail.tool_searches, detail.grounding_searches, detail.agent_searches


def _kinds(detail: BilledDetail) -> list[str]:
    found = {
        "sound": detail.audio_tokens or detail.output_audio_tokens or detail.audio_seconds,
        "pictures": detail.image_tokens or detail.output_image_tokens or detail.images,
        "video": detail.video_tokens or detail.output_video_tokens or detail.video_seconds,
        "searches": detail.cited or detail.map_searches or any(_searches(detail)),
        "citations": detail.citation_tokens,
        "requests": detail.queries,
        "the place where it ran": detail.geo,
        "the fast mode": detail.fast,
    }
    return [name for name, told in found.items() if told]


PriceSource = Callable[[], Prices | None]
"""Gives what a model costs, None if that is not known; asked only where the answer does not say."""
