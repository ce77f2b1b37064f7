"""Tool calls of a stream, put together from their pieces, however these are numbered.

OpenAI numbers the calls by ``index``, and sends id and name of each in its first piece alone. Gateways differ: no index, the
same index for all, an index that begins at 1 or is a text; the id in each piece, a new one in each, or none; the name in each
piece, or in pieces; arguments that are an object, come at once, or come once more at the end. Which call a piece belongs to:

1. An id that is known names its call; unless the index is another one, or the same id comes with a name once more in one and
   the same chunk: then all calls have one id, and this is a further call.
2. A new id that comes with a name begins a call; at an index whose call has no id yet, it is that call's.
3. A new id without a name goes on with the call of its index (some servers make up an id for each piece).
4. Without an id, an index names the call that was last begun there, no index the call that was last begun; but a name
   begins a further call if that one is whole (its arguments are JSON) or stands in the same chunk, and if it is another
   name, unless it may be a piece of the name at that index.
5. What goes on with no call begins one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ..jsontext import mapping
from ..surrogates import SurrogateJoiner, join_surrogates
from .answers import UNREADABLE, parsed
from .reply import Delta, ToolCall, arguments_of, id_of, text_of


class _Call:
    __slots__ = ("arguments", "chunk", "id", "index", "name", "number", "text", "whole")

    def __init__(self, number: int, index: int | None) -> None:
        self.number, self.index = number, index
        self.id: str | None = None
        self.name = ""
        self.arguments: list[str] = []
        self.text = SurrogateJoiner()
        self.chunk = -1  # in which it was last gone on with
        self.whole: bool | None = None  # None where nobody looked since the last piece

    def is_whole(self) -> bool:
        """Whether its arguments are JSON."""
        if self.whole is None:
            ends = bool(self.arguments) and self.arguments[-1].rstrip()[-1:] in ("}", "]")
            self.whole = ends and parsed("".join(self.arguments)) is not UNREADABLE
        return self.whole

    def add(self, arguments: str) -> str:
        """Take a piece of the arguments; gives what is new of it."""
        if not arguments:
            return ""
        if arguments.lstrip()[:1] in ("{", "["):
            if self.arguments == ["{}"]:
                self.arguments.clear()  # a placeholder in front of the real ones
            elif self.is_whole() and _same(arguments, "".join(self.arguments)):
                return ""
        self.whole = None
        piece = self.text.feed(arguments)
        if piece:
            self.arguments.append(piece)
        return piece


class ToolCalls:
    """Feed it the ``tool_calls`` of each chunk; ``calls()`` has what came so far."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._at: dict[int, _Call] = {}
        self._known: dict[str, _Call] = {}
        self._numbers: set[int] = set()
        self._chunk = 0

    def feed(self, pieces: Iterable[Mapping[str, Any]]) -> list[Delta]:
        """Take the pieces of one chunk."""
        self._chunk += 1
        return [self._take(piece) for piece in pieces]

    def end(self) -> list[Delta]:
        """Tell that no more pieces come; gives what was kept back."""
        found = []
        for call in self._calls:
            if rest := call.text.end():
                call.arguments.append(rest)
                found.append(Delta("tool-call", rest, call.number))
        return found

    def calls(self) -> tuple[ToolCall, ...]:
        """The calls by their numbers."""
        ordered = sorted(self._calls, key=lambda call: call.number)
        return tuple(ToolCall(call.id, call.name, "".join(call.arguments)) for call in ordered)

    def _take(self, piece: Mapping[str, Any]) -> Delta:
        index = _index(piece.get("index"))
        function = mapping(piece.get("function"))
        id_, name = id_of(piece.get("id")), join_surrogates(text_of(function.get("name")))
        arguments = arguments_of(function.get("arguments"))
        call = self._call_of(index, id_, name, arguments)
        first = call.chunk < 0
        call.chunk = self._chunk
        new_id = id_ if id_ and call.id is None else None
        if new_id:
            call.id = new_id
            self._known.setdefault(new_id, call)
        # A name may come in pieces, as long as no arguments have come; and once more with each piece.
        new_name = "" if name == call.name or (call.name and call.arguments) else name
        call.name += new_name
        new = call.add(arguments)
        return Delta("tool-call", new, call.number, new_id if first or new_id else None, new_name or None)

    def _call_of(self, index: int | None, id_: str | None, name: str, arguments: str) -> _Call:
        known = self._known.get(id_) if id_ else None
        if known is not None:
            if index is not None and known.index is not None and index != known.index:
                known = self._at.get(index)  # all calls have this id
            again = known is not None and bool(name) and known.chunk == self._chunk
            return self._begun(index) if known is None or again else known
        there = self._at.get(index) if index is not None else (self._calls[-1] if self._calls else None)
        if (
            there is None
            and index is not None
            and not id_
            and not name
            and self._calls
            and self._calls[-1].index is None
        ):
            there = self._calls[-1]  # numbered from its second piece on
            there.index = index
            self._at[index] = there
        if there is None:
            return self._begun(index)
        if id_:
            if name and (there.id is not None or there.chunk == self._chunk):
                return self._begun(index)
            if not name and index is None and there.id is not None:
                return self._begun(index)
            return there
        if name and self._is_further(there, index, name, arguments):
            return self._begun(index)
        return there

    def _is_further(self, there: _Call, index: int | None, name: str, arguments: str) -> bool:
        """Whether a name without an id begins a call behind ``there``, and does not go on with it."""
        if there.chunk == self._chunk or there.is_whole():
            return True
        if name == there.name:
            return index is None and not arguments  # it would add nothing
        return bool(there.name) and (index is None or bool(there.arguments) or bool(arguments))

    def _begun(self, index: int | None) -> _Call:
        number = index if index is not None and index not in self._numbers else max(self._numbers, default=-1) + 1
        call = _Call(number, index)
        self._numbers.add(number)
        self._calls.append(call)
        if index is not None:
            self._at[index] = call
        return call


def _index(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 7:
        value = int(value)
    return value if isinstance(value, int) and 0 <= value < 10**6 else None


def _same(one: str, other: str) -> bool:
    if one == other:
        return True
    values = parsed(one), parsed(other)
    return UNREADABLE not in values and isinstance(values[0], (dict, list)) and values[0] == values[1]
