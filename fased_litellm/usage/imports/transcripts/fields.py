"""The fields of a transcript's lines that the ledger takes: the one place that names them.

``decode`` makes a ``Line`` of a line as releases of the agent write it, in one step, and checks each field meanwhile. ``of``
makes one of whatever else stands in a file, from its value. Fields that are not named here are passed over, but for those of
``usage``, where one may be another spelling.

Facts: the fields of a line: ``src/infra/session-cost-usage.ts`` of Fased; those of a message: ``AssistantMessage`` of the
coding agent that Fased runs; types of parts: Fased's ``src/utils/transcript-tools.ts``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.json import Decoder

from .numbers import MOST_TOKENS, MOST_USD, moment, number, text

_Tokens = Annotated[int, Meta(ge=0, le=MOST_TOKENS // 4)]  # so the sum of four is no more than a message can have
_Usd = Annotated[float, Meta(ge=0, le=MOST_USD)]
_Number = Annotated[float, Meta(ge=0, le=MOST_TOKENS)]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CALLS = ("tool_use", "toolcall", "tool_call")
_RESULTS = ("tool_result", "tool_result_error")


class Cost(Struct, gc=False):
    """``message.usage.cost``, in USD. Here and below, fields in the order of the transcript are found fastest."""

    input: _Usd
    output: _Usd
    cacheRead: _Usd  # noqa: N815 - the names of the transcript, here and below
    cacheWrite: _Usd  # noqa: N815
    total: _Usd


class Usage(Struct, gc=False, kw_only=True, forbid_unknown_fields=True):
    """``message.usage``, as the agent writes it."""

    input: _Tokens
    output: _Tokens
    cacheRead: _Tokens  # noqa: N815
    cacheWrite: _Tokens  # noqa: N815
    reasoning: _Tokens = 0
    reasoningTokens: _Tokens = 0  # noqa: N815
    totalTokens: Annotated[int, Meta(ge=0, le=MOST_TOKENS)]  # noqa: N815
    cost: Cost


class Text(Struct, gc=False, tag_field="type", tag="text"):
    """A part of a message's content, of which nothing is kept."""


class Thinking(Struct, gc=False, tag_field="type", tag="thinking"):
    """A part of a reply, of which nothing is kept."""


class Image(Struct, gc=False, tag_field="type", tag="image"):
    """A part of a message to the agent, of which nothing is kept."""


class ToolCall(Struct, gc=False, tag_field="type", tag="toolCall"):
    """A part of a reply: the call of a tool, and never what it is called with."""

    name: str | None = None


class ToolResult(Struct, gc=False, tag_field="type", tag="tool_result"):
    """A part of a message to the agent: what a tool gave."""

    is_error: bool = False


class Asked(Struct, gc=False, tag_field="role", tag="user"):
    """A message to the agent."""

    content: str | list[Text | Image | ToolResult] = ""


class Answered(Struct, gc=False, tag_field="role", tag="toolResult"):
    """What a tool gave."""

    isError: bool = False  # noqa: N815


class Reply(Struct, gc=False, kw_only=True, tag_field="role", tag="assistant"):
    """A model's reply. Its ``usage`` is a ``Usage``, or by ``of`` whatever stands there."""

    content: str | list[Text | Thinking | ToolCall] = ""
    provider: str | None
    model: str | None
    usage: Usage
    stopReason: str | None = None  # noqa: N815
    timestamp: int | None = None
    responseModel: str | None = None  # noqa: N815
    responseId: str | None = None  # noqa: N815
    errorMessage: str = ""  # noqa: N815
    durationMs: int | _Number | None = None  # noqa: N815


class Other(Struct, gc=False):
    """A message that is none of these."""


class Line(Struct, gc=False):
    """A line: with a message, or about something else."""

    timestamp: datetime | None
    id: str = ""
    message: Reply | Answered | Asked | UnsetType = UNSET
    durationMs: None = None  # noqa: N815 - a number belongs to the message that has none


decode: Callable[[bytes], Line] = Decoder(Line).decode
"""Raises ``ValueError`` or ``RecursionError`` for a line that is to be read in another way, and handed to ``of``."""


def of(entry: Any) -> Line:
    """The line with that value; what makes no sense in it is as if it were not there.

    Raises:
        ValueError: it is not an object.
    """
    if type(entry) is not dict:
        raise ValueError("not an object")
    message = entry.get("message")
    at_ms = moment(entry.get("timestamp"))
    if type(message) is not dict:
        return Line(_time(at_ms))
    if at_ms is None:
        at_ms = moment(message.get("timestamp"))
    return Line(_time(at_ms), _text(entry.get("id")) or "", _message(entry, message))


def _message(entry: dict[str, Any], message: dict[str, Any]) -> Any:
    role = message.get("role")
    if role == "user":
        return Asked([*_parts(message.get("content"))])  # type: ignore[list-item]
    if role in ("toolResult", "tool"):
        return Answered(message.get("isError") is True)
    if role != "assistant":
        return Other()
    usage: Any = message.get("usage")
    beside: Any = entry.get("usage")
    begun = message.get("timestamp")
    took = (message if "durationMs" in message else entry).get("durationMs")
    return Reply(
        content=[*_parts(message.get("content"))],  # type: ignore[list-item]
        provider=text(message.get("provider")) or text(entry.get("provider")),
        model=text(message.get("model")) or text(entry.get("model")),
        usage=usage if usage is not None else beside,
        stopReason=_text(message.get("stopReason")),
        timestamp=begun if type(begun) is int else None,
        responseModel=_text(message.get("responseModel")),
        responseId=_text(message.get("responseId")),
        errorMessage="?" if message.get("errorMessage") else "",
        durationMs=took if type(took) is int else number(took),
    )


def _parts(content: Any) -> Iterator[ToolCall | ToolResult]:
    """Of the parts of a message's content, those that count, however their types are spelled."""
    for part in content if type(content) is list else ():
        kind = _text(part.get("type")) if type(part) is dict else None
        kind = kind.strip().lower() if kind else None
        if kind in _CALLS:
            yield ToolCall(_text(part.get("name")))
        elif kind in _RESULTS:
            yield ToolResult(part.get("is_error") is True)


def _text(value: Any) -> str | None:
    return value if type(value) is str else None


def _time(at_ms: int | None) -> datetime | None:
    return None if at_ms is None else EPOCH + timedelta(milliseconds=at_ms)
