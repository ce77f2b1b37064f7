from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fased_litellm.catalog import merge
from fased_litellm.catalog.facts import Catalog
from fased_litellm.errors import CatalogError
from fased_litellm.proxy.pricing.prices import Prices
from fased_litellm.proxy.tokens import TokenUsage

RECORDED = Path(__file__).parent / "recorded"
NOW = datetime(2026, 11, 22, tzinfo=UTC)


def recorded(name: str) -> Any:
    return json.loads((RECORDED / f"{name}.json").read_text())


def put(models: Any, group: Any = None, info: Any = None) -> Catalog:
    return merge.merge("http://localhost:4000", NOW, models, group, info)


def rows(*ids: str) -> dict[str, Any]:
    return {"data": [{"id": item, "object": "model"} for item in ids], "object": "list"}


def info(name: str, **model_info: Any) -> dict[str, Any]:
    return {"model_name": name, "model_info": model_info}


def test_recorded_config() -> None:
    catalog = put(recorded("config-models"), recorded("config-group-info"), recorded("config-model-info"))
    assert len(catalog.models) == 24
    assert not catalog.single_model
    assert catalog.notes == ()
    default = catalog.by_id["default"]
    assert (default.mode, default.context_window, default.max_output_tokens) == ("chat", 1050000, 128000)
    assert (default.reasoning, default.vision, default.tools, default.json) == (True, True, True, True)
    assert default.prices.input == Decimal("0.000005")
    assert default.prices.cache_read == Decimal("5E-7")
    assert default.prices.cache_write is None
    assert default.providers == ("openai",)
    assert default.deployments == 1
    cheap = catalog.by_id["fast-cheap-chat"]
    assert cheap.reasoning is None  # null in /model/info; false in /model_group/info says nothing
    assert cheap.prices.input == Decimal("1.5E-7")
    unknown = catalog.by_id["upstream-tool"]
    assert (unknown.mode, unknown.context_window, unknown.tools) == (None, None, None)
    assert not unknown.prices.known
    assert unknown.chat_capable


def test_recorded_single_model() -> None:
    catalog = put(recorded("single-models"), recorded("single-group-info"), recorded("single-model-info"))
    assert catalog.single_model
    assert [model.id for model in catalog.models] == ["openai/gpt-4o-mini"]
    assert catalog.models[0].json is True
    assert catalog.accepts("nope")
    other = catalog.facts_for("default")
    assert other is not None
    assert (other.id, other.context_window) == ("default", 128000)


def test_recorded_wildcards_and_several_deployments() -> None:
    catalog = put(recorded("wildcard-models"), recorded("wildcard-group-info"), recorded("wildcard-model-info"))
    assert catalog.patterns == ("groq/*", "my-*")
    assert catalog.accepts("my-own")
    assert not catalog.accepts("my")
    assert not catalog.accepts("GROQ/x")
    assert catalog.facts_for("nope") is None
    # gpt-5.5 and gpt-4o-mini behind one name: LiteLLM's group row shows the better of the two.
    team = catalog.by_id["team"]
    assert (team.context_window, team.max_output_tokens, team.deployments) == (128000, 16384, 2)
    assert team.reasoning is None
    assert team.vision is True
    assert team.prices.input == Decimal("0.000005")
    half = catalog.by_id["half"]
    assert half.context_window == 1050000
    assert half.prices.input is None
    assert catalog.by_id["Team"].context_window == 128000
    offered = [model.id for model in catalog.chat_models]
    assert "embed" not in offered
    assert "ears" not in offered
    assert "claude" in offered
    assert any("not for chat" in note and "1 embedding" in note for note in catalog.notes)


def test_zero_is_no_price() -> None:
    catalog = put(rows("m"), None, {"data": [info("m", input_cost_per_token=0, output_cost_per_token=0.0)]})
    assert catalog.by_id["m"].prices.input is None
    assert catalog.by_id["m"].prices.output is None


