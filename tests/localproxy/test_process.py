from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fased_litellm.errors import LocalProxyError
from fased_litellm.localproxy import process


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    yield child
    if child.poll() is None:
        child.kill()
    child.wait()


def test_a_process_is_known_by_its_start_time(sleeper: subprocess.Popen[bytes]) -> None:
    started = process.start_time(sleeper.pid)
    assert started is not None
    assert started == process.start_time(sleeper.pid)
    assert process.is_running(sleeper.pid, started)
    assert not process.is_running(sleeper.pid, started + "1")


def test_a_process_with_another_start_time_is_left_alone(sleeper: subprocess.Popen[bytes]) -> None:
    assert process.end(sleeper.pid, "another time") is False
    assert sleeper.poll() is None


def test_end(sleeper: subprocess.Popen[bytes]) -> None:
    started = process.start_time(sleeper.pid)
    assert started is not None
    assert process.end(sleeper.pid, started) is True
    assert process.end(sleeper.pid, started) is False
    assert process.start_time(sleeper.pid) is None


def test_one_that_does_not_listen_is_killed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_TERMINATE_S", 0.1)
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", code], start_new_session=True, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        started = process.start_time(child.pid)
        assert started is not None
        assert process.end(child.pid, started) is True
        assert not process.is_running(child.pid, started)


@pytest.mark.parametrize("pid", [0, -1, 2**22 + 1])
def test_no_such_process(pid: int) -> None:
    assert process.start_time(pid) is None
    assert process.end(pid, "") is False


def test_remains_are_not_a_process() -> None:
    child = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # ended, and not collected
    assert process.start_time(child.pid) is None
    child.wait()


def test_ps_agrees_about_what_runs(sleeper: subprocess.Popen[bytes]) -> None:
    """On systems without /proc."""
    try:
        subprocess.run(["ps", "-p", "1"], capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no ps here")
    assert process._start_time_by_ps(sleeper.pid) is not None
    assert process._start_time_by_ps(sleeper.pid) == process._start_time_by_ps(sleeper.pid)
    sleeper.send_signal(signal.SIGKILL)
    sleeper.wait()
    assert process._start_time_by_ps(sleeper.pid) is None


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
