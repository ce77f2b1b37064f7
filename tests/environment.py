"""The environment as the test run found it, and what of it a test may see."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Final

FOUND: Final[Mapping[str, str]] = dict(os.environ)
"""A copy, taken before anything was removed. The live fixtures read the proxy's address and key from it."""

_PREFIXES = ("FASED_", "LITELLM_", "FAKE_OPENAI_", "PI_CODING_AGENT_", "PG")
_NAMES = {"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "DATABASE_URL", "NO_COLOR", "FORCE_COLOR"}
_SUFFIXES = ("_API_KEY", "_API_BASE")


def unwanted(name: str) -> bool:
    """Whether a variable of the developer's shell could change what a test sees."""
    upper = name.upper()
    return upper in _NAMES or upper.startswith(_PREFIXES) or upper.endswith(_SUFFIXES)


def clean(found: Mapping[str, str] = FOUND) -> dict[str, str]:
    """The environment without the variables that could change what a test sees."""
    return {name: value for name, value in found.items() if not unwanted(name)}


def live_required() -> bool:
    """Whether a live test that cannot run is a failure (set where a proxy with a database was started for the tests)."""
    return FOUND.get("FASED_TEST_REQUIRE_LIVE") == "1"
