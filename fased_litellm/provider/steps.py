"""What a call needs done outside of itself. Each step stands here once for blocking callers and once for asyncio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..errors import CallError
from ..proxy.exchange import Exchange
from ..proxy.reply import Reply
from .call import Call

if TYPE_CHECKING:
    from ..proxy.client import AsyncProxyClient, ProxyClient
    from .litellm_provider import LiteLLMProvider


class Connect(NamedTuple):
    """Get the client with the key of now; the result is the client.

    Attributes:
        profile: the auth profile which the model's reference names, None for the agent's key.
    """

    profile: str | None

    def run(self, provider: LiteLLMProvider) -> ProxyClient:
        return provider.pool(self.profile).client()

    async def arun(self, provider: LiteLLMProvider) -> AsyncProxyClient:
        return await provider.pool(self.profile).async_client()


class CheckBudgets(NamedTuple):
    """Wait until the budgets let an attempt begin; what it will likely cost is reserved then. Raises ``BudgetError``."""

    call: Call

    def run(self, provider: LiteLLMProvider) -> None:
        provider.budget_guard.check(self.call)

    async def arun(self, provider: LiteLLMProvider) -> None:
        await provider.budget_guard.acheck(self.call)


class Send(NamedTuple):
    """Send one attempt; the result is the reply. Raises ``CallError``.

    For a stream, ``client.stream(exchange)`` takes the place of ``run``, since its caller wants the pieces.
    """

    client: Any  # the one that ``Connect`` gave: blocking or asyncio, as the caller
    exchange: Exchange

    def run(self, _: LiteLLMProvider) -> Reply:
        reply: Reply = self.client.chat(self.exchange)
        return reply

    async def arun(self, _: LiteLLMProvider) -> Reply:
        reply: Reply = await self.client.chat(self.exchange)
        return reply


class RefreshKey(NamedTuple):
    """See whether a call was refused for a key that has been replaced since; the client has the new one then.

    Attributes:
        profile: as in ``Connect``.
        error: why the call failed.
        used: the key it was sent with.
    """

    profile: str | None
    error: CallError
    used: str | None

    def run(self, provider: LiteLLMProvider) -> bool:
        return provider.pool(self.profile).has_new_key(self.error, self.used)

    async def arun(self, provider: LiteLLMProvider) -> bool:
        return await provider.pool(self.profile).ahas_new_key(self.error, self.used)


class Enrich(NamedTuple):
    """Add to a failure what else is known of it; the result is the error to raise."""

    error: CallError

    def run(self, provider: LiteLLMProvider) -> CallError:
        return provider.enrich(self.error)

    async def arun(self, provider: LiteLLMProvider) -> CallError:
        return await provider.aenrich(self.error)


class Record(NamedTuple):
    """Record the row of a call that has ended, and give back what it reserved; the result is a warning if the row could not be kept."""

    call: Call

    def run(self, provider: LiteLLMProvider) -> str | None:
        try:
            return provider.recorder.record(self.call.record)
        finally:
            provider.budget_guard.release(self.call)

    async def arun(self, provider: LiteLLMProvider) -> str | None:
        try:
            return await provider.recorder.arecord(self.call.record)
        finally:
            provider.budget_guard.release(self.call)


Step = Connect | CheckBudgets | Send | RefreshKey | Enrich | Record
