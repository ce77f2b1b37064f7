"""The whole tree of commands on files of another user: whose they are and what to do, and reports all the same."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fased_litellm import ownership
from fased_litellm.usage.budgets import store
from fased_litellm.usage.budgets.budget import Scope
from fased_litellm.usage.budgets.edits import parse_limits, put
from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.usage.store.spool import Spool
from tests.cli.sample_arguments import SAMPLES
from tests.cli.test_chat import KEY, WHOLE
from tests.servers import READ, FaultServer, FaultServers
from tests.usage.samples import sample

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")

ROWS = 5
CODE = Path(__file__).parents[2]


class Place:
    """A state folder of root, in a folder that all may enter."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.state = root / "state"
        self.ledger = self.state / "litellm" / "usage.sqlite3"
        self.cwd = root / "cwd"

    def fill(self, url: str) -> None:
        self.state.mkdir(mode=0o700)
        self.cwd.mkdir()
        self.cwd.chmod(0o777)
        entry = {"baseUrl": url, "api": "openai-completions", "request": {"allowPrivateNetwork": True}, "models": []}
        (self.state / "fased.json").write_text(json.dumps({"models": {"providers": {"litellm": entry}}}))
        now = time.time_ns() // 1_000_000
        with Ledger(self.ledger) as ledger:
            ledger.record_many(sample(f"c{number}", now - number * 1000) for number in range(ROWS))
        Spool.beside(self.ledger).append(sample("waiting", now))
        for path in ("agents/main/agent/auth-profiles.json", "agents/main/sessions/sessions.json"):
            (self.state / path).parent.mkdir(parents=True, exist_ok=True)
            (self.state / path).write_text(json.dumps({"version": 1, "profiles": {}} if "auth" in path else {}))
        (self.state / "litellm" / "catalog").mkdir()
        (self.state / "logs").mkdir()

    def budget(self, action: Any) -> None:
        path = self.state / "litellm" / "budgets.json"
        store.change(path, lambda book: put(book, Scope(), parse_limits({"day": "5"}), action, None)[0])

    def open(self, *, folders: int, files: int) -> None:
        for folder, _, names in os.walk(self.state):
            os.chmod(folder, folders)
            for name in names:
                os.chmod(Path(folder) / name, files)

    def run(self, *commands: list[str]) -> list[tuple[Any, str, str]]:
        env = {**os.environ, "HOME": str(self.root), "FASED_STATE_DIR": str(self.state), "LITELLM_API_KEY": KEY}
        done = subprocess.run(
            [sys.executable, "-m", "tests.cli.as_nobody"],
            env={**env, "PYTHONPATH": str(CODE), "PYTHONDONTWRITEBYTECODE": "1"},
            input=json.dumps(commands),
            cwd=self.cwd,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return [tuple(entry) for entry in json.loads(done.stdout)]


@pytest.fixture
def server(fault_server: FaultServers) -> FaultServer:
    return fault_server([WHOLE, READ] * 4)


@pytest.fixture
def place(server: FaultServer) -> Iterator[Place]:
    root = Path(tempfile.mkdtemp(prefix="fased-another-user-"))
    root.chmod(0o755)
    made = Place(root)
    made.fill(server.url)
    yield made
    shutil.rmtree(root)


WAYS = {"a closed folder": (0o700, 0o600), "closed files": (0o755, 0o600), "files to be read": (0o755, 0o644)}
ANSWERS_OTHERWISE = ("No call of the ", "Found no ")


@pytest.mark.parametrize("way", WAYS)
def test_no_command_calls_it_a_defect(way: str, place: Place) -> None:
    place.budget("warn")
    folders, files = WAYS[way]
    place.open(folders=folders, files=files)
    before = {path: path.read_bytes() for path in place.state.rglob("*") if path.is_file()}
    commands = [[*name.split(), *words] for name, lists in SAMPLES.items() for words in lists if name != "litellm chat"]
    for words, (status, out, errors) in zip(commands, place.run(*commands), strict=True):
        assert "Unexpected" not in out + errors, words
        assert "Traceback" not in errors, words
        if status == 1 and "Permission denied" in out + errors:
            assert "belongs to root, and this runs as nobody" in out + errors, words
    assert {path: path.read_bytes() for path in before} == before


def test_a_report_is_made_of_what_can_be_read(place: Place) -> None:
    """Also of the calls that wait, and without a file more or less."""
    place.open(folders=0o755, files=0o644)
    before = sorted(place.state.rglob("*"))
    (status, out, errors), listed, shown = place.run(
        ["usage", "--json"], ["usage", "calls", "--json"], ["usage", "--by", "agent"]
    )
    assert (status, json.loads(out)["totals"]["calls"]) == (0, ROWS + 1)
    assert "The usage ledger was read, and not written." in errors
    assert f"The file {place.ledger} belongs to root, and this runs as nobody." in errors
    assert "waiting" in {call["callId"] for call in json.loads(listed[1])["calls"]}
    assert shown[0] == 0
    assert sorted(place.state.rglob("*")) == before
    assert list(Path(tempfile.gettempdir()).glob("fased-usage-*")) == []


def test_a_ledger_in_use_is_read_with_its_newest_calls(place: Place) -> None:
    with Ledger(place.ledger) as ledger:
        ledger.record(sample("newest", time.time_ns() // 1_000_000))
        assert Path(f"{place.ledger}-wal").stat().st_size
        place.open(folders=0o755, files=0o644)
        ((status, out, _),) = place.run(["usage", "--json"])
        assert (status, json.loads(out)["totals"]["calls"]) == (0, ROWS + 2)
        Path(f"{place.ledger}-wal").chmod(0o600)
        ((status, out, errors),) = place.run(["usage", "--json"])
        assert status == 0
        assert json.loads(out)["totals"]["calls"] >= 1
        assert "The newest calls may be missing" in errors


def test_the_log_of_a_program_that_died_is_read_too(place: Place, tmp_path: Path) -> None:
    with Ledger(place.ledger) as ledger:
        ledger.record(sample("newest", time.time_ns() // 1_000_000))
        copies = {suffix: Path(f"{place.ledger}{suffix}").read_bytes() for suffix in ("", "-wal")}
    for suffix, data in copies.items():
        Path(f"{place.ledger}{suffix}").write_bytes(data)
    Spool.beside(place.ledger).path.unlink()
    place.open(folders=0o755, files=0o644)
    ((status, out, _),) = place.run(["usage", "--json"])
    assert (status, json.loads(out)["totals"]["calls"]) == (0, ROWS + 1)


def test_a_reply_is_shown_and_a_budget_that_stops_does(place: Place, server: FaultServer) -> None:
    place.open(folders=0o755, files=0o644)
    ((status, out, errors),) = place.run(["litellm", "chat", "hi", "--no-stream"])
    assert (status, out) == (0, "Hello\n")
    (warning,) = [line for line in errors.splitlines() if "not in the usage history" in line]
    assert "belongs to root, and this runs as nobody" in warning
    place.budget("stop")
    place.open(folders=0o755, files=0o644)
    asked = len(server.requests)
    ((status, out, errors),) = place.run(["litellm", "chat", "hi", "--no-stream"])
    assert (status, out) == (1, "")
    assert "nothing was sent" in errors
    assert len(server.requests) == asked


def test_budgets_are_listed_with_what_was_spent(place: Place) -> None:
    place.budget("warn")
    place.open(folders=0o755, files=0o644)
    ((status, out, _),) = place.run(["usage", "budget", "list"])
    assert status == 0
    assert "$0.0039" in out


def test_what_stands_in_the_way_is_found(tmp_path: Path) -> None:
    assert ownership.told(tmp_path / "new" / "file") is None
    assert ownership.told(tmp_path) is None
