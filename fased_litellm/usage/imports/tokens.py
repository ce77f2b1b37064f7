"""Tokens of a message from its ``usage``, whichever of the known spellings it has.

Fact: the spellings, their order, and that an input below zero counts as none: Fased's ``src/agents/usage.ts``.
"""

from __future__ import annotations

from operator import itemgetter
from typing import Any

from .numbers import MOST_TOKENS, number

_INPUT = ("input", "inputTokens", "input_tokens", "promptTokens", "prompt_tokens")
_OUTPUT = ("output", "outputTokens", "output_tokens", "completionTokens", "completion_tokens")
_READ = ("cacheRead", "cache_read", "cache_read_input_tokens", "cached_tokens")
_WRITE = ("cacheWrite", "cache_write", "cache_creation_input_tokens")
_TOTAL = ("total", "totalTokens", "total_tokens")
_RUN_READ = ("cache_read_tokens",)
_RUN_WRITE = ("cache_write_tokens",)

_FIVE = itemgetter("input", "output", "cacheRead", "cacheWrite", "totalTokens")

Tokens = tuple[int, int, int, int, int]
"""Input (without the cached ones), output, cache read, cache write, total."""
NONE: Tokens = (0, 0, 0, 0, 0)


def of_message(usage: Any) -> Tokens:
    """The tokens of a message. The total is the one that is given, else the sum of the four; what makes no sense is 0."""
    if type(usage) is not dict:
        return NONE
    if len(usage) == 6 and "cost" in usage:
        # Nearly every message has just these; `_spelled` would say the same of it.
        try:
            found: Tokens = _FIVE(usage)
            fresh, output, read, written, total = found
            if (
                type(fresh) is type(output) is type(read) is type(written) is type(total) is int
                and fresh >= 0 <= output
                and read >= 0 <= written
                and 0 < total <= MOST_TOKENS >= fresh + output + read + written
            ):
                return found
        except KeyError:
            pass
    return _spelled(usage)


def _spelled(usage: dict[str, Any]) -> Tokens:
    read = _pick(usage, _READ)
    if not read:
        details = usage.get("prompt_tokens_details")
        read = _pick(details, ("cached_tokens",)) if type(details) is dict else 0
    four = _pick(usage, _INPUT), _pick(usage, _OUTPUT), read, _pick(usage, _WRITE)
    return (*four, _pick(usage, _TOTAL) or sum(four))


def of_run(usage: Any) -> Tokens:
    """The tokens of a task's run: the sum of the four, or the total where that is all there is.

    Fact: Fased's ``src/gateway/server-methods/usage.ts`` (``buildCronRunUsageSummary``).
    """
    if type(usage) is not dict:
        return NONE
    four = (
        _pick(usage, ("input_tokens",)),
        _pick(usage, ("output_tokens",)),
        _pick(usage, _RUN_READ),
        _pick(usage, _RUN_WRITE),
    )
    return (*four, sum(four) or _pick(usage, ("total_tokens",)))


def of_store(entry: dict[str, Any]) -> Tokens:
    """The counters of a session in a store. Its ``totalTokens`` is what the context holds, and no usage."""
    four = (
        _pick(entry, ("inputTokens",)),
        _pick(entry, ("outputTokens",)),
        _pick(entry, ("cacheRead",)),
        _pick(entry, ("cacheWrite",)),
    )
    return (*four, sum(four))


def _pick(usage: dict[str, Any], names: tuple[str, ...]) -> int:
    """The first of the values that is a number above zero, as a whole number; 0 for none."""
    for name in names:
        value = number(usage.get(name))
        if value is not None and value >= 1:
            return int(value)
    return 0
