"""The failure atlas: known ways to fail, with the proxy's answer and the verdict.

Fact: each answer was seen on real LiteLLM 1.108 proxies, with openai 3 and with openai 2, but for the cases ``scripted``;
``tests/live/test_atlas.py`` produces them and holds the verdict.
"""

from __future__ import annotations

from . import admin, calls, keys, limits, providers, starts, ways
from .case import Case, Needs

SECTIONS: tuple[tuple[str, tuple[Case, ...]], ...] = (
    ("The proxy does not start", starts.CASES),
    ("The key is refused", keys.CASES),
    ("The key may not", limits.CASES),
    ("The request is refused", calls.CASES),
    ("The provider fails, or the proxy's way to it", providers.CASES),
    ("Models, keys and spend", admin.CASES),
    ("The proxy is not reached, or it is no proxy", ways.CASES),
)
"""Title → cases."""

CASES: tuple[Case, ...] = tuple(case for _, cases in SECTIONS for case in cases)

__all__ = ["CASES", "SECTIONS", "Case", "Needs"]
