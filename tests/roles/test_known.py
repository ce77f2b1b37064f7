from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from fased_litellm.roles.choice import resolve
from fased_litellm.roles.known import KnownNames
from tests.roles.configs import snapshot_of

CONFIG: dict[str, Any] = {
    "models": {"providers": {"LiteLLM": {"baseUrl": "http://h:4000/v1", "models": [{"id": "m@1", "name": "m"}]}}},
    "agents": {"defaults": {"models": {"litellm/allowed@2": {}}}},
    "auth": {
        "profiles": {"work": {"provider": "LiteLLM", "mode": "api_key"}, "p": {"provider": "openai", "mode": "token"}}
    },
}


def test_models_of_the_config_and_of_the_list(tmp_path: Path) -> None:
    names = KnownNames(snapshot_of(tmp_path, CONFIG), listed=lambda: {"listed"})
    assert [one for one in ("m@1", "allowed@2", "listed", "default", "other") if names.model("litellm", one)] == [
        "m@1",
        "allowed@2",
        "listed",
        "default",
    ]
    assert not names.model("openai", "listed")


def test_profiles_of_the_config_and_of_the_stores(tmp_path: Path) -> None:
    snapshot = snapshot_of(tmp_path, CONFIG)
    key = {"type": "api_key", "provider": "litellm", "key": "sk-test-1"}
    for agent, profile in (("main", "litellm:default"), ("dev", "litellm:dev")):
        file = snapshot.paths.state / "agents" / agent / "agent" / "auth-profiles.json"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps({"version": 1, "profiles": {profile: key}}))
    main, dev = KnownNames(snapshot), KnownNames(snapshot, "dev")
    assert main.profile("litellm", "work")
    assert not main.profile("litellm", "p")
    assert main.profile("litellm", "litellm:default")
    assert not main.profile("litellm", "litellm:dev")
    assert dev.profile("litellm", "litellm:default")
    assert dev.profile("litellm", "litellm:dev")


def test_a_store_that_cannot_be_read_has_no_profiles_here(tmp_path: Path) -> None:
    snapshot = snapshot_of(tmp_path, CONFIG)
    file = snapshot.paths.state / "agents" / "main" / "agent" / "auth-profiles.json"
    file.parent.mkdir(parents=True)
    file.write_text("{")
    assert KnownNames(snapshot).profile("litellm", "work")
    assert not KnownNames(snapshot).profile("litellm", "litellm:default")


def test_a_primary_is_read_with_what_the_config_knows(tmp_path: Path) -> None:
    def primary(text: str) -> tuple[str, str | None]:
        ref = resolve(snapshot_of(tmp_path, {**CONFIG, "agents": {"defaults": {"model": text}}})).primary
        return ref.model, ref.profile

    assert primary("litellm/m@1") == ("m@1", None)
    assert primary("litellm/m@1@work") == ("m@1", "work")
    assert primary("litellm/other@2025") == ("other@2025", None)
    assert primary("litellm/other@work") == ("other", "work")
    assert primary("litellm/default@2025") == ("default", "2025")
