from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import json5
import pytest

from fased_litellm.cli import main
from tests.keys.standin import KEY, StandIn


@pytest.fixture
def proxy(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setenv("LITELLM_API_KEY", KEY)
    with StandIn(["default", "gpt-5.5", "cheap"]) as standin:
        write(
            home,
            f"models: {{ providers: {{ litellm: {{ baseUrl: '{standin.url}', request: {{ allowPrivateNetwork: true }}, models: [] }} }} }},",
        )
        yield standin


def write(home: Path, text: str) -> None:
    path = home / ".fased" / "fased.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"{{\n  // mine\n  {text}\n}}\n")


def config(home: Path) -> Any:
    return json5.loads((home / ".fased" / "fased.json").read_text())


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["agents", *arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_models_are_set_and_shown(capsys: pytest.CaptureFixture[str], home: Path, proxy: StandIn) -> None:
    arguments = ["models", "set", "--agent", "Main", "--primary", "litellm/gpt-5.5", "--fallback", "default"]
    assert run(capsys, *arguments, "--cheap-check", "litellm/cheap") == (0, "Agent models updated: main\n", "")
    assert config(home)["agents"] == {
        "list": [
            {
                "id": "main",
                "model": {"primary": "litellm/gpt-5.5", "fallbacks": ["litellm/default"]},
                "taskModels": {"cheapCheck": "litellm/cheap"},
            }
        ]
    }
    assert "// mine" in (home / ".fased" / "fased.json").read_text()
    status, out, _ = run(capsys, "list", "--json")
    assert status == 0
    assert json.loads(out) == [
        {
            "id": "main",
            "workspace": str(home / ".fased" / "workspace"),
            "agentDir": str(home / ".fased" / "agents" / "main" / "agent"),
            "model": "litellm/gpt-5.5",
            "fallback": "litellm/default",
            "taskModels": {"cheapCheck": "litellm/cheap"},
            "bindings": 0,
            "isDefault": True,
        }
    ]
    _, out, _ = run(capsys, "list")
    assert (
        "- main (default)\n  Model: litellm/gpt-5.5\n  Fallback: litellm/default\n  Roles: cheap-check litellm/cheap"
        in out
    )


def test_the_json_of_set_is_that_of_fased(capsys: pytest.CaptureFixture[str], home: Path, proxy: StandIn) -> None:
    before = (home / ".fased" / "fased.json").read_bytes()
    status, out, err = run(capsys, "models", "set", "--agent", "mian", "--primary", "litellm/default")
    assert (status, out) == (2, "")
    assert err.splitlines() == ["There is no agent mian.", "→ Did you mean main? The config has main."]
    assert (home / ".fased" / "fased.json").read_bytes() == before
    arguments = ["models", "set", "--agent", "dev", "--create", "--primary", "litellm/default", "--json"]
    status, out, _ = run(capsys, *arguments)
    assert status == 0
    assert json.loads(out) == {"agentId": "dev", "model": "litellm/default", "taskModels": {}}
    assert [entry["id"] for entry in config(home)["agents"]["list"]] == ["main", "dev"]
    again = (home / ".fased" / "fased.json").read_bytes()
    run(capsys, "models", "set", "--agent", "dev", "--primary", "litellm/default")
    assert (home / ".fased" / "fased.json").read_bytes() == again


def test_a_second_fallback_is_refused_with_the_reason(
    capsys: pytest.CaptureFixture[str], home: Path, proxy: StandIn
) -> None:
    before = (home / ".fased" / "fased.json").read_bytes()
    status, out, err = run(
        capsys, "models", "set", "--primary", "default", "--fallback", "cheap", "--fallback", "gpt-5.5"
    )
    assert (status, out) == (2, "")
    assert "Fased takes one fallback; two make the whole config invalid." in err
    assert "router_settings.fallbacks" in err
    assert (home / ".fased" / "fased.json").read_bytes() == before


def test_what_the_proxy_does_not_have_needs_force(
    capsys: pytest.CaptureFixture[str], home: Path, proxy: StandIn
) -> None:
    before = (home / ".fased" / "fased.json").read_bytes()
    status, _, err = run(capsys, "models", "set", "--coding", "litellm/gpt5.5")
    assert status == 1
    assert "litellm/gpt-5.5" in err
    assert (home / ".fased" / "fased.json").read_bytes() == before
    assert run(capsys, "models", "set", "--coding", "litellm/gpt5.5", "--force")[0] == 0
    assert config(home)["agents"]["list"] == [{"id": "main", "taskModels": {"coding": "litellm/gpt5.5"}}]


def test_another_providers_model_is_not_asked_about(
    capsys: pytest.CaptureFixture[str], home: Path, proxy: StandIn
) -> None:
    assert run(capsys, "models", "set", "--primary", "openai/gpt-5.6")[0] == 0
    assert proxy.asked == []
    assert config(home)["agents"]["list"][0]["model"] == "openai/gpt-5.6"


def test_an_allow_list_gets_the_primary(capsys: pytest.CaptureFixture[str], home: Path, proxy: StandIn) -> None:
    write(home, "agents: { defaults: { models: { 'openai/x': {} } } }")
    assert run(capsys, "models", "set", "--primary", "litellm/default", "--force")[0] == 0
    assert config(home)["agents"]["defaults"]["models"] == {"openai/x": {}, "litellm/default": {}}


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        (["models", "set"], 1, "Set at least one model with --primary, --fallback, or a task-role option."),
        (["models", "set", "--agent", "!!", "--primary", "litellm/default"], 2, "is not an agent id"),
        (["models", "set", "--primary", "litellm/"], 1, "is not a model reference"),
        (["add", "x"], 2, "is not a command of this package (list, models)"),
        (["models", "unset"], 2, "is not a command of this package (set)"),
        (["list", "--bindings"], 2, "Routing rules in full"),
    ],
)
def test_what_cannot_be_done_is_said(
    capsys: pytest.CaptureFixture[str], home: Path, proxy: StandIn, arguments: list[str], status: int, told: str
) -> None:
    found, out, err = run(capsys, *arguments)
    assert (found, out) == (status, "")
    assert told in err


def test_agents_and_their_folders(capsys: pytest.CaptureFixture[str], home: Path, proxy: StandIn) -> None:
    write(
        home,
        "agents: { defaults: { workspace: '~/work', model: 'litellm/default' }, list: ["
        " { id: 'Main', name: 'Home' }, { id: 'dev', agentDir: '/srv/dev', workspace: '/srv/w', default: true }, { id: 'main' } ] },"
        " bindings: [ { agentId: 'DEV', match: { channel: 'telegram' } } ]",
    )
    _, out, _ = run(capsys, "list", "--json")
    first, second = json.loads(out)
    assert (first["id"], first["name"], first["isDefault"], first["bindings"]) == ("main", "Home", False, 0)
    assert first["workspace"] == str(home / ".fased" / "workspace-main")
    assert (second["agentDir"], second["workspace"], second["bindings"]) == ("/srv/dev", "/srv/w", 1)
    assert second["isDefault"] is True
