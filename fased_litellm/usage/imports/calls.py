"""The calls of a transcript, laid out as the ledger takes them: one list of values for all calls of a shape."""

from __future__ import annotations

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
_KNOWN = len(_PERHAPS) - 4
"""Of those, so many first ones nearly every call has: a cost in parts, and a latency."""
_USUAL = (1 << _KNOWN) - 1
_NOTE, _RESPONSE, _CAUSE, _REASONING = (1 << place for place in range(_KNOWN, len(_PERHAPS)))
DIMENSION, TOTAL, FEED = (ALWAYS.index(name) for name in ("dimension", "total_tokens", "feed"))

Values = list[Any]
"""The values of many calls, one after the other: for each, those of ``columns`` of its shape."""


@cache
def columns(shape: int) -> tuple[str, ...]:
    """The columns of ``call`` which calls of that shape have. The others are not known."""
    return (*ALWAYS, *(name for place, name in enumerate(_PERHAPS) if shape >> place & 1))


class Calls:
    """Calls by shape. Of two with one id, the later one counts, unless it is a placeholder without tokens.

    Attributes:
        by_shape: shape → values. Who adds a call does not know its dimension and its feed yet: it has the place of its
            names among those of the transcript, and 0.
        shapes: id → shape.
    """

    def __init__(self) -> None:
        self.by_shape: dict[int, Values] = {}
        self.shapes: dict[str, int] = {}

    def __len__(self) -> int:
        """How many there are."""
        return len(self.shapes)

    def add(self, always: tuple[Any, ...], perhaps: tuple[Any, ...]) -> None:
        """Add a call.

        Args:
            always: the values of ``ALWAYS``.
            perhaps: from ``cost_pico`` to ``reasoning_tokens``; None for those it has not.
        """
        identity = always[0]
        if identity in self.shapes and not self._drop(identity, always[TOTAL]):
            return
        *known, note, response, cause, reasoning = perhaps
        shape = _USUAL
        if None in known:
            shape = sum(1 << place for place, value in enumerate(known) if value is not None)
            known = [value for value in known if value is not None]
        if note is not None:
            shape |= _NOTE
            known.append(note)
        if response is not None:
            shape |= _RESPONSE
            known.append(response)
        if cause is not None:
            shape |= _CAUSE
            known.append(cause)
        if reasoning is not None:
            shape |= _REASONING
            known.append(reasoning)
        self.shapes[identity] = shape
        values = self.by_shape.get(shape)
        if values is None:
            values = self.by_shape[shape] = []
        values += always
        values += known

    def _drop(self, identity: str, total: int) -> bool:
        """Forget a call, since a later one has that id and so many tokens; False if the older one stays."""
        shape = self.shapes[identity]
        values, width = self.by_shape[shape], len(columns(shape))
        begin = values[::width].index(identity) * width
        if not total and values[begin + TOTAL]:
            return False
        del values[begin : begin + width]
        return True
