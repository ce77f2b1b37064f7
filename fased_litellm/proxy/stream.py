"""Reading a stream of chat completion chunks; no I/O.

Facts about LiteLLM: events are ``data: {…}`` lines and the end is ``data: [DONE]``. The usage chunk has
``choices:[{"index":0,"delta":{}}]`` (an empty list from 1.110 on), and from 1.101 on ``usage.cost``. A failure in the middle is
``data: {"error": {…}}`` under status 200, without ``[DONE]``; so is a cut stream, except in releases 1.72 to 1.91, which make it
look complete. Other gateways leave ``[DONE]`` out, tell usage in any chunk or beside the choice, or answer with one document.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..jsontext import mappings
from ..surrogates import SurrogateJoiner, join_surrogates
from .answers import UNREADABLE, parsed
from .eventstream import DONE, EventDecoder
from .reply import Content, Delta, choice_index, cites, read_message, reasoning_of, text_of, whole_calls
from .tokens import merged_usage
from .toolcalls import ToolCalls

if TYPE_CHECKING:
    from .failures import Failure


class StreamReader:
    """Puts a reply together from the pieces of its stream.

    Feed it bytes, take the deltas; afterwards ``failure()`` says whether the stream came to its end, and ``content()`` has what
    arrived. Of several choices (``n`` above 1) it is the one with index 0, as in a whole reply; where there is none, that with
    the lowest index, at the end.
    """

    def __init__(self) -> None:
        self.usage: Mapping[str, Any] | None = None
        self.response_id: str | None = None
        self.service_tier: str | None = None
        self.cited = False
        self.done = False
        self._events = EventDecoder()
        self._text: list[str] = []
        self._reasoning: list[str] = []
        self._halves = {"text": SurrogateJoiner(), "reasoning": SurrogateJoiner()}
        self._calls = ToolCalls()
        self._called = False
        self._finish_reason: str | None = None
        self._failure: Failure | None = None
        self._others: list[Mapping[str, Any]] = []  # choices other than the first
        self._alive = False

    def feed(self, chunk: bytes) -> list[Delta]:
        """The pieces that ``chunk`` completes."""
        return [delta for event in self._events.feed(chunk) for delta in self._event(event)]

    def end(self) -> list[Delta]:
        """Tell that no more bytes come; gives what a last event without an end held, and what was kept back."""
        found = [delta for event in self._events.end() for delta in self._event(event)]
        if self._others and not self._begun():
            lowest = min(map(choice_index, self._others))
            for choice in self._others:
                if choice_index(choice) == lowest:
                    found += self._choice(choice)
        self._others.clear()
        for kind, into in (("reasoning", self._reasoning), ("text", self._text)):
            if rest := self._halves[kind].end():
                into.append(rest)
                found.append(Delta("reasoning" if kind == "reasoning" else "text", rest))
        return found + self._calls.end()

    def alive(self) -> bool:
        """Whether content or usage came since this was last asked; a comment or an empty event is no sign of life."""
        alive, self._alive = self._alive, False
        return alive

    @property
    def streamed(self) -> bool:
        """Whether it was a stream, and not one document."""
        return not self._events.document

    def empty(self) -> bytes | None:
        """The beginning of a body without events, or of a document that is no reply; None for what was one."""
        if self._events.document:
            return None if self._begun() or self._failure else self._events.head()
        return None if self._events.events else self._events.head()

    def failure(self) -> Failure | None:
        """Why the stream is not whole, None if it is.

        It is with ``[DONE]``, and where a gateway leaves that out, with the reason to finish.
        """
        if self._failure is not None:
            return self._failure
        if not self.done and (error := self._events.too_large()) is not None:
            return _cut(error.message.rstrip("."))
        if not self.done and not self._finish_reason:
            return _cut("the stream ended without its end mark")
        # An output limit may cut arguments off rightly; it is then the reason to finish.
        calls = self._calls.calls() if self._finish_reason != "length" else ()
        if any(call.arguments and parsed(call.arguments) is UNREADABLE for call in calls):
            return _cut("the arguments of a tool call are cut off")
        return None

    def content(self) -> Content:
        """What arrived."""
        reasoning = "".join(self._reasoning) or None
        return Content("".join(self._text), reasoning, self._calls.calls(), self._finish_reason)

    def _begun(self) -> bool:
        return bool(self._text or self._reasoning or self._called or self._finish_reason)

    def _event(self, event: Any) -> list[Delta]:
        if event is DONE:
            self.done = True
            return []
        if event is UNREADABLE:
            if not self.done:
                self._failure = self._failure or _cut("an event of the stream is not JSON")
            return []
        if not isinstance(event, Mapping):
            return []
        self._use(event.get("usage"))
        if self.done:
            return []  # nothing but usage is looked for behind the end mark
        if event.get("error"):
            self._failure = self._failure or _error_event(event["error"])
            return []
        if self.response_id is None:
            self.response_id = join_surrogates(text_of(event.get("id"))) or None
        if "service_tier" in event:
            self.service_tier = text_of(event["service_tier"]) or self.service_tier
        found: list[Delta] = []
        for choice in mappings(event.get("choices")):
            self._use(choice.get("usage"))
            if choice_index(choice) == 0:
                found += self._choice(choice)
            else:
                self._alive = True
                self._others.append(choice)
        return found

    def _use(self, usage: Any) -> None:
        if isinstance(usage, Mapping) and usage:
            self._alive = True
            self.usage = merged_usage(self.usage, usage)

    def _choice(self, choice: Mapping[str, Any]) -> list[Delta]:
        finish_reason = join_surrogates(text_of(choice.get("finish_reason")))
        if finish_reason:
            self._alive = True
            self._finish_reason = finish_reason
        if isinstance(choice.get("delta"), Mapping):
            return self._delta(choice["delta"])
        message = choice.get("message")
        return self._message(message) if isinstance(message, Mapping) else []

    def _delta(self, delta: Mapping[str, Any]) -> list[Delta]:
        if any(value for key, value in delta.items() if key != "role"):
            self._alive = True
        pieces = self._piece("reasoning", reasoning_of(delta)) + self._piece("text", text_of(delta.get("content")))
        if "annotations" in delta:
            self.cited = self.cited or cites(delta)
        if delta.get("tool_calls") or delta.get("function_call"):
            self._called = True
            pieces += self._calls.feed(whole_calls(delta))
        return pieces

    def _piece(self, kind: str, text: str) -> list[Delta]:
        if text:
            text = self._halves[kind].feed(text)
        if not text:
            return []
        if kind == "text":
            self._text.append(text)
            return [Delta("text", text)]
        self._reasoning.append(text)
        return [Delta("reasoning", text)]

    def _message(self, message: Mapping[str, Any]) -> list[Delta]:
        """A whole message: from a gateway that does not stream, or once more at the end. What came in pieces is not repeated."""
        whole = read_message(message, None)
        self.cited = self.cited or cites(message)
        found: list[Delta] = []
        self._alive = True
        if not self._reasoning and whole.reasoning:
            found += self._piece("reasoning", whole.reasoning)
        if not self._text and whole.text:
            found += self._piece("text", whole.text)
        if not self._called and whole.tool_calls:
            self._called = True
            found += self._calls.feed(
                {"index": number, "id": call.id, "function": {"name": call.name, "arguments": call.arguments}}
                for number, call in enumerate(whole.tool_calls)
            )
        # A document is there as a whole or not at all.
        self._finish_reason = self._finish_reason or "stop"
        return found


def _cut(message: str) -> Failure:
    # Here and below: the table of failures is loaded where something fails.
    from .causes import STREAM_CUT
    from .failures import Failure

    return Failure(STREAM_CUT, message)


def _error_event(error: Any) -> Failure:
    from .causes import STREAM_BROKE
    from .failures import classify

    code = error.get("code") if isinstance(error, Mapping) else None
    status = _status(code) or 500
    failure = classify(status, {}, {"error": error})
    # In the middle of a stream, a general failure of the provider is a stream that broke.
    return replace(failure, rule=STREAM_BROKE) if failure.rule.cause == "provider-error" else failure


def _status(code: Any) -> int | None:
    """An HTTP status, as LiteLLM writes it into ``code``: a number or its digits."""
    if isinstance(code, str) and len(code) == 3 and code.isascii() and code.isdigit():
        code = int(code)
    return code if isinstance(code, int) and not isinstance(code, bool) and 100 <= code <= 599 else None
