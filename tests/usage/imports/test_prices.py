from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.proxy.tokens import TokenUsage
from fased_litellm.usage.costs.charge import priced
from fased_litellm.usage.costs.config_prices import written
from fased_litellm.usage.costs.pricelist import per_token
from fased_litellm.usage.imports.flat_price import UNKNOWN
from fased_litellm.usage.imports.prices import PriceTable
from fased_litellm.usage.imports.transcripts.tokens import of_message
from tests.usage.imports.node import usage


def config(**cost: Any) -> dict[str, Any]:
    models = [{"id": "other"}, {"id": "team-sonnet", "name": "T", "cost": cost}]
    return {"models": {"providers": {"litellm": {"models": models}}}}


def cost(tree: Any, used: Any, model: str | None = "team-sonnet") -> tuple[Any, ...]:
    prices = json.loads(json.dumps(written(tree)))  # as another process gets them
    return PriceTable(prices).cost(used, of_message(used).tokens, "litellm", model)


PRICES = {"input": 3, "output": 15, "cacheRead": 0.3, "cacheWrite": 3.75}
NOTE = "config models.providers.litellm.models[1].cost"


def test_what_the_transcript_says_wins() -> None:
    assert cost(config(**PRICES), usage()) == (
        4_530_000_000,
        "transcript",
        2_700_000_000,
        1_800_000_000,
        30_000_000,
        0,
        None,
    )


@pytest.mark.parametrize("total", [0, None, -1, "0.5", float("nan"), 1e9, True])
def test_else_the_prices_of_the_config(total: Any) -> None:
    assert cost(config(**PRICES), usage(total_cost=total)) == (
        4_530_000_000,
        "config",
        2_700_000_000,
        1_800_000_000,
        30_000_000,
        0,
        NOTE,
    )


def test_a_cost_of_nothing_is_not_believed() -> None:
    assert cost({}, usage(total_cost=0)) == UNKNOWN
    assert cost(config(), usage(total_cost=0)) == UNKNOWN
    assert cost(config(input=3), usage(total_cost=0)) == UNKNOWN
    assert cost(config(**PRICES), usage(total_cost=0), "other") == UNKNOWN
    assert cost(config(**PRICES), usage(total_cost=0), None) == UNKNOWN


def test_unless_the_config_says_that_the_model_is_free() -> None:
    assert cost(config(input=0, output=0), usage(total_cost=0)) == (0, "config", 0, 0, 0, 0, NOTE)


def test_what_nobody_counted_is_not_free() -> None:
    nothing = usage(input=0, output=0, cacheRead=0, cacheWrite=0, totalTokens=0, total_cost=0)
    assert cost(config(**PRICES), nothing) == UNKNOWN
    assert cost(config(input=0, output=0), nothing) == (0, "config", 0, 0, 0, 0, NOTE)
    assert cost(config(**PRICES), {"totalTokens": 500}) == UNKNOWN


@pytest.mark.parametrize(
    "tree",
    [
        {"models": 5},
        {"models": {"providers": []}},
        {"models": {"providers": {"litellm": None, "b": {"models": {}}, "c": {"models": [5, None, {}, {"id": 7}]}}}},
        config(input="3", output=True),
        config(input=float("nan"), output=-1),
        config(input=1e30, output=1),
    ],
)
def test_odd_configs(tree: Any) -> None:
    assert cost(tree, usage(total_cost=0)) == UNKNOWN


@pytest.mark.parametrize("odd", [5, None, [], "cheap", {"total": {}}, {"total": "1"}])
def test_odd_costs(odd: Any) -> None:
    assert cost({}, {**usage(), "cost": odd}) == UNKNOWN


def test_odd_parts_are_left_out() -> None:
    told = {"total": 0.5, "input": "x", "output": -1, "cacheRead": 0.25}
    assert cost({}, {**usage(), "cost": told}) == (
        500_000_000_000,
        "transcript",
        None,
        None,
        250_000_000_000,
        None,
        None,
    )


amounts = (
    st.none()
    | st.sampled_from(["0", "0.15", "3", "0.0000001234567", "0.0000005", "1E+6", "1000000"])
    | st.decimals(0, 1000, places=8, allow_nan=False).map(str)
)


@given(
    st.lists(amounts, min_size=4, max_size=4),
    st.lists(st.integers(0, 60_000) | st.just(10**12), min_size=4, max_size=4),
)
def test_the_short_way_gives_what_the_long_way_gives(prices: list[str | None], tokens: list[int]) -> None:
    got = PriceTable({"litellm/m": (prices, "here")}).cost(
        None, (tokens[0], tokens[1], tokens[2], tokens[3], sum(tokens)), "litellm", "m"
    )
    whole = per_token(prices)
    if not whole.known or (not any(tokens) and (whole.input or whole.output)):
        assert got == UNKNOWN
        return
    found = priced(whole, TokenUsage(*tokens))
    assert got == (UNKNOWN if found is None else (found.cost, found.said("config", "here")[0], *found.parts, got[-1]))
    assert got[-1] is None or got[-1].startswith("here")
