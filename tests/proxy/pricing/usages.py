"""Random usage, as LiteLLM's ``usage`` objects have it."""

from __future__ import annotations

from random import Random
from typing import Any

PROMPTS = (0, 1, 7, 1000, 32_000, 32_001, 100_000, 100_001, 128_000, 128_001, 200_000, 200_001)
LONG_PROMPTS = (256_000, 256_001, 272_000, 272_001, 512_000, 512_001, 1_000_001)
TIERS = (None, None, "default", "auto", "flex", "priority", "balanced", "fast", "ultrafast")


def usage(random: Random) -> dict[str, Any]:
    """Plain, cached, written to a cache for five minutes and for an hour, of several kinds, on both sides of the thresholds."""
    prompt = random.choice(PROMPTS + LONG_PROMPTS)
    left = prompt
    details: dict[str, Any] = {}
    found: dict[str, Any] = {"prompt_tokens": prompt, "prompt_tokens_details": details}

    def take() -> int:
        nonlocal left
        taken = random.randint(0, left) if random.random() < 0.5 else 0
        left -= taken
        return taken

    if random.random() < 0.5:
        details["cached_tokens"] = take()
        if random.random() < 0.2:
            details["cached_tokens_details"] = {"audio_tokens": random.randint(0, details["cached_tokens"])}
    if random.random() < 0.4:
        written = take()
        found["cache_creation_input_tokens"] = details["cache_creation_tokens"] = written
        if random.random() < 0.7:
            hour = random.randint(0, written)
            split = {"ephemeral_5m_input_tokens": written - hour, "ephemeral_1h_input_tokens": hour}
            details["cache_creation_token_details"] = split
    for kind in ("audio_tokens", "image_tokens", "video_tokens"):
        if random.random() < 0.2:
            details[kind] = take()
    if random.random() < 0.3:
        # Some providers name the text with the cached tokens in it, some without.
        details["text_tokens"] = random.choice((left, prompt))
    for unit in ("image_count", "query_count", "character_count", "audio_length_seconds", "video_length_seconds"):
        if random.random() < 0.1:
            details[unit] = random.randint(0, 500)
    _reply(random, found)
    if random.random() < 0.1:
        found["inference_geo"] = random.choice(("us", "eu", "global"))
    if random.random() < 0.1:
        found["speed"] = "fast"
    if random.random() < 0.1:
        found["citation_tokens"] = random.randint(0, 900)
    found["total_tokens"] = prompt + found["completion_tokens"]
    return found


def _reply(random: Random, found: dict[str, Any]) -> None:
    total = left = random.choice((0, 1, 500, 4000, 130_000))
    details: dict[str, Any] = {}
    for kind in ("reasoning_tokens", "audio_tokens", "image_tokens"):
        if random.random() < 0.3:
            details[kind] = random.randint(0, left)
            left -= details[kind]
    if random.random() < 0.3:
        details["text_tokens"] = random.choice((left, total))
    found["completion_tokens"], found["completion_tokens_details"] = total, details
