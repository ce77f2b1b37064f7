from __future__ import annotations

import sys
from pathlib import Path

import pytest

from fased_litellm.errors import LocalProxyError
from fased_litellm.localproxy import process


def test_no_key_on_the_command_line() -> None:
    command = process.command_line(Path("/bin/litellm"), Path("/x/config.yaml"), 4000)
    assert command == ["/bin/litellm", "--config", "/x/config.yaml", "--host", "127.0.0.1", "--port", "4000"]


def test_the_environment_of_the_proxy() -> None:
    env = {"OPENAI_API_KEY": "sk-test-1", "DATABASE_URL": "postgresql://x", "LITELLM_MASTER_KEY": "sk-test-other"}
    child = process.child_environment(env, "sk-test-master", own_config=True)
    assert child["LITELLM_MASTER_KEY"] == "sk-test-master"
    assert child["OPENAI_API_KEY"] == "sk-test-1"
    assert child["LITELLM_TELEMETRY"] == "False"
    assert "DATABASE_URL" not in child
    theirs = process.child_environment({**env, "LITELLM_LOCAL_MODEL_COST_MAP": ""}, "k", own_config=False)
    assert theirs["DATABASE_URL"] == "postgresql://x"
    assert theirs["LITELLM_LOCAL_MODEL_COST_MAP"] == ""
    assert env["LITELLM_MASTER_KEY"] == "sk-test-other"


def test_without_litellm(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LocalProxyError) as caught:
        process.find_program()
    assert "fased-litellm[proxy]" in str(caught.value.hint)
    found = tmp_path / "litellm"
    found.write_text("#!/bin/sh\n")
    found.chmod(0o755)
    assert process.find_program() == found


def test_a_program_that_cannot_be_started(tmp_path: Path) -> None:
    with pytest.raises(LocalProxyError, match="Cannot start"):
        process.spawn([str(tmp_path / "nothing")], {}, folder=tmp_path, log=tmp_path / "log")
