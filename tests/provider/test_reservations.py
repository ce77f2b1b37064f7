"""Calls that run at once under one budget: what they will likely cost is reserved, and given back however they end."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fased_litellm import LiteLLMProvider
from fased_litellm.errors import BudgetExceeded, CallError
from fased_litellm.usage.budgets import reservations
from tests.provider.test_budget_guard import BODY, BROKEN, STREAMED, WHO, WHOLE, Place
from tests.servers import HANG, READ, STREAM_HEAD, FaultServer, FaultServers, Script, Wait, answer_json, event

SLOW_S = 0.3
BEGUN = STREAM_HEAD + event({"choices": [{"index": 0, "delta": {"content": "Hello"}}]})
Outcome = Decimal | BudgetExceeded | CallError


def slow(answer: bytes) -> Script:
    return [Wait(SLOW_S), answer]


def costing(usd: str) -> bytes:
    return answer_json(200, BODY, {"x-litellm-response-cost": usd, "connection": "close"})


def one(way: str, provider: LiteLLMProvider, **options: Any) -> Outcome:
    try:
        if way == "chat":
            return provider.chat("hi", context=WHO, **options).receipt.cost_usd or Decimal(0)
        with provider.stream("hi", context=WHO, **options) as stream:
            list(stream)
            return stream.reply.receipt.cost_usd or Decimal(0)
    except (BudgetExceeded, CallError) as error:
        return error


async def aone(way: str, provider: LiteLLMProvider, **options: Any) -> Outcome:
    try:
        if way == "achat":
            return (await provider.achat("hi", context=WHO, **options)).receipt.cost_usd or Decimal(0)
        async with provider.astream("hi", context=WHO, **options) as stream:
            async for _ in stream:
                pass
            return stream.reply.receipt.cost_usd or Decimal(0)
    except (BudgetExceeded, CallError) as error:
        return error


def at_once(way: str, make: Callable[[], LiteLLMProvider], number: int, **options: Any) -> list[Outcome]:
    """That many calls at once: of threads, or of tasks of one loop."""
    if way.startswith("a"):

        async def all_of_them() -> list[Outcome]:
            async with make() as provider:
                return await asyncio.gather(*(aone(way, provider, **options) for _ in range(number)))

        return asyncio.run(all_of_them())
    with make() as provider, ThreadPoolExecutor(number) as pool:
        return list(pool.map(lambda _: one(way, provider, **options), range(number)))


async def reached(server: FaultServer) -> None:
    """Until a request has come, of which the server's own thread knows."""
    while not server.requests:  # noqa: ASYNC110
        await asyncio.sleep(0.01)


def spent(outcomes: list[Outcome]) -> Decimal:
    return sum((found for found in outcomes if isinstance(found, Decimal)), Decimal(0))


def answers(way: str, answer: bytes = WHOLE) -> bytes:
    return STREAMED if "stream" in way else answer


ways = pytest.mark.parametrize("way", ["chat", "stream", "achat", "astream"])


@pytest.fixture
def place(home: Path) -> Iterator[Place]:
    made = Place(home)
    yield made
    assert reservations.book_of(made.paths.budgets).held() == ()  # nothing is left behind by any test


@ways
@pytest.mark.parametrize("known", [False, True], ids=["no call before", "calls before"])
def test_ten_at_once_pass_the_limit_by_less_than_one_call(
    place: Place, fault_server: FaultServers, way: str, known: bool
) -> None:
    server = fault_server(slow(answers(way)))
    place.budget("2.5")
    if known:
        place.spend("1", model="a", agent="other")
        place.budget("2.5", agent="main")
    outcomes = at_once(way, lambda: place.provider(server), 10)
    # Three calls of $1 are the least that uses up $2.50; all budgets counted, the one before is among them.
    assert len(server.requests) == (2 if known else 3)
    assert spent(outcomes) == len(server.requests)
    refused = [found for found in outcomes if isinstance(found, BudgetExceeded)]
    assert len(refused) == 10 - len(server.requests)
    # Who was refused, was so since the money is spent, and not since others might have spent it.
    assert {error.spent_usd for error in refused} == {Decimal(3)}


@ways
def test_a_budget_with_room_for_all_lets_all_run_at_once(place: Place, fault_server: FaultServers, way: str) -> None:
    place.spend("1")
    place.budget("100")
    server = fault_server([HANG])
    with ThreadPoolExecutor(1) as pool:
        outcomes = pool.submit(at_once, way, lambda: place.provider(server), 5)
        while len(server.requests) < 5:  # none of them was answered
            time.sleep(0.01)
        server.close()
        assert all(isinstance(found, CallError) for found in outcomes.result())


