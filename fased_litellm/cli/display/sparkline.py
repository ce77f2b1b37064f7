"""A row of numbers as a row of blocks."""

from __future__ import annotations

from collections.abc import Sequence

_LEVELS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[int], *, width: int | None = None, largest: int | None = None) -> str:
    """One block for each number: ``▁`` is zero and nothing else is.

    Args:
        values: from 0.
        width: most characters; where there are more numbers, neighbours are added up, so many that they fit.
        largest: what is drawn as ``█``; by default the largest of what is drawn.
    """
    drawn = merged(values, width)
    top = max(drawn, default=0) if largest is None else largest
    return "".join(_LEVELS[_level(value, top)] for value in drawn)


def merged(values: Sequence[int], width: int | None) -> list[int]:
    """The numbers, neighbours added up so that there are at most ``width``."""
    if width is None or len(values) <= width:
        return list(values)
    each = -(-len(values) // max(width, 1))
    return [sum(values[start : start + each]) for start in range(0, len(values), each)]


def _level(value: int, top: int) -> int:
    if value <= 0 or top <= 0:
        return 0
    steps = len(_LEVELS) - 1
    return min(max(-(-value * steps // top), 1), steps)
