"""A reply, whole or put together from the pieces of a stream."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ..documents import TypedDict
from ..errors.documents import PartialReply, ToolCallPart
from ..jsontext import mapping, mappings
from ..surrogates import join_surrogates
from .receipt import Receipt, ReceiptPart


class ReplyPart(PartialReply, TypedDict):
    """A reply with its receipt."""

    finishReason: str | None
    receipt: ReceiptPart


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool which the model wants called; ``arguments`` is JSON text, as the model wrote it."""

    id: str | None
    name: str
    arguments: str

    def as_dict(self) -> ToolCallPart:
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

    def with_receipt(self, receipt: Receipt) -> Reply:
        """The same reply with another receipt."""
        return Reply(self.text, self.reasoning, self.tool_calls, self.finish_reason, receipt, self.message)

    def as_dict(self) -> ReplyPart:
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
    choice = first_choice(list(mappings(mapping(body).get("choices"))))
    message = choice.get("message") if choice is not None else None
    if choice is None or not isinstance(message, Mapping):
        return None
    return read_message(message, choice.get("finish_reason"))


def read_message(message: Mapping[str, Any], finish_reason: Any) -> Content:
    """The content of an assistant message that is whole."""
    calls = []
    for call in whole_calls(message):
        function = mapping(call.get("function"))
        name, arguments = text_of(function.get("name")), arguments_of(function.get("arguments"))
        calls.append(ToolCall(id_of(call.get("id")), join_surrogates(name), join_surrogates(arguments)))
    return Content(
        text=join_surrogates(text_of(message.get("content"))),
        reasoning=join_surrogates(reasoning_of(message)) or None,
        tool_calls=tuple(calls),
        finish_reason=join_surrogates(text_of(finish_reason)) or None,
    )


def first_choice(choices: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """Of several choices (``n`` above 1) the one with the lowest index; of equal ones the first."""
    return min(choices, key=choice_index, default=None)


def choice_index(choice: Mapping[str, Any]) -> int:
    """The index of a choice, 0 where it has none."""
    index = choice.get("index")
    return index if isinstance(index, int) and not isinstance(index, bool) else 0


def whole_calls(holder: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The tool calls of a message or delta, with the one of the older ``function_call``."""
    yield from mappings(holder.get("tool_calls"))
    if isinstance(holder.get("function_call"), Mapping) and not holder.get("tool_calls"):
        yield {"function": holder["function_call"]}


def reasoning_of(holder: Mapping[str, Any]) -> str:
    """The reasoning of a message or delta, as LiteLLM names it, or as other gateways do."""
    return text_of(holder.get("reasoning_content") or holder.get("reasoning"))


def arguments_of(value: Any) -> str:
    """Arguments of a tool call as JSON text; some gateways send them as an object."""
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text_of(value)


def id_of(value: Any) -> str | None:
    """An id, which some gateways send as a number; None for none."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value) if abs(value) < 10**18 else None
    return join_surrogates(text_of(value)) or None


def cites(message: Mapping[str, Any]) -> bool:
    """Whether a message, or a piece of one, cites pages of the web.

    Fact: LiteLLM takes that for the sign of a search, which it bills, where the usage does not count searches.
    """
    return any(note.get("type") == "url_citation" for note in mappings(message.get("annotations")))


def text_of(content: Any) -> str:
    """The text of a ``content``, which may be null, a text or a list of parts."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(text_of(part.get("text")) for part in mappings(content))
    return ""
