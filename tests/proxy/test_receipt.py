from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.proxy.billed import Served
from fased_litellm.proxy.pricing import card
from fased_litellm.proxy.pricing.prices import Prices
from fased_litellm.proxy.receipt import Receipt, Timing, make_receipt
from fased_litellm.proxy.tokens import TokenUsage, token_usage

HEADERS = {
    "x-litellm-call-id": "call-1",
    "x-litellm-model-id": "dep-1",
    "x-litellm-model-name": "openai/gpt-4o-mini",
    "x-litellm-model-group": "upstream",
    "x-litellm-version": "1.106.2",
    "x-litellm-response-cost": "1.53e-05",
    "x-litellm-attempted-retries": "2",
    "x-litellm-attempted-fallbacks": "0",
    "x-litellm-response-duration-ms": "20.062",
    "x-litellm-overhead-duration-ms": "8.059",
}
USAGE = {
    "prompt_tokens": 120,
    "completion_tokens": 8,
    "prompt_tokens_details": {"cached_tokens": 100},
    "completion_tokens_details": {"reasoning_tokens": 3},
}
PRICES = Prices(Decimal("0.000001"), Decimal("0.000002"))
FREE = Prices(Decimal(0), Decimal(0))


def receipt(
    headers: Any = HEADERS, usage: Any = USAGE, prices: Prices | None = None, streamed: bool = False
) -> Receipt:
    return make_receipt(
        call_id="call-1",
        model="litellm/upstream",
        model_group="upstream",
        headers=headers,
        usage=usage,
        timing=Timing(12.1, 9.8),
        prices=lambda: prices,
        streamed=streamed,
    )


def test_the_proxy_does_not_choose_the_id_of_a_call() -> None:
    for told in ("same-id-always", "call-2", ""):
        found = receipt(HEADERS | {"x-litellm-call-id": told})
        assert (found.call_id, found.proxy_call_id) == ("call-1", told or None)
    assert receipt({}).proxy_call_id is None


def test_everything_is_read_from_a_whole_reply() -> None:
    assert receipt().as_dict() == {
        "callId": "call-1",
        "proxyCallId": "call-1",
        "model": "litellm/upstream",
        "responseId": None,
        "modelGroup": "upstream",
        "deploymentId": "dep-1",
        "servedModel": "openai/gpt-4o-mini",
        "retries": 2,
        "fallbacks": 0,
        "attempts": [],
        "usage": {
            "inputTokens": 20,
            "outputTokens": 8,
            "cacheReadTokens": 100,
            "cacheWriteTokens": 0,
            "reasoningTokens": 3,
            "totalTokens": 128,
        },
        "costUsd": 0.0000153,
        "costSource": "header",
        "costNote": None,
        "proxyVersion": "1.106.2",
        "latencyMs": 12.1,
        "timeToFirstTokenMs": 9.8,
        "proxyOverheadMs": 8.059,
        "providerMs": 12.003,
        "warnings": [],
    }


def test_what_the_proxy_does_not_say_is_unknown_not_zero() -> None:
    bare = receipt(headers={}, usage=None)
    assert (bare.retries, bare.fallbacks, bare.deployment_id, bare.usage) == (None, None, None, None)
    assert (bare.cost_usd, bare.cost_source) == (None, "unknown")


