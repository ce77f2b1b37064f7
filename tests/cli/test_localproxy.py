from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from fased_litellm.cli.localproxy import app, described, missing_keys, started
from fased_litellm.errors import LocalProxyError, UsageError
from fased_litellm.localproxy.control import LocalProxyStatus
from fased_litellm.localproxy.files import Files, Process
from fased_litellm.localproxy.ownprocess import start_time
from fased_litellm.localproxy.routes import MOCK_ROUTES, parse_route
from tests import signals
from tests.localproxy import standin
from tests.servers import free_port

PROCESS = Process(pid=77, started="x", port=4001, config="/c.yaml", started_at_ms=1_000_000)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def a_status(tmp_path: Path, **changes: object) -> LocalProxyStatus:
    values: dict[str, object] = {
        "running": True,
        "ready": True,
        "process": PROCESS,
        "models": ("default", "coder"),
        "key_accepted": True,
        "files": Files(tmp_path),
    }
    return LocalProxyStatus(**{**values, **changes})  # type: ignore[arg-type]  # a table of values


def test_nothing_runs() -> None:
    assert "not running" in run("status").output
    assert json.loads(run("status", "--json").output)["running"] is False
    assert "was not running" in run("down").output
    assert json.loads(run("down", "--json").output) == {"stopped": False}
    assert "No log yet" in run("logs").output
    assert json.loads(run("logs", "--json").output)["lines"] == []


@pytest.fixture
def another_program() -> Iterator[subprocess.Popen[bytes]]:
    """A program that leads a session, as the proxy does, but is none."""
    child = standin.sleep()
    yield child
    signals.end(child)


@pytest.mark.parametrize("started", [None, "", 0, "of this process", "of the other program"])
@pytest.mark.parametrize(
    "pid",
    [
        -1,
        0,
        1,
        -7,
        True,
        2.0,
        "3",
        "init",
        2**40,
        10**30,
        None,
        "of this process",
        "of its parent",
        "of the other program",
    ],
)
def test_a_record_that_is_not_of_the_proxy_has_nothing_signalled_and_the_next_start_works(
    home: Path,
    another_program: subprocess.Popen[bytes],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    pid: object,
    started: object,
) -> None:
    ids = {"of this process": os.getpid(), "of its parent": os.getppid(), "of the other program": another_program.pid}
    pid = ids.get(pid, pid) if isinstance(pid, str) else pid
    started = start_time(ids[started]) if isinstance(started, str) and started in ids else started
    record = home / ".fased" / "litellm" / "proxy" / "process.json"
    record.parent.mkdir(parents=True)
    (record.parent / "proxy.log").write_text("last words\n")
    text = json.dumps({"pid": pid, "started": started, "port": 4000, "config": "/x/config.yaml", "started_at_ms": 1})
    with monkeypatch.context() as patched:
        recorder = signals.Recorder(patched)
        record.write_text(text)
        assert "last words" in run("logs").output
        assert "last words" in run("logs", "--follow").output
        shown = run("status")
        assert (shown.exit_code, json.loads(run("status", "--json").stdout)["running"]) == (0, False)
        record.write_text(text)
        done = run("down")
        assert (done.exit_code, "was not running" in done.stdout) == (0, True)
        assert recorder.sent == []
    assert another_program.poll() is None
    if started is None:  # a start takes half a second
        record.write_text(text)
        standin.install(tmp_path, monkeypatch)
        begun = run("up", "--mock", "--port", str(free_port()), "--json")
        assert json.loads(begun.stdout)["ready"] is True
        assert json.loads(run("down", "--json").stdout) == {"stopped": True}
        assert another_program.poll() is None


def test_what_was_left_alone_is_named(home: Path, another_program: subprocess.Popen[bytes]) -> None:
    record = home / ".fased" / "litellm" / "proxy" / "process.json"
    record.parent.mkdir(parents=True)
    content = {"pid": another_program.pid, "started": "x:1", "port": 4000, "config": "/x.yaml", "started_at_ms": 1}
    record.write_text(json.dumps(content))
    assert f"Process {another_program.pid} is another program by now" in run("status").stderr
    done = run("down", "--json")
    assert json.loads(done.stdout) == {"stopped": False}
    assert f"Process {another_program.pid} is another program by now" in done.stderr
    assert "It was left alone" in done.stderr
    assert not record.exists()


def test_wrong_usage() -> None:
    assert isinstance(run("up", "--config", "x.yaml", "--mock").exception, UsageError)
    assert isinstance(run("up", "--model", "gpt-5").exception, UsageError)
    assert isinstance(run("logs", "-f", "--json").exception, UsageError)
    assert isinstance(run("up").exception, LocalProxyError)
    assert run("up", "--port", "70000").exit_code == 2


def test_logs(home: Path) -> None:
    files = Files(home / ".fased" / "litellm" / "proxy")
    key = files.ensure_master_key()
    files.log.write_text(f"1\n2\nkey {key}\n")
    assert run("logs", "-n", "2").output == "2\nkey ***\n"
    followed = run("logs", "-f", "-n", "1")
    assert "key ***" in followed.output
    assert "not running any more" in followed.output


def test_a_missing_provider_key_is_said_once_for_all_its_aliases() -> None:
    routes = (parse_route("a=openai/x"), parse_route("b=openai/y"), parse_route("c=anthropic/z"), *MOCK_ROUTES)
    (warning,) = missing_keys(routes, {"ANTHROPIC_API_KEY": "sk-test-1"})
    assert warning.startswith("OPENAI_API_KEY is not set: requests to a (openai/x), b (openai/y) ")


def test_what_is_said_after_a_start(tmp_path: Path) -> None:
    text = "\n".join(started(a_status(tmp_path), 4001))
    assert "http://127.0.0.1:4001 (process 77)" in text
    assert "Models: default, coder" in text
    assert "--custom-base-url http://127.0.0.1:4001" in text
    assert "--custom-base-url" not in "\n".join(started(a_status(tmp_path), 4000))
    refused = "\n".join(started(a_status(tmp_path, models=None, key_accepted=False), 4000))
    assert "sets one of its own" in refused
    assert "export" not in refused


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, ["ready at http://127.0.0.1:4001 (process 77, for 2 min)", "default, coder", "/c.yaml"]),
        ({"ready": False, "models": None}, ["does not take requests yet"]),
        ({"running": False}, ["exited unexpectedly", "litellm logs"]),
        ({"process": None, "running": False}, ["not running", "litellm up"]),
        ({"models": None, "key_accepted": False}, ["not known here", "sets another one"]),
        ({"models": tuple(f"m{n}" for n in range(12))}, ["m9 and 2 more"]),
    ],
)
def test_states_in_words(tmp_path: Path, changes: dict[str, object], words: list[str]) -> None:
    text = "\n".join(described(a_status(tmp_path, **changes), now_ms=1_150_000))
    assert all(word in text for word in words), text
