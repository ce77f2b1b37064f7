"""``fased litellm quickstart`` from beginning to end, with the real LiteLLM."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from fased_litellm.cli.commands import app
from fased_litellm.errors import FasedError, LocalProxyError
from fased_litellm.localproxy import process, readiness
from tests.live import proxies
from tests.live.conftest import unavailable
from tests.servers import FaultServers, free_port


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    if proxies.executable() is None:
        unavailable("litellm is not installed")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def run(*arguments: str) -> str:
    result = CliRunner().invoke(app, ["litellm", "quickstart", *arguments])
    if result.exception is not None:
        raise result.exception
    return result.stdout


def test_the_whole_path(home: Path, scratch: Path) -> None:
    port = free_port()
    document = json.loads(run("--json", "--port", str(port)))
    steps = {step["title"]: step for step in document["steps"]}
    assert [title for title, step in steps.items() if step["exitStatus"] != 0] == ["Fail on purpose"]
    said = {title: step["output"] for title, step in steps.items()}
    assert "default, gpt-5.5, fast-cheap-chat" in said["Start a LiteLLM proxy"]
    assert "litellm/default" in said["Set the agent up for it"]
    assert "fast-cheap-chat" in said["Discover its models"]
    assert "mock model default" in said["Send a request"]
    assert "mock model fast-cheap-chat" in said["Send one by role"]
    assert "master key" in said["Fail on purpose"]
    rows = [line for line in said["See the usage"].splitlines() if line.startswith("main ")]
    assert [row.split()[:4] for row in rows] == [
        ["main", "digest", "telegram", "s1"],
        ["main", "triage", "slack", "s2"],
    ]
    assert readiness.ready(port) is False
    assert list(scratch.glob("fased-quickstart-*")) == []
    assert list(home.iterdir()) == []


def test_a_step_that_fails_stops_it_and_keeps_the_folder(fault_server: FaultServers, scratch: Path) -> None:
    with pytest.raises(FasedError) as caught:
        run("--json", "--port", str(fault_server(b"").port))
    assert "stopped at step 1" in caught.value.message
    assert "is taken" in caught.value.message
    (folder,) = scratch.glob("fased-quickstart-*")
    assert str(folder) in str(caught.value.hint)


def test_without_litellm_nothing_is_begun(scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> Path:
        raise LocalProxyError("LiteLLM is not installed here.")

    monkeypatch.setattr("fased_litellm.cli.onboard.quickstart.find_program", missing)
    with pytest.raises(LocalProxyError):
        run()
    assert list(scratch.glob("fased-quickstart-*")) == []
    assert process.find_program()
