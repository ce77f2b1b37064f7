"""Server-sent events, from bytes that are cut anywhere to the JSON values in them; no I/O.

Framing is that of the WHATWG's HTML standard ("Server-sent events"): lines end with LF, CR or CRLF, a byte order mark may
stand first, the ``data`` lines of an event are joined by line breaks, one blank behind the colon is left out, and comments
and other fields are passed over. It is read more broadly in three places, since gateways are:

- A line that is a whole JSON object, or ``[DONE]``, is an event at once: some servers put no blank line between events, and
  nobody has to wait for it.
- An event that the end of the stream cuts off is taken if it can be read. The standard drops it.
- A body without any event that is one JSON document counts as an event: a gateway that does not stream answers so.

httpx-sse was looked at: its decoder takes lines of text, so bytes, sizes and line breaks would be left to do here, and it
imports httpx.
"""

from __future__ import annotations

from typing import Any

from ..errors import BadAnswer
from .answers import UNREADABLE, parsed

MAX_LINE = 8 * 1024 * 1024
"""Bytes of one line, and of one event. A chunk is mostly some hundred bytes; one with a picture in it may have some million."""

DONE = object()
"""The event ``[DONE]``."""

_BOM = b"\xef\xbb\xbf"
_FIELDS = (b"event", b"id", b"retry")


class EventDecoder:
    """Feed it bytes; it gives the JSON value of each event, ``DONE``, or ``UNREADABLE`` for one that is not JSON."""

    def __init__(self) -> None:
        self.events = 0
        """How many were given."""
        self.document = False
        """Whether the only event was the body itself, one JSON document."""
        self._rest = _Pieces()  # of a line without an end
        self._data = _Pieces()  # the lines of an event without an end
        self._document = _Pieces()  # lines of what may be one JSON document in place of a stream
        self._begun = False
        self._after_cr = False

    def feed(self, chunk: bytes) -> list[Any]:
        """The events that ``chunk`` completes.

        Raises:
            BadAnswer: a chunk before had a line or an event without end; what came before that is given first.
        """
        if (error := self.too_large()) is not None:
            raise error
        if self._after_cr and chunk:
            self._after_cr = False
            if chunk[:1] == b"\n":  # the second half of a CRLF
                chunk = chunk[1:]
        if b"\n" not in chunk and b"\r" not in chunk:
            if chunk:
                self._rest.add(chunk)  # not joined yet: a long line that drips in would be copied again with each drop
            return []
        if self._rest.parts:
            chunk = b"".join((*self._rest.take(), chunk))
        self._after_cr = chunk[-1:] == b"\r"
        lines = chunk.splitlines()
        if chunk[-1:] not in (b"\n", b"\r"):
            self._rest.add(lines.pop())
        return [event for line in lines for event in self._line(line)]

    def end(self) -> list[Any]:
        """The events that the end of the stream completes: a last line without a line break, an event without a blank line."""
        line = b"".join(self._rest.take())
        found = [*(self._line(line) if line else ()), *self._dispatch()]
        if not self.events and self._document.parts:
            value = parsed(self.head())
            if isinstance(value, dict):
                self.document = True
                self.events += 1
                return [value]
        return found

    def too_large(self) -> BadAnswer | None:
        """The error where a line or an event was longer than is read."""
        if not (self._rest.full or self._data.full or self._document.full):
            return None
        return BadAnswer(
            f"The stream has a line of more than {MAX_LINE} bytes; reading stopped there.",
            cause="too-large",
            hint="A LiteLLM proxy does not answer like this. Check the base URL.",
        )

    def head(self) -> bytes:
        """The beginning of a body in which there was no event, for an error about it."""
        return b"\n".join(self._document.parts)

    def _line(self, line: bytes) -> list[Any]:
        if not self._begun:
            self._begun = True
            line = line.removeprefix(_BOM)
        if not line:
            return self._dispatch()
        if line.startswith(b"data:"):
            return self._field(line[6:] if line[5:6] == b" " else line[5:])
        if line == b"data":
            return self._field(b"")
        if not self.events and not self._data.parts:
            self._stray(line)
        return []

    def _field(self, value: bytes) -> list[Any]:
        text = value.strip()
        known = self._data.parts
        if not known and not text:
            return []  # nothing stands before what follows, if something does
        before: list[Any] = []
        if known and text and known[0].lstrip()[:1] not in (b"{", b"["):
            before, known = self._dispatch(), []  # what was no beginning of JSON does not hold up what follows
        if not known:
            if text == b"[DONE]":
                return before + self._given([DONE])
            if text[:1] == b"{" and text[-1:] == b"}" and (found := parsed(text)) is not UNREADABLE:
                return before + self._given([found])
        self._data.add(value, 1)
        return before

    def _dispatch(self) -> list[Any]:
        data = [line for line in self._data.take() if line.strip()]
        if not data:
            return []  # nothing, or what some servers send to keep the connection
        value = parsed(b"\n".join(data))
        if value is not UNREADABLE or len(data) == 1:
            return self._given([DONE if data[0].strip() == b"[DONE]" else value])
        # Lines without blank ones between them: those that can be read by themselves are not lost with the others.
        return self._given([DONE if line.strip() == b"[DONE]" else parsed(line) for line in data])

    def _given(self, events: list[Any]) -> list[Any]:
        self.events += len(events)
        self._document.take()
        return events

    def _stray(self, line: bytes) -> None:
        """Keep a line that no stream has, if what is kept may be a JSON document; else only the first, for the error."""
        known = self._document.parts
        if known and known[0].lstrip()[:1] != b"{":
            return
        if line[:1] != b":" and line.partition(b":")[0] not in _FIELDS:
            self._document.add(line, 1)


class _Pieces:
    """Pieces of something that is not whole yet, with its size bounded: past that they are dropped, and ``full`` is set."""

    __slots__ = ("full", "parts", "size")

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.size = 0
        self.full = False

    def add(self, part: bytes, line_break: int = 0) -> None:
        self.size += len(part) + line_break
        if self.size > MAX_LINE:
            self.full = True
            self.parts.clear()
        else:
            self.parts.append(part)

    def take(self) -> list[bytes]:
        parts, self.parts, self.size = self.parts, [], 0
        return parts