@pytest.mark.parametrize(
    ("headers", "usage", "prices", "streamed", "cost", "source"),
    [
        ({"x-litellm-response-cost": "0.0006500000000000001"}, USAGE, None, False, "0.00065", "header"),
        ({"x-litellm-response-cost": "0.0"}, USAGE, None, False, None, "unknown"),  # a price of 0 means unknown
        ({"x-litellm-response-cost": "0.0"}, USAGE, PRICES, False, "0.000136", "price-table"),
        ({"x-litellm-response-cost": "nan"}, USAGE, None, False, None, "unknown"),
        ({"x-litellm-response-cost": "-1"}, USAGE, None, False, None, "unknown"),
        ({"x-litellm-response-cost": "0"}, None, None, False, "0", "header"),  # an error took nothing
        ({}, {**USAGE, "cost": 0.0000153}, PRICES, True, "0.0000153", "stream"),
        ({"x-litellm-response-cost": "0.0"}, USAGE, None, True, None, "unknown"),  # a stream's header is no cost
        ({}, USAGE, PRICES, True, "0.000136", "price-table"),
        ({}, USAGE, Prices(input=Decimal("0.000001")), True, None, "unknown"),  # the output has no price
        # A 0 beside tokens is not believed, wherever it stands …
        ({}, {**USAGE, "cost": 0}, None, True, None, "unknown"),
        ({}, {**USAGE, "cost": 0.0}, PRICES, True, "0.000136", "price-table"),
        ({}, {**USAGE, "cost": 0}, None, False, None, "unknown"),
        ({"x-litellm-response-cost": "0.0"}, {**USAGE, "cost": 0.5}, None, False, "0.5", "body"),
        ({"x-litellm-response-cost": "0.25"}, {**USAGE, "cost": 0.5}, None, False, "0.25", "header"),
        # … unless the model is free.
        ({"x-litellm-response-cost": "0.0"}, USAGE, FREE, False, "0", "header"),
        ({}, {**USAGE, "cost": 0}, FREE, True, "0", "stream"),
        ({}, USAGE, FREE, True, "0", "price-table"),
        ({"x-litellm-response-cost": "0.5"}, USAGE, FREE, False, "0.5", "header"),
        ({}, {"prompt_tokens": 200_000, "completion_tokens": 1}, PRICES, True, "0.200002", "estimate"),
    ],
)
def test_where_the_cost_comes_from(
    headers: Any, usage: Any, prices: Prices | None, streamed: bool, cost: str | None, source: str
) -> None:
    got = receipt(headers, usage, prices, streamed)
    assert (got.cost_usd, got.cost_source) == (None if cost is None else Decimal(cost), source)


@pytest.mark.parametrize(
    ("served", "usage", "cost"),
    [
        (Served(), {}, "0.003"),
        (Served("flex"), {}, "0.0015"),
        (Served("priority"), {}, "0.006"),
        (Served("default", "flex"), {}, "0.003"),  # the reply says what was served
        (Served("auto", "flex"), {}, "0.0015"),
        (Served(None, "flex"), {}, "0.0015"),
        (Served(), {"service_tier": "flex"}, "0.0015"),
        (Served(cited=True), {}, "0.013"),
        (Served(cited=True, search_size="low"), {}, "0.008"),
    ],
)
def test_how_it_was_served_decides_the_price(served: Served, usage: dict[str, Any], cost: str) -> None:
    rates = {"input_cost_per_token": 3e-6, "output_cost_per_token": 1e-5, "litellm_provider": "openai"}
    tiers = {"input_cost_per_token_flex": 1.5e-6, "input_cost_per_token_priority": 6e-6}
    sizes = {"search_context_size_low": 0.005, "search_context_size_medium": 0.01}
    prices = Prices.of([card.read({**rates, **tiers, "search_context_cost_per_query": sizes})])
    got = make_receipt(
        call_id="c",
        model="litellm/m",
        model_group="m",
        headers={},
        usage={"prompt_tokens": 1000, "completion_tokens": 0, **usage},
        timing=Timing(),
        prices=lambda: prices,
        streamed=True,
        served=served,
    )
    assert (got.cost_usd, got.cost_source, got.cost_note) == (Decimal(cost), "price-table", None)


@pytest.mark.parametrize(
    ("budget", "spent", "share"),
    [
        ("50.0", "40.0", "80 %"),
        ("50.0", "39.9", None),
        ("50.0", "51", "102 %"),
        ("0.0", "0.0", None),
        ("x", "y", None),
        ("5", "", None),
    ],
)
def test_a_budget_that_is_nearly_spent_is_told(budget: str, spent: str, share: str | None) -> None:
    warnings = receipt({"x-litellm-key-max-budget": budget, "x-litellm-key-spend": spent}).warnings
    assert bool(warnings) == bool(share)
    assert all(str(share).replace(" ", "") in text for text in warnings)


