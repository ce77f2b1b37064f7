"""A reply, whole or put together from the pieces of a stream."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from .receipt import Receipt


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool which the model wants called; ``arguments`` is JSON text, as the model wrote it."""

    id: str | None
    name: str
    arguments: str

    def as_dict(self) -> dict[str, Any]:
        return {"id": self.id, "name": self.name, "arguments": self.arguments}


@dataclass(frozen=True, slots=True)
class Delta:
    """One piece of a stream.

    Attributes:
        kind: ``text``, ``reasoning`` or ``tool-call``.
        text: the piece; for a tool call, a piece of its arguments.
        index: which tool call it belongs to.
        id: id of the tool call, in its first piece.
        name: name of the tool, in its first piece.
    """

    kind: Literal["text", "reasoning", "tool-call"]
    text: str
    index: int = 0
    id: str | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What the model answered.

    Attributes:
        text: the answer, empty if it only calls tools.
        reasoning: the model's reasoning, None if it gave none.
        tool_calls: the tools which it wants called.
        finish_reason: ``stop``, ``length``, ``tool_calls`` …; None if it did not say.
        receipt: who served it and what it took.
        message: the assistant message as the next request wants it back.
    """

    text: str
    reasoning: str | None
    tool_calls: tuple[ToolCall, ...]
    finish_reason: str | None
    receipt: Receipt
    message: Mapping[str, Any] = field(repr=False, default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The JSON of a call, without its context."""
        return {
            "text": self.text,
            "reasoning": self.reasoning,
            "toolCalls": [call.as_dict() for call in self.tool_calls],
            "finishReason": self.finish_reason,
            "receipt": self.receipt.as_dict(),
        }


@dataclass(frozen=True, slots=True)
class Content:
    """A reply without its receipt, as it is read from the body or put together from a stream."""

    text: str = ""
    reasoning: str | None = None
    tool_calls: tuple[ToolCall, ...] = ()
    finish_reason: str | None = None

    def message(self) -> dict[str, Any]:
        """The assistant message for the next request."""
        message: dict[str, Any] = {"role": "assistant", "content": self.text or (None if self.tool_calls else "")}
        if self.tool_calls:
            message["tool_calls"] = [
                {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
                for call in self.tool_calls
            ]
        return message

    def with_receipt(self, receipt: Receipt) -> Reply:
        return Reply(self.text, self.reasoning, self.tool_calls, self.finish_reason, receipt, self.message())


def read_completion(body: Any) -> Content | None:
    """The content of a whole reply, None if it is not one.

    Facts: reasoning is ``message.reasoning_content``; ``content`` is null or absent beside tool calls; releases up to 1.74
    send ``tool_calls: null``.
    """
    choice = next(mappings(mapping(body).get("choices")), None)
    message = choice.get("message") if choice is not None else None
    if choice is None or not isinstance(message, Mapping):
        return None
    calls = []
    for call in mappings(message.get("tool_calls")):
        function = mapping(call.get("function"))
        id_ = text_of(call.get("id")) or None
        calls.append(ToolCall(id_, text_of(function.get("name")), text_of(function.get("arguments"))))
    return Content(
        text=text_of(message.get("content")),
        reasoning=text_of(message.get("reasoning_content") or message.get("reasoning")) or None,
        tool_calls=tuple(calls),
        finish_reason=text_of(choice.get("finish_reason")) or None,
    )


def text_of(content: Any) -> str:
    """The text of a ``content``, which may be null, a text or a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(text_of(part.get("text")) for part in mappings(content))
    return ""


def mapping(value: Any) -> Mapping[str, Any]:
    """``value`` if it is a JSON object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def mappings(value: Any) -> Iterator[Mapping[str, Any]]:
    """The JSON objects in ``value``, none if it is no list."""
    return (item for item in value if isinstance(item, Mapping)) if isinstance(value, list) else iter(())
