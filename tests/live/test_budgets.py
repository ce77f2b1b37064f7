"""Soft budgets on calls through a real proxy: what is refused never reaches the provider."""

from __future__ import annotations

import asyncio
import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fased_litellm import CallContext, LiteLLMProvider
from fased_litellm.errors import BudgetExceeded
from fased_litellm.paths import Paths
from fased_litellm.usage.budgets import store
from fased_litellm.usage.budgets.budget import Scope
from fased_litellm.usage.budgets.edits import parse_limits, put
from fased_litellm.usage.budgets.listing import listing
from tests.live.proxies import Proxy

COST = Decimal("0.0000153")  # of one call of the model `upstream`
WAYS = ("chat", "stream", "achat", "astream")


def asked(proxy: Proxy, text: str) -> int:
    """How many requests with that text the provider has seen."""
    return sum(text in json.dumps(entry) for entry in proxy.upstream_log())


def test_a_used_up_budget_refuses_before_anything_is_sent(proxy: Proxy, home: Path) -> None:
    env = {"HOME": str(home), "LITELLM_API_KEY": proxy.master_key, "LITELLM_BASE_URL": proxy.url}
    paths = Paths.from_env(env)
    mark = f"budget-{uuid.uuid4()}"
    who = CallContext(agent="main", task="digest")
    limits = parse_limits({"day": str(COST * 3), "month": "1"})
    book = store.change(paths.budgets, lambda book: put(book, Scope(task="digest"), limits, "stop", None)[0])
    with LiteLLMProvider.from_config(paths, env) as provider:
        first = provider.chat(mark, model="upstream", context=who)
        with provider.stream(mark, model="upstream", context=who) as stream:
            list(stream)
        third = provider.chat(mark, model="upstream", context=who)
        assert first.receipt.cost_usd == stream.reply.receipt.cost_usd == COST
        # Two of three are 66 %, so nothing was to be warned of.
        assert third.receipt.warnings == ()
        assert asked(proxy, mark) == 3
        with pytest.raises(
            BudgetExceeded, match=r"Budget 1 \(task digest\) is used up: \$0.0000459 of \$0.0000459"
        ) as caught:
            provider.chat(mark, model="upstream", context=who)
        assert caught.value.spent_usd == COST * 3
        with pytest.raises(BudgetExceeded), provider.stream(mark, model="upstream", context=who) as stream:
            list(stream)
        # Another task has a budget of its own, or none.
        provider.chat(mark, model="upstream", context=who.with_(task="other"))

    async def later() -> None:
        async with LiteLLMProvider.from_config(paths, env) as provider:
            with pytest.raises(BudgetExceeded):
                await provider.achat(mark, model="upstream", context=who)
            async with provider.astream(mark, model="upstream", context=who) as stream:
                with pytest.raises(BudgetExceeded):
                    _ = [piece async for piece in stream]

    asyncio.run(later())
    assert asked(proxy, mark) == 4
    day, month = listing(book.budgets, paths.ledger).standings
    # The four that were refused are rows too, and cost nothing.
    assert (day.sum.calls, day.sum.cost_pico, day.reached, month.reached) == (7, 45_900_000, True, False)


def ten_at_once(way: str, paths: Paths, env: dict[str, str], text: str) -> int:
    """How many of ten calls at once were made."""
    options: dict[str, Any] = {"model": "upstream", "max_tokens": 8}

    def one(provider: LiteLLMProvider) -> int:
        try:
            if way == "chat":
                provider.chat(text, **options)
            else:
                with provider.stream(text, **options) as stream:
                    list(stream)
        except BudgetExceeded:
            return 0
        return 1

    async def aone(provider: LiteLLMProvider) -> int:
        try:
            if way == "achat":
                await provider.achat(text, **options)
            else:
                async with provider.astream(text, **options) as stream:
                    _ = [piece async for piece in stream]
        except BudgetExceeded:
            return 0
        return 1

    async def all_of_them() -> int:
        async with LiteLLMProvider.from_config(paths, env) as provider:
            return sum(await asyncio.gather(*(aone(provider) for _ in range(10))))

    if way.startswith("a"):
        return asyncio.run(all_of_them())
    with LiteLLMProvider.from_config(paths, env) as provider, ThreadPoolExecutor(10) as pool:
        return sum(pool.map(lambda _: one(provider), range(10)))


@pytest.mark.parametrize("listed", [False, True], ids=["no price before the call", "prices of the proxy"])
@pytest.mark.parametrize("way", WAYS)
def test_ten_at_once_spend_no_more_than_one_after_the_other(proxy: Proxy, home: Path, way: str, listed: bool) -> None:
    """Each costs 70 % of the limit: two are made, 1.4 times the limit, and not seven times."""
    env = {"HOME": str(home), "LITELLM_API_KEY": proxy.master_key, "LITELLM_BASE_URL": proxy.url}
    paths, mark = Paths.from_env(env), f"budget-{uuid.uuid4()}"
    limits = parse_limits({"day": str((COST / Decimal("0.7")).quantize(Decimal("1e-12")))})
    book = store.change(paths.budgets, lambda book: put(book, Scope(), limits, "stop", None)[0])
    if listed:
        with LiteLLMProvider.from_config(paths, env) as provider:
            provider.discover()
    assert ten_at_once(way, paths, env, mark) == asked(proxy, mark) == 2
    (day,) = listing(book.budgets, paths.ledger).standings
    assert day.sum.cost_pico == 2 * 15_300_000
