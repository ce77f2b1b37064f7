"""Our prices against LiteLLM's own for models that are in no price map: any mix of rates, thresholds and tiers, also as texts."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from random import Random
from types import ModuleType
from typing import Any

import pytest

from fased_litellm.proxy.billed import Served
from fased_litellm.proxy.pricing import card as cards
from fased_litellm.proxy.pricing import routes
from fased_litellm.proxy.pricing.card import RateCard
from fased_litellm.proxy.tokens import token_usage

from .test_differential import litellm  # noqa: F401 - a fixture
from .usages import usage

MODELS = 400
PROVIDERS = ("openai", "anthropic", "azure", "bedrock", "gemini", "groq", "mistral", "openrouter", "deepseek")
THRESHOLDS = ("32k", "64k", "128k", "200k", "256k", "272k", "512k", "1000")
TIERS = ("flex", "priority")
RATES = (1e-7, 3e-7, 1.25e-6, 0.000003, 0.0000375, 1e-5)
BASE = (cards.INPUT, cards.OUTPUT, cards.CACHE_READ, cards.CACHE_WRITE, cards.CACHE_WRITE_1H)
OTHERS = (
    cards.REASONING,
    "input_cost_per_audio_token",
    "output_cost_per_audio_token",
    "input_cost_per_image_token",
    "output_cost_per_image_token",
    "cache_read_input_audio_token_cost",
)


def made_up(random: Random) -> dict[str, float]:
    """The rates of a model; input and output are always known."""
    found = {name: random.choice(RATES) for name in BASE[:2]}
    found |= {name: random.choice(RATES) for name in BASE[2:] if random.random() < 0.7}
    found |= {name: random.choice(RATES) for name in OTHERS if random.random() < 0.3}
    tiers = [tier for tier in TIERS if random.random() < 0.4]
    for threshold in random.sample(THRESHOLDS, random.choice((0, 1, 1, 2, 3))):
        for name in BASE[:4]:
            if name == cards.INPUT or random.random() < 0.7:
                found[f"{name}_above_{threshold}_tokens"] = random.choice(RATES)
                for tier in tiers:
                    if random.random() < 0.5:
                        found[f"{name}_above_{threshold}_tokens_{tier}"] = random.choice(RATES)
    for tier in tiers:
        found |= {f"{name}_{tier}": random.choice(RATES) for name in BASE[:4] if random.random() < 0.7}
    return found


@pytest.mark.parametrize("seed", range(2))
def test_made_up_models_cost_what_litellm_says(
    litellm: ModuleType,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    seed: int,
) -> None:
    from litellm.types.utils import Usage

    # The models which are registered here are in no other test's map.
    monkeypatch.setattr(litellm, "model_cost", dict(litellm.model_cost))
    wrong, exact = [], 0
    for number in range(MODELS):
        random = Random(f"{seed} {number}")
        provider, rates = random.choice(PROVIDERS), made_up(random)
        name = f"made-up-{seed}-{number}"
        litellm.register_model({f"{provider}/{name}": {**rates, "litellm_provider": provider, "mode": "chat"}})
        info = litellm.get_model_info(name, provider)
        used, tier = usage(random), random.choice((None, None, "flex", "priority"))
        parts = litellm.cost_per_token(
            model=name, custom_llm_provider=provider, usage_object=Usage(**copy.deepcopy(used)), service_tier=tier
        )
        read = cards.read(info, {"model": f"{provider}/{name}"})
        charge = routes.charge(
            RateCard.from_dict(read.as_dict()), token_usage(used, Served(tier)) or fail(), datetime.now(UTC)
        )
        assert charge is not None
        if charge.doubt:
            continue
        exact += 1
        if abs(float(charge.usd) - sum(parts)) > 1e-9 * sum(parts):
            wrong.append((provider, rates, tier, used, sum(parts), charge.usd))
    assert wrong == []
    assert exact > 0.8 * MODELS


def test_rates_written_as_texts_are_the_same_rates() -> None:
    for number in range(200):
        random = Random(number)
        rates = made_up(random)
        texts = {name: random.choice((str(rate), f"{rate:.12f}", f" {rate} ".strip())) for name, rate in rates.items()}
        about: dict[str, Any] = {"litellm_provider": "openai", "mode": "chat", "id": None, "db_model": False}
        tokens = token_usage(usage(random)) or fail()
        plain, text = (cards.read({**about, **one}) for one in (rates, texts))
        one, two = routes.charge(plain, tokens), routes.charge(text, tokens)
        assert one is not None
        assert two is not None
        assert (one.usd, one.doubt) == (two.usd, two.doubt)


@pytest.mark.parametrize(
    "odd", [True, [], {}, "", "None", "nan", "Infinity", "-1", -1, float("nan"), float("inf"), "1e-400", "0x10", "1,5"]
)
def test_a_price_that_makes_no_sense_is_not_known(odd: Any) -> None:
    info = {"litellm_provider": "openai", cards.INPUT: odd, cards.OUTPUT: 1e-6}
    assert routes.charge(cards.read(info), token_usage({"prompt_tokens": 5, "completion_tokens": 5}) or fail()) is None
    info = {"litellm_provider": "openai", cards.INPUT: 1e-6, cards.OUTPUT: 1e-6, f"{cards.INPUT}_above_32k_tokens": odd}
    charge = routes.charge(cards.read(info), token_usage({"prompt_tokens": 50_000}) or fail())
    assert charge is not None
    assert float(charge.usd) == pytest.approx(0.05)


def fail() -> Any:
    raise AssertionError
