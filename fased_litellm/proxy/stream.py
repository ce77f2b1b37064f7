"""Reading a stream of chat completion chunks; no I/O.

Facts: events are ``data: {…}`` lines and the end is ``data: [DONE]``. The usage chunk has ``choices:[{"index":0,"delta":{}}]``,
not an empty list, and from 1.101 on ``usage.cost``. A failure in the middle is ``data: {"error": {…}}`` under status 200,
without ``[DONE]``; so is a cut stream, except in releases 1.72 to 1.91, which make it look complete.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..errors import BadAnswer
from .answers import UNREADABLE, parsed
from .causes import STREAM_BROKE, STREAM_CUT
from .failures import Failure, classify
from .reply import Content, Delta, ToolCall, mapping, mappings, text_of

MAX_LINE = 8 * 1024 * 1024
"""Bytes of one line. A chunk is mostly some hundred bytes; one with a picture in it may have some million."""


class LineDecoder:
    """Bytes, cut anywhere, to the values of ``data:`` lines (server-sent events)."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[str]:
        """The data of the events that ``chunk`` completes.

        Raises:
            BadAnswer: a line without end.
        """
        if b"\n" not in chunk:
            self._keep(chunk)  # not joined yet: a long line that drips in would be copied again with each drop
            return []
        if self._rest:
            chunk = b"".join((*self._rest, chunk))
            self._rest, self._size = [], 0
        *lines, rest = chunk.replace(b"\r\n", b"\n").split(b"\n")
        if rest:
            self._keep(rest)
        return [value for line in lines if (value := _data(line)) is not None]

    def end(self) -> list[str]:
        """The data of a last line without a line break."""
        value = _data(b"".join(self._rest))
        self._rest = []
        return [] if value is None else [value]

    def _keep(self, part: bytes) -> None:
        self._size += len(part)
        if self._size > MAX_LINE:
            raise BadAnswer(
                f"The stream has a line of more than {MAX_LINE} bytes; reading stopped there.",
                cause="too-large",
                hint="A LiteLLM proxy does not answer like this. Check the base URL.",
            )
        self._rest.append(part)


def _data(line: bytes) -> str | None:
    if not line.startswith(b"data:"):
        return None  # a comment, an event name, or the blank line between events
    return line[5:].strip().decode("utf-8", "replace")


@dataclass(slots=True)
class _Call:
    id: str | None = None
    name: str = ""
    arguments: list[str] = field(default_factory=list)


class StreamReader:
    """Puts a reply together from the pieces of its stream.

    Feed it bytes, take the deltas; afterwards ``failure()`` says whether the stream came to its end, and ``content()`` has what
    arrived.
    """

    def __init__(self) -> None:
        self.usage: Mapping[str, Any] | None = None
        self.response_id: str | None = None
        self.done = False
        self._lines = LineDecoder()
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._calls: dict[int, _Call] = {}
        self._finish_reason: str | None = None
        self._failure: Failure | None = None

    def feed(self, chunk: bytes) -> list[Delta]:
        """The pieces that ``chunk`` completes."""
        return [delta for data in self._lines.feed(chunk) for delta in self._event(data)]

    def end(self) -> list[Delta]:
        """Tell that no more bytes come; gives what a last line without a line break held."""
        return [delta for data in self._lines.end() for delta in self._event(data)]

    def failure(self) -> Failure | None:
        """Why the stream is not whole, None if it is."""
        if self._failure is not None:
            return self._failure
        if not self.done:
            return Failure(STREAM_CUT, "the stream ended without its end mark")
        # An output limit may cut arguments off rightly; it is then the reason to finish.
        if self._finish_reason != "length" and any(not _is_json(call.arguments) for call in self._calls.values()):
            return Failure(STREAM_CUT, "the arguments of a tool call are cut off")
        return None

    def content(self) -> Content:
        """What arrived."""
        calls = (ToolCall(call.id, call.name, "".join(call.arguments)) for _, call in sorted(self._calls.items()))
        return Content("".join(self._text), "".join(self._reasoning) or None, tuple(calls), self._finish_reason)

    def _event(self, data: str) -> list[Delta]:
        if data == "[DONE]":
            self.done = True
            return []
        try:
            chunk = json.loads(data)
        except (ValueError, RecursionError):
            self._failure = self._failure or Failure(STREAM_CUT, "an event of the stream is not JSON")
            return []
        if not isinstance(chunk, Mapping):
            return []
        if chunk.get("error"):
            self._failure = self._failure or _error_event(chunk["error"])
            return []
        if self.response_id is None:
            self.response_id = text_of(chunk.get("id")) or None
        if isinstance(chunk.get("usage"), Mapping):
            self.usage = chunk["usage"]
        choice = next(mappings(chunk.get("choices")), None)
        if choice is None:
            return []
        self._finish_reason = text_of(choice.get("finish_reason")) or self._finish_reason
        return self._delta(mapping(choice.get("delta")))

    def _delta(self, delta: Mapping[str, Any]) -> list[Delta]:
        pieces: list[Delta] = []
        reasoning = text_of(delta.get("reasoning_content") or delta.get("reasoning"))
        if reasoning:
            self._reasoning.append(reasoning)
            pieces.append(Delta("reasoning", reasoning))
        text = text_of(delta.get("content"))
        if text:
            self._text.append(text)
            pieces.append(Delta("text", text))
        pieces.extend(self._tool_call(piece) for piece in mappings(delta.get("tool_calls")))
        return pieces

    def _tool_call(self, piece: Mapping[str, Any]) -> Delta:
        index = piece.get("index")
        index = index if isinstance(index, int) else 0
        function = mapping(piece.get("function"))
        id_, name = text_of(piece.get("id")) or None, text_of(function.get("name")) or None
        call = self._calls.setdefault(index, _Call())
        call.id = id_ or call.id
        call.name = name or call.name
        arguments = text_of(function.get("arguments"))
        call.arguments.append(arguments)
        return Delta("tool-call", arguments, index, id_, name)


def _error_event(error: Any) -> Failure:
    code = error.get("code") if isinstance(error, Mapping) else None
    status = int(code) if isinstance(code, (int, str)) and str(code).isdigit() else 500
    failure = classify(status, {}, {"error": error})
    # In the middle of a stream, a general failure of the provider is a stream that broke; so is a lost connection to it.
    broke = failure.rule.cause in ("provider-error", "provider-unreachable")
    return replace(failure, rule=STREAM_BROKE) if broke else failure


def _is_json(arguments: list[str]) -> bool:
    text = "".join(arguments)
    if not text:
        return True  # a tool without parameters
    return parsed(text) is not UNREADABLE
