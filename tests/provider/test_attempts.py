"""The loop over the attempts of a call, without I/O: which steps it asks for, and what an outcome leads to."""

from __future__ import annotations

import asyncio
import inspect
from pathlib import Path
from typing import Any

import pytest

from fased_litellm import LiteLLMProvider
from fased_litellm.errors import BudgetError, CallError, StreamInterrupted
from fased_litellm.provider import attempts as loop
from fased_litellm.provider.call import Call
from fased_litellm.provider.steps import CheckBudgets, Connect, Enrich, Record, RefreshKey, Send, Step
from fased_litellm.proxy.reply import Delta
from tests.provider.test_call import HELLO, REPLY, call, failure, refused
from tests.servers import STREAM_HEAD, FaultServers, event

NO = BudgetError("Budget 1 is used up.", hint="Wait.")


class Attempts(loop.Attempts):
    """With the step that is to be done now, None at the end."""

    def __init__(self, call: Call) -> None:
        super().__init__(call)
        self.step: Step | None = self.begin()

    def send(self, outcome: object) -> Step | None:
        self.step = super().send(outcome)
        return self.step

    def throw(self, error: BaseException) -> Step:
        self.step = step = super().throw(error)
        return step


class Client:
    """Stands for either client; only its key counts here."""

    api_key = "sk-test-old"


@pytest.fixture
def found(tmp_path: Path) -> Call:
    return call(tmp_path, HELLO)


def broken(found: Call, status: int = 500, message: str = "litellm.InternalServerError: no") -> CallError:
    return failure(found, refused(status, message))


def done(attempts: Attempts, kind: type[Step], outcome: object = None) -> Any:
    """Hand over the outcome of a step, which has to be of that kind."""
    step = attempts.step
    assert isinstance(step, kind)
    if isinstance(outcome, BaseException):
        attempts.throw(outcome)
    else:
        attempts.send(outcome)
    return step


def until_sent(attempts: Attempts) -> None:
    done(attempts, Connect, Client())
    done(attempts, CheckBudgets)


def reply(attempts: Attempts) -> Any:
    assert isinstance(attempts.step, Send)
    return attempts.step.exchange.whole(REPLY)


def statuses(found: Call) -> Any:
    assert found.record is not None
    return found.record.status, found.record.cause


def test_a_call_that_works_is_sent_once_and_recorded(found: Call) -> None:
    attempts = Attempts(found)
    until_sent(attempts)
    done(attempts, Send, reply(attempts))
    done(attempts, Record)
    assert (attempts.step, attempts.reply.text, statuses(found)) == (None, "hello", ("ok", None))


def test_a_warning_of_the_record_is_on_the_receipt_of_the_reply_and_of_the_error(tmp_path: Path) -> None:
    attempts = Attempts(call(tmp_path, HELLO))
    until_sent(attempts)
    done(attempts, Send, reply(attempts))
    done(attempts, Record, "It is not kept.")
    assert attempts.reply.receipt.warnings == ("It is not kept.",)
    attempts = Attempts(found := call(tmp_path, HELLO, agent="ops"))
    until_sent(attempts)
    error = broken(found)
    done(attempts, Send, error)
    done(attempts, RefreshKey, False)
    done(attempts, Enrich, error)
    with pytest.raises(CallError) as caught:
        done(attempts, Record, "It is not kept.")
    assert caught.value.receipt.warnings == ("It is not kept.",)


def test_the_fallback_passes_the_budgets_and_has_a_client_of_its_own(found: Call) -> None:
    attempts = Attempts(found)
    until_sent(attempts)
    first = done(attempts, Send, broken(found))
    done(attempts, RefreshKey, False)
    done(attempts, CheckBudgets)
    other = Client()
    done(attempts, Connect, other)
    second = done(attempts, Send, reply(attempts))
    done(attempts, Record)
    assert (first.exchange.chat.model, second.exchange.chat.model) == ("a", "b")
    assert second.client is other
    assert [attempt.ok for attempt in attempts.reply.receipt.attempts] == [False, True]


def test_a_replaced_key_sends_the_same_attempt_once_more(found: Call) -> None:
    attempts = Attempts(found)
    until_sent(attempts)
    first = done(attempts, Send, broken(found, 401, "Unable to find token in cache"))
    assert done(attempts, RefreshKey, True).used == "sk-test-old"
    second = done(attempts, Send, reply(attempts))
    done(attempts, Record)
    ids = {step.exchange.chat.attribution.call_id for step in (first, second)}
    assert ids == {found.call_id}
    assert [attempt.ok for attempt in attempts.reply.receipt.attempts] == [True]


def test_a_guardrail_that_failed_is_never_followed_by_the_fallback(found: Call) -> None:
    attempts = Attempts(found)
    until_sent(attempts)
    error = broken(found, 503, "The guardrail is unreachable")
    done(attempts, Send, error)
    done(attempts, RefreshKey, False)
    done(attempts, Enrich, error)
    with pytest.raises(CallError):
        done(attempts, Record)
    assert statuses(found) == ("error", "guardrail-failed")


def test_a_budget_refuses_before_anything_is_sent_and_the_row_says_so(found: Call) -> None:
    attempts = Attempts(found)
    done(attempts, Connect, Client())
    done(attempts, CheckBudgets, NO)
    with pytest.raises(BudgetError) as caught:
        done(attempts, Record)
    assert caught.value is NO
    assert statuses(found) == ("error", "own-budget")


