from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fased_litellm.config import agents
from fased_litellm.errors import UsageError
from fased_litellm.paths import Paths


@pytest.mark.parametrize(
    ("config", "ids", "default"),
    [
        ({}, ["main"], "main"),
        ({"agents": None}, ["main"], "main"),
        ({"agents": {"list": []}}, ["main"], "main"),
        ({"agents": {"list": [{"id": "Work Bot"}, {"id": "b"}]}}, ["work-bot", "b"], "work-bot"),
        ({"agents": {"list": [{"id": "a"}, {"id": "b", "default": True}]}}, ["a", "b"], "b"),
        ({"agents": {"list": [{"id": "a", "default": "yes"}, {"id": "b"}]}}, ["a", "b"], "a"),
        ({"agents": {"list": [{"name": "no id"}, "text", {"id": "§"}, {"id": "b"}]}}, ["b"], "b"),
    ],
)
def test_who_they_are(config: Any, ids: list[str], default: str) -> None:
    assert [agent.id for agent in agents.agents_of(config)] == ids
    assert agents.default_agent(config) == default


def test_one_is_found_by_any_spelling() -> None:
    config = {"agents": {"list": [{"id": "main"}, {"id": "Dev", "name": " D "}]}}
    found = agents.find(config, "DEV")
    assert (found.id, found.index, found.name) == ("dev", 1, "D")
    assert agents.find(config, None).id == "main"
    assert agents.find(config, "new").index is None
    with pytest.raises(UsageError):
        agents.find(config, "--")


def test_folders(tmp_path: Path) -> None:
    paths = Paths.from_env({"HOME": str(tmp_path), "FASED_AGENT_DIR": str(tmp_path / "override")})
    config = {"agents": {"list": [{"id": "boss"}, {"id": "dev", "agentDir": "~/dev"}]}}
    assert agents.agent_dir(paths, config, None) == tmp_path / "override"
    assert agents.agent_dir(paths, config, "dev") == tmp_path / "dev"
    assert agents.agent_dir(paths, config, "main") == tmp_path / ".fased" / "agents" / "main" / "agent"
    assert agents.base_auth_profiles(paths) == tmp_path / "override" / "auth-profiles.json"
