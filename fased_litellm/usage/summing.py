"""What many new rows add to the roll-ups, counted before SQLite would have to sort them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Any

from .record import FAILED, UNANSWERED
from .rollups import SUMS, TABLES, Part

_WIDTH_MS = TABLES["rollup"][0]
_TOTAL = SUMS.index("total_tokens") - 2
_PLAIN = (*SUMS[2:9], *SUMS[11:15])
"""The sums that are sums of a column of the same name: tokens, cost, parts of the cost."""


def parts(
    rows: Sequence[tuple[Any, ...]], columns: tuple[str, ...], facts: Callable[[int], tuple[int, str]]
) -> list[Part] | None:
    """The parts for ``rollups.add``, or None where that needs a look at each row, which SQLite does faster.

    Args:
        rows, columns: as for ``rows.insert_many``; all of them count.
        facts: ``Dimensions.facts``.
    """
    if "counted" in columns:
        return None
    values = dict(zip(columns, zip(*rows, strict=True), strict=True))
    dimensions, times = values["dimension"], values["started_at_ms"]
    try:
        running = [list(accumulate(values[name], initial=0)) if name in values else None for name in _PLAIN]
    except TypeError:  # a None among the numbers
        return None
    causes, totals = values.get("cause"), values.get("total_tokens")
    priced = "cost_pico" in columns
    found: list[Part] = []
    for begin, end in _runs(dimensions, times):
        dimension, calls = dimensions[begin], end - begin
        coarse, status = facts(dimension)
        sums = [0 if column is None else column[end] - column[begin] for column in running]
        failed = calls if status in FAILED else 0
        if priced:
            found.append((times[begin], dimension, coarse, calls, failed, *sums[:7], calls, 0, *sums[7:], 0))
            continue
        # As in UsageRecord.unpriced.
        unpriced = calls
        if status == "error":
            unpriced = sum(
                bool(totals and totals[place]) or (causes is not None and causes[place] in UNANSWERED)
                for place in range(begin, end)
            )
        found.append((times[begin], dimension, coarse, calls, failed, *sums[:7], 0, unpriced, *sums[7:], sums[_TOTAL]))
    return found


def _runs(dimensions: Sequence[int], times: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Ranges of neighbours of one combination and one quarter of an hour."""
    begin, dimension, since, until = 0, None, 0, 0
    for place, (other, time) in enumerate(zip(dimensions, times, strict=True)):
        if other != dimension or not since <= time < until:
            if place:
                yield begin, place
            begin, dimension, since = place, other, time - time % _WIDTH_MS
            until = since + _WIDTH_MS
    yield begin, len(times)
