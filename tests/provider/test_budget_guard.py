"""Budgets before calls: refused before anything is sent, warned of on the receipt; whole, streamed, blocking, asyncio."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fased_litellm import CallContext, LiteLLMProvider
from fased_litellm.errors import BudgetError, BudgetExceeded, MissingKey, ProxyError
from fased_litellm.paths import Paths
from fased_litellm.usage.budgets import store
from fased_litellm.usage.budgets.budget import Scope
from fased_litellm.usage.budgets.edits import parse_limits, put
from fased_litellm.usage.record import UsageRecord
from fased_litellm.usage.store.ledger import Ledger
from tests.servers import READ, STREAM_HEAD, FaultServer, FaultServers, answer_json, event

BODY: dict[str, Any] = {
    "choices": [{"message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}],
    "usage": {"prompt_tokens": 10, "completion_tokens": 20},
}
WHOLE = answer_json(200, BODY, {"x-litellm-response-cost": "1"})
BROKEN = answer_json(500, {"error": {"message": "litellm.InternalServerError: no", "type": None}})
PIECES = [
    {"choices": [{"index": 0, "delta": {"content": "Hello"}}]},
    {"choices": [], "usage": {**BODY["usage"], "cost": 1}},
]
STREAMED = STREAM_HEAD + b"".join(map(event, [*PIECES, "[DONE]"]))
WHO = CallContext(agent="main", task="digest")


async def _achat(provider: LiteLLMProvider, **options: Any) -> Any:
    async with provider:
        return (await provider.achat("hi", context=WHO, **options)).receipt


async def _astream(provider: LiteLLMProvider, **options: Any) -> Any:
    async with provider, provider.astream("hi", context=WHO, **options) as stream:
        async for _ in stream:
            pass
        return stream.reply.receipt


def _stream(provider: LiteLLMProvider, **options: Any) -> Any:
    with provider.stream("hi", context=WHO, **options) as stream:
        list(stream)
        return stream.reply.receipt


WAYS: dict[str, Callable[..., Any]] = {
    "chat": lambda provider, **options: provider.chat("hi", context=WHO, **options).receipt,
    "stream": _stream,
    "achat": lambda provider, **options: asyncio.run(_achat(provider, **options)),
    "astream": lambda provider, **options: asyncio.run(_astream(provider, **options)),
}
way = pytest.mark.parametrize("way", WAYS)


class Place:
    def __init__(self, home: Path) -> None:
        self.paths = Paths.from_env({"HOME": str(home)})
        self.env = {"HOME": str(home), "LITELLM_API_KEY": "sk-test-gate-0001"}

    def provider(self, server: FaultServer | None, *, fallback: str | None = None) -> LiteLLMProvider:
        models = {"litellm": {"baseUrl": server.url if server else "http://127.0.0.1:9", "api": "openai-completions"}}
        config = {
            "models": {
                "providers": {"litellm": {**models["litellm"], "request": {"allowPrivateNetwork": True}, "models": []}}
            },
            "agents": {"defaults": {"model": {"primary": "litellm/a", "fallbacks": [fallback] if fallback else []}}},
        }
        self.paths.state.mkdir(exist_ok=True)
        self.paths.config.write_text(json.dumps(config))
        return LiteLLMProvider.from_config(self.paths, self.env)

    def budget(self, daily: str, action: Any = "stop", **names: str) -> None:
        limits = parse_limits({"day": daily})
        store.change(self.paths.budgets, lambda book: put(book, Scope(**names), limits, action, None)[0])

    def spend(self, usd: str, **names: Any) -> None:
        with Ledger(self.paths.ledger) as ledger:
            ledger.record(
                UsageRecord(
                    call_id=os.urandom(8).hex(),
                    started_at_ms=time.time_ns() // 1_000_000,
                    cost=Decimal(usd),
                    **{"provider": "litellm", "model": "a", "agent": "main", **names},
                )
            )

    def rows(self) -> list[tuple[Any, ...]]:
        import sqlite3

        sql = "SELECT model, status, cause, origin, total_tokens, cost_pico FROM call JOIN dimension ON dimension.id = dimension"
        connection = sqlite3.connect(self.paths.ledger)
        try:
            return connection.execute(f"{sql} ORDER BY call.id").fetchall()
        finally:
            connection.close()


@pytest.fixture
def place(home: Path) -> Place:
    return Place(home)


def test_without_budgets_nothing_of_them_is_imported(place: Place, fault_server: FaultServers) -> None:
    server = fault_server(WHOLE)
    place.provider(server).close()
    program = (
        "import sys; from fased_litellm import LiteLLMProvider\n"
        "with LiteLLMProvider.from_config() as provider: print(provider.chat('hi').receipt.warnings)\n"
        "print([name for name in sys.modules if 'budgets' in name])"
    )
    env = {**os.environ, **place.env}
    done = subprocess.run(
        [sys.executable, "-c", program], env=env, capture_output=True, text=True, timeout=60, check=True
    )
    assert done.stdout == "()\n[]\n"


@way
def test_a_call_under_its_budget_passes(place: Place, fault_server: FaultServers, way: str) -> None:
    server = fault_server(STREAMED if "stream" in way else WHOLE)
    place.budget("5")
    with place.provider(server) as provider:
        receipt = WAYS[way](provider)
    assert (receipt.cost_usd, receipt.warnings) == (Decimal(1), ())


@way
def test_a_used_up_budget_refuses_before_anything_is_sent(place: Place, fault_server: FaultServers, way: str) -> None:
    server = fault_server(STREAMED if "stream" in way else WHOLE)
    place.budget("1", agent="main")
    with place.provider(server) as provider:
        WAYS[way](provider)
        with pytest.raises(BudgetExceeded, match=r"Budget 1 \(agent main\) is used up: \$1.00 of \$1.00"):
            WAYS[way](provider if not way.startswith("a") else place.provider(server))
    assert len(server.requests) == 1
    # Whoever asks why the agent stood still finds the refused call, which used nothing.
    assert place.rows() == [("a", "ok", None, None, 30, 10**12), ("a", "error", "own-budget", "caller", 0, None)]


@way
def test_a_warning_is_on_the_receipt(place: Place, fault_server: FaultServers, way: str) -> None:
    server = fault_server(STREAMED if "stream" in way else WHOLE)
    place.budget("1", "warn")
    place.spend("1.5")
    with place.provider(server) as provider:
        receipt = WAYS[way](provider)
    (text,) = receipt.warnings
    assert text.startswith("Budget 1 (all calls) is used up: $1.50 of $1.00 on ")
    assert receipt.as_dict()["warnings"] == [text]
    assert len(server.requests) == 1


@way
def test_the_budget_of_the_fallback_counts_too(place: Place, fault_server: FaultServers, way: str) -> None:
    server = fault_server([BROKEN, READ, STREAMED if "stream" in way else WHOLE])
    place.budget("1", model="litellm/b")
    place.spend("1", model="b")
    with place.provider(server, fallback="litellm/b") as provider, pytest.raises(ProxyError) as caught:
        WAYS[way](provider)
    assert caught.value.cause == "provider-error"
    assert "The fallback litellm/b was not tried: Budget 1 (model litellm/b) is used up" in (caught.value.hint or "")
    attempts = [(one.model, one.cause) for one in caught.value.receipt.attempts]
    assert attempts == [("litellm/a", "provider-error"), ("litellm/b", "own-budget")]
    assert len(server.requests) == 1
    assert place.rows()[1:] == [("a", "error", "provider-error", "provider", 0, None)]


@way
def test_a_warning_about_the_fallback_is_on_the_receipt(place: Place, fault_server: FaultServers, way: str) -> None:
    server = fault_server([BROKEN, READ, STREAMED if "stream" in way else WHOLE])
    place.budget("1", "warn", model="b")
    place.spend("1", model="b")
    with place.provider(server, fallback="litellm/b") as provider:
        receipt = WAYS[way](provider)
    assert [one.ok for one in receipt.attempts] == [False, True]
    assert receipt.warnings[0].startswith("Budget 1 (model b) is used up")


def test_a_fallback_does_not_evade_the_budget_of_the_primary(place: Place, fault_server: FaultServers) -> None:
    server = fault_server(WHOLE)
    place.budget("1", model="litellm/a")
    place.spend("1")
    with place.provider(server, fallback="litellm/b") as provider:
        with pytest.raises(BudgetExceeded):
            provider.chat("hi", context=WHO)
        provider.chat("hi", context=WHO, model="litellm/b")
    assert [body["model"] for body in server.json_bodies()] == ["b"]


def test_budgets_that_cannot_be_read_refuse(place: Place, fault_server: FaultServers) -> None:
    server = fault_server(WHOLE)
    place.budget("1")
    place.paths.budgets.write_text("{")
    with place.provider(server) as provider, pytest.raises(BudgetError, match="are damaged"):
        provider.chat("hi", context=WHO)
    assert server.requests == []


def test_a_missing_key_is_told_first_and_leaves_no_row(place: Place) -> None:
    place.budget("1")
    place.spend("1")
    del place.env["LITELLM_API_KEY"]
    with place.provider(None) as provider, pytest.raises(MissingKey):
        provider.chat("hi", context=WHO)
    assert len(place.rows()) == 1


def test_a_stream_that_is_never_read_asks_nothing(place: Place, fault_server: FaultServers) -> None:
    place.budget("1")
    place.spend("1")
    with place.provider(fault_server(STREAMED)) as provider:
        stream = provider.stream("hi", context=WHO)
        stream.close()
        with pytest.raises(BudgetExceeded), provider.stream("hi", context=WHO) as stream:
            list(stream)
    assert len(place.rows()) == 2


def test_threads_one_after_another_never_pass_the_limit(place: Place, fault_server: FaultServers) -> None:
    # A lock around each call: what is in flight is not counted, and here nothing else is.
    server = fault_server([WHOLE, *[step for _ in range(50) for step in (READ, WHOLE)]])
    place.budget("7")
    refused: list[BudgetExceeded] = []
    one_at_a_time = threading.Lock()

    def work(provider: LiteLLMProvider) -> None:
        for _ in range(4):
            try:
                with one_at_a_time:
                    provider.chat("hi", context=WHO)
            except BudgetExceeded as error:
                refused.append(error)

    with place.provider(server) as provider:
        threads = [threading.Thread(target=work, args=(provider,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert (len(server.requests), len(refused)) == (7, 9)
    assert {error.spent_usd for error in refused} == {Decimal(7)}


SAME_ID = {"x-litellm-call-id": "same-id-always", "x-litellm-response-cost": "1"}
SAME_WHOLE = answer_json(200, {"id": "same", **BODY}, SAME_ID)
SAME_STREAM = STREAMED.replace(b"\r\n\r\n", b"\r\nx-litellm-call-id: same-id-always\r\n\r\n", 1)


@way
def test_a_proxy_that_gives_every_call_the_same_id_hides_none(
    way: str, tmp_path: Path, fault_server: FaultServers
) -> None:
    """A cache before a proxy does that, or a proxy on purpose: a budget of $2.50 stops the fourth call of $1 all the same."""
    server = fault_server([SAME_STREAM if "stream" in way else SAME_WHOLE])
    place = Place(tmp_path)
    place.budget("2.5")
    receipts = []
    for _ in range(3):
        with place.provider(server) as provider:
            receipts.append(WAYS[way](provider))
    with place.provider(server) as provider, pytest.raises(BudgetExceeded, match=r"\$3\.00 of \$2\.50"):
        WAYS[way](provider)
    assert len(server.requests) == 3
    assert [row[-1] for row in place.rows()] == [10**12] * 3 + [None]
    assert len({receipt.call_id for receipt in receipts}) == 3
    assert {receipt.proxy_call_id for receipt in receipts} == {"same-id-always"}
