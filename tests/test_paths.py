from __future__ import annotations

from pathlib import Path

import pytest

from fased_litellm.paths import Paths


@pytest.mark.parametrize(
    ("env", "state", "config"),
    [
        ({}, "/h/.fased", "/h/.fased/fased.json"),
        ({"FASED_HOME": "/f"}, "/f/.fased", "/f/.fased/fased.json"),
        ({"FASED_HOME": "~/x"}, "/h/x/.fased", "/h/x/.fased/fased.json"),
        ({"FASED_STATE_DIR": "/s"}, "/s", "/s/fased.json"),
        ({"FASED_STATE_DIR": "~/s"}, "/h/s", "/h/s/fased.json"),
        ({"FASED_CONFIG_PATH": "~/c.json5"}, "/h/.fased", "/h/c.json5"),
        ({"FASED_PROFILE": "dev"}, "/h/.fased-dev", "/h/.fased-dev/fased.json"),
        ({"FASED_PROFILE": "dev", "FASED_STATE_DIR": "/s"}, "/s", "/s/fased.json"),
    ],
)
def test_state_and_config(env: dict[str, str], state: str, config: str) -> None:
    paths = Paths.from_env({"HOME": "/h", **env})
    assert (str(paths.state), str(paths.config)) == (state, config)


def test_a_profile_on_the_command_line_wins() -> None:
    assert Paths.from_env({"HOME": "/h", "FASED_PROFILE": "a"}, profile="b").state == Path("/h/.fased-b")


def test_agent_folders() -> None:
    paths = Paths.from_env({"HOME": "/h", "FASED_AGENT_DIR": "/a"})
    assert paths.agent_dir("main") == Path("/a")
    assert paths.agent_dir("ops") == Path("/h/.fased/agents/ops/agent")
    assert paths.agent_dir("ops", configured="~/ops") == Path("/h/ops")
    assert paths.auth_profiles("ops") == Path("/h/.fased/agents/ops/agent/auth-profiles.json")


def test_nothing_is_made_by_asking(tmp_path: Path) -> None:
    Paths.from_env({"HOME": str(tmp_path)}).ledger  # noqa: B018 - asking is the point
    assert list(tmp_path.iterdir()) == []
