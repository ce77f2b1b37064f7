"""A streamed reply as the caller sees it: pieces as they come, then the whole."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from typing import TYPE_CHECKING, Self

from ..proxy.reply import Delta, Reply
from .attempts import Attempts
from .call import Call
from .steps import Send, Step

if TYPE_CHECKING:
    from .litellm_provider import LiteLLMProvider


class _Streamed:
    _reply: Reply | None = None

    @property
    def reply(self) -> Reply:
        """The whole reply.

        Raises:
            RuntimeError: the stream has not ended.
        """
        if self._reply is None:
            raise RuntimeError("The stream has not ended: iterate over it first.")
        return self._reply


class ReplyStream(_Streamed):
    """Iterate for the pieces; afterwards ``reply`` has the whole. Leave it early by ``close()`` or by ``with``."""

    def __init__(self, provider: LiteLLMProvider, call: Call) -> None:
        self._pieces = self._run(provider, call)

    def __iter__(self) -> Iterator[Delta]:
        return self._pieces

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop reading. A call that was under way is recorded as cancelled."""
        self._pieces.close()

    def _run(self, provider: LiteLLMProvider, call: Call) -> Generator[Delta, None, None]:
        attempts = Attempts(call)
        step: Step | None = attempts.begin()
        while step is not None:
            try:
                if isinstance(step, Send):
                    step = attempts.send((yield from step.client.stream(step.exchange)))
                else:
                    step = attempts.send(step.run(provider, call))
            except BaseException as error:
                step = attempts.throw(error)
        self._reply = attempts.reply


class AsyncReplyStream(_Streamed):
    """The same for asyncio: ``async for``, then ``reply``; leave it early by ``aclose()`` or by ``async with``."""

    def __init__(self, provider: LiteLLMProvider, call: Call) -> None:
        self._pieces = self._run(provider, call)

    def __aiter__(self) -> AsyncIterator[Delta]:
        return self._pieces

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop reading. A call that was under way is recorded as cancelled."""
        await self._pieces.aclose()

    async def _run(self, provider: LiteLLMProvider, call: Call) -> AsyncGenerator[Delta, None]:
        attempts = Attempts(call)
        step: Step | None = attempts.begin()
        while step is not None:
            try:
                if isinstance(step, Send):
                    outcome: Delta | Reply | None = None
                    async for outcome in step.client.stream(step.exchange):
                        if isinstance(outcome, Delta):
                            yield outcome
                    step = attempts.send(outcome)  # the last item, which is the reply
                else:
                    step = attempts.send(await step.arun(provider, call))
            except BaseException as error:
                step = attempts.throw(error)
        self._reply = attempts.reply
