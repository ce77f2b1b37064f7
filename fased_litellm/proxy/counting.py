"""Tokens from a ``usage``, in whichever of the known ways it is written. One place for replies of a proxy and for files.

Facts: the agent's own spellings, and that its input leaves the cached tokens out: Fased's ``src/agents/usage.ts``. OpenAI's
``prompt_tokens`` include them, and so do those of LiteLLM and of DeepSeek (``prompt_cache_hit_tokens``). OpenAI's
``completion_tokens`` include the reasoning; some providers count it beside them (seen with xAI, also behind LiteLLM).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

MOST = 10**12
"""More than this is no count of tokens, but a mistake, which would wear out the 64 bits of a sum."""

UNEVEN = ("tokens do not add up", "only the sum of its tokens is known")
"""What a ``problem`` begins with."""

_INPUT = ("input", "inputTokens", "input_tokens")
_PROMPT = ("promptTokens", "prompt_tokens")
_OUTPUT = ("output", "outputTokens", "output_tokens", "completionTokens", "completion_tokens")
_READ = (
    "cacheRead",
    "cache_read",
    "cache_read_tokens",
    "cache_read_input_tokens",
    "cached_tokens",
    "cachedTokens",
    "prompt_cache_hit_tokens",
)
_WRITE = ("cacheWrite", "cache_write", "cache_write_tokens", "cache_creation_input_tokens")
_REASONING = ("reasoning", "reasoningTokens", "reasoning_tokens")
_TOTAL = ("total", "totalTokens", "total_tokens")
_PROMPT_DETAILS = ("prompt_tokens_details", "promptTokensDetails")
_INPUT_DETAILS = ("input_tokens_details", "inputTokensDetails")
_OUTPUT_DETAILS = (
    "completion_tokens_details",
    "completionTokensDetails",
    "output_tokens_details",
    "outputTokensDetails",
)
_DETAIL_READ = ("cached_tokens", "cachedTokens")
_DETAIL_WRITE = ("cache_write_tokens", "cache_creation_tokens")


class Counted(NamedTuple):
    """Tokens of a call.

    Attributes:
        input: without those that were read from or written to a cache.
        output: with the reasoning.
        cache_read, cache_write: likewise tokens that were sent.
        reasoning: how many of the output are reasoning.
        given: the total that was written down; 0 for none.
    """

    input: int
    output: int
    cache_read: int
    cache_write: int
    reasoning: int
    given: int

    @property
    def total(self) -> int:
        """The sum of the four."""
        return self.input + self.output + self.cache_read + self.cache_write

    @property
    def problem(self) -> str | None:
        """Why the total that was written down is another one than the sum; None where it is not, or leaves the reasoning out."""
        total = self.total
        if not self.given or self.given in (total, total - self.reasoning):
            return None
        if not total:
            return f"{UNEVEN[1]}: {self.given}"
        parts = f"{self.input} input + {self.cache_read + self.cache_write} cached + {self.output} output"
        return f"{UNEVEN[0]}: {parts} are {total}, not {self.given}"


NONE = Counted(0, 0, 0, 0, 0, 0)


def counted(usage: Any) -> Counted:
    """The tokens of a ``usage``; what is no number above zero counts as none, and so does what is not an object.

    Of several readings, the one counts whose sum is the total that was written down; else that which the spelling stands
    for. Reasoning that is more than the output is beside it.
    """
    if type(usage) is not dict and not isinstance(usage, Mapping):
        return NONE
    details = _details(usage, _PROMPT_DETAILS) or _details(usage, _INPUT_DETAILS)
    read = _pick(usage, _READ) or _pick(details, _DETAIL_READ)
    write = _pick(usage, _WRITE) or _pick(details, _DETAIL_WRITE)
    output = _pick(usage, _OUTPUT)
    reasoning = _pick(usage, _REASONING) or _pick(_details(usage, _OUTPUT_DETAILS), _REASONING)
    given = _pick(usage, _TOTAL)
    sent, inside = _sent(usage)
    # Without the cached tokens, and as it stands; and where it holds those that were read alone.
    fresh = dict.fromkeys((sent - read - write, sent, sent - read) if inside else (sent, sent - read - write))
    whole = (output + reasoning, output) if reasoning > output else (output, output + reasoning)
    ways = [(left, made) for left in fresh if left >= 0 for made in whole if made >= reasoning]
    cached = read + write
    left, made = next((way for way in ways if way[0] + way[1] + cached == given), ways[0])
    return Counted(left, made, read, write, reasoning, given)


def _sent(usage: Mapping[str, Any]) -> tuple[int, bool]:
    """What was sent, and whether it is written in the way that has the cached tokens inside."""
    sent = _pick(usage, _INPUT)
    if not sent:
        return _pick(usage, _PROMPT), True
    return sent, bool(_details(usage, _INPUT_DETAILS))


def _details(usage: Mapping[str, Any], names: tuple[str, ...]) -> Mapping[str, Any]:
    for name in names:
        found = usage.get(name)
        if type(found) is dict or (found is not None and isinstance(found, Mapping)):
            return found
    return {}


def _pick(usage: Mapping[str, Any], names: tuple[str, ...]) -> int:
    """The first of the values that is a number above zero, as a whole number; 0 for none."""
    if not usage:
        return 0
    for name in names:
        value = usage.get(name)
        if (type(value) is int or type(value) is float) and 1 <= value <= MOST:
            return int(value)
    return 0
