"""Tokens of a message, a run or a session, from what the Node agent wrote down."""

from __future__ import annotations

from operator import itemgetter
from typing import Any, NamedTuple

from ....proxy.counting import Counted, counted
from .numbers import MOST_TOKENS

_FIVE = itemgetter("input", "output", "cacheRead", "cacheWrite", "totalTokens")

_COUNTERS = ("inputTokens", "outputTokens", "cacheRead", "cacheWrite")

Tokens = tuple[int, int, int, int, int]
"""Input (without the cached ones), output, cache read, cache write, total."""
NONE: Tokens = (0, 0, 0, 0, 0)


class Used(NamedTuple):
    """What a message used.

    Attributes:
        tokens: the total is the sum of the four, unless it is all that is known.
        reasoning: how many of the output are reasoning.
        problem: why that is not just what is written; None where it is.
    """

    tokens: Tokens
    reasoning: int = 0
    problem: str | None = None


NOTHING = Used(NONE)


def of_message(usage: Any) -> Used:
    """The tokens of a message; what makes no sense is 0."""
    if type(usage) is not dict:
        return NOTHING
    if len(usage) == (7 if "reasoning" in usage else 6) and "cost" in usage:
        # Nearly every message has just these; `counted` would say the same of it.
        try:
            found: Tokens = _FIVE(usage)
            fresh, output, read, written, total = found
            reasoning = usage.get("reasoning", 0)
            if (
                type(fresh) is type(output) is type(read) is type(written) is type(total) is type(reasoning) is int
                and fresh >= 0 <= output
                and read >= 0 <= written
                and 0 < total == fresh + output + read + written <= MOST_TOKENS
                and 0 <= reasoning <= output
            ):
                return Used(found, reasoning)
        except KeyError:
            pass
    return _used(counted(usage))


def of_run(usage: Any) -> Used:
    """The tokens of a task's run.

    Fact: the total in a run log may be what the context holds (``deriveSessionTotalTokens`` of the agent's upstream); it
    counts only where there is nothing else, as in Fased's ``src/gateway/server-methods/usage.ts``.
    """
    found = _used(counted(usage))
    return found._replace(problem=None) if any(found.tokens[:4]) else found


def of_store(entry: dict[str, Any]) -> Tokens:
    """The counters of a session in a store. Its ``totalTokens`` is what the context holds, and no usage."""
    four = [_plain(entry.get(name)) for name in _COUNTERS]
    return four[0], four[1], four[2], four[3], sum(four)


def _plain(value: Any) -> int:
    """As ``counted`` takes a number."""
    return int(value) if (type(value) is int or type(value) is float) and 1 <= value <= MOST_TOKENS else 0


def _used(found: Counted) -> Used:
    four = found.input, found.output, found.cache_read, found.cache_write
    return Used((*four, found.total or found.given), found.reasoning, found.problem)
