"""Our prices against LiteLLM's own, for every chat model of its price map. LiteLLM is imported once, for this module."""

from __future__ import annotations

import copy
import importlib
import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random
from types import ModuleType
from typing import Any, NamedTuple

import pytest

from fased_litellm.proxy.billed import Served
from fased_litellm.proxy.pricing import card as cards
from fased_litellm.proxy.pricing import routes
from fased_litellm.proxy.pricing.card import RateCard
from fased_litellm.proxy.pricing.longprompt import LONG_PROMPT
from fased_litellm.proxy.tokens import token_usage

from .usages import TIERS, usage

LIMIT = re.compile(r"_above_([0-9]+)(k?)_tokens")
EXAMPLES = 4
"""For each of some 3,200 models."""
NO_NETWORK = ("github_copilot", "chatgpt")
"""LiteLLM asks these providers itself for a key when it only looks up a model's name."""


class Model(NamedTuple):
    """A model of the price map, the provider by which LiteLLM bills it, and our card of it."""

    name: str
    provider: str
    card: RateCard
    entry: dict[str, Any]


@pytest.fixture(scope="module")
def litellm() -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LITELLM_LOCAL_MODEL_COST_MAP", "True")
        before = dict(os.environ)
        module = importlib.import_module("litellm")
        patch.setattr(module, "suppress_debug_info", True)
        yield module
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(scope="module")
def models(litellm: ModuleType) -> list[Model]:
    found = []
    for name, entry in litellm.model_cost.items():
        provider = entry.get("litellm_provider")
        if entry.get("mode") not in ("chat", "completion", "responses") or provider in NO_NETWORK:
            continue
        try:
            _, provider, _, _ = litellm.get_llm_provider(model=name)
            # LiteLLM strips a provider that stands twice in a name.
            info = litellm.get_model_info(name.replace(f"{provider}/{provider}/", f"{provider}/"), provider)
        except Exception:
            continue
        params = {
            "model": name if name.startswith(f"{provider}/") else f"{provider}/{name}",
            "vertex_location": "global",
        }
        card = cards.read(info, params)
        # As it comes back from the kept list.
        found.append(Model(name, provider, RateCard.from_dict(card.as_dict()), entry))
    assert len(found) > 3000
    return found


def by_litellm(litellm: ModuleType, model: Model, used: dict[str, Any], tier: str | None) -> float:
    from litellm.types.utils import Usage

    parts: tuple[float, float] = litellm.cost_per_token(
        model=model.name,
        custom_llm_provider=model.provider,
        usage_object=Usage(**copy.deepcopy(used)),
        service_tier=None if tier in ("default", "auto") else tier,
        vertex_location="global" if model.provider == "vertex_ai" else None,
    )
    return sum(parts)


@pytest.mark.parametrize("seed", range(EXAMPLES))
def test_every_chat_model_costs_what_litellm_says(litellm: ModuleType, models: list[Model], seed: int) -> None:
    exact, wrong = 0, []
    for model in models:
        random = Random(f"{seed} {model.name}")
        used, tier = usage(random), random.choice(TIERS)
        expected = by_litellm(litellm, model, used, tier)
        tokens = token_usage(used, Served(tier))
        assert tokens is not None
        charge = routes.charge(model.card, tokens, datetime.now(UTC))
        if charge is None or charge.doubt:
            continue
        exact += 1
        if abs(float(charge.usd) - expected) > 1e-9 * expected:
            wrong.append((model.name, tier, used, expected, charge.usd))
    assert wrong == []
    # What we do not price must be the exception: models without a price per token, and some of Google's by the character.
    assert exact > 0.9 * len(models)


def test_what_is_not_priced_has_no_price_per_token(models: list[Model]) -> None:
    for model in models:
        if routes.charge(model.card, token_usage({"prompt_tokens": 5, "completion_tokens": 5}) or fail()) is None:
            per_token = [
                rate
                for key, rate in model.entry.items()
                if key in (cards.INPUT, cards.OUTPUT, "tiered_pricing") and rate
            ]
            assert not per_token or "character" in str(model.entry), model.name


def test_no_threshold_of_the_map_is_below_what_four_prices_speak_for(models: list[Model]) -> None:
    limits = {int(tier.above) for model in models for tier in model.card.tiers if tier.above}
    names = [name for model in models for name in model.card.rates]
    limits |= {int(found[1]) * (1000 if found[2] else 1) for name in names if (found := LIMIT.search(name))}
    assert min(limits) == LONG_PROMPT


def fail() -> Any:
    raise AssertionError


