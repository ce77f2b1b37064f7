from __future__ import annotations

from pathlib import Path

import pytest

from fased_litellm import quickstart
from fased_litellm.paths import Paths
from fased_litellm.quickstart import BROKEN_KEY, Quickstart, environment, free_port, steps
from tests.servers import FaultServers


def test_the_steps_are_commands_as_one_would_type_them() -> None:
    commands = [step.command for step in steps(4000)]
    assert commands[0] == "fased litellm up --mock"
    assert commands[-1] == "fased litellm down"
    assert not [command for command in commands if "--port" in command or "--custom-base-url" in command]
    elsewhere = [step.command for step in steps(4321)]
    assert elsewhere[0] == "fased litellm up --mock --port 4321"
    assert elsewhere[1].endswith("--custom-base-url http://127.0.0.1:4321")


def test_one_step_fails_on_purpose_and_has_no_real_key() -> None:
    (step,) = [step for step in steps(4000) if step.status != 0]
    assert step.broken_key
    assert step.command.startswith(f"LITELLM_API_KEY={BROKEN_KEY} fased litellm chat")


def test_the_steps_stay_in_the_scratch_folder(tmp_path: Path) -> None:
    env = {
        "HOME": "/home/someone",
        "PATH": "/bin",
        "FASED_STATE_DIR": "/home/someone/.fased",
        "FASED_CONFIG_PATH": "/home/someone/fased.json",
        "FASED_PROFILE": "work",
        "LITELLM_API_KEY": "sk-test-someones",
        "LITELLM_BASE_URL": "http://elsewhere:4000",
    }
    inside = environment(env, tmp_path)
    assert inside["PATH"] == "/bin"
    assert not [name for name, value in inside.items() if name not in ("HOME", "PATH") and "someone" in value]
    paths = Paths.from_env(inside)
    assert paths.state.parent == paths.config.parent.parent == tmp_path
    assert "LITELLM_BASE_URL" not in inside


def test_another_port_where_the_usual_one_is_taken(fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = fault_server(b"").port
    monkeypatch.setattr(quickstart, "DEFAULT_PORT", taken)
    assert free_port() not in (0, taken)


def test_a_step_that_cannot_work_is_not_as_expected(tmp_path: Path) -> None:
    run = Quickstart(tmp_path, port=4321)
    done = run.perform(run.steps[4], capture=True)  # a request, without anything before it
    assert not done.as_expected
    assert done.status == 1
    assert done.output
    run.close()