def test_group_alone_and_its_false() -> None:
    row = {"model_group": "m", "max_input_tokens": 8192.0, "supports_vision": False, "supports_reasoning": True}
    model = put(rows("m"), {"data": [row]}).by_id["m"]
    assert (model.context_window, model.vision, model.reasoning) == (8192, None, True)


def test_limits_of_the_list_are_taken_where_nothing_else_is_known() -> None:
    body = {"data": [{"id": "m", "max_input_tokens": 1000, "max_output_tokens": 10, "mode": "chat"}]}
    model = put(body).by_id["m"]
    assert (model.context_window, model.max_output_tokens, model.mode) == (1000, 10, "chat")


def test_a_list_without_limits_as_before_1_91() -> None:
    model = put(rows("m"), None, {"data": [info("m", max_tokens=4096, mode="None", supports_vision="None")]}).by_id["m"]
    assert (model.context_window, model.max_output_tokens, model.mode, model.vision) == (None, 4096, None, None)


def test_one_deployment_that_cannot_is_enough() -> None:
    body = {"data": [info("m", supports_vision=True), info("m", supports_vision=False), info("m")]}
    assert put(rows("m"), None, body).by_id["m"].vision is False


def test_case_makes_a_difference_and_duplicates_do_not() -> None:
    assert [model.id for model in put(rows("a", "A", "a")).models] == ["a", "A"]


def test_unusable_ids_are_skipped_and_counted() -> None:
    body = {"data": [{"id": 5}, {"id": "bad\u001b[2J"}, None, {"id": " m"}, "plain"]}
    catalog = put(body)
    assert [model.id for model in catalog.models] == ["plain"]
    assert "4 rows" in catalog.notes[0]


@pytest.mark.parametrize("body", [None, "x", 5, {}, {"data": None}, {"data": "x"}, {"detail": "Not Found"}])
def test_no_list(body: Any) -> None:
    with pytest.raises(CatalogError, match="not a list of models"):
        put(body)


def test_empty_list_is_a_catalog() -> None:
    assert put({"data": [], "object": "list"}).models == ()


def test_too_many() -> None:
    assert len(put(rows(*(f"m{n}" for n in range(10_000)))).models) == 10_000
    with pytest.raises(CatalogError, match="10,001"):
        put(rows(*(f"m{n}" for n in range(10_001))))


@pytest.mark.parametrize("body", ["x", {"data": "x"}, {"error": {}}, 7])
def test_details_of_unknown_form_become_a_note(body: Any) -> None:
    catalog = put(rows("m"), body, None)
    assert catalog.by_id["m"].context_window is None
    assert any("/model_group/info" in note for note in catalog.notes)


KEYS = ["id", "data", "models", "model_name", "model_group", "model_info", "mode", "max_input_tokens", "providers"]
KEYS += ["max_output_tokens", "input_cost_per_token", "supports_vision", "max_tokens", "litellm_provider"]
scalars = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(["None", "m", "*"])
)
garbage = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=3), inner, max_size=6)
    ),
    max_leaves=20,
)
answers = garbage | st.fixed_dictionaries({"data": st.lists(garbage, max_size=5) | garbage})


@settings(max_examples=300)
@given(answers, answers, answers)
def test_any_answer_gives_a_catalog_or_a_catalog_error(models: Any, group: Any, details: Any) -> None:
    try:
        catalog = put(models, group, details)
    except CatalogError:
        return
    for model in catalog.models:
        assert model.id.isprintable()
        assert model.context_window is None or model.context_window > 0
        assert all(price is None or price > 0 for price in (model.prices.input, model.prices.output))