@pytest.mark.parametrize(
    ("options", "tokens"),
    [({"max_tokens": 300}, 300), ({"max_tokens": 300, "n": 2}, 600), ({"max_completion_tokens": 40}, 40), ({}, 20)],
    ids=["its limit", "two choices", "the newer name", "the mean of late"],
)
def test_the_reservation_is_by_the_price_list(
    place: Place, fault_server: FaultServers, options: dict[str, Any], tokens: int
) -> None:
    place.spend("1", output_tokens=20, input_tokens=5, total_tokens=25)
    place.budget("100")
    server = fault_server([HANG])
    place.provider(server).close()
    prices(place)
    with LiteLLMProvider.from_config(place.paths, place.env) as provider, ThreadPoolExecutor(1) as pool:
        pool.submit(one, "chat", provider, timeout_s=1.0, **options)
        while not server.requests:
            time.sleep(0.01)
        (held,) = reservations.book_of(place.paths.budgets).held()
    assert held.pico == tokens * 10**9  # a token out costs USD 0.001, one in nothing


def prices(place: Place) -> None:
    config = json.loads(place.paths.config.read_text())
    cost = {"input": 0, "output": 1000, "cacheRead": 0, "cacheWrite": 0}
    config["models"]["providers"]["litellm"]["models"] = [
        {
            "id": "a",
            "name": "a",
            "cost": cost,
            "reasoning": False,
            "input": ["text"],
            "contextWindow": 1000,
            "maxTokens": 500,
        }
    ]
    place.paths.config.write_text(json.dumps(config))


@ways
def test_a_failing_call_gives_its_reservation_back(place: Place, fault_server: FaultServers, way: str) -> None:
    place.spend("1")
    place.budget("1.5")
    server = fault_server(BROKEN, BROKEN, answers(way))
    failed = at_once(way, lambda: place.provider(server), 1) + at_once(way, lambda: place.provider(server), 1)
    assert all(isinstance(found, CallError) for found in failed)
    assert spent(at_once(way, lambda: place.provider(server), 1)) == 1


@ways
def test_a_fallback_has_the_reservation_of_its_own_model(place: Place, fault_server: FaultServers, way: str) -> None:
    place.spend("1")
    place.spend("2", model="b", agent="other")
    place.budget("100")
    server = fault_server([BROKEN, READ, HANG])
    with ThreadPoolExecutor(1) as pool:
        outcomes = pool.submit(at_once, way, lambda: place.provider(server, fallback="litellm/b"), 1)
        while len(server.requests) < 2:
            time.sleep(0.01)
        (held,) = reservations.book_of(place.paths.budgets).held()
        assert (held.ref.model, held.pico) == ("b", 2 * 10**12)
        server.close()
        assert isinstance(outcomes.result()[0], CallError)


def test_a_stream_that_is_left_early_gives_its_reservation_back(place: Place, fault_server: FaultServers) -> None:
    place.spend("1")
    place.budget("1.5")
    server = fault_server([BEGUN, HANG], [WHOLE])
    with place.provider(server) as provider:
        with provider.stream("hi", context=WHO) as stream:
            next(iter(stream))
            assert len(reservations.book_of(place.paths.budgets).held()) == 1
        assert provider.chat("hi", context=WHO).receipt.cost_usd == 1


def test_a_stream_that_is_forgotten_leaves_nothing_behind(place: Place, fault_server: FaultServers) -> None:
    place.spend("1")
    place.budget("1.5")
    with place.provider(fault_server([BEGUN, HANG])) as provider:
        stream = provider.stream("hi", context=WHO)
        next(iter(stream))
        del stream
        gc.collect()
    assert reservations.book_of(place.paths.budgets).held() == ()


@pytest.mark.parametrize("way", ["achat", "astream"])
def test_a_call_that_is_cancelled_leaves_nothing_behind(place: Place, fault_server: FaultServers, way: str) -> None:
    place.spend("1")
    place.budget("1.5")
    server = fault_server([HANG])

    async def give_up() -> None:
        async with place.provider(server) as provider:
            # While it runs, and while others wait for it.
            tasks = [asyncio.create_task(aone(way, provider)) for _ in range(3)]
            await reached(server)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    asyncio.run(give_up())
    assert len(server.requests) == 1
    assert reservations.book_of(place.paths.budgets).held() == ()


def test_a_call_that_is_cancelled_while_it_asks_leaves_nothing_behind(place: Place, fault_server: FaultServers) -> None:
    place.spend("1")
    place.budget("100")
    server = fault_server(WHOLE)

    async def give_up() -> None:
        async with place.provider(server) as provider:
            for wait_s in (0.0, 0.0005, 0.001, 0.002, 0.004, 0.008):
                task = asyncio.create_task(aone("achat", provider))
                await asyncio.sleep(wait_s)
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
            await asyncio.sleep(0.3)  # what asks in a thread is done by now

    asyncio.run(give_up())


