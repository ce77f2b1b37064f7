from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from fased_litellm.errors import MissingKey, SecretError
from fased_litellm.paths import Paths
from fased_litellm.secrets import secretref
from fased_litellm.secrets.lookup import ResolvedKey, env_variable, resolve_key

NOW = 1_800_000_000_000.0


def api_key(key: str) -> dict[str, Any]:
    return {"type": "api_key", "provider": "litellm", "key": key}


def token(value: str, expires: float | None = None) -> dict[str, Any]:
    return {"type": "token", "provider": "litellm", "token": value, **({"expires": expires} if expires else {})}


class Place:
    """A state folder with stores, a config and an environment."""

    def __init__(self, folder: Path) -> None:
        self.paths = Paths.from_env({"FASED_STATE_DIR": str(folder), "HOME": str(folder)})
        self.config: dict[str, Any] = {}
        self.env: dict[str, str] = {}

    def store(self, profiles: dict[str, Any], agent: str = "main", **rest: Any) -> None:
        path = self.paths.auth_profiles(agent)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"version": 1, "profiles": profiles, **rest}))

    def key(self, **arguments: Any) -> ResolvedKey:
        snapshot: Any = SimpleNamespace(
            value=self.config, source=self.config, env=self.env, paths=self.paths, missing=[], need=lambda *_: None
        )
        return resolve_key(snapshot, self.paths, now_ms=NOW, **arguments)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def provider_key(key: Any) -> dict[str, Any]:
    return {"models": {"providers": {"LiteLLM": {"baseUrl": "http://localhost:4000", "apiKey": key, "models": []}}}}


def test_places_are_asked_in_order(place: Place) -> None:
    place.config = provider_key("sk-test-config")
    found = place.key()
    assert (found.value, found.kind, found.detail) == (
        "sk-test-config",
        "models.json",
        "models.providers.LiteLLM.apiKey",
    )
    place.env = {"LITELLM_API_KEY": " sk-test-env000 "}
    found = place.key()
    assert (found.value, found.kind, found.detail) == ("sk-test-env000", "env", "LITELLM_API_KEY")
    place.store({"litellm:default": api_key("sk-test-profile")})
    found = place.key()
    assert (found.value, found.kind, found.profile_id) == ("sk-test-profile", "profiles", "litellm:default")


def test_without_a_key_the_message_is_that_of_fased(place: Place) -> None:
    with pytest.raises(MissingKey) as caught:
        place.key()
    path = place.paths.auth_profiles("main")
    assert caught.value.message.startswith(
        f'No API key found for provider "litellm". Auth store: {path} (agentDir: {path.parent}).'
    )
    assert "LITELLM_API_KEY" in (caught.value.hint or "")
    assert "fased onboard --auth-choice litellm-api-key" in (caught.value.hint or "")


def test_the_representation_hides_the_key(place: Place) -> None:
    place.env = {"LITELLM_API_KEY": "sk-test-hidden-0001"}
    assert "hidden" not in repr(place.key())
    assert place.key().masked == "sk-…0001"


def test_a_named_profile_is_the_only_place(place: Place) -> None:
    place.env = {"LITELLM_API_KEY": "sk-test-env000"}
    place.store({"litellm:default": api_key("sk-test-1"), "litellm:team": token("sk-test-team")})
    assert place.key(profile="litellm:team").value == "sk-test-team"
    with pytest.raises(MissingKey, match='profile "litellm:gone"'):
        place.key(profile="litellm:gone")


def test_a_key_reference_is_read_from_the_environment_of_the_config(place: Place) -> None:
    ref = {"source": "env", "provider": "default", "id": "TEAM_KEY"}
    place.store({"litellm:default": {"type": "api_key", "provider": "litellm", "keyRef": ref}})
    place.env = {"TEAM_KEY": "sk-test-team"}
    assert place.key().value == "sk-test-team"


def test_a_reference_that_does_not_resolve_is_passed_over_with_a_note(place: Place) -> None:
    ref = {"source": "env", "provider": "default", "id": "TEAM_KEY"}
    place.store({"litellm:default": {"type": "api_key", "provider": "litellm", "keyRef": ref}})
    with pytest.raises(MissingKey, match="the variable TEAM_KEY is not set"):
        place.key()
    place.env = {"LITELLM_API_KEY": "sk-test-env000"}
    assert "TEAM_KEY" in place.key().notes[0]
    with pytest.raises(SecretError, match="TEAM_KEY"):
        place.key(profile="litellm:default")


