"""Where prices are found, and what is said where there is none."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from fased_litellm.catalog import cache
from fased_litellm.catalog.facts import Catalog, ModelFacts
from fased_litellm.config.load import load
from fased_litellm.paths import Paths
from fased_litellm.proxy.pricing.prices import Prices
from fased_litellm.usage.costs.pricelist import NoPrice, Price, PriceList

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
THEN = datetime(2026, 11, 22, 9, tzinfo=UTC)
LISTED = Prices(Decimal("0.000003"), Decimal("0.000015"), Decimal("0.0000003"))


def model(name: str, **cost: Any) -> dict[str, Any]:
    return {"id": name, "name": name, **({"cost": cost} if cost else {})}


def provider(*models: dict[str, Any], url: str = "http://localhost:4000/v1") -> dict[str, Any]:
    return {"baseUrl": url, "api": "openai-completions", "models": list(models)}


def price_list(home: Path, *, catalog: Catalog | None = None, **providers: Any) -> PriceList:
    env = {"HOME": str(home)}
    paths = Paths.from_env(env)
    paths.state.mkdir(exist_ok=True)
    paths.config.write_text(json.dumps({"models": {"providers": providers}} if providers else {}))
    if catalog is not None:
        cache.save(paths, catalog)
    return PriceList.of(load(paths, env).require_valid(), paths, NOW)


def listed(*models: ModelFacts, url: str = "http://localhost:4000") -> Catalog:
    return Catalog(url, THEN, models)


def test_the_config_goes_first(home: Path) -> None:
    found = price_list(
        home,
        litellm=provider(model("x"), model("a", input=3, output=15, cacheRead=0.3), model("a", input=9, output=9)),
        catalog=listed(ModelFacts("a", prices=Prices(Decimal(1), Decimal(1)))),
    ).find("litellm", "a")
    assert found == Price(LISTED, "config", "config models.providers.litellm.models[1].cost")


def test_then_what_the_proxy_said(home: Path) -> None:
    prices = price_list(home, litellm=provider(model("a")), catalog=listed(ModelFacts("a", prices=LISTED)))
    assert prices.find("litellm", "a") == Price(
        LISTED, "catalog", "catalog of http://localhost:4000 of 2026-11-22", "as the proxy said 3 h ago"
    )


def test_the_implied_proxy_and_a_model_that_is_not_defined(home: Path) -> None:
    found = price_list(home, catalog=listed(ModelFacts("openai/gpt-5", prices=LISTED))).find("litellm", "openai/gpt-5")
    assert isinstance(found, Price)
    assert found.source == "catalog"


def test_a_provider_by_another_name_with_a_proxy_of_its_own(home: Path) -> None:
    prices = price_list(
        home,
        work=provider(model("a"), url="https://llm.example.com"),
        litellm=provider(),
        catalog=listed(ModelFacts("a", prices=LISTED), url="https://llm.example.com"),
    )
    assert isinstance(prices.find("work", "a"), Price)
    assert isinstance(prices.find("litellm", "a"), NoPrice)


def test_a_spelling_that_means_the_same_provider(home: Path) -> None:
    prices = price_list(home, LiteLLM=provider(model("a", input=3, output=15)))
    found = prices.find("litellm", "a")
    assert isinstance(found, Price)
    assert found.note == "config models.providers.LiteLLM.models[0].cost"


def test_zeros_in_the_config_are_free_and_zeros_of_a_proxy_unknown(home: Path) -> None:
    found = price_list(home, litellm=provider(model("a", input=0, output=0))).find("litellm", "a")
    assert found == Price(Prices(Decimal(0), Decimal(0)), "config", "config models.providers.litellm.models[0].cost")
    # The proxy that tells a price makes one wonder.
    found = price_list(
        home,
        litellm=provider(model("a", input=0, output=0, cacheRead=0, cacheWrite=0)),
        catalog=listed(ModelFacts("a", prices=LISTED)),
    ).find("litellm", "a")
    assert isinstance(found, Price)
    assert (found.source, found.remark) == ("config", "free by the zeros of the config, though the proxy tells a price")


@pytest.mark.parametrize(
    ("cost", "facts", "reason", "remedy"),
    [
        ({}, None, "the proxy at http://localhost:4000 was never asked", "`fased providers refresh` asks the proxy."),
        (
            {},
            ModelFacts("other", prices=LISTED),
            "the proxy's list of 2026-11-22 does not have it",
            "asks the proxy again",
        ),
        (
            {},
            ModelFacts("a"),
            "the proxy reported none on 2026-11-22",
            "fased config set 'models.providers.litellm.models[0].cost' '{input: X, output: Y}'",
        ),
        ({"input": 3}, None, "models[0].cost lacks input or output", "USD per million tokens"),
    ],
)
def test_why_there_is_none(home: Path, cost: Any, facts: ModelFacts | None, reason: str, remedy: str) -> None:
    catalog = listed(facts) if facts else None
    found = price_list(home, litellm=provider(model("a", **cost)), catalog=catalog).find("litellm", "a")
    assert isinstance(found, NoPrice)
    assert reason in found.reason
    assert remedy in found.remedy


def test_a_definition_with_half_a_price_leaves_it_to_the_proxy(home: Path) -> None:
    prices = price_list(home, litellm=provider(model("a", input=3)), catalog=listed(ModelFacts("a", prices=LISTED)))
    found = prices.find("litellm", "a")
    assert isinstance(found, Price)
    assert found.source == "catalog"


def test_other_providers_have_the_config_alone(home: Path) -> None:
    prices = price_list(
        home,
        openai=provider(model("gpt-5", input=1, output=2), url="https://api.openai.com/v1"),
        catalog=listed(ModelFacts("gpt-6", prices=LISTED)),
    )
    assert isinstance(prices.find("openai", "gpt-5"), Price)
    found = prices.find("openai", "gpt-6")
    assert found == NoPrice(
        "the config has no price for it",
        "`fased providers models add --provider openai --model gpt-6` defines it; then give the definition a `cost`.",
    )
    assert isinstance(prices.find("anthropic", "claude"), NoPrice)
    assert isinstance(prices.find("", "claude"), NoPrice)
    assert isinstance(prices.find("litellm", ""), NoPrice)
