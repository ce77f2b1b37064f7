"""A short way to read the lines that nearly all lines of a transcript are like. Never a text.

A line that is taken in here comes to just what ``Messages.take`` would make of it; any other is left to that.

Facts: as in ``messages`` and ``tokens``; a reply without a failure has the fields below: ``AssistantMessage`` of the
coding agent that Fased runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, MsgspecError, Struct, UnsetType
from msgspec.json import Decoder
from msgspec.structs import astuple

from ...store.schema import BUCKET_MS
from ..calls import NAMED, USUAL, shaped
from ..prices import PriceTable
from .messages import (
    ASSISTANTS,
    ERRORS,
    LONGEST_ID,
    LONGEST_MS,
    NOT_PROVIDERS,
    STATUSES,
    TOOL_CALLS,
    TOOL_RESULTS,
    USERS,
    Messages,
    name_of,
)
from .numbers import MOST_TOKENS, MOST_USD, PICO, trimmed

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_MS = 86_400_000

_Tokens = Annotated[int, Meta(ge=0, le=MOST_TOKENS // 4)]  # so the sum of four is no more than a message can have
_Usd = Annotated[float, Meta(ge=0, le=MOST_USD)]
_Took = Annotated[int, Meta(ge=0, le=LONGEST_MS)]


class Cost(Struct, gc=False):
    """``message.usage.cost``, in USD. Here and below, fields in the order of the transcript are found fastest."""

    input: _Usd
    output: _Usd
    cacheRead: _Usd  # noqa: N815 - the names of the transcript, here and below
    cacheWrite: _Usd  # noqa: N815
    total: _Usd


class Usage(Struct, gc=False, kw_only=True, forbid_unknown_fields=True):
    """``message.usage``. A field that is not here may be another spelling of one that is."""

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
    """A part of a reply: the call of a tool."""

    name: str | None = None


class Asked(Struct, gc=False, tag_field="role", tag="user"):
    """A message to the agent."""

    content: str | list[Text | Image] = ""


class Answered(Struct, gc=False, tag_field="role", tag="toolResult"):
    """What a tool gave."""

    isError: bool = False  # noqa: N815


class Reply(Struct, gc=False, kw_only=True, tag_field="role", tag="assistant"):
    """A model's reply. None is for a field that is not there."""

    content: str | list[Text | Thinking | ToolCall] = ""
    provider: str | None = None
    model: str | None = None
    usage: Usage
    stopReason: str | None = None  # noqa: N815
    responseModel: str | None = None  # noqa: N815
    responseId: str | None = None  # noqa: N815
    durationMs: _Took | None = None  # noqa: N815
    timestamp: int | None = None
    errorMessage: str = ""  # noqa: N815


class Line(Struct, gc=False):
    """A line, with a message or about something else."""

    id: Annotated[str, Meta(min_length=1, max_length=LONGEST_ID)]
    timestamp: datetime
    message: Reply | Answered | Asked | UnsetType = UNSET
    durationMs: Literal["-"] = "-"  # noqa: N815 - a number has another way


_decode: Callable[[bytes], Line] = Decoder(Line).decode