@given(st.lists(st.tuples(st.none() | st.integers(1, 10**6), st.none() | st.booleans()), min_size=1, max_size=5))
def test_worst_case(deployments: list[tuple[int | None, bool | None]]) -> None:
    body = {"data": [info("m", max_input_tokens=limit, supports_vision=can) for limit, can in deployments]}
    model = put(rows("m"), None, body).by_id["m"]
    known = [limit for limit, _ in deployments if limit is not None]
    assert model.context_window == (min(known) if known else None)
    assert (model.vision is True) == all(can is True for _, can in deployments)
    assert (model.vision is False) == any(can is False for _, can in deployments)


def test_all_prices_of_the_deployments_are_kept() -> None:
    first = {
        "input_cost_per_token": 1e-6,
        "output_cost_per_token": 2e-6,
        "input_cost_per_token_above_200k_tokens": 3e-6,
    }
    second = {"input_cost_per_token": 2e-6, "output_cost_per_token": 1e-6, "cache_read_input_token_cost": 1e-7}
    catalog = put(rows("a"), None, {"data": [info("a", **first), info("a", **second), info("a", **first)]})
    prices = catalog.models[0].prices
    assert (prices.input, prices.output, prices.cache_read) == (Decimal("2E-6"), Decimal("2E-6"), None)
    assert [dict(card.rates) for card in prices.cards] == [
        {key: Decimal(str(value)) for key, value in row.items()} for row in (first, second)
    ]
    charge = prices.charge(TokenUsage(300_000, 0))
    assert charge is not None
    assert charge.usd == Decimal("0.9")
    assert charge.doubt is not None


def test_the_row_of_a_group_has_two_prices_and_no_more() -> None:
    group = {"data": [{"model_group": "a", "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}]}
    prices = put(rows("a"), group).models[0].prices
    assert prices == Prices(Decimal("1E-6"), Decimal("2E-6"))


def test_zeros_are_a_price_where_the_release_writes_null_for_unknown() -> None:
    zeros = {"input_cost_per_token": 0, "output_cost_per_token": 0}
    old = put(rows("a"), None, {"data": [info("a", **zeros)]}).models[0].prices
    assert not old.known
    new = put(rows("a"), None, {"data": [info("a", **zeros, pricing_overrides=[])]}).models[0].prices
    assert (new.known, new.free) == (True, True)


@pytest.mark.parametrize(
    ("deployments", "listed", "group", "mode"),
    [
        (["embedding"], "chat", {"mode": "chat", "providers": ["openai"]}, "embedding"),
        ([None, "None", "image_generation"], None, None, "image_generation"),
        ([None], "audio_speech", {"mode": "chat", "providers": ["openai"]}, "audio_speech"),
        ([], "image_generation", {"mode": "chat", "providers": []}, "image_generation"),
        ([], None, {"mode": "embedding", "providers": ["openai"]}, "embedding"),
        ([], None, {"mode": "chat", "providers": ["openai"]}, "chat"),
        ([], None, {"mode": "chat", "providers": []}, None),
        ([], None, {"mode": "chat"}, None),
        ([], "", None, None),
    ],
)
def test_the_best_evidence_says_what_kind_of_model_it_is(
    deployments: list[str | None], listed: str | None, group: dict[str, Any] | None, mode: str | None
) -> None:
    catalog = put(
        {"data": [{"id": "m", "mode": listed}]},
        group and {"data": [{"model_group": "m", **group}]},
        {"data": [info("m", mode=one) for one in deployments]},
    )
    assert catalog.by_id["m"].mode == mode
    assert catalog.by_id["m"].chat_capable == (mode in (None, "chat"))


@pytest.mark.parametrize("name", ["all-team-models", "all-proxy-models", "no-default-models"])
def test_names_that_stand_for_inherited_models_are_none(name: str) -> None:
    catalog = put(rows(name, "a", name))
    assert [model.id for model in catalog.models] == ["a"]
    assert catalog.inherited == (name,)
    assert any(name in note and "is not a model" in note for note in catalog.notes)
    assert catalog.accepts("anything")
    assert not catalog.accepts(name)
    assert not catalog.lists("anything")
