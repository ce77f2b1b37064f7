from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fased_litellm.errors import ModelNotAllowed
from fased_litellm.refs import ModelRef
from fased_litellm.roles.allowed import allow_list, check_allowed, refs_in_use
from fased_litellm.roles.known import KnownNames
from tests.roles.configs import snapshot_of

AGENTS: dict[str, Any] = {
    "defaults": {
        "model": {"primary": "litellm/a", "fallbacks": ["litellm/b"]},
        "imageModel": {"primary": "openai/img", "fallbacks": []},
        "models": {"litellm/gpt-5.5": {"alias": "fast"}},
        "taskModels": {"coding": "fast"},
        "subagents": {"model": "litellm/sub"},
    },
    "list": [
        {"id": "main", "model": "litellm/m", "taskModels": {"strong": "litellm/s@litellm:team"}},
        {"id": "dev", "model": {"primary": "litellm/d"}, "subagents": {"model": "litellm/devsub"}},
    ],
}


TEAM = {"auth": {"profiles": {"litellm:team": {"provider": "litellm", "mode": "api_key"}}}}


def test_every_reference_is_found_with_its_place(tmp_path: Path) -> None:
    found = {path: str(ref) for path, ref in refs_in_use(snapshot_of(tmp_path, {"agents": AGENTS, **TEAM}))}
    assert found == {
        "agents.defaults.model.primary": "litellm/a",
        "agents.defaults.model.fallbacks[0]": "litellm/b",
        "agents.defaults.taskModels.coding": "litellm/gpt-5.5",
        "agents.defaults.imageModel.primary": "openai/img",
        "agents.defaults.subagents.model": "litellm/sub",
        "agents.list[0].model": "litellm/m",
        "agents.list[0].taskModels.strong": "litellm/s@litellm:team",
        "agents.list[1].model.primary": "litellm/d",
        "agents.list[1].subagents.model": "litellm/devsub",
        "agents.defaults.models.litellm/gpt-5.5": "litellm/gpt-5.5",
    }
    assert [str(ref) for _, ref in refs_in_use(snapshot_of(tmp_path, {"agents": AGENTS}), "openai")] == ["openai/img"]


def test_without_agents_nothing_is_in_use(tmp_path: Path) -> None:
    assert refs_in_use(snapshot_of(tmp_path, None)) == []


def test_an_empty_list_allows_everything(tmp_path: Path) -> None:
    check_allowed(snapshot_of(tmp_path, {"agents": {"defaults": {"models": {}}}}), ModelRef.parse("litellm/x"))


@pytest.mark.parametrize(
    ("ref", "allowed"),
    [
        ("litellm/gpt-5.5", True),  # in the list
        ("litellm/gpt-5.5@litellm:team", True),
        ("litellm/a", True),  # the default
        ("litellm/b", True),  # a fallback
        ("litellm/s", True),  # a task model
        ("litellm/m", True),  # the default of the default agent
        ("litellm/d", False),  # another agent's primary
        ("litellm/sub", False),
        ("litellm/foo", False),
    ],
)
def test_a_list_restricts(tmp_path: Path, ref: str, allowed: bool) -> None:
    config: dict[str, Any] = {
        "agents": {**AGENTS, "list": AGENTS["list"][::-1]} if ref == "litellm/a" else AGENTS,
        **TEAM,
    }
    if ref == "litellm/a":
        config["agents"]["list"] = []
    snapshot = snapshot_of(tmp_path, config)
    if allowed:
        check_allowed(snapshot, ModelRef.parse(ref, known=KnownNames(snapshot)))
    else:
        with pytest.raises(ModelNotAllowed, match=f"model not allowed: {ref}"):
            check_allowed(snapshot, ModelRef.parse(ref))


def test_the_set_is_made_of_keys(tmp_path: Path) -> None:
    assert "litellm/s" in allow_list(snapshot_of(tmp_path, {"agents": AGENTS, **TEAM}))


def test_without_such_a_profile_the_at_sign_is_part_of_the_name(tmp_path: Path) -> None:
    assert "litellm/s@litellm:team" in allow_list(snapshot_of(tmp_path, {"agents": AGENTS}))


def test_what_the_list_allows_has_no_profile(tmp_path: Path) -> None:
    models = {"litellm/default@litellm:team": {"alias": "odd"}}
    snapshot = snapshot_of(tmp_path, {"agents": {"defaults": {"models": models, "model": "odd"}}, **TEAM})
    wanted = ModelRef("litellm", "default@litellm:team")
    assert [ref for _, ref in refs_in_use(snapshot)] == [wanted, wanted]
    check_allowed(snapshot, wanted)
