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
from .steps import CheckBudgets, Connect, Enrich, Record, RefreshKey, Send, Step

if TYPE_CHECKING:
    from .litellm_provider import LiteLLMProvider


class Attempts:
    """A call in steps: do ``step``, hand its outcome to ``send`` or its exception to ``throw``, until there is none.

    Attributes:
        step: what is to be done now; None at the end.
        reply: the reply of a call that has ended.
    """

    __slots__ = ("_steps", "reply", "step")

    reply: Reply

    def __init__(self, call: Call) -> None:
        self._steps = _steps(call)
        self.step: Step | None = next(self._steps)

    def send(self, outcome: object) -> None:
        """The step is done."""
        try:
            self.step = self._steps.send(outcome)
        except StopIteration as end:
            self.step, self.reply = None, end.value

    def throw(self, error: BaseException) -> None:
        """The step failed, or the caller went away.

        Raises:
            CallError: it was the last attempt.
            BudgetError: a budget is used up, or cannot be checked.
            BaseException: ``error``, where it is none of a call. The row says that the call was cancelled.
        """
        self.step = self._steps.throw(error)


def run(provider: LiteLLMProvider, call: Call) -> Reply:
    """The whole reply of a call; its row, or that of the failure, is recorded.

    Raises:
        CallError: the last attempt failed.
        BudgetError: a budget is used up, or cannot be checked; nothing was sent.
    """
    attempts = Attempts(call)
    while (step := attempts.step) is not None:
        try:
            attempts.send(step.run(provider))
        except BaseException as error:
            attempts.throw(error)  # which raises it again, if it comes from there
    return attempts.reply


async def arun(provider: LiteLLMProvider, call: Call) -> Reply:
    """As ``run``, for asyncio."""
    attempts = Attempts(call)
    while (step := attempts.step) is not None:
        try:
            attempts.send(await step.arun(provider))
        except BaseException as error:
            attempts.throw(error)
    return attempts.reply


def _steps(call: Call) -> Generator[Step, Any, Reply]:
    client = yield Connect(call.ref.profile)
    try:
        yield CheckBudgets(call)
    except BudgetError:
        call.refuse()
        yield Record(call)
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
                if (yield RefreshKey(call.ref.profile, error, key)):
                    continue
                if call.fail(error):
                    try:
                        yield CheckBudgets(call)
                    except BudgetError as refusal:
                        call.block(error, refusal)
                    else:
                        client = yield Connect(call.ref.profile)
                        continue
                raise (yield Enrich(error)) from None
    except BaseException as error:
        call.cancel(exchange.partial() if exchange is not None and call.options.stream else None)
        add_warning(error, (yield Record(call)))
        raise
    return with_warning(reply, (yield Record(call)))
