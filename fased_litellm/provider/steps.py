"""What a call needs done outside of itself. Each step is written here once for blocking callers and once for asyncio.

Steps which need nothing but the call have one instance for all.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import CallError
from ..proxy.exchange import Exchange
from ..proxy.reply import Reply
from .call import Call

if TYPE_CHECKING:
    from ..proxy.client import AsyncProxyClient, ProxyClient
    from .litellm_provider import LiteLLMProvider


class Connect:
    """Get the client with the key that the model's reference names, or with that of the agent; the result is the client."""

    def run(self, provider: LiteLLMProvider, call: Call) -> ProxyClient:
        return provider.pool(call.ref.profile).client()

    async def arun(self, provider: LiteLLMProvider, call: Call) -> AsyncProxyClient:
        return await provider.pool(call.ref.profile).async_client()


class CheckBudgets:
    """Wait until the budgets let an attempt begin; what it will likely cost is reserved then. Raises ``BudgetError``."""

    def run(self, provider: LiteLLMProvider, call: Call) -> None:
        provider.budget_guard.check(call)

    async def arun(self, provider: LiteLLMProvider, call: Call) -> None:
        await provider.budget_guard.acheck(call)


class Send:
    """Send one attempt; the result is the reply. Raises ``CallError``.

    For a stream, ``client.stream(exchange)`` takes the place of ``run``, since its caller wants the pieces.
    """

    __slots__ = ("client", "exchange")

    def __init__(self, client: Any, exchange: Exchange) -> None:
        self.client = client  # the one that ``Connect`` gave: blocking or asyncio, as the caller
        self.exchange = exchange

    def run(self, provider: LiteLLMProvider, call: Call) -> Reply:
        reply: Reply = self.client.chat(self.exchange)
        return reply

    async def arun(self, provider: LiteLLMProvider, call: Call) -> Reply:
        reply: Reply = await self.client.chat(self.exchange)
        return reply


class RefreshKey:
    """See whether a call was refused for a key that has been replaced since; the client has the new one then.

    Attributes:
        error: why the call failed.
        used: the key it was sent with.
    """

    __slots__ = ("error", "used")

    def __init__(self, error: CallError, used: str | None) -> None:
        self.error, self.used = error, used

    def run(self, provider: LiteLLMProvider, call: Call) -> bool:
        return provider.pool(call.ref.profile).has_new_key(self.error, self.used)

    async def arun(self, provider: LiteLLMProvider, call: Call) -> bool:
        return await provider.pool(call.ref.profile).ahas_new_key(self.error, self.used)


class Enrich:
    """Add to a failure what else is known of it; the result is the error to raise."""

    __slots__ = ("error",)

    def __init__(self, error: CallError) -> None:
        self.error = error

    def run(self, provider: LiteLLMProvider, call: Call) -> CallError:
        return provider.enrich(self.error)

    async def arun(self, provider: LiteLLMProvider, call: Call) -> CallError:
        return await provider.aenrich(self.error)


class Record:
    """Record the row of a call that has ended, and give back what it reserved; the result is a warning if the row could not be kept."""

    def run(self, provider: LiteLLMProvider, call: Call) -> str | None:
        try:
            return provider.recorder.record(call.record)
        finally:
            provider.budget_guard.release(call)

    async def arun(self, provider: LiteLLMProvider, call: Call) -> str | None:
        try:
            return await provider.recorder.arecord(call.record)
        finally:
            provider.budget_guard.release(call)


CONNECT, CHECK_BUDGETS, RECORD = Connect(), CheckBudgets(), Record()
Step = Connect | CheckBudgets | Send | RefreshKey | Enrich | Record
