"""A streamed reply as the caller sees it: pieces as they come, then the whole."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Generator, Iterator
from typing import TYPE_CHECKING, Self

from ..errors import CallError
from ..proxy.exchange import Exchange
from ..proxy.reply import Delta, Reply
from .call import Call
from .recorder import add_warning, with_warning

if TYPE_CHECKING:
    from . import LiteLLMProvider

_NOT_ENDED = "The stream has not ended: iterate over it first."


class ReplyStream:
    """Iterate for the pieces; afterwards ``reply`` has the whole. Leave it early by ``close()`` or by ``with``."""

    def __init__(self, provider: LiteLLMProvider, call: Call) -> None:
        self._provider, self._call = provider, call
        self._exchange: Exchange | None = None
        self._reply: Reply | None = None
        self._pieces = self._run()

    def __iter__(self) -> Iterator[Delta]:
        return self._pieces

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop reading. A call that was under way is recorded as cancelled."""
        self._pieces.close()

    @property
    def reply(self) -> Reply:
        """The whole reply.

        Raises:
            RuntimeError: the stream has not ended.
        """
        if self._reply is None:
            raise RuntimeError(_NOT_ENDED)
        return self._reply

    def _run(self) -> Generator[Delta, None, None]:
        call, provider = self._call, self._provider
        client = provider.pool(call.ref.profile).client()
        provider.budget_guard.check(call)
        try:
            while True:
                used = client.api_key
                self._exchange = call.exchange()
                try:
                    reply = call.succeed((yield from client.stream(self._exchange)))
                    break
                except CallError as error:
                    if provider.pool(call.ref.profile).has_new_key(error, used):
                        continue
                    if not call.fail(error) or not provider.budget_guard.allows_fallback(call, error):
                        raise provider.enrich(error) from None
                    client = provider.pool(call.ref.profile).client()
        except BaseException as error:
            call.cancel(self._exchange.partial() if self._exchange else None)
            add_warning(error, provider.record(call))
            raise
        self._reply = with_warning(reply, provider.record(call))


class AsyncReplyStream:
    """The same for asyncio: ``async for``, then ``reply``; leave it early by ``aclose()`` or by ``async with``."""

    def __init__(self, provider: LiteLLMProvider, call: Call) -> None:
        self._provider, self._call = provider, call
        self._exchange: Exchange | None = None
        self._reply: Reply | None = None
        self._pieces = self._run()

    def __aiter__(self) -> AsyncIterator[Delta]:
        return self._pieces

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Stop reading. A call that was under way is recorded as cancelled."""
        await self._pieces.aclose()

    @property
    def reply(self) -> Reply:
        """As ``ReplyStream.reply``."""
        if self._reply is None:
            raise RuntimeError(_NOT_ENDED)
        return self._reply

    async def _run(self) -> AsyncGenerator[Delta, None]:
        call, provider = self._call, self._provider
        client = await provider.pool(call.ref.profile).async_client()
        await provider.budget_guard.acheck(call)
        try:
            reply: Reply | None = None
            while reply is None:
                used = client.api_key
                self._exchange = call.exchange()
                try:
                    async for item in client.stream(self._exchange):
                        if isinstance(item, Reply):
                            reply = call.succeed(item)
                        else:
                            yield item
                except CallError as error:
                    if await provider.pool(call.ref.profile).ahas_new_key(error, used):
                        continue
                    if not call.fail(error) or not await provider.budget_guard.aallows_fallback(call, error):
                        raise await provider.aenrich(error) from None
                    client = await provider.pool(call.ref.profile).async_client()
        except BaseException as error:
            call.cancel(self._exchange.partial() if self._exchange else None)
            add_warning(error, await provider.arecord(call))
            raise
        self._reply = with_warning(reply, await provider.arecord(call))