class Usual:
    """Takes in the usual lines of a transcript.

    Args:
        messages: where to.
        prices: for messages whose cost the transcript does not say.
    """

    def __init__(self, messages: Messages, prices: PriceTable) -> None:
        self._messages = messages
        self._prices = prices

    def take(self, lines: Sequence[bytes | None]) -> Iterator[int]:
        """Take in lines: each as a whole, or not at all.

        Yields:
            The number of each line that was not taken in, from 0; before those behind it are.
        """
        messages = self._messages
        for number, line in enumerate(_decoded(lines)):
            if line is None:
                yield number
                continue
            try:
                since = line.timestamp - _EPOCH
            except TypeError:  # it has no zone
                yield number
                continue
            now = since.days * _DAY_MS + since.seconds * 1000 + since.microseconds // 1000
            message: Any = line.message
            kind = type(message)  # `isinstance` takes longer, for these have a metaclass
            if kind is UnsetType:
                if now > 0:
                    messages.now_ms = now
                continue
            if now < 0 or (kind is Reply and not self._call(line.id, message, now)):
                yield number
                continue
            if messages.latest_ms <= now < messages.until_ms:
                messages.latest_ms = messages.now_ms = now
                counts = messages.counts
            else:
                found = messages.at(now)
                if found is None:
                    continue
                counts = found
            if kind is Answered:
                counts[TOOL_RESULTS] += 1
                if message.isError:
                    counts[ERRORS] += 1
            elif kind is Reply:
                counts[ASSISTANTS] += 1
                if message.stopReason in STATUSES:
                    counts[ERRORS] += 1
                if type(message.content) is list:
                    for part in message.content:
                        if type(part) is ToolCall:
                            counts[TOOL_CALLS] += 1
                            messages.use(now // BUCKET_MS, name_of(part.name))
            else:
                counts[USERS] += 1

    def _call(self, identity: str, message: Reply, now: int) -> bool:
        fresh, output, read, written, reasoning, other, total, cost = astuple(message.usage)
        reasoning = reasoning or other
        if not identity.isprintable() or (message.errorMessage and message.stopReason not in STATUSES):
            return False
        if total != fresh + output + read + written or reasoning > output:
            return False
        latency = message.durationMs
        if latency is None and message.timestamp is not None:
            latency = now - message.timestamp
        if not latency or not 0 < latency <= LONGEST_MS:
            return False
        messages = self._messages
        names = message.provider, message.model, message.stopReason, message.responseModel
        place = messages.places.get(names)
        if place is None:
            place = messages.place(names)
            if place is None:
                return False
        if not total and messages.names[place][0] in NOT_PROVIDERS:
            return False
        usd_in, usd_out, usd_read, usd_written, usd = astuple(cost)
        pico = round(usd * PICO)
        response = message.responseId
        if response is not None:
            response = trimmed(response)  # keys are looked for in many together
        if not pico or reasoning:
            tokens = fresh, output, read, written, total
            provider, model, _, _ = messages.names[place]
            if pico:
                amounts = round(usd_in * PICO), round(usd_out * PICO), round(usd_read * PICO), round(usd_written * PICO)
                perhaps: tuple[Any, ...] = pico, *amounts, latency, None, response, None, reasoning
                source = "transcript"
            else:
                known, source, *parts, note = self._prices.priced(tokens, provider, model, reasoning, now)
                perhaps = known, *parts, latency, note, response, None, reasoning or None
            shape, has = shaped(perhaps)
            messages.calls.add(shape, (identity, place, now, *tokens, source, 0, *has))
        else:
            # As Calls.add, in less time.
            calls = messages.calls
            if identity not in calls.shapes or calls.drop(identity, total):
                call = (
                    identity,
                    place,
                    now,
                    fresh,
                    output,
                    read,
                    written,
                    total,
                    "transcript",
                    0,
                    pico,
                    round(usd_in * PICO) if usd_in else 0,
                    round(usd_out * PICO) if usd_out else 0,
                    round(usd_read * PICO) if usd_read else 0,
                    round(usd_written * PICO) if usd_written else 0,
                    latency,
                )
                if response is None:
                    calls.shapes[identity] = USUAL
                    calls.usual += call
                else:
                    calls.shapes[identity] = NAMED
                    calls.named += (*call, response)
        if total and now >= messages.began_ms:
            messages.billed = True
        return True


def _decoded(lines: Sequence[bytes | None]) -> Sequence[Line | None]:
    """The lines; None for one that is not as above."""
    left = iter(lines)
    found: list[Line | None] = []
    while True:
        try:
            found += map(_decode, left)  # type: ignore[arg-type]  # a line that is None is an odd one, too
        except (MsgspecError, ValueError, TypeError, RecursionError):
            found.append(None)  # those before it were added, and those behind it are left
        else:
            return found