@pytest.mark.parametrize("source", ["file", "exec"])
def test_a_reference_to_an_unknown_provider_names_it(source: str) -> None:
    ref = {"source": source, "provider": "lite", "id": "litellm/main"}
    with pytest.raises(SecretError, match=r"secrets\.providers\.lite is not configured"):
        secretref.resolve(ref, {}, {})


def test_a_reference_of_another_source_than_its_provider_is_refused() -> None:
    config = {"secrets": {"providers": {"lite": {"source": "file", "path": "/x"}}}}
    with pytest.raises(SecretError, match="another source than exec"):
        secretref.resolve({"source": "exec", "provider": "lite", "id": "a"}, config, {})


def test_a_profile_and_the_config_may_refer_to_a_file(place: Place, tmp_path: Path) -> None:
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"litellm": {"main": "sk-test-main", "config": "sk-test-conf"}}))
    keys.chmod(0o600)
    ref = {"source": "file", "provider": "files", "id": "/litellm/config"}
    place.config = {**provider_key(ref), "secrets": {"providers": {"files": {"source": "file", "path": str(keys)}}}}
    found = place.key()
    assert (found.value, found.kind) == ("sk-test-conf", "models.json")
    entry = {"type": "token", "provider": "litellm", "tokenRef": {**ref, "id": "/litellm/main"}}
    place.store({"litellm:default": entry})
    assert place.key().value == "sk-test-main"


@pytest.mark.parametrize(
    ("secrets", "ref", "problem"),
    [
        ({}, {"provider": "team"}, "secrets.providers.team is not configured"),
        (
            {"providers": {"default": {"source": "env", "allowlist": ["B"]}}},
            {},
            "not in secrets.providers.default.allowlist",
        ),
        ({"providers": {"default": {"source": "file", "path": "/x"}}}, {}, "has another source than env"),
        ({"defaults": {"env": "team"}}, {"provider": "team"}, None),
        ({"providers": {"team": {"source": "env", "allowlist": ["A"]}}}, {"provider": "team"}, None),
    ],
)
def test_the_limits_of_an_env_provider_hold(secrets: Any, ref: dict[str, str], problem: str | None) -> None:
    whole = {"source": "env", "provider": "default", "id": "A", **ref}
    if problem is None:
        assert secretref.resolve(whole, {"secrets": secrets}, {"A": "sk-test-a00000"}) == "sk-test-a00000"
    else:
        with pytest.raises(SecretError, match=problem):
            secretref.resolve(whole, {"secrets": secrets}, {"A": "sk-test-a00000"})


@pytest.mark.parametrize(
    "key",
    [
        {"source": "env", "provider": "default", "id": "TEAM_KEY"},
        "TEAM_KEY",  # the bare name of a variable that is set
    ],
)
def test_the_key_in_the_config_may_name_a_variable(place: Place, key: Any) -> None:
    place.config, place.env = provider_key(key), {"TEAM_KEY": "sk-test-team"}
    assert place.key().value == "sk-test-team"


def test_an_unset_variable_in_the_config_is_an_error(place: Place) -> None:
    place.config = provider_key({"source": "env", "provider": "default", "id": "TEAM_KEY"})
    with pytest.raises(SecretError, match="TEAM_KEY"):
        place.key()


def test_an_agent_sees_mains_profiles_under_its_own(place: Place) -> None:
    place.store({"litellm:default": api_key("sk-test-main")})
    assert place.key(agent="research").value == "sk-test-main"
    place.store({"litellm:default": api_key("sk-test-own0")}, agent="research")
    assert place.key(agent="Research").value == "sk-test-own0"
    assert place.key().value == "sk-test-main"


def test_a_configured_agent_folder_counts(place: Place, tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "auth-profiles.json").write_text(json.dumps({"profiles": {"litellm:x": api_key("sk-test-else")}}))
    place.config = {"agents": {"list": [{"id": "main"}, {"id": "away", "agentDir": str(folder)}]}}
    assert place.key(agent="away").value == "sk-test-else"


