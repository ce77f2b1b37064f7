from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fased_litellm.errors import InvalidRef, UsageError
from fased_litellm.refs import ModelRef
from fased_litellm.roles.choice import ROLES, Choice, aliases, config_key, resolve
from tests.roles.configs import snapshot_of


def choice(tmp_path: Path, agents: Any, agent: str | None = None, role: str | None = None) -> Choice:
    return resolve(snapshot_of(tmp_path, {"agents": agents} if agents is not None else {}), agent, role)


def told(found: Choice) -> tuple[str, str | None, str]:
    return str(found.primary), str(found.fallback) if found.fallback else None, found.source


DEFAULTS = {"model": {"primary": "litellm/a", "fallbacks": ["litellm/b", "litellm/c"]}}


def test_without_any_config_the_implied_model_is_meant(tmp_path: Path) -> None:
    assert told(choice(tmp_path, None)) == ("litellm/default", None, "implied")
    assert told(choice(tmp_path, {"list": [{"id": "main"}]})) == ("litellm/default", None, "implied")


@pytest.mark.parametrize(
    ("agents", "expected"),
    [
        ({"defaults": {"model": "litellm/a"}}, ("litellm/a", None, "agents.defaults.model")),
        ({"defaults": DEFAULTS}, ("litellm/a", "litellm/b", "agents.defaults.model.primary")),
        (
            {"defaults": DEFAULTS, "list": [{"id": "main", "model": "litellm/x"}]},
            ("litellm/x", "litellm/b", "agents.list[0].model"),
        ),
        (
            {"defaults": DEFAULTS, "list": [{"id": "main", "model": {"primary": "litellm/x"}}]},
            ("litellm/x", "litellm/b", "agents.list[0].model.primary"),
        ),
        (
            {"defaults": DEFAULTS, "list": [{"id": "main", "model": {"primary": "litellm/x", "fallbacks": []}}]},
            ("litellm/x", None, "agents.list[0].model.primary"),
        ),
        (
            {"defaults": DEFAULTS, "list": [{"id": "main", "model": {"fallbacks": ["litellm/y"]}}]},
            ("litellm/a", "litellm/y", "agents.defaults.model.primary"),
        ),
        (
            {
                "defaults": DEFAULTS,
                "list": [
                    {
                        "id": "main",
                        "activeModelProvider": "litellm",
                        "modelProviders": {"litellm": {"primary": "litellm/old", "fallbacks": ["litellm/older"]}},
                    }
                ],
            },
            ("litellm/old", "litellm/older", "agents.list[0].modelProviders.litellm.primary"),
        ),
        (
            {"defaults": {"model": {"primary": "litellm/a", "fallbacks": ["litellm/a"]}}},
            ("litellm/a", None, "agents.defaults.model.primary"),
        ),
    ],
)
def test_the_primary_and_its_one_fallback(tmp_path: Path, agents: Any, expected: tuple[str, str | None, str]) -> None:
    assert told(choice(tmp_path, agents)) == expected


ROLE_AGENTS = {
    "defaults": {"model": "litellm/a", "taskModels": {"coding": "litellm/code", "strong": "litellm/strong"}},
    "list": [
        {"id": "main"},
        {
            "id": "dev",
            "taskModels": {"coding": "litellm/devcode"},
            "activeModelProvider": "litellm",
            "modelProviders": {"litellm": {"taskModels": {"coding": "litellm/no", "summarizer": "litellm/sum"}}},
        },
    ],
}


