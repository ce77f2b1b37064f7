"""What four prices leave open."""

from __future__ import annotations

LONG_PROMPT = 32_000
"""Tokens. Fact: the lowest threshold above which LiteLLM's price map (1.108) has another price for a chat model, by
``tiered_pricing``; the lowest in the names of prices is 100,000."""

LONG_DOUBT = f"whether prompts above {LONG_PROMPT:,} tokens have another price is not known"

HOUR_DOUBT = "whether some was cached for an hour, which may cost more, is not known"
