from __future__ import annotations

from typing import Any

import pytest

from fased_litellm.catalog.inuse import definitions_of, provider_key, refs_in_use

SOURCE: dict[str, Any] = {
    "agents": {
        "defaults": {
            "model": {"primary": "Quick", "fallbacks": ["litellm/b", "openai/x", 5]},
            "models": {"litellm/a": {"alias": "quick"}, "litellm/allowed": {}},
            "imageModel": "litellm/eyes@litellm:team",
            "taskModels": {"cheapCheck": "litellm/a"},
            "subagents": {"model": {"primary": "litellm/sub"}},
            "heartbeat": {"model": "litellm/beat"},
        },
        "list": [
            {"id": "one", "model": "litellm/b", "taskModels": {"strong": "${STRONG}"}},
            "garbage",
            {
                "id": "old",
                "modelProviders": {"litellm": {"primary": "litellm/old", "taskModels": {"coding": "litellm/c"}}},
            },
        ],
    }
}


def test_all_places() -> None:
    found = {str(ref): paths for ref, paths in refs_in_use(SOURCE).items()}
    assert found == {
        "litellm/a": ["agents.defaults.model.primary", "agents.defaults.taskModels.cheapCheck"],
        "litellm/b": ["agents.defaults.model.fallbacks[0]", "agents.list[0].model"],
        "openai/x": ["agents.defaults.model.fallbacks[1]"],
        "litellm/eyes": ["agents.defaults.imageModel"],
        "litellm/sub": ["agents.defaults.subagents.model.primary"],
        "litellm/beat": ["agents.defaults.heartbeat.model"],
        "litellm/old": ["agents.list[2].modelProviders.litellm.primary"],
        "litellm/c": ["agents.list[2].modelProviders.litellm.taskModels.coding"],
    }


def test_without_config_the_default_is_in_use() -> None:
    assert [str(ref) for ref in refs_in_use({})] == ["litellm/default"]


@pytest.mark.parametrize("source", [{"agents": 5}, {"agents": {"defaults": [], "list": {}}}, {"models": None}])
def test_odd_configs(source: dict[str, Any]) -> None:
    assert refs_in_use(source) == {}
    assert definitions_of(source) == []


def test_the_provider_as_it_is_written() -> None:
    source = {"models": {"providers": {"LiteLLM": {"models": [{"id": "a"}]}}}}
    assert provider_key(source) == "LiteLLM"
    assert definitions_of(source) == [{"id": "a"}]
    assert provider_key({}) is None
