"""Prices of single deployments, as ``/model/info`` names them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.proxy.billed import BilledDetail
from fased_litellm.proxy.pricing import card, offpeak, routes
from fased_litellm.proxy.pricing.card import RateCard
from fased_litellm.proxy.tokens import TokenUsage, token_usage

ROW: dict[str, Any] = {
    "key": "some-model",
    "litellm_provider": "openai",
    "input_cost_per_token": 3e-06,
    "output_cost_per_token": 1.5e-05,
    "cache_read_input_token_cost": 3e-07,
    "cache_creation_input_token_cost": 3.75e-06,
    "cache_creation_input_token_cost_above_1hr": 6e-06,
    "input_cost_per_token_above_272k_tokens": 6e-06,
    "output_cost_per_token_above_272k_tokens": 2.25e-05,
    "cache_read_input_token_cost_above_272k_tokens": 6e-07,
    "input_cost_per_token_flex": 1.5e-06,
    "output_cost_per_token_flex": 7.5e-06,
    "output_cost_per_audio_token": 8e-05,
    "pricing_overrides": [],
}
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def cost(row: dict[str, Any], used: dict[str, Any], params: dict[str, Any] | None = None) -> str | None:
    usage = token_usage(used)
    assert usage is not None
    charge = routes.charge(card.read(row, params), usage, NOW)
    return None if charge is None else f"{charge.usd.normalize():f}{' ?' if charge.doubt else ''}"


@pytest.mark.parametrize(
    ("used", "expected"),
    [
        # Case 07: all of a prompt above a threshold costs more, and so does its reply.
        (
            {
                "prompt_tokens": 278476,
                "completion_tokens": 630,
                "prompt_tokens_details": {"cached_tokens": 7936},
            },
            "1.6421766",
        ),
        ({"prompt_tokens": 272_000, "completion_tokens": 0}, "0.816"),
        ({"prompt_tokens": 272_001, "completion_tokens": 0}, "1.632006"),
        # Case 08: what is cached for an hour costs more than what is cached for five minutes.
        (
            {
                "prompt_tokens": 1_000_010,
                "completion_tokens": 0,
                "cache_creation_input_tokens": 1_000_000,
                "prompt_tokens_details": {
                    "cache_creation_token_details": {
                        "ephemeral_5m_input_tokens": 0,
                        "ephemeral_1h_input_tokens": 1_000_000,
                    }
                },
            },
            "6.00006",
        ),
        # Without the split nobody can know.
        ({"prompt_tokens": 1000, "completion_tokens": 0, "cache_creation_input_tokens": 1000}, "0.00375 ?"),
        ({"prompt_tokens": 1000, "completion_tokens": 0, "service_tier": "flex"}, "0.0015"),
        ({"prompt_tokens": 1000, "completion_tokens": 0, "service_tier": "scale"}, "0.003"),
        (
            {"prompt_tokens": 0, "completion_tokens": 10, "completion_tokens_details": {"audio_tokens": 4}},
            "0.00041",
        ),
    ],
)
def test_the_cases(used: dict[str, Any], expected: str) -> None:
    used["total_tokens"] = used["prompt_tokens"] + used["completion_tokens"]
    assert cost(ROW, used) == expected


PLAIN = {"prompt_tokens": 100, "completion_tokens": 100, "total_tokens": 200}


@pytest.mark.parametrize(
    ("row", "known", "free"),
    [
        ({"input_cost_per_token": 0, "output_cost_per_token": 0}, False, False),  # up to 1.101 that means unknown
        ({"input_cost_per_token": 0, "output_cost_per_token": 0, "pricing_overrides": []}, True, True),
        ({"input_cost_per_token": None, "output_cost_per_token": None, "pricing_overrides": []}, False, False),
        (
            {
                "input_cost_per_token": 0,
                "output_cost_per_token": 0,
                "pricing_overrides": [],
                "litellm_provider": "huggingface",
            },
            False,
            False,
        ),
        (
            {
                "input_cost_per_token": 0,
                "output_cost_per_token": 0,
                "input_cost_per_second": 0.1,
                "pricing_overrides": [],
            },
            False,
            False,
        ),
        ({"input_cost_per_token": 1e-6, "output_cost_per_token": 0}, True, False),
    ],
)
def test_zeros(row: dict[str, Any], known: bool, free: bool) -> None:
    found = card.read(row)
    assert (found.known, found.free) == (known, free)
    assert cost(row, dict(PLAIN)) == (None if not known else "0" if free else "0.0001")


def test_a_rate_of_zero_beside_others_is_a_price() -> None:
    row = {**ROW, "cache_read_input_token_cost": 0.0}
    used = {"prompt_tokens": 100, "completion_tokens": 0, "prompt_tokens_details": {"cached_tokens": 100}}
    assert cost(row, used) == "0"
    del row["cache_read_input_token_cost"]
    assert cost(row, used) == "0.0003"


def test_prices_of_the_deployments_own_take_the_place_of_thresholds() -> None:
    """Fact: LiteLLM shows the thresholds of its map beside them, and does not bill by these."""
    long = {"prompt_tokens": 300_000, "completion_tokens": 0, "prompt_tokens_details": {"cached_tokens": 100_000}}
    assert cost(ROW, long) == "1.26"
    own = {**ROW, "pricing_overrides": ["input_cost_per_token", "output_cost_per_token"]}
    assert cost(own, long) == "0.63"
    both = {**own, "pricing_overrides": [*own["pricing_overrides"], "input_cost_per_token_above_272k_tokens"]}
    assert cost(both, long) == "1.23"
    assert cost(own, {**PLAIN, "service_tier": "flex"}) == "0.0009"


@pytest.mark.parametrize(
    ("model", "provider", "route"),
    [
        ("openai/gpt-5.5", "openai", "openai"),
        ("gpt-5.5", "openai", "openai"),
        ("xai/grok-4", "xai", "xai"),
        ("vertex_ai/gemini-2.5-pro", "vertex_ai-language-models", "vertex_ai"),
        ("anthropic.claude", "bedrock_converse", "bedrock"),
        ("together_ai/some/model", "together_ai", "together_ai"),
        ("openai/mine", None, "openai"),
        ("", "", ""),
    ],
)
def test_whose_rules_hold(model: str, provider: str | None, route: str) -> None:
    assert card.read({"litellm_provider": provider}, {"model": model}).route == route


def test_the_regions_of_a_deployment() -> None:
    assert card.read(ROW, {"model": "openai/m", "api_base": "https://eu.api.openai.com/v1"}).region == "eu"
    assert card.read(ROW, {"model": "openai/m", "api_base": "http://[bad"}).region is None
    assert card.read(ROW, {"model": "vertex_ai/m", "vertex_location": "us-east5"}).region == "us-east5"


anything: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["3e-7", "nan", "None"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*ROW, "range", "windows"]), inner, max_size=4)
    ),
    max_leaves=12,
)
KEYS = [*ROW, "tiered_pricing", "off_peak_pricing", "search_context_cost_per_query", "provider_specific_entry"]


def test_prices_of_searches_are_no_rate_of_tokens() -> None:
    found = card.read({**ROW, "search_context_cost_per_query": 0.01})
    assert found.searches == {}
    assert "search_context_cost_per_query" not in found.rates
    assert RateCard.from_dict(found.as_dict()) == found


@pytest.mark.parametrize(
    "text", ["1_0", "+3e-7", "\u0663e-7", "nan", "Infinity", "0x1", "1e99999", " 3e-7\n", "9" * 61]
)
def test_a_price_is_a_number_in_one_strict_grammar(text: str) -> None:
    tier = {"range": [0, text], "input_cost_per_token": 1e-6}
    found = card.read({"input_cost_per_token": text, "tiered_pricing": [tier]})
    assert (found.rates, found.tiers) == ({}, ())


def test_whether_a_model_is_free_is_not_read_from_a_field_of_ours() -> None:
    assert not card.read({**ROW, "free": True}).free


@given(
    st.dictionaries(st.sampled_from(KEYS), anything, max_size=8),
    st.dictionaries(st.sampled_from(["model", "api_base"]), anything),
)
def test_any_row_is_read_and_kept_and_prices_something_or_nothing(row: dict[str, Any], params: dict[str, Any]) -> None:
    found = card.read(row, params)
    assert RateCard.from_dict(json.loads(json.dumps(found.as_dict()))) == found
    charge = routes.charge(found, TokenUsage(10, 10, 10, 10, 5, detail=BilledDetail()), NOW)
    assert charge is None or charge.usd >= 0


counts: st.SearchStrategy[Any] = st.none() | st.integers(0, 10**9) | st.floats() | st.booleans() | st.text(max_size=3)
details = st.dictionaries(
    st.sampled_from(["audio_tokens", "text_tokens", "cached_tokens", "web_search_requests", "audio_length_seconds"]),
    counts,
)


@given(details, details, st.none() | st.sampled_from(["flex", "FAST", "auto", "x", ""]), counts)
def test_what_a_price_depends_on_survives_being_kept(
    prompt: dict[str, Any], reply: dict[str, Any], tier: str | None, number: Any
) -> None:
    usage = token_usage(
        {
            "prompt_tokens": number,
            "prompt_tokens_details": prompt,
            "completion_tokens_details": reply,
            "service_tier": tier,
            "server_tool_use": prompt,
        }
    )
    assert usage is not None
    detail = usage.detail
    assert detail is not None
    assert BilledDetail.from_dict(json.loads(json.dumps(detail.as_dict()))) == detail
    json.dumps(detail.noteworthy(), allow_nan=False)


def test_what_is_kept_is_little() -> None:
    plain = token_usage({"prompt_tokens": 9, "completion_tokens": 1, "prompt_tokens_details": {"text_tokens": 9}})
    assert plain is not None
    assert plain.detail is not None
    assert plain.detail.noteworthy() == {}
    split = {"ephemeral_5m_input_tokens": 5, "ephemeral_1h_input_tokens": 0}
    cached = token_usage({"prompt_tokens": 9, "prompt_tokens_details": {"cache_creation_token_details": split}})
    assert cached is not None
    assert cached.detail is not None
    assert cached.detail.noteworthy() == {"cache_write_5m_tokens": 5, "cache_write_1h_tokens": 0}


@pytest.mark.parametrize(
    ("block", "open_at", "closed_at"),
    [
        ({"hours_utc": "16:30-00:30"}, "2026-11-23T23:59", "2026-11-23T16:29"),
        ({"hours_utc": ["01:00-02:00", "bad", 5]}, "2026-11-23T01:00", "2026-11-23T02:00"),
        ({"windows": [{"hours_utc": "00:00-00:00", "weekdays": ["Sat", 7]}]}, "2026-11-22T12:00", "2026-11-23T12:00"),
        (
            {"windows": [{"hours_utc": "00:00-00:00", "weekdays": [1]}], "weekday_timezone": "Asia/Shanghai"},
            "2026-11-22T17:00",  # Monday there
            "2026-11-23T17:00",
        ),
        (
            {"windows": [{"hours_utc": "00:00-00:00", "weekdays": [1]}], "weekday_timezone": "Nowhere/Land"},
            "2026-11-23T12:00",
            "2026-11-22T12:00",
        ),
    ],
)
def test_off_peak_hours(block: dict[str, Any], open_at: str, closed_at: str) -> None:
    found = offpeak.read({"input_cost_per_token": 1e-6, **block})
    assert found is not None
    assert offpeak.read(found.as_dict()) == found
    assert found.open(datetime.fromisoformat(open_at).replace(tzinfo=UTC))
    assert not found.open(datetime.fromisoformat(closed_at).replace(tzinfo=UTC))


@pytest.mark.parametrize(
    "value", [None, 5, {}, {"hours_utc": "01:00-02:00"}, {"input_cost_per_token": 1, "hours_utc": "25:00-26:00"}]
)
def test_off_peak_hours_without_hours_or_rates_are_none(value: Any) -> None:
    assert offpeak.read(value) is None