@pytest.mark.parametrize(
    ("agent", "role", "expected"),
    [
        ("main", "coding", ("litellm/code", "agents.defaults.taskModels.coding")),
        ("dev", "coding", ("litellm/devcode", "agents.list[1].taskModels.coding")),
        ("DEV", "strong", ("litellm/strong", "agents.defaults.taskModels.strong")),
        ("dev", "summarizer", ("litellm/sum", "agents.list[1].modelProviders.litellm.taskModels.summarizer")),
        ("dev", "cheap-check", ("litellm/a", "agents.defaults.model")),
        ("unlisted", "coding", ("litellm/code", "agents.defaults.taskModels.coding")),
        (None, None, ("litellm/a", "agents.defaults.model")),
    ],
)
def test_a_role_is_looked_for_in_order(
    tmp_path: Path, agent: str | None, role: str | None, expected: tuple[str, str]
) -> None:
    found = choice(tmp_path, ROLE_AGENTS, agent, role)
    assert (str(found.primary), found.source) == expected


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ([{"id": "a"}, {"id": "b", "model": "litellm/b"}], "litellm/default"),
        ([{"id": "a"}, {"id": "b", "default": True, "model": "litellm/b"}], "litellm/b"),
    ],
)
def test_the_default_agent_is_the_marked_one_or_the_first(tmp_path: Path, listed: Any, expected: str) -> None:
    assert str(choice(tmp_path, {"list": listed}).primary) == expected


def test_an_alias_is_found_without_regard_to_case(tmp_path: Path) -> None:
    agents = {
        "defaults": {
            "model": "FAST",
            "models": {"litellm/gpt-5.5": {"alias": "Fast"}, "litellm/x": {}, "litellm/y": {"alias": "fast"}},
        }
    }
    found = choice(tmp_path, agents)
    assert (str(found.primary), found.notes) == ("litellm/gpt-5.5", ())
    assert aliases({"agents": agents}) == {"Fast": "litellm/gpt-5.5", "fast": "litellm/y"}


def test_an_alias_may_name_a_profile(tmp_path: Path) -> None:
    agents = {"defaults": {"model": "fast@litellm:team", "models": {"litellm/gpt-5.5": {"alias": "fast"}}}}
    assert choice(tmp_path, agents).primary == ModelRef("litellm", "gpt-5.5", "litellm:team")


def test_a_reference_without_a_provider_is_read_as_fased_does_and_said(tmp_path: Path) -> None:
    found = choice(tmp_path, {"defaults": {"model": "opus-x", "taskModels": {"coding": "gpt-x"}}})
    assert str(found.primary) == "anthropic/opus-x"
    assert "Write litellm/opus-x" in found.notes[0]
    found = choice(tmp_path, {"defaults": {"taskModels": {"coding": "gpt-x"}}}, role="coding")
    assert str(found.primary) == "openai/gpt-x"


def test_what_is_no_reference_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InvalidRef):
        choice(tmp_path, {"defaults": {"model": "litellm/"}})


@pytest.mark.parametrize(("typed", "key"), [*ROLES.items(), ("cheapCheck", "cheapCheck"), ("CODING", "coding")])
def test_a_role_has_two_spellings(typed: str, key: str) -> None:
    assert config_key(typed) == key


def test_a_variable_that_is_not_set_is_noted_and_no_fallback(tmp_path: Path) -> None:
    model = {"primary": "${MAIN}", "fallbacks": ["${OTHER}"]}
    found = choice(tmp_path, {"defaults": {"model": model}})
    assert found.fallback is None
    assert [("MAIN" in note, "OTHER" in note) for note in found.notes] == [(True, False), (False, True)]
    snapshot = snapshot_of(tmp_path, {"agents": {"defaults": {"model": model}}}, MAIN="litellm/a", OTHER="litellm/b")
    found = resolve(snapshot)
    assert (str(found.primary), str(found.fallback), found.notes) == ("litellm/a", "litellm/b", ())


def test_a_fallback_may_be_an_alias_and_name_a_profile(tmp_path: Path) -> None:
    models = {"litellm/gpt-5.5": {"alias": "fast"}}
    found = choice(
        tmp_path,
        {"defaults": {"model": {"primary": "litellm/a", "fallbacks": ["fast@litellm:team"]}, "models": models}},
    )
    assert found.fallback == ModelRef("litellm", "gpt-5.5", "litellm:team")


@pytest.mark.parametrize("typed", ["cheap_check", "Cheap_Check"])
def test_an_underscore_in_a_role_is_a_hyphen(typed: str) -> None:
    assert config_key(typed) == "cheapCheck"


def test_an_unknown_role_names_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        choice(tmp_path, {}, role="writer")
    assert "cheap-check, strong, escalation, coding, summarizer" in (caught.value.hint or "")
