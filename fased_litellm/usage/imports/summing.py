"""What many new calls add to the roll-ups, summed up where they are read, before SQLite would have to sort them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..record import FAILED, UNANSWERED
from ..store.rollups import SUMS, TABLES
from .calls import Values

_WIDTH_MS = TABLES["rollup"][0]
_TOTAL = SUMS.index("total_tokens") - 2
_PLAIN = (*SUMS[2:9], *SUMS[11:15])
"""The sums that are sums of a column of the same name: tokens, cost, parts of the cost."""

Sums = tuple[int, int, tuple[int, ...]]
"""Time, place of the names, and the sums: what some calls of one combination, in one quarter of an hour, add."""


def sums_of(values: Values, columns: Sequence[str], statuses: Sequence[str]) -> list[Sums]:
    """The sums of calls.

    Args:
        values: of the calls, laid out by these columns, among which are call_id, dimension and started_at_ms. None is
            None, and all of them count.
        columns: of ``call``.
        statuses: that of each place which stands for a dimension.
    """
    width = len(columns)
    by_name = {name: values[place::width] for place, name in enumerate(columns) if name not in ("call_id", "feed")}
    places, times = by_name["dimension"], by_name["started_at_ms"]
    plain = [by_name.get(name) for name in _PLAIN]
    totals, causes = by_name.get("total_tokens"), by_name.get("cause")
    priced = "cost_pico" in by_name
    found: list[Sums] = []
    for begin, end in _runs(places, times):
        place, calls = places[begin], end - begin
        added = [0 if column is None else sum(column[begin:end]) for column in plain]
        failed = calls if statuses[place] in FAILED else 0
        if priced:
            found.append((times[begin], place, (calls, failed, *added[:7], calls, 0, *added[7:], 0)))
            continue
        # As in UsageRecord.unpriced.
        unpriced = calls
        if statuses[place] == "error":
            unpriced = sum(
                bool(totals and totals[number]) or (causes is not None and causes[number] in UNANSWERED)
                for number in range(begin, end)
            )
        found.append((times[begin], place, (calls, failed, *added[:7], 0, unpriced, *added[7:], added[_TOTAL])))
    return found


def _runs(places: Sequence[int], times: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Ranges of neighbours of one combination and one quarter of an hour."""
    begin, place, since, until = 0, None, 0, 0
    for number, (other, time) in enumerate(zip(places, times, strict=True)):
        if other != place or not since <= time < until:
            if number:
                yield begin, number
            begin, place, since = number, other, time - time % _WIDTH_MS
            until = since + _WIDTH_MS
    yield begin, len(times)
