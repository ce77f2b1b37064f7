"""A whole reply: the attempts of a call one after the other, and its row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import CallError
from ..proxy.reply import Reply
from .call import Call
from .recorder import unrecorded, with_warning

if TYPE_CHECKING:
    from . import LiteLLMProvider


def answered(provider: LiteLLMProvider, call: Call) -> Reply:
    """The reply; its row, or that of the failure, is kept.

    Raises:
        CallError: the last attempt failed.
        BudgetError: a budget is used up, or cannot be checked; nothing was sent.
    """
    client = provider.line(call.ref.profile).client()
    provider.gate.admit(call)
    try:
        while True:
            used = client.api_key
            try:
                reply = call.succeeded(client.chat(call.exchange()))
                break
            except CallError as error:
                if provider.line(call.ref.profile).renewed(error, used):
                    continue
                if not call.failed(error) or not provider.gate.passes(call, error):
                    raise provider.explained(error) from None
                client = provider.line(call.ref.profile).client()
    except BaseException as error:
        call.abandoned(None)
        unrecorded(error, provider.ended(call))
        raise
    return with_warning(reply, provider.ended(call))


async def aanswered(provider: LiteLLMProvider, call: Call) -> Reply:
    """As ``answered``, for asyncio."""
    client = await provider.line(call.ref.profile).async_client()
    await provider.gate.aadmit(call)
    try:
        while True:
            used = client.api_key
            try:
                reply = call.succeeded(await client.chat(call.exchange()))
                break
            except CallError as error:
                if await provider.line(call.ref.profile).arenewed(error, used):
                    continue
                if not call.failed(error) or not await provider.gate.apasses(call, error):
                    raise await provider.aexplained(error) from None
                client = await provider.line(call.ref.profile).async_client()
    except BaseException as error:
        call.abandoned(None)
        unrecorded(error, await provider.aended(call))
        raise
    return with_warning(reply, await provider.aended(call))
