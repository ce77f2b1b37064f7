"""A whole reply: the attempts of a call one after the other, and its row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import CallError
from ..proxy.reply import Reply
from .call import Call
from .recorder import add_warning, with_warning

if TYPE_CHECKING:
    from . import LiteLLMProvider


def answered(provider: LiteLLMProvider, call: Call) -> Reply:
    """The reply; its row, or that of the failure, is kept.

    Raises:
        CallError: the last attempt failed.
        BudgetError: a budget is used up, or cannot be checked; nothing was sent.
    """
    client = provider.pool(call.ref.profile).client()
    provider.budget_guard.check(call)
    try:
        while True:
            used = client.api_key
            try:
                reply = call.succeed(client.chat(call.exchange()))
                break
            except CallError as error:
                if provider.pool(call.ref.profile).has_new_key(error, used):
                    continue
                if not call.fail(error) or not provider.budget_guard.allows_fallback(call, error):
                    raise provider.enrich(error) from None
                client = provider.pool(call.ref.profile).client()
    except BaseException as error:
        call.cancel(None)
        add_warning(error, provider.record(call))
        raise
    return with_warning(reply, provider.record(call))


async def aanswered(provider: LiteLLMProvider, call: Call) -> Reply:
    """As ``answered``, for asyncio."""
    client = await provider.pool(call.ref.profile).async_client()
    await provider.budget_guard.acheck(call)
    try:
        while True:
            used = client.api_key
            try:
                reply = call.succeed(await client.chat(call.exchange()))
                break
            except CallError as error:
                if await provider.pool(call.ref.profile).ahas_new_key(error, used):
                    continue
                if not call.fail(error) or not await provider.budget_guard.aallows_fallback(call, error):
                    raise await provider.aenrich(error) from None
                client = await provider.pool(call.ref.profile).async_client()
    except BaseException as error:
        call.cancel(None)
        add_warning(error, await provider.arecord(call))
        raise
    return with_warning(reply, await provider.arecord(call))
