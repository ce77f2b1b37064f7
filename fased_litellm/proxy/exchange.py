"""One chat completion from request to reply, without I/O: the clients below only carry bytes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from ..errors import BadAnswer, CallError, StreamInterrupted
from ..jsontext import mapping, mappings
from ..net import logins
from ..net.messages import Request, Response
from .answers import looks_like_html, looks_like_login, parsed
from .billed import Served
from .pricing.prices import PriceSource
from .receipt import Attempt, Receipt, Timing, make_receipt
from .reply import Content, Delta, Reply, cites, id_of, read_completion
from .stream import StreamReader
from .wire import ChatRequest, chat_body, chat_request

END_S = 2.0
"""Seconds for what may follow the end mark of a stream: usage, and the end of the body, which a server need not send."""


class Exchange:
    """A chat completion on its way.

    Make one for each attempt, send ``request()``, then hand over what comes: ``whole()`` for a whole reply; ``opened()``,
    ``feed()``, ``end()`` and ``finish()`` for a stream.

    Args:
        chat: what is asked.
        model: the reference that was asked for, for the receipt.
        prices: gives what the model costs; asked only for answers that do not say.
        attempts: what the receipt of a reply says was tried, this one included.
    """

    def __init__(
        self, chat: ChatRequest, *, model: str, prices: PriceSource | None = None, attempts: tuple[Attempt, ...] = ()
    ) -> None:
        self.chat, self.model, self.prices, self.attempts = chat, model, prices, attempts
        self._key_sent = False
        self._headers: Mapping[str, str] = {}
        self._started = time.monotonic()
        self._first_ms: float | None = None
        self._response_id: str | None = None
        self._end_known = False
        self._served: Served | None = None

    @cached_property
    def _reader(self) -> StreamReader:
        """Puts the reply together where it comes in pieces."""
        return StreamReader()

    def request(self, headers: Mapping[str, str]) -> Request:
        """The HTTP request; the clock of the receipt starts here.

        Args:
            headers: what every request of the client carries.
        """
        self._key_sent = "authorization" in headers
        request = chat_request(self.chat, headers, grant=self._grant if self.chat.stream else None)
        self._started = time.monotonic()
        return request

    def whole(self, answer: Response) -> Reply:
        """The reply in a whole answer.

        Raises:
            ProxyError: the proxy answered with a failure.
            BadAnswer: the answer is not a chat completion.
        """
        self._headers = answer.headers
        self._first_ms = answer.first_byte_ms
        if answer.status != 200:
            raise self._refused(answer.status, answer.headers, answer.body)
        if self._is_stream():  # from a gateway that always streams
            self._reader.feed(answer.body)
            self._reader.end()
            return self.finish()
        body: Any = parsed(answer.body)
        content = read_completion(body)
        if content is None:
            raise self.with_receipt(self._no_completion(answer.body))
        self._response_id = id_of(body.get("id"))
        cited = any(cites(mapping(choice.get("message"))) for choice in mappings(body.get("choices")))
        self._served = self._serving(body.get("service_tier"), cited=cited)
        return content.with_receipt(self._receipt(body.get("usage"), streamed=False, attempts=self.attempts))

    def opened(self, status: int, headers: Mapping[str, str]) -> bool:
        """Take the head of a streamed answer; False means that its body is an error to be given to ``refused()``.

        What it says of its content does not count: a gateway that does not stream answers with one JSON document, and some
        call a stream something else.
        """
        self._headers = headers
        return status == 200

    def refused(self, status: int, body: bytes) -> CallError:
        """The error in an answer with another status."""
        return self._refused(status, self._headers, body)

    def feed(self, chunk: bytes) -> list[Delta]:
        """Take bytes of a stream; gives the pieces which they complete."""
        return self._noted(self._reader.feed(chunk))

    def end(self) -> list[Delta]:
        """Take the end of a stream; gives the last pieces."""
        return self._noted(self._reader.end())

    def finish(self) -> Reply:
        """The reply of a stream that has ended, behind its last pieces.

        Raises:
            StreamInterrupted: the stream broke off; ``partial`` has what arrived.
            BadAnswer: it was no stream, and no reply in one piece.
        """
        failure = self._reader.failure()
        if failure is None:
            return self._put_together(self.attempts)
        body = self._reader.empty()
        if body is not None and not self._is_stream():
            raise self.with_receipt(self._no_completion(body))
        error = StreamInterrupted(
            f"The stream was interrupted: {failure.message}",
            partial=self.partial(),
            cause=failure.rule.cause,
            origin=failure.rule.origin,
            hint=failure.rule.remedy,
            status=failure.status,
            type=failure.type,
        )
        raise self.with_receipt(error)

    def complete(self) -> bool:
        """Whether the reply is whole, whatever becomes of the connection."""
        return self._reader.failure() is None

    def interrupted(self, error: CallError) -> CallError:
        """The error for a connection that broke within a stream: what arrived goes with it. Before the first piece of what
        may be no stream at all, it is the error itself."""
        if self._first_ms is None and not self._is_stream():
            return self.with_receipt(error)
        broken = StreamInterrupted(
            f"The stream was interrupted: {error.message}",
            partial=self.partial(),
            cause=error.cause,
            origin=error.origin,
            hint=error.hint,
        )
        return self.with_receipt(broken)

    def partial(self) -> Reply:
        """The reply as far as it arrived."""
        return self._put_together(())

    def with_receipt(self, error: CallError) -> CallError:
        """``error`` with the receipt of this attempt."""
        error.receipt = self._receipt(self._reader.usage, streamed=self._reader.streamed)
        return error

    def _put_together(self, attempts: tuple[Attempt, ...]) -> Reply:
        content: Content = self._reader.content()
        receipt = self._receipt(self._reader.usage, streamed=self._reader.streamed, attempts=attempts)
        return content.with_receipt(receipt)

    def _refused(self, status: int, headers: Mapping[str, str], body: bytes) -> CallError:
        self._headers = headers
        from .failures import classify  # the table of failures is loaded where something fails

        found = classify(status, headers, body, key_sent=self._key_sent, sent=chat_body(self.chat).keys())
        return self.with_receipt(found.as_error())

    def _no_completion(self, body: bytes) -> BadAnswer:
        if looks_like_login(body):
            return logins.wanted("The answer is a web page to log in.", status=200)
        what = "an HTML page" if looks_like_html(body) else "something that is not a chat completion"
        return BadAnswer(
            f"The answer is {what}.",
            cause="not-litellm",
            origin="caller",
            hint="Correct the base URL: it is the root of the proxy's API, like http://localhost:4000.",
            status=200,
        )

    def _is_stream(self) -> bool:
        return self._headers.get("content-type", "").partition(";")[0].strip().lower() == "text/event-stream"

    def _grant(self) -> float | None:
        """Seconds for the next sign of life: all of them after one, few where nothing but the end is waited for."""
        alive = self._reader.alive()
        if self._reader.done:
            ended, self._end_known = self._end_known, True
            return None if ended else min(END_S, self.chat.limits.idle_s)
        return self.chat.limits.idle_s if alive else None

    def _noted(self, deltas: list[Delta]) -> list[Delta]:
        if deltas and self._first_ms is None:
            self._first_ms = self._elapsed()
        return deltas

    def _elapsed(self) -> float:
        return (time.monotonic() - self._started) * 1000

    def _receipt(
        self, usage: Mapping[str, object] | None, *, streamed: bool, attempts: tuple[Attempt, ...] = ()
    ) -> Receipt:
        return make_receipt(
            call_id=self.chat.attribution.call_id,
            model=self.model,
            model_group=self.chat.model,
            headers=self._headers,
            usage=usage,
            timing=Timing(self._elapsed(), self._first_ms),
            prices=self.prices,
            streamed=streamed,
            response_id=self._response_id or self._reader.response_id,
            attempts=attempts,
            served=self._served or self._serving(self._reader.service_tier, cited=self._reader.cited),
        )

    def _serving(self, tier: Any, *, cited: bool) -> Served:
        asked = self.chat.params
        return Served(
            tier, asked.get("service_tier"), cited, mapping(asked.get("web_search_options")).get("search_context_size")
        )
