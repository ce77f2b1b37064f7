"""Messages without a cost are priced by all that the proxy said of its prices, where its list of models is kept."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fased_litellm.catalog import cache
from fased_litellm.catalog.definitions import cost_of
from fased_litellm.catalog.facts import Catalog, ModelFacts
from fased_litellm.paths import Paths
from fased_litellm.proxy.pricing.card import read
from fased_litellm.proxy.pricing.prices import Prices
from fased_litellm.proxy.tokens import TokenUsage
from fased_litellm.usage.costs.charge import priced
from fased_litellm.usage.costs.pricelist import Price, PriceList
from fased_litellm.usage.imports.flat_price import UNKNOWN
from fased_litellm.usage.imports.prices import PriceTable, known
from tests.usage.imports.node import T0, Node, reply, usage

URL = "http://127.0.0.1:4000"
BASE = {"input_cost_per_token": 3e-06, "output_cost_per_token": 1.5e-05, "cache_read_input_token_cost": 3e-07}
ROWS: dict[str, dict[str, Any]] = {
    "plain": {"litellm_provider": "openai", **BASE},
    "lengths": {
        "litellm_provider": "dashscope",
        "tiered_pricing": [
            {"range": [0, 32_000], "input_cost_per_token": 1e-06, "output_cost_per_token": 4e-06},
            {"range": [32_000, 128_000], "input_cost_per_token": 2e-06, "output_cost_per_token": 8e-06},
        ],
    },
    "long": {
        "litellm_provider": "openai",
        **BASE,
        "input_cost_per_token_above_272k_tokens": 6e-06,
        "output_cost_per_token_above_272k_tokens": 2.25e-05,
        "cache_read_input_token_cost_above_272k_tokens": 6e-07,
    },
    "hour": {
        "litellm_provider": "anthropic",
        **BASE,
        "cache_creation_input_token_cost": 3.75e-06,
        "cache_creation_input_token_cost_above_1hr": 6e-06,
    },
    "thoughts": {"litellm_provider": "openai", **BASE, "output_cost_per_reasoning_token": 4e-05},
    "nights": {
        "litellm_provider": "deepseek",
        **BASE,
        "off_peak_pricing": {"hours": "16:30-00:30", "input_cost_per_token": 1e-06, "output_cost_per_token": 2e-06},
    },
    "digits": {"litellm_provider": "openai", "input_cost_per_token": 1.23456789e-13, "output_cost_per_token": 5e-13},
    "free": {
        "litellm_provider": "openai",
        "pricing_overrides": [],
        "input_cost_per_token": 0.0,
        "output_cost_per_token": 0.0,
    },
}
FACTS = [
    *(ModelFacts(name, prices=Prices.of([read({"key": name, **row})])) for name, row in ROWS.items()),
    ModelFacts("both", prices=Prices.of([read(ROWS["plain"]), read(ROWS["long"] | {"input_cost_per_token": 4e-06})])),
]


def keep(paths: Paths) -> None:
    cache.save(paths, Catalog(URL, datetime(2026, 11, 20, tzinfo=UTC), tuple(FACTS)))


def definitions(**costs: Any) -> dict[str, Any]:
    """A config with all models as this package writes them, or with these costs."""
    models = [{"id": one.id, "name": one.id, "cost": costs.get(one.id, cost_of(one.prices))} for one in FACTS]
    return {"models": {"providers": {"litellm": {"baseUrl": f"{URL}/v1", "models": models}}}}


def used(*four: int, reasoning: int = 0) -> dict[str, Any]:
    names = ("input", "output", "cacheRead", "cacheWrite")
    return usage(**dict(zip(names, four, strict=True)), totalTokens=sum(four), total_cost=0, reasoning=reasoning)


def costs(node: Node) -> dict[str, tuple[Any, ...]]:
    rows = node.calls("call_id, cost_pico, cost_source, price_note")
    return {row[0].rpartition("/")[2]: row[1:] for row in rows}


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path / "state")


LIST = f"catalog of {URL} of 2026-11-20"


@pytest.mark.parametrize("workers", [0, 2])
def test_what_the_proxy_names_besides_the_four_prices_counts(node: Node, workers: int) -> None:
    node.config(definitions())
    keep(node.paths)
    calls = {
        "a": ("lengths", used(31_000, 100, 0, 0)),
        "b": ("lengths", used(32_001, 100, 0, 0)),
        "c": ("long", used(262_604, 630, 7_936, 0)),
        "d": ("long", used(270_540, 630, 7_936, 0)),
        "e": ("hour", used(10, 2, 0, 1_000_000)),
        "f": ("thoughts", used(1_000, 500, 0, 0, reasoning=400)),
        "g": ("free", used(200_000, 500, 0, 9)),
        "h": ("both", used(1_000, 0, 0, 0)),
        "i": ("plain", used(200_000, 10, 0, 0)),
    }
    lines = [reply(name, T0, model=model, usage=one) for name, (model, one) in calls.items()]
    node.write(node.transcript(), lines)
    node.read_in(workers=workers)
    found = costs(node)
    assert {name: (Decimal(one[0]).scaleb(-12), one[1]) for name, one in found.items()} == {
        "a": (Decimal("0.0314"), "config"),
        "b": (Decimal("0.064802"), "config"),
        "c": (Decimal("0.7996428"), "config"),
        "d": (Decimal("1.6421766"), "config"),  # case 07, by all that its proxy names
        "e": (Decimal("3.75006"), "estimate"),  # how much of it was for an hour, a transcript does not say
        "f": (Decimal("0.0205"), "config"),
        "g": (Decimal(0), "config"),
        "h": (Decimal("0.004"), "estimate"),
        "i": (Decimal("0.60015"), "config"),
    }
    assert found["b"][2] == f"config models.providers.litellm.models[1].cost, with what else the {LIST} has"
    assert found["e"][2].endswith("how much was cached for an hour, which costs more, is not known")


def test_prices_of_the_users_own_count_and_models_without_one_have_the_proxys(node: Node) -> None:
    tree = definitions(lengths={"input": 5, "output": 6}, plain={"input": 3, "output": 15})
    models = tree["models"]["providers"]["litellm"]["models"]
    tree["models"]["providers"]["litellm"]["models"] = [one for one in models if one["id"] != "long"]
    node.config(tree)
    keep(node.paths)
    names = ("lengths", "plain", "long", "unheard-of")
    node.write(node.transcript(), [reply(name, model=name, usage=used(1_000, 10, 0, 0)) for name in names])
    node.read_in()
    assert costs(node) == {
        "lengths": (5_060_000_000, "config", "config models.providers.litellm.models[1].cost"),
        "plain": (
            3_150_000_000,
            "config",
            f"config models.providers.litellm.models[0].cost, with what else the {LIST} has",
        ),
        "long": (3_150_000_000, "catalog", LIST),
        "unheard-of": (None, "unknown", None),
    }


def test_what_the_transcript_says_stays(node: Node) -> None:
    node.config(definitions())
    keep(node.paths)
    node.write(node.transcript(), [reply("a", model="lengths", usage=usage(input=50_000, total_cost=0.5))])
    node.read_in()
    assert costs(node) == {"a": (500_000_000_000, "transcript", None)}


def test_zeros_of_the_config_are_what_the_user_says(node: Node) -> None:
    node.config(definitions(long={"input": 0, "output": 0}))
    keep(node.paths)
    node.write(node.transcript(), [reply("a", model="long", usage=used(500, 5, 0, 0))])
    node.read_in()
    assert costs(node)["a"][:2] == (0, "config")


def test_a_list_that_cannot_be_read_is_none(node: Node) -> None:
    node.config(definitions())
    keep(node.paths)
    cache.file_of(node.paths, URL).write_text("{")
    node.write(node.transcript(), [reply("a", model="lengths", usage=used(33_000, 5, 0, 0))])
    node.read_in()
    assert costs(node)["a"][1] == "estimate"  # four prices do not say what a prompt of this length costs


amount = st.sampled_from([0, 0, 1, 31_999, 32_000, 32_001, 271_999, 272_000, 272_001]) | st.integers(0, 300_000)


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> tuple[PriceTable, PriceList]:
    root: Path = tmp_path_factory.mktemp("kept")
    paths = Paths(state=root, config=root / "fased.json", home=root)
    keep(paths)
    tree = definitions()
    given = pickle.loads(pickle.dumps(known(tree, {}, paths)))  # as another process gets it
    return PriceTable(*given), PriceList(tree, {"litellm": URL}, paths, datetime.now(UTC))


@settings(deadline=None, max_examples=300)
@given(
    model=st.sampled_from([one.id for one in FACTS]),
    four=st.tuples(amount, amount, amount, amount),
    part=st.sampled_from([0, 1, 2]),
    at=st.integers(0, 86_400_000),
)
def test_a_message_costs_what_reprice_would_say(
    table: tuple[PriceTable, PriceList], model: str, four: tuple[int, int, int, int], part: int, at: int
) -> None:
    prices, listed = table
    reasoning = (0, four[1] // 2, four[1])[part]
    found = prices.cost({"cost": {"total": 0}}, (*four, sum(four)), "litellm", model, reasoning, T0 + at)
    price = listed.find("litellm", model)
    assert isinstance(price, Price)
    if not any(four) and model != "free":
        assert found == UNKNOWN
        return
    alone = priced(price.prices, TokenUsage(*four, reasoning), T0 + at)
    if alone is None:  # no range of lengths begins with a prompt of nothing
        assert not four[0] + four[2] + four[3]
        assert found == UNKNOWN
        return
    source, note = alone.said(price.source, price.note)
    assert found == (alone.cost, source, *alone.parts, note)
