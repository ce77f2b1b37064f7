"""The attempts of a call, one after the other, and its row: the loop once, without I/O, for all four kinds of calls.

``Attempts`` says what to do next; a driver does it and hands the outcome back. The drivers of whole replies are here, those of
streams in ``streams``.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

from ..errors import BudgetError, CallError
from ..proxy.exchange import Exchange
from ..proxy.reply import Reply
from .call import Call
from .recorder import add_warning, with_warning
from .steps import CHECK_BUDGETS, CONNECT, RECORD, Enrich, RefreshKey, Send, Step

if TYPE_CHECKING:
    from .litellm_provider import LiteLLMProvider


class Attempts:
    """A call in steps: ``begin`` gives the first; ``send`` takes its outcome, ``throw`` its exception, and each gives the next.

    Attributes:
        reply: the reply of a call that has ended.
    """

    __slots__ = ("_steps", "reply")

    reply: Reply

    def __init__(self, call: Call) -> None:
        self._steps = _steps(call)

    def begin(self) -> Step:
        """The first step."""
        return next(self._steps)

    def send(self, outcome: object) -> Step | None:
        """A step is done; the next one, None at the end."""
        try:
            return self._steps.send(outcome)
        except StopIteration as end:
            self.reply = end.value
            return None

    def throw(self, error: BaseException) -> Step:
        """A step failed, or the caller went away; the next one.

        Raises:
            CallError: it was the last attempt.
            BudgetError: a budget is used up, or cannot be checked.
            BaseException: ``error``, where it is none of a call. The row says that the call was cancelled.
        """
        return self._steps.throw(error)


def run(provider: LiteLLMProvider, call: Call) -> Reply:
    """The whole reply of a call; its row, or that of the failure, is recorded.

    Raises:
        CallError: the last attempt failed.
        BudgetError: a budget is used up, or cannot be checked; nothing was sent.
    """
    attempts = Attempts(call)
    step: Step | None = attempts.begin()
    while step is not None:
        try:
            step = attempts.send(step.run(provider, call))
        except BaseException as error:
            step = attempts.throw(error)  # which raises it again, if it comes from there
    return attempts.reply


async def arun(provider: LiteLLMProvider, call: Call) -> Reply:
    """As ``run``, for asyncio."""
    attempts = Attempts(call)
    step: Step | None = attempts.begin()
    while step is not None:
        try:
            step = attempts.send(await step.arun(provider, call))
        except BaseException as error:
            step = attempts.throw(error)
    return attempts.reply


def _steps(call: Call) -> Generator[Step, Any, Reply]:
    client = yield CONNECT
    try:
        yield CHECK_BUDGETS
    except BudgetError:
        call.refuse()
        yield RECORD
        raise
    exchange: Exchange | None = None
    try:
        while True:
            exchange = call.exchange()
            key = client.api_key
            try:
                reply = call.succeed((yield Send(client, exchange)))
                break
            except CallError as error:
                if (yield RefreshKey(error, key)):
                    continue
                if call.fail(error):
                    try:
                        yield CHECK_BUDGETS
                    except BudgetError as refusal:
                        call.block(error, refusal)
                    else:
                        client = yield CONNECT
                        continue
                raise (yield Enrich(error)) from None
    except BaseException as error:
        call.cancel(exchange.partial() if exchange is not None and call.options.stream else None)
        add_warning(error, (yield RECORD))
        raise
    return with_warning(reply, (yield RECORD))
