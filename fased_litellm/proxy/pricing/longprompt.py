"""How long a prompt four prices speak for."""

from __future__ import annotations

LONG_PROMPT = 100_000
"""Tokens. Fact: the lowest threshold above which LiteLLM's price map (1.108) has other prices under the same four names."""

LONG_DOUBT = f"whether prompts above {LONG_PROMPT:,} tokens have another price is not known"
