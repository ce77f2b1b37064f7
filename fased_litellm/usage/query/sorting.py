"""The order of a report's groups. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .periods import order
from .query import TIMES, UPWARDS, Sort, SortKey
from .totals import Group, Totals

MEASURES: dict[SortKey, Callable[[Totals], tuple[int, ...]]] = {
    "cost": lambda totals: (totals.cost_pico, totals.total_tokens),
    "tokens": lambda totals: (totals.total_tokens, totals.cost_pico),
    "calls": lambda totals: (totals.calls, totals.cost_pico),
    "failed": lambda totals: (totals.failed, totals.calls),
    "input": lambda totals: (totals.input_tokens, totals.cost_pico),
    "output": lambda totals: (totals.output_tokens, totals.cost_pico),
    "cached": lambda totals: (totals.cache_read_tokens, totals.cost_pico),
    "unpriced": lambda totals: (totals.unpriced_calls, totals.unpriced_tokens),
}
"""What groups are compared by; the second number decides between equals."""


def in_order(by: Sequence[str], groups: Iterable[Group], sort: Sort | None) -> list[Group]:
    """The groups in an order; without one, in that of time where ``by`` has a time, else the dearest first.

    Groups that are equal stand in the order of their names.
    """
    times = [place for place, name in enumerate(by) if name in TIMES]

    def name(group: Group) -> Any:
        return tuple(key or "" for key in group.key)

    def time(group: Group) -> Any:
        return [order(group.key[place] or "") for place in times]

    found = sorted(groups, key=name)
    if sort is None:
        found.sort(key=lambda group: MEASURES["cost"](group.totals), reverse=True)
        if times:
            found.sort(key=time)
        return found
    if sort.key in UPWARDS:
        found.sort(key=name if sort.key == "name" else time, reverse=sort.backwards)
    else:
        measure = MEASURES[sort.key]
        found.sort(key=lambda group: measure(group.totals), reverse=not sort.backwards)
    return found
