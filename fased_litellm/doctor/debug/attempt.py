"""One request, sent while everything is kept: what went out, what came back, how long it took."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from ...documents import Doc, TypedDict
from ...errors import CallError, Origin, StreamInterrupted
from ...net.messages import Request, Response
from ...net.transport import Transport
from ...proxy.exchange import Exchange
from ...proxy.reply import Reply
from .views import Got, ResponsePart, Sent, cut, got, notable_headers, sent

Refuse = Callable[[int, Mapping[str, str], bytes], CallError]
"""The verdict on a failed answer, where it is not LiteLLM's."""


Purpose = Literal["call", "after-cooldown", "without-fallbacks"]


class DebugAttempt(ResponsePart, TypedDict):
    """One attempt."""

    purpose: Purpose
    ok: bool
    cause: str | None
    origin: Origin | None
    headers: Annotated[dict[str, str], Doc("Headers of the answer that say something about a failure.")]
    text: Annotated[str | None, Doc("The reply, as far as it came.")]
    durationMs: float
    waitedS: Annotated[float, Doc("Seconds waited before it, for a cooldown to end.")]


@dataclass(frozen=True, slots=True)
class SentRequest:
    """One attempt.

    Attributes:
        sent: the request.
        got: the answer.
        error: why it failed, None if it worked.
        reply: the reply, whole or as far as it came; None if there is none.
        duration_ms: milliseconds until the end.
        waited_s: seconds that were waited before it, for a cooldown to end.
        purpose: why it was made: to see the call as it is, after a cooldown, or without fallbacks.
    """

    sent: Sent
    got: Got
    error: CallError | None
    reply: Reply | None
    duration_ms: float
    waited_s: float = 0.0
    purpose: Purpose = "call"

    @property
    def ok(self) -> bool:
        return self.error is None

    def as_dict(self) -> DebugAttempt:
        """An entry of ``attempts``."""
        return {
            "purpose": self.purpose,
            "ok": self.ok,
            "cause": self.error.cause if self.error else None,
            "origin": self.error.origin if self.error else None,
            **self.got.as_dict(),
            "headers": dict(self.got.headers),
            "text": cut(self.reply.text) if self.reply else None,
            "durationMs": round(self.duration_ms, 3),
            "waitedS": self.waited_s,
        }


def send(
    transport: Transport, base_url: str, request: Request, exchange: Exchange, refuse: Refuse | None = None
) -> SentRequest:
    """Send a chat completion and keep all of it. A failure is part of the outcome, not an exception.

    Args:
        transport: the line to the origin.
        base_url: its address, to be shown.
        request: what to send.
        exchange: reads the answer.
        refuse: gives the verdict on a failed answer; by default that of the table of failures.

    Raises:
        UsageError: the request cannot be written.
    """
    started = time.monotonic()
    status: int | None = None
    headers: Mapping[str, str] = {}
    body = b""
    begun = False
    reply: Reply | None = None
    error: CallError | None = None
    try:
        with transport.open(request) as (status, headers, chunks):
            begun = exchange.opened(status, headers) and exchange.chat.stream
            if begun:
                for chunk in chunks:
                    exchange.feed(chunk)
                exchange.end()
                reply = exchange.finish()
            else:
                body = b"".join(chunks)
                if status != 200 and refuse is not None:
                    error = refuse(status, headers, body)
                else:
                    reply = exchange.whole(Response(status, headers, body, (time.monotonic() - started) * 1000))
    except CallError as failed:
        error = failed
    if error is not None and error.receipt is None:
        error = exchange.interrupted(error) if begun else exchange.with_receipt(error)
    if isinstance(error, StreamInterrupted):
        reply = error.partial
    answer = _answer(status, headers, body, error)
    return SentRequest(sent(base_url, request), answer, error, reply, (time.monotonic() - started) * 1000)


def _answer(status: int | None, headers: Mapping[str, str], body: bytes, error: CallError | None) -> Got:
    if error is None:
        return Got(status, headers=notable_headers(headers))
    if status is not None and status != 200:
        return got(status, headers, body)
    # No answer, one that is no completion, or a stream that broke off under status 200: the words are ours.
    return Got(status, error.type, cut(error.message), notable_headers(headers))


def for_purpose(shot: SentRequest, purpose: Purpose, waited_s: float = 0.0) -> SentRequest:
    """The same attempt, with why it was made."""
    return replace(shot, purpose=purpose, waited_s=waited_s)