def test_a_budget_that_refuses_the_fallback_leaves_the_failure_of_the_primary(found: Call) -> None:
    attempts = Attempts(found)
    until_sent(attempts)
    error = broken(found)
    done(attempts, Send, error)
    done(attempts, RefreshKey, False)
    done(attempts, CheckBudgets, NO)
    done(attempts, Enrich, error)
    with pytest.raises(CallError) as caught:
        done(attempts, Record)
    assert caught.value is error
    assert "The fallback litellm/b was not tried: Budget 1 is used up." in (error.hint or "")
    assert [attempt.cause for attempt in error.receipt.attempts] == ["provider-error", "own-budget"]
    assert statuses(found) == ("error", "provider-error")


@pytest.mark.parametrize("gone", [KeyboardInterrupt, asyncio.CancelledError, GeneratorExit, OSError])
def test_before_the_first_attempt_a_caller_who_goes_away_leaves_no_row(
    gone: type[BaseException], tmp_path: Path
) -> None:
    for before in range(2):
        attempts = Attempts(found := call(tmp_path, HELLO))
        if before:
            done(attempts, Connect, Client())
        with pytest.raises(gone):
            attempts.throw(gone())
        assert found.record is None


@pytest.mark.parametrize("gone", [KeyboardInterrupt, asyncio.CancelledError, GeneratorExit, OSError])
@pytest.mark.parametrize(
    ("outcomes", "status"),
    [
        ([], ("cancelled", None)),  # while it is sent
        (["fails"], ("cancelled", None)),  # while the key is looked up
        (["fails", False], ("cancelled", None)),  # while the budgets are asked for the fallback
        (["fails", False, None], ("cancelled", None)),  # while its client is made
        (["fails", False, None, Client()], ("cancelled", None)),  # while the fallback is sent
        (["fails", False, NO], ("error", "provider-error")),  # while it is asked what else is known of the failure
    ],
)
def test_after_it_the_call_has_a_row_whenever_the_caller_goes_away(
    outcomes: list[Any], status: tuple[str, str | None], gone: type[BaseException], found: Call
) -> None:
    attempts = Attempts(found)
    until_sent(attempts)
    for outcome in outcomes:
        value = broken(found) if outcome == "fails" else outcome
        assert attempts.step is not None
        done(attempts, type(attempts.step), value)
    left = gone()
    attempts.throw(left)
    with pytest.raises(gone) as caught:
        done(attempts, Record)
    assert caught.value is left
    assert statuses(found) == status


def test_of_a_stream_that_is_left_the_row_has_what_arrived(tmp_path: Path) -> None:
    attempts = Attempts(found := call(tmp_path, HELLO._replace(stream=True)))
    until_sent(attempts)
    assert isinstance(attempts.step, Send)
    exchange = attempts.step.exchange
    exchange.request({})
    exchange.opened(200, {"content-type": "text/event-stream"})
    usage = {"prompt_tokens": 10, "completion_tokens": 20}
    exchange.feed(event({"choices": [{"index": 0, "delta": {"content": "Hel"}}], "usage": usage}))
    attempts.throw(GeneratorExit())
    with pytest.raises(GeneratorExit):
        done(attempts, Record)
    assert found.record is not None
    assert (found.record.status, found.record.total_tokens) == ("cancelled", 30)


@pytest.mark.parametrize(
    ("method", "gives"),
    [
        (LiteLLMProvider.chat, "Reply"),
        (LiteLLMProvider.achat, "Reply"),
        (LiteLLMProvider.stream, "ReplyStream"),
        (LiteLLMProvider.astream, "AsyncReplyStream"),
    ],
)
def test_the_four_methods_have_one_signature_and_say_it(method: Any, gives: str) -> None:
    signature = inspect.signature(method)
    names = ["self", "messages", "model", "role", "context", "max_tokens", "timeout_s", "params"]
    assert list(signature.parameters) == names
    assert signature.return_annotation == gives


def test_a_parameter_of_the_name_of_ours_goes_to_the_proxy(home: Path) -> None:
    provider = LiteLLMProvider.from_config(env={"HOME": str(home)})
    assert provider._new_call(False, "hi", stream=True, top_p=1).options.params == {"stream": True, "top_p": 1}


def test_what_came_before_a_stream_broke_is_kept_by_both(fault_server: FaultServers, home: Path) -> None:
    first = event({"choices": [{"index": 0, "delta": {"content": "Hel"}}]})
    server = fault_server(STREAM_HEAD + first)
    env = {"HOME": str(home), "LITELLM_API_KEY": "sk-test-stream", "LITELLM_BASE_URL": server.url}
    pieces: list[Delta] = []
    errors: list[StreamInterrupted] = []

    async def asynchronous() -> None:
        async with LiteLLMProvider.from_config(env=env) as provider:
            pieces.extend([delta async for delta in provider.astream("hi")])

    with LiteLLMProvider.from_config(env=env) as provider:
        for one in (lambda: pieces.extend(provider.stream("hi")), lambda: asyncio.run(asynchronous())):
            with pytest.raises(StreamInterrupted) as caught:
                one()
            errors.append(caught.value)
    assert [error.partial.text for error in errors] == ["Hel", "Hel"]
    assert all(error.partial.receipt == error.receipt for error in errors)
