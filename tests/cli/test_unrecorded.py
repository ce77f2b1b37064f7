"""``fased litellm chat`` where its call cannot be recorded, as people see it: the text, one warning, exit status 0."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.usage.store.migrations import LATEST
from fased_litellm.usage.store.spool import Spool
from tests.cli.test_chat import KEY, WHOLE, streamed
from tests.servers import READ, FaultServer, FaultServers
from tests.usage.samples import sample

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def state(tmp_path: Path) -> Path:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    return folder


def running(state: Path, server: FaultServer) -> Run:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        env = {**os.environ, "FASED_STATE_DIR": str(state), "LITELLM_API_KEY": KEY, "LITELLM_BASE_URL": server.url}
        command = [sys.executable, "-m", "fased_litellm", *words]
        return subprocess.run(command, env=env, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)

    return run


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line]


def damage(path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.record(sample())
    path.write_bytes(b"\xff" * path.stat().st_size)


def future(path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.record(sample())
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {LATEST + 1}")


def folder(path: Path) -> None:
    path.mkdir(parents=True)


def another(path: Path) -> None:
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE notes (text)")


STATES: dict[str, tuple[Callable[[Path], None], str]] = {
    "damaged": (damage, "is damaged"),
    "of the future": (future, "was written by a newer fased-litellm"),
    "a folder": (folder, "a folder"),
    "of another program": (another, "is an SQLite database of another program"),
}


@pytest.mark.parametrize("name", STATES)
def test_a_ledger_that_takes_no_row(name: str, state: Path, fault_server: FaultServers) -> None:
    """The row waits beside it, and a warning says so, once."""
    make, why = STATES[name]
    path = state / "litellm" / "usage.sqlite3"
    make(path)
    for words, answer in ((["--no-stream"], WHOLE), ([], streamed("Hel", "lo"))):
        done = running(state, fault_server(answer))("litellm", "chat", "hi", *words)
        assert (done.returncode, done.stdout) == (0, "Hello\n")
        receipt, warning = lines(done.stderr)
        assert "30 tokens" in receipt
        assert why in warning
        assert f"The call waits in {Spool.beside(path).path}." in warning
    done = running(state, fault_server(WHOLE))("litellm", "chat", "hi", "--no-stream", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert found["text"] == "Hello"
    (warning,) = found["receipt"]["warnings"]
    assert why in warning
    assert len(Spool.beside(path).records()) == 3


def test_calls_that_can_be_recorded_nowhere(state: Path, fault_server: FaultServers) -> None:
    (state / "litellm").write_text("not a folder")
    done = running(state, fault_server(WHOLE))("litellm", "chat", "hi", "--no-stream")
    assert (done.returncode, done.stdout) == (0, "Hello\n")
    _, warning = lines(done.stderr)
    assert warning.startswith("This call is not in the usage history: ")
    assert str(state / "litellm") in warning
    done = running(state, fault_server(WHOLE))("litellm", "chat", "hi", "--no-stream", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    (told,) = json.loads(done.stdout)["receipt"]["warnings"]
    assert told == warning


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 3 MB."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = shutil.which("mount") and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "none", str(place)], capture_output=True, check=False
    )
    if not mounted or mounted.returncode != 0:
        pytest.skip("a file system can be mounted by root alone, and not in every container")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def fill(place: Path) -> Path:
    """A file that takes all the room there is."""
    path = place / "fill"
    with open(path, "wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            return path


def snapshot(place: Path) -> dict[str, bytes]:
    """What there is; a log into which nothing could be written is nothing, and so is the empty log of SQLite."""
    return {
        str(path.relative_to(place)): path.read_bytes()
        for path in sorted(place.rglob("*"))
        if path.is_file() and path.stat().st_size and path.name != "fill" and not path.name.endswith("-shm")
    }


def config(server: FaultServer) -> str:
    entry: dict[str, Any] = {
        "baseUrl": server.url,
        "api": "openai-completions",
        "request": {"allowPrivateNetwork": True},
        "models": [],
    }
    return json.dumps({"models": {"providers": {"litellm": entry}}}, indent=2)


def test_a_full_disk_costs_no_reply_and_no_config(small: Path, fault_server: FaultServers) -> None:
    server = fault_server([WHOLE, READ] * 8)
    run = running(small, server)
    (small / "fased.json").write_text(config(server))
    (small / "fased.json").chmod(0o600)
    assert run("litellm", "chat", "hi", "--no-stream").returncode == 0
    full = fill(small)
    before = snapshot(small)
    for _ in range(2):
        done = run("litellm", "chat", "hi", "--no-stream")
        assert (done.returncode, done.stdout) == (0, "Hello\n")
        assert "Traceback" not in done.stderr
        (warning,) = [line for line in lines(done.stderr) if "not in the usage history" in line]
        assert "No space left on device" in warning
        assert len(lines(done.stderr)) == 2
    for words in (
        ("models", "set", "litellm/gpt-5.5"),
        ("config", "set", "agents.defaults.model.primary", "litellm/other"),
        ("usage", "budget", "set", "--daily", "3"),
        ("agents", "models", "set", "--agent", "main", "--primary", "litellm/gpt-5.5"),
        ("providers", "models", "add", "--provider", "litellm", "--model", "gpt-5.5"),
    ):
        done = run(*words)
        assert (words, done.returncode) == (words, 1)
        assert "No space left on device" in done.stderr, words
        assert "Unexpected" not in done.stderr
        assert snapshot(small) == before, words
    full.unlink()
    assert run("litellm", "chat", "hi", "--no-stream").returncode == 0
    done = run("usage", "--json", "--all")
    assert json.loads(done.stdout)["totals"]["calls"] == 2


def test_on_a_full_disk_a_budget_that_stops_lets_nothing_pass(small: Path, fault_server: FaultServers) -> None:
    server = fault_server([WHOLE, READ] * 4)
    run = running(small, server)
    (small / "fased.json").write_text(config(server))
    assert run("usage", "budget", "set", "--daily", "2.5", "--action", "stop").returncode == 0
    assert run("litellm", "chat", "hi", "--no-stream").returncode == 0
    fill(small)
    asked = len(server.requests)
    done = run("litellm", "chat", "hi", "--no-stream")
    assert (done.returncode, done.stdout) == (1, "")
    assert "nothing was sent" in done.stderr
    assert "No space left on device" in done.stderr
    assert len(server.requests) == asked