def test_who_waits_too_long_is_refused_and_told_by_whom(place: Place, fault_server: FaultServers) -> None:
    place.spend("0.5")
    place.budget("0.75")
    server = fault_server([HANG])
    with place.provider(server) as provider, ThreadPoolExecutor(1) as pool:
        hanging = pool.submit(one, "chat", provider, timeout_s=3.0)
        while not server.requests:
            time.sleep(0.01)
        with pytest.raises(BudgetExceeded) as caught:
            provider.chat("hi", context=WHO, timeout_s=0.2)
        error = caught.value
        assert error.message.startswith("$0.50 of $0.75 on ")
        assert error.message.endswith(
            "is spent, and 1 call under way has reserved $0.50 of Budget 1 (all calls). Nothing was sent."
        )
        assert (error.hint or "").startswith("Try again when it has ended.")
        assert (error.spent_usd, error.reserved_usd) == (Decimal("0.5"), Decimal("0.5"))
        assert error.as_dict()["budget"]["reservedUsd"] == 0.5
        hanging.result()
    assert [row[:3] for row in place.rows()][1:] == [("a", "error", "own-budget"), ("a", "error", "timeout")]


def test_a_call_within_a_stream_of_the_same_thread_does_not_wait_for_itself(
    place: Place, fault_server: FaultServers
) -> None:
    place.spend("1")
    place.budget("1.5")
    server = fault_server([BEGUN, HANG], [WHOLE])
    with place.provider(server) as provider, provider.stream("hi", context=WHO) as stream:
        next(iter(stream))
        with pytest.raises(BudgetExceeded, match="1 call under way has reserved"):
            provider.chat("hi", context=WHO)


def test_a_blocking_call_in_a_loop_does_not_wait_for_the_loop(place: Place, fault_server: FaultServers) -> None:
    place.spend("1")
    place.budget("1.5")
    server = fault_server([HANG])

    async def both() -> None:
        async with place.provider(server) as provider:
            task = asyncio.create_task(provider.achat("hi", context=WHO, timeout_s=30))
            await reached(server)
            with pytest.raises(BudgetExceeded, match="has reserved"):
                provider.chat("hi", context=WHO)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    asyncio.run(both())


def test_of_calls_that_nobody_can_price_one_goes_ahead(place: Place, fault_server: FaultServers) -> None:
    """Without prices and without calls before, ten at once begin as one; when it has no cost either, the others follow uncounted."""
    unpriced = answer_json(200, BODY)
    server = fault_server(slow(unpriced))
    place.budget("1")
    outcomes = at_once("chat", lambda: place.provider(server), 6)
    assert len(server.requests) == 6
    assert spent(outcomes) == 0
    with place.provider(fault_server(unpriced)) as provider:
        (warning,) = provider.chat("hi", context=WHO).receipt.warnings
    assert warning.startswith(
        "Budget 1 (all calls) cannot be enforced: 6 calls without a known price are not counted (litellm/a)."
    )


def test_a_budget_that_warns_reserves_nothing(place: Place, fault_server: FaultServers) -> None:
    server = fault_server(slow(WHOLE))
    place.budget("1", "warn")
    assert spent(at_once("chat", lambda: place.provider(server), 5)) == 5


def test_providers_of_one_process_share_the_reservations(place: Place, fault_server: FaultServers) -> None:
    server = fault_server(slow(WHOLE))
    place.spend("1", agent="other")
    place.budget("2.5")
    first, second = place.provider(server), place.provider(server)
    with first, second, ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(lambda number: one("chat", (first, second)[number % 2]), range(6)))
    assert spent(outcomes) == 2


def test_a_forked_child_has_none_of_its_parents_reservations(place: Place, fault_server: FaultServers) -> None:
    place.spend("1")
    place.budget("1.5")
    with place.provider(fault_server([BEGUN, HANG])) as provider, provider.stream("hi", context=WHO) as stream:
        next(iter(stream))
        child = os.fork()
        if child == 0:  # pragma: no cover - another process
            os._exit(len(reservations.book_of(place.paths.budgets).held()))
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        assert len(reservations.book_of(place.paths.budgets).held()) == 1


def test_different_costs_still_keep_the_bound(place: Place, fault_server: FaultServers) -> None:
    """What a call costs beyond its reservation is the rest of the bound: the mean of those before is $1, these cost $3."""
    place.spend("1")
    place.budget("4.5")
    server: FaultServer = fault_server(slow(costing("3")))
    outcomes = at_once("chat", lambda: place.provider(server), 10)
    # $1 is spent: of the rest, $3.50, four calls may begin at $1 each; they cost $2 more each than was reserved.
    assert spent(outcomes) <= 4 * 3
    assert len(server.requests) <= 4