def test_cache_writes_are_taken_out_of_the_input() -> None:
    usage = token_usage({"prompt_tokens": 50, "completion_tokens": 1, "cache_creation_input_tokens": 30})
    assert usage == TokenUsage(20, 1, 0, 30)


counts = st.integers(0, 10**6) | st.none() | st.booleans() | st.text(max_size=3) | st.floats()


@given(
    st.dictionaries(st.sampled_from(["prompt_tokens", "completion_tokens", "cache_read_input_tokens", "cost"]), counts),
    st.dictionaries(st.sampled_from(["cached_tokens", "cache_creation_tokens"]), counts),
)
def test_any_usage_is_read_without_an_exception(usage: dict[str, Any], details: dict[str, Any]) -> None:
    got = receipt(usage={**usage, "prompt_tokens_details": details}, streamed=True)
    json.dumps(got.as_dict(), allow_nan=False)
    assert got.usage is not None
    assert min(map(int, map(str, got.usage.as_dict().values()))) >= 0


@given(st.integers(0, 10**6), st.integers(0, 10**6), st.integers(0, 10**6))
def test_the_price_table_is_exact(tokens_in: int, tokens_out: int, cached: int) -> None:
    prices = Prices(Decimal("0.00000015"), Decimal("0.0000006"), Decimal("0.000000075"))
    cost = prices.cost(TokenUsage(tokens_in, tokens_out, cached))
    assert cost is not None
    assert cost * 10**9 == tokens_in * 150 + tokens_out * 600 + cached * 75


def test_what_only_some_answers_tell_is_kept() -> None:
    headers = HEADERS | {"x-litellm-model-group": "other", "x-litellm-version": "1.80.0"}
    made: dict[str, Any] = {
        "call_id": "call-1",
        "model": "litellm/upstream",
        "model_group": "upstream",
        "headers": headers,
        "usage": USAGE,
        "timing": Timing(12.1, 9.8),
        "response_id": "chatcmpl-1",
    }
    found = make_receipt(**made)
    assert (found.response_id, found.model_group, found.warnings) == ("chatcmpl-1", "other", ())
    assert make_receipt(**made | {"headers": {}}).model_group == "upstream"
    (warning,) = make_receipt(**made, streamed=True).warnings
    assert "LiteLLM 1.80.0" in warning


@pytest.mark.parametrize(
    ("whole", "overhead", "expected"),
    [("20.0", "8.0", 12.0), ("8.0", "20.0", 0.0), ("8.5", "8.0", 0.5), ("20.0", None, None), (None, "8.0", None)],
)
def test_the_providers_part_of_the_time(whole: str | None, overhead: str | None, expected: float | None) -> None:
    times = {"x-litellm-response-duration-ms": whole, "x-litellm-overhead-duration-ms": overhead}
    assert receipt({name: text for name, text in times.items() if text is not None}).provider_ms == expected


@pytest.mark.parametrize(("text", "retries"), [("999999999", 999_999_999), ("9999999999", None), ("x", None)])
def test_a_count_of_retries_has_nine_digits_at_most(text: str, retries: int | None) -> None:
    assert receipt(HEADERS | {"x-litellm-attempted-retries": text}).retries == retries


def test_a_receipt_without_usage_and_times_is_a_document_too() -> None:
    document = receipt({}, None).as_dict()
    assert document["usage"] is None
    assert document["retries"] is None


def test_why_a_cost_is_an_estimate_is_kept() -> None:
    found = receipt({}, {"prompt_tokens": 200_000, "completion_tokens": 1}, PRICES)
    assert found.cost_source == "estimate"
    assert found.cost_note


def test_a_cost_of_a_streams_headers_is_not_its_own() -> None:
    assert receipt(streamed=True).cost_usd is None
