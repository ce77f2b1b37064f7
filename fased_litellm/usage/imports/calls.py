"""The calls of a transcript, laid out as the ledger takes them: one list of values for all calls of a shape."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

ALWAYS = (
    "call_id",
    "dimension",
    "started_at_ms",
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "total_tokens",
    "cost_source",
    "feed",
)
"""The columns that each imported call has, whatever it was read from."""
_PERHAPS = (
    "cost_pico",
    "input_cost_pico",
    "output_cost_pico",
    "cache_read_cost_pico",
    "cache_write_cost_pico",
    "latency_ms",
    "price_note",
    "response_id",
    "cause",
    "reasoning_tokens",
)
USUAL = 0b111111
"""The shape of nearly all calls: with a cost in parts, and a latency."""
NAMED = USUAL | 1 << _PERHAPS.index("response_id")
"""Likewise, with the provider's id of the reply, as newer releases of the agent write it down."""
DIMENSION, TOTAL, FEED = (ALWAYS.index(name) for name in ("dimension", "total_tokens", "feed"))

Values = list[Any]
"""The values of many calls, one after the other: for each, those of ``columns`` of its shape."""


@cache
def columns(shape: int) -> tuple[str, ...]:
    """The columns of ``call`` which calls of that shape have. The others are not known."""
    return (*ALWAYS, *(name for place, name in enumerate(_PERHAPS) if shape >> place & 1))


def shaped(perhaps: Sequence[Any]) -> tuple[int, list[Any]]:
    """The shape of a call that has these values, None for those it has not, from ``cost_pico`` to ``reasoning_tokens``; and those
    which it has."""
    shape, place, has = 0, 1, []
    for value in perhaps:
        if value is not None:
            shape |= place
            has.append(value)
        place += place
    return shape, has


class Calls:
    """Calls by shape. Of two with one id, the later one counts, unless it is a placeholder without tokens.

    Attributes:
        by_shape: shape → values. Who adds a call does not know its dimension and its feed yet: it has the place of its
            names among those of the transcript, and 0.
        shapes: id → shape.
        usual, named: the values of calls of these shapes. Who adds there calls ``drop`` before for an id in ``shapes``.
    """

    def __init__(self) -> None:
        self.usual: Values = []
        self.named: Values = []
        self.by_shape: dict[int, Values] = {USUAL: self.usual, NAMED: self.named}
        self.shapes: dict[str, int] = {}

    def __len__(self) -> int:
        """How many there are."""
        return len(self.shapes)

    def add(self, shape: int, call: tuple[Any, ...]) -> None:
        """Add a call: the values of ``columns(shape)``."""
        identity = call[0]
        if identity in self.shapes and not self.drop(identity, call[TOTAL]):
            return
        self.shapes[identity] = shape
        values = self.by_shape.get(shape)
        if values is None:
            values = self.by_shape[shape] = []
        values += call

    def drop(self, identity: str, total: int) -> bool:
        """Forget a call, since a later one has that id and so many tokens; False if the older one stays."""
        shape = self.shapes[identity]
        values, width = self.by_shape[shape], len(columns(shape))
        begin = values[::width].index(identity) * width
        if not total and values[begin + TOTAL]:
            return False
        del values[begin : begin + width]
        return True