def test_models_of_off_peak_hours_at_any_hour(litellm: ModuleType, models: list[Model]) -> None:
    from litellm.litellm_core_utils.llm_cost_calc.utils import generic_cost_per_token
    from litellm.types.utils import Usage

    some = [model for model in models if model.card.off_peak is not None and model.card.route != "perplexity"]
    assert some
    seen = set()
    for model in some:
        for number in range(60):
            random = Random(f"{number} {model.name}")
            used = usage(random)
            at = datetime(2026, 11, 23, tzinfo=UTC) + timedelta(minutes=random.randrange(7 * 24 * 60))
            tokens = token_usage(used) or fail()
            charge = routes.charge(model.card, tokens, at)
            assert charge is not None
            expected = sum(
                generic_cost_per_token(model.name, Usage(**copy.deepcopy(used)), model.provider, current_time=at)
            )
            assert float(charge.usd) == pytest.approx(expected, rel=1e-9), (model.name, used, at)
            seen.add(model.card.off_peak is not None and model.card.off_peak.open(at))
            assert charge.doubt is None
            unknown = routes.charge(model.card, tokens)
            assert unknown is not None
            assert unknown.doubt is not None
    assert seen == {True, False}


REGIONS = [
    ("openai", "https://eu.api.openai.com/v1", {"data_residency": "eu"}),
    ("openai", "https://us.api.openai.com/v1", {"data_residency": "us"}),
    ("openai", "https://api.openai.com/v1", {}),
    ("vertex_ai", "us-east5", {"vertex_location": "us-east5"}),
    ("vertex_ai", "global", {"vertex_location": "global"}),
]


@pytest.mark.parametrize(("provider", "place", "asked"), REGIONS)
def test_regions(litellm: ModuleType, models: list[Model], provider: str, place: str, asked: dict[str, str]) -> None:
    from litellm.types.utils import Usage

    dearer = [
        model
        for model in models
        if model.provider == provider and any("_multiplier" in rate for rate in model.card.rates)
    ]
    assert dearer
    for model in dearer[:20]:
        info = litellm.get_model_info(model.name, provider)
        where = {"api_base": place} if provider == "openai" else {"vertex_location": place}
        card = cards.read(info, {"model": f"{provider}/{model.name.removeprefix(provider + '/')}", **where})
        used: dict[str, Any] = {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500}
        parts = litellm.cost_per_token(
            model=model.name, custom_llm_provider=provider, usage_object=Usage(**used), **asked
        )
        charge = routes.charge(card, token_usage(used) or fail())
        assert charge is not None
        assert float(charge.usd) == pytest.approx(sum(parts), rel=1e-9), model.name
        unknown = routes.charge(cards.read(info, {"model": f"{provider}/x"}), token_usage(used) or fail())
        assert unknown is not None
        assert (unknown.doubt is not None) is (provider == "vertex_ai")


@pytest.mark.filterwarnings("ignore:.*ReadOnly.*:UserWarning")  # LiteLLM's own types, at their first use
def test_searches_cost_what_litellm_says(litellm: ModuleType, models: list[Model]) -> None:
    """Of whole replies: searches are not tokens, and LiteLLM adds them only there."""
    searching = [model for model in models if model.card.searches]
    assert len(searching) > 200
    for model in searching:
        random = Random(model.name)
        used: dict[str, Any] = {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500}
        count = random.choice((None, 0, 1, 3))
        where = random.choice(("server_tool_use", "prompt_tokens_details", "server_side_tool_usage_details"))
        if count is not None:
            name = "web_search_calls" if where.startswith("server_side") else "web_search_requests"
            used[where] = {name: count}
        cited = random.random() < 0.3
        notes = [
            {
                "type": "url_citation",
                "url_citation": {"url": "https://example.com", "title": "", "start_index": 0, "end_index": 1},
            }
        ]
        message = {"role": "assistant", "content": "x", **({"annotations": notes} if cited else {})}
        response = litellm.ModelResponse(
            model=model.name,
            choices=[{"index": 0, "finish_reason": "stop", "message": message}],
            usage=litellm.Usage(**copy.deepcopy(used)),
        )
        expected = litellm.completion_cost(
            response, model=model.name, custom_llm_provider=model.provider, vertex_location="global"
        )
        charge = routes.charge(model.card, token_usage(used, Served(cited=cited)) or fail(), datetime.now(UTC))
        if charge is not None and charge.doubt is None:
            assert float(charge.usd) == pytest.approx(expected, rel=1e-9), (model.name, used, cited)
