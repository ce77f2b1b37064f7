"""The cost of a call's tokens by the rates of its card, as LiteLLM reckons it for most providers. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from ..billed import BilledDetail
from ..tokens import TokenUsage
from .card import RateCard
from .charge import ZERO, Charge
from .rates import Rates, exceeds, of_tier, rates_for, tokens_of

NOTHING = BilledDetail()
UNSPLIT = "how much was cached for an hour, which costs more, is not known"
NO_REASONING = "how much of it was reasoning, which has a price of its own, is not known"
NO_TIME = "the price depends on the hour, which is not known"


@dataclass(frozen=True, slots=True)
class _Prompt:
    """The tokens of a prompt by what they are billed as."""

    text: int
    audio: int
    image: int
    video: int


def charge(card: RateCard, usage: TokenUsage, at: datetime | None, *, tier: str | None) -> Charge | None:
    """What a call costs by one card; None if a rate that it needs is not known.

    Args:
        card: of the deployment.
        usage: of the call.
        at: when it was made.
        tier: of service, where the provider is billed by it.
    """
    detail = usage.detail or NOTHING
    rates = rates_for(card, usage.prompt_tokens, tier, at)
    plain = _input(card, usage, detail, rates, tier)
    output = _output(card, usage, detail, rates, tier)
    read, write = _read(card, usage, detail, rates, tier), _written(usage, detail, rates)
    if plain is None or output is None or read is None or write is None:
        return None
    return Charge(plain, output, read, write).doubted(_doubt(card, usage, rates, at))


def _doubt(card: RateCard, usage: TokenUsage, rates: Rates, at: datetime | None) -> str | None:
    if card.off_peak is not None and at is None:
        return NO_TIME
    split = usage.detail is not None and usage.detail.cache_write_1h_tokens is not None
    if usage.cache_write_tokens and not split and rates.cache_write != rates.cache_write_1h:
        # Fact: without the split LiteLLM itself bills all of them at the price for five minutes.
        return UNSPLIT
    if usage.detail is None and usage.output_tokens and not usage.reasoning_tokens and rates.reasoning != rates.output:
        return NO_REASONING
    return None


def _times(tokens: float, rate: Decimal | None) -> Decimal | None:
    if not tokens:
        return ZERO
    return None if rate is None else Decimal(str(tokens)) * rate


def _sum(*parts: Decimal | None) -> Decimal | None:
    return None if None in parts else sum((part for part in parts if part is not None), ZERO)


def _prompt(usage: TokenUsage, detail: BilledDetail) -> _Prompt:
    """Fact: kinds of tokens are told with and without the cached ones; what is told twice is counted once."""
    read, write = usage.cache_read_tokens, usage.cache_write_tokens
    cached_audio = min(detail.cached_audio_tokens, read)
    cached_text = min(detail.cached_text_tokens, read - cached_audio)
    cached_image = min(detail.cached_image_tokens, read - cached_audio - cached_text)
    text = max(detail.text_tokens - cached_text, 0)
    audio = max(detail.audio_tokens - cached_audio, 0)
    image = max(detail.image_tokens - cached_image, 0)
    video = detail.video_tokens
    if (read or write) and text + read + audio + write + image + video > usage.prompt_tokens:
        left = max(usage.prompt_tokens - read - write, 0)
        audio = min(audio, left)
        image = min(image, left - audio)
        video = min(video, left - audio - image)
        text = left - audio - image - video
    elif not text and not detail.images:
        text = max(usage.prompt_tokens - read - write - audio - image - video, 0)
    return _Prompt(text, audio, image, video)


def _input(card: RateCard, usage: TokenUsage, detail: BilledDetail, rates: Rates, tier: str | None) -> Decimal | None:
    prompt, by = _prompt(usage, detail), card.rates
    text = ZERO if detail.characters and "input_cost_per_character" in by else _times(prompt.text, rates.input)
    kinds = (
        (prompt.audio, "audio", detail.audio_seconds, "input_cost_per_audio_per_second", usage.prompt_tokens),
        (prompt.image, "image", detail.images, "input_cost_per_image", 0),
        (prompt.video, "video", detail.video_seconds, "input_cost_per_video_per_second", 0),
    )
    parts = [text]
    for tokens, kind, units, per_unit, length in kinds:
        if not (units and per_unit in by):
            parts.append(_times(tokens, _of_kind(card, f"input_cost_per_{kind}_token", rates, tier, length)))
        parts.append(_times(units, by.get(per_unit, ZERO)))
    parts.append(_times(detail.characters, by.get("input_cost_per_character", ZERO)))
    parts.append(_times(detail.queries, by.get("input_cost_per_query", ZERO)))
    return _sum(*parts)


def _of_kind(card: RateCard, name: str, rates: Rates, tier: str | None, length: int) -> Decimal | None:
    """The rate of tokens of sound, pictures or video; without one they are billed as text."""
    best, chosen = ZERO, name
    endings = ("_tokens", f"_tokens_{tier}") if tier else ("_tokens",)
    for key in card.rates if length else ():
        if key.startswith(f"{name}_above_") and key.endswith(endings):
            tokens = tokens_of(key.rsplit("_above_", 1)[1].split("_tokens")[0])
            if tokens > best and exceeds(card, length, tokens):
                best, chosen = tokens, key.removesuffix(f"_{tier}")
    if (found := of_tier(card.rates, chosen, tier)) is not None:
        return found
    return rates.input


def _read(card: RateCard, usage: TokenUsage, detail: BilledDetail, rates: Rates, tier: str | None) -> Decimal | None:
    audio = min(detail.cached_audio_tokens, usage.cache_read_tokens)
    of_audio = of_tier(card.rates, "cache_read_input_audio_token_cost", tier, rates.cache_read)
    return _sum(_times(usage.cache_read_tokens - audio, rates.cache_read), _times(audio, of_audio))


def _written(usage: TokenUsage, detail: BilledDetail, rates: Rates) -> Decimal | None:
    if detail.cache_write_5m_tokens is None and detail.cache_write_1h_tokens is None:
        return _times(usage.cache_write_tokens, rates.cache_write)
    short, long = detail.cache_write_5m_tokens or 0, detail.cache_write_1h_tokens or 0
    return _sum(_times(short, rates.cache_write), _times(long, rates.cache_write_1h))


def _output(card: RateCard, usage: TokenUsage, detail: BilledDetail, rates: Rates, tier: str | None) -> Decimal | None:
    total, reasoning = usage.output_tokens, usage.reasoning_tokens
    audio, image, video = detail.output_audio_tokens, detail.output_image_tokens, detail.output_video_tokens
    others = reasoning + audio + image + video
    # Fact: some providers count the reasoning into the text.
    text = detail.output_text_tokens
    text -= min(reasoning, text, max(text + others - total, 0))
    if not text and not others:
        return _times(total, rates.output)
    if not text:
        text = max(0, total - others)
    return _sum(
        _times(text, rates.output),
        _times(reasoning, rates.reasoning),
        _times(audio, card.rates.get("output_cost_per_audio_token", rates.output)),
        _times(image, of_tier(card.rates, "output_cost_per_image_token", tier, rates.output)),
        _times(video, card.rates.get("output_cost_per_video_token", rates.output)),
    )