# ---- order among profiles


def first(place: Place) -> str | None:
    return place.key().profile_id


TWO = {"litellm:a": api_key("sk-test-a00000"), "litellm:b": api_key("sk-test-b00000")}


def test_the_stores_order_wins_over_the_configs(place: Place) -> None:
    place.store(TWO)
    assert first(place) == "litellm:a"
    place.config = {"auth": {"order": {"LiteLLM": ["litellm:b", "litellm:a"]}}}
    assert first(place) == "litellm:b"
    place.store(TWO, order={"litellm": ["litellm:a"]})
    assert first(place) == "litellm:a"


def test_declared_profiles_are_the_choice_where_there_is_no_order(place: Place) -> None:
    place.store(TWO)
    place.config = {"auth": {"profiles": {"litellm:b": {"provider": "litellm", "mode": "api_key"}}}}
    assert first(place) == "litellm:b"
    place.config = {"auth": {"profiles": {"litellm:gone": {"provider": "litellm", "mode": "api_key"}}}}
    assert first(place) == "litellm:a"


@pytest.mark.parametrize(("mode", "counts"), [("api_key", True), ("oauth", True), ("token", False)])
def test_a_declared_mode_has_to_fit(place: Place, mode: str, counts: bool) -> None:
    place.store({"litellm:a": api_key("sk-test-a00000")})
    place.env = {"LITELLM_API_KEY": "sk-test-env000"}
    place.config = {"auth": {"profiles": {"litellm:a": {"provider": "litellm", "mode": mode}}}}
    assert first(place) == ("litellm:a" if counts else None)


def test_without_an_order_tokens_come_first_then_the_longest_unused(place: Place) -> None:
    place.store(TWO, usageStats={"litellm:a": {"lastUsed": 20}, "litellm:b": {"lastUsed": 10}})
    assert first(place) == "litellm:b"
    place.store({**TWO, "litellm:t": token("sk-test-t00000")})
    assert first(place) == "litellm:t"
    place.store({**TWO, "litellm:t": token("sk-test-t00000", expires=NOW - 1)})
    assert first(place) == "litellm:a"


def test_an_order_is_kept_whatever_was_used_last(place: Place) -> None:
    used = {"litellm:a": {"lastUsed": 20}, "litellm:b": {"lastUsed": 10}}
    place.store(TWO, order={"litellm": ["litellm:a", "litellm:b"]}, usageStats=used)
    assert first(place) == "litellm:a"


@pytest.mark.parametrize("field", ["cooldownUntil", "disabledUntil"])
def test_what_cools_down_comes_last_even_with_an_order(place: Place, field: str) -> None:
    place.store(TWO, order={"litellm": ["litellm:a", "litellm:b"]}, usageStats={"litellm:a": {field: NOW + 1000}})
    assert first(place) == "litellm:b"
    place.store(TWO, order={"litellm": ["litellm:a", "litellm:b"]}, usageStats={"litellm:a": {field: NOW - 1000}})
    assert first(place) == "litellm:a"


def test_of_two_that_cool_down_the_sooner_back_comes_first(place: Place) -> None:
    place.store(TWO, usageStats={"litellm:a": {"cooldownUntil": NOW + 9}, "litellm:b": {"cooldownUntil": NOW + 5}})
    assert first(place) == "litellm:b"


def test_last_good_does_not_jump_the_queue(place: Place) -> None:
    place.store(TWO, lastGood={"litellm": "litellm:b"})
    assert first(place) == "litellm:a"


def test_profiles_of_other_providers_do_not_count(place: Place) -> None:
    place.store({"openai:default": {"type": "api_key", "provider": "openai", "key": "sk-test-openai"}})
    with pytest.raises(MissingKey):
        place.key()
    assert place.key(provider="openai").value == "sk-test-openai"


@pytest.mark.parametrize(("provider", "name"), [("litellm", "LITELLM_API_KEY"), ("kimi-code", "KIMI_CODING_API_KEY")])
def test_the_variable_is_named_after_the_provider(provider: str, name: str) -> None:
    assert env_variable(provider) == name
