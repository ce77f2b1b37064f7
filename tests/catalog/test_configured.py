from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fased_litellm.catalog.configured import definitions_of, provider_key, uses_of
from fased_litellm.config.load import load
from fased_litellm.paths import Paths
from tests.roles.configs import snapshot_of


def used(folder: Path, config: dict[str, Any] | None) -> dict[str, list[str]]:
    path = folder / "fased.json"
    if config is not None:
        path.write_text(json.dumps(config))
    snapshot = load(Paths(state=folder, config=path, home=folder), {})
    return {str(ref): paths for ref, paths in uses_of(snapshot).items()}


def test_every_place_of_the_proxy_but_the_allow_list(tmp_path: Path) -> None:
    config = {
        "agents": {
            "defaults": {
                "model": {"primary": "Quick", "fallbacks": ["litellm/b", "openai/x"]},
                "models": {"litellm/a": {"alias": "quick"}, "litellm/allowed": {}},
                "imageModel": "litellm/eyes@litellm:team",
                "taskModels": {"cheapCheck": "litellm/a"},
            },
            "list": [{"id": "one", "model": "litellm/b"}],
        },
        "auth": {"profiles": {"litellm:team": {"provider": "litellm", "mode": "api_key"}}},
    }
    assert used(tmp_path, config) == {
        "litellm/a": ["agents.defaults.model.primary", "agents.defaults.taskModels.cheapCheck"],
        "litellm/b": ["agents.defaults.model.fallbacks[0]", "agents.list[0].model"],
        "litellm/eyes": ["agents.defaults.imageModel"],
    }


def test_a_name_with_an_at_sign_is_one_where_the_proxy_lists_it(tmp_path: Path) -> None:
    config = {
        "agents": {"defaults": {"model": "litellm/default@v2"}},
        "auth": {"profiles": {"v2": {"provider": "litellm", "mode": "api_key"}}},
    }
    snapshot = snapshot_of(tmp_path, config)
    assert [str(ref) for ref in uses_of(snapshot)] == ["litellm/default"]
    assert [ref.model for ref in uses_of(snapshot, {"default@v2"})] == ["default@v2"]


def test_without_a_primary_the_default_is_in_use(tmp_path: Path) -> None:
    assert list(used(tmp_path, None)) == ["litellm/default"]


@pytest.mark.parametrize("source", [{}, {"models": None}, {"models": {"providers": {"litellm": {"models": {}}}}}])
def test_nothing_defined(source: dict[str, Any]) -> None:
    assert definitions_of(source) == []


def test_the_provider_as_it_is_written() -> None:
    source = {"models": {"providers": {"LiteLLM": {"models": [{"id": "a"}]}}}}
    assert provider_key(source) == "LiteLLM"
    assert definitions_of(source) == [{"id": "a"}]
    assert provider_key({}) is None
