from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.errors import UsageError
from fased_litellm.localproxy.routes import MOCK_ROUTES, ServedRoute, key_variable, litellm_config, parse_route


def test_a_route_names_its_key_and_does_not_hold_it() -> None:
    config = litellm_config([parse_route("default=openai/gpt-5.5"), parse_route(" local = ollama/qwen3:8b ")])
    assert config == {
        "model_list": [
            {
                "model_name": "default",
                "litellm_params": {"model": "openai/gpt-5.5", "api_key": "os.environ/OPENAI_API_KEY"},
            },
            {"model_name": "local", "litellm_params": {"model": "ollama/qwen3:8b"}},
        ]
    }


def test_a_model_may_have_slashes_and_an_equals_sign() -> None:
    route = parse_route("a=openrouter/openai/gpt-5=x")
    assert (route.alias, route.model, route.key_variable) == ("a", "openrouter/openai/gpt-5=x", "OPENROUTER_API_KEY")


@pytest.mark.parametrize(
    ("provider", "variable"),
    [
        ("openai", "OPENAI_API_KEY"),
        ("anthropic", "ANTHROPIC_API_KEY"),
        ("gemini", "GEMINI_API_KEY"),
        ("mistral", "MISTRAL_API_KEY"),
        ("together_ai", "TOGETHERAI_API_KEY"),
        ("perplexity", "PERPLEXITYAI_API_KEY"),
        ("fireworks_ai", "FIREWORKS_AI_API_KEY"),
        ("some-new.one", "SOME_NEW_ONE_API_KEY"),
        ("bedrock", None),
        ("vertex_ai", None),
        ("ollama", None),
    ],
)
def test_key_variables(provider: str, variable: str | None) -> None:
    assert key_variable(provider) == variable


@pytest.mark.parametrize(
    "text", ["", "default", "default=", "default=gpt-5", "=openai/x", "a=openai/", "a=/x", "a=O p/x"]
)
def test_what_is_no_route(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_route(text)
    assert caught.value.hint is not None
    assert "default=openai/gpt-5.5" in caught.value.hint


@given(st.text())
def test_any_text_is_a_route_or_wrong_usage(text: str) -> None:
    try:
        route = parse_route(text)
    except UsageError:
        return
    assert route.alias
    assert route.model.partition("/")[2]


def test_mock_routes_need_no_provider() -> None:
    entries = litellm_config(MOCK_ROUTES)["model_list"]
    assert [entry["model_name"] for entry in entries] == ["default", "gpt-5.5", "fast-cheap-chat"]
    assert all(entry["litellm_params"]["mock_response"] for entry in entries)
    assert "api_key" not in json.dumps(entries)


def test_an_address_of_ones_own() -> None:
    route = ServedRoute("a", "openai/x", api_base="http://127.0.0.1:9/v1", key_variable="X_KEY")
    assert route.as_entry()["litellm_params"] == {
        "model": "openai/x",
        "api_base": "http://127.0.0.1:9/v1",
        "api_key": "os.environ/X_KEY",
    }
