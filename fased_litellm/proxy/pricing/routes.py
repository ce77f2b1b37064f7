"""What a call costs by one card, where LiteLLM reckons by rules of the provider's own too. Pure.

Facts: LiteLLM 1.108, ``cost_calculator.cost_per_token`` and the calculators which it chooses.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from ..tokens import TokenUsage
from . import tokens
from .card import CACHE_READ, INPUT, OUTPUT, REASONING, RateCard
from .charge import ZERO, Charge
from .offpeak import OffPeak
from .rates import rates_for
from .search import searches

NO_REGION = "prices depend on the place where the model runs, which the proxy does not name"
ROUTER = "the price depends on the model which a router chose"
_HALF = Decimal("0.5")
_LONG = 128_000
_NO_TIERS = ("fireworks_ai", "deepseek", "tencent", "perplexity", "xai", "dashscope", "qwencloud", "qwen_ai_platform")
"""Fact: LiteLLM hands the tier of service to the calculators of all other providers."""


def charge(card: RateCard, usage: TokenUsage, at: datetime | None = None) -> Charge | None:
    """What a call costs by the prices of one deployment.

    Args:
        card: of the deployment.
        usage: of the call.
        at: when it was made.

    Returns:
        None if a price that the call needs is not known: of tokens, of characters or of seconds.
    """
    if not card.known or _by_characters(card):
        return None
    own = _OWN.get(card.route)
    found = own(card, usage, at) if own else _usual(card, usage, at)
    if found is None:
        return None
    detail = usage.detail or tokens.NOTHING
    found = found.times(_factor(card, usage)).doubted(_place(card))
    if card.route == "azure_ai" and ("model-router" in card.model.lower() or "model_router" in card.model.lower()):
        found = found.doubted(ROUTER)
    other = searches(card, detail)
    return found._replace(other=found.other + other) if other else found


def _usual(card: RateCard, usage: TokenUsage, at: datetime | None) -> Charge | None:
    tier = usage.detail.service_tier if usage.detail and card.route not in _NO_TIERS else None
    return tokens.charge(card, usage, at, tier=tier)


def _fireworks(card: RateCard, usage: TokenUsage, at: datetime | None) -> Charge | None:
    """Cached tokens without a price of their own cost half there, also at the cheaper hours."""
    plain = card.rates.get(INPUT)
    if CACHE_READ not in card.rates and plain is not None:
        off_peak = card.off_peak
        if off_peak is not None and CACHE_READ not in off_peak.rates:
            cheaper = {**off_peak.rates, CACHE_READ: off_peak.rates.get(INPUT, plain) * _HALF}
            off_peak = OffPeak(cheaper, off_peak.windows, off_peak.zone)
        card = card._replace(rates={**card.rates, CACHE_READ: plain * _HALF}, off_peak=off_peak)
    return _usual(card, usage, at)


def _xai(card: RateCard, usage: TokenUsage, at: datetime | None) -> Charge | None:
    """Reasoning is billed as any output."""
    detail = usage.detail and usage.detail._replace(
        output_text_tokens=0, output_audio_tokens=0, output_image_tokens=0, output_video_tokens=0
    )
    plain = card._replace(rates={name: rate for name, rate in card.rates.items() if name != REASONING})
    return _usual(plain, replace(usage, reasoning_tokens=0, detail=detail), at)


def _perplexity(card: RateCard, usage: TokenUsage, at: datetime | None) -> Charge | None:
    """All that was sent is input, cached or not; citations and searches are billed besides."""
    detail = usage.detail or tokens.NOTHING
    cheaper = card.off_peak.rates if card.off_peak and at is not None and card.off_peak.open(at) else {}
    plain, output = (cheaper.get(name, card.rates.get(name)) for name in (INPUT, OUTPUT))
    if plain is None or output is None:
        return None
    reasoning = card.rates.get(REASONING, output)
    thought = usage.reasoning_tokens if REASONING in card.rates else 0
    citations = detail.citation_tokens * card.rates.get("citation_cost_per_token", ZERO)
    low = card.searches.get("search_context_size_low", ZERO)
    per_search = card.rates.get("search_queries_cost_per_query") or low
    found = Charge(
        input=(usage.prompt_tokens - usage.cache_read_tokens - usage.cache_write_tokens) * plain,
        cache_read=usage.cache_read_tokens * plain,
        cache_write=usage.cache_write_tokens * plain,
        output=max(0, usage.output_tokens - thought) * output + thought * reasoning,
        other=citations + (detail.grounding_searches or 0) * per_search,
    )
    unknown = usage.detail is None and not usage.reasoning_tokens and usage.output_tokens and reasoning != output
    return found.doubted(tokens.NO_REASONING if unknown else None).doubted(
        tokens.NO_TIME if card.off_peak is not None and at is None else None
    )


def _alibaba(card: RateCard, usage: TokenUsage, at: datetime | None) -> Charge | None:
    """Kinds of tokens other than cached ones and reasoning are not told apart, nor hours of caching."""
    prompt = max(usage.prompt_tokens, usage.cache_read_tokens + usage.cache_write_tokens)
    rates = rates_for(_without_thresholds(card), prompt, None, at)
    reasoning = usage.reasoning_tokens
    if rates.input is None or rates.output is None or rates.reasoning is None:
        return None
    found = Charge(
        input=(prompt - usage.cache_read_tokens - usage.cache_write_tokens) * rates.input,
        output=max(usage.output_tokens - reasoning, 0) * rates.output + reasoning * rates.reasoning,
        cache_read=usage.cache_read_tokens * (rates.cache_read or ZERO),
        cache_write=usage.cache_write_tokens * (rates.cache_write or ZERO),
    )
    unknown = usage.detail is None and not reasoning and usage.output_tokens and rates.reasoning != rates.output
    return found.doubted(tokens.NO_REASONING if unknown else None).doubted(
        tokens.NO_TIME if card.off_peak is not None and at is None else None
    )


def _without_thresholds(card: RateCard) -> RateCard:
    """The card without thresholds in the names of its rates, which do not count here."""
    return card._replace(rates={name: rate for name, rate in card.rates.items() if "_above_" not in name})


def _vertex(card: RateCard, usage: TokenUsage, at: datetime | None) -> Charge | None:
    """Models with prices above 128,000 tokens have two prices and no others; prompt and reply are measured apart."""
    above_in, above_out = (card.rates.get(f"{name}_above_128k_tokens") for name in (INPUT, OUTPUT))
    if above_in is None and above_out is None:
        return _usual(card, usage, at)
    plain, output = card.rates.get(INPUT, ZERO), card.rates.get(OUTPUT, ZERO)
    if usage.prompt_tokens > _LONG and above_in is not None:
        plain = above_in
    if usage.output_tokens > _LONG and above_out is not None:
        output = above_out
    read, write = usage.cache_read_tokens, usage.cache_write_tokens
    return Charge(
        input=(usage.prompt_tokens - read - write) * plain,
        output=usage.output_tokens * output,
        cache_read=read * plain,
        cache_write=write * plain,
    )


def _by_characters(card: RateCard) -> bool:
    """Whether the reply is billed by its characters, which nobody counts here."""
    word = card.model.lower()
    by_token = any(name in word for name in ("claude", "llama", "mistral", "jamba", "codestral", "gemma", "gemini-2"))
    return card.route == "vertex_ai" and not by_token and bool(card.rates.get("output_cost_per_character"))


def _factor(card: RateCard, usage: TokenUsage) -> Decimal:
    """What all tokens are multiplied by: for a region, for a place that the provider names, for its fast mode."""
    factor = Decimal(1)
    if card.route == "openai" and card.region:
        factor *= card.rates.get(f"regional_processing_uplift_multiplier_{card.region}", factor)
    if card.route == "vertex_ai" and card.region and card.region.lower() != "global":
        factor *= card.rates.get("regional_endpoint_uplift_multiplier", Decimal(1))
    detail = usage.detail
    if detail is not None and card.route in ("anthropic", "bedrock"):
        factor *= card.factors.get(detail.geo or "", Decimal(1))
        if detail.fast and card.route == "anthropic":
            factor *= card.factors.get("fast", Decimal(1))
    return factor


def _place(card: RateCard) -> str | None:
    dearer = card.rates.get("regional_endpoint_uplift_multiplier", Decimal(1)) != 1
    return NO_REGION if card.route == "vertex_ai" and card.region is None and dearer else None


_OWN: dict[str, Callable[[RateCard, TokenUsage, datetime | None], Charge | None]] = {
    "fireworks_ai": _fireworks,
    "xai": _xai,
    "perplexity": _perplexity,
    "dashscope": _alibaba,
    "qwencloud": _alibaba,
    "qwen_ai_platform": _alibaba,
    "vertex_ai": _vertex,
}
