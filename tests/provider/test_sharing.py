"""Calls that several processes make at once under one budget."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fased_litellm.context import CallContext
from fased_litellm.refs import ModelRef
from fased_litellm.usage.budgets import reservations, shared
from fased_litellm.usage.budgets.reservation import NOBODY, Held, Owner
from fased_litellm.usage.budgets.shared import Sharing
from tests.provider.test_budget_guard import WHO, WHOLE, Place
from tests.provider.test_reservations import slow
from tests.servers import HANG, FaultServers

Caller = subprocess.Popen[str]


class Callers:
    """Processes that make calls, and end with the test."""

    def __init__(self, place: Place) -> None:
        self._env = {**os.environ, **place.env}
        self._running: list[Caller] = []

    def start(self, number: int) -> Caller:
        """One that is ready to make so many calls at once."""
        made = subprocess.Popen(
            [sys.executable, "-m", "tests.provider.caller", str(number)],
            env=self._env,
            cwd=Path(__file__).parents[2],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._running.append(made)
        assert made.stdout is not None
        assert made.stdout.readline() == "ready\n"
        return made

    def go(self) -> int:
        """Let all begin; how many calls they made together."""
        for one in self._running:
            assert one.stdin is not None
            one.stdin.write("go\n")
            one.stdin.flush()
        return sum(int(one.communicate(timeout=120)[0]) for one in self._running)

    def end(self) -> None:
        for one in self._running:
            if one.poll() is None:
                one.kill()
            one.wait()
            for pipe in (one.stdin, one.stdout):
                if pipe is not None and not pipe.closed:
                    pipe.close()


@pytest.fixture
def place(home: Path) -> Place:
    return Place(home)


@pytest.fixture
def callers(place: Place) -> Iterator[Callers]:
    made = Callers(place)
    yield made
    made.end()


def under_way(place: Place) -> list[str]:
    return sorted(os.listdir(place.paths.budgets.with_name(reservations.FOLDER)))


def test_processes_keep_the_bound_together(place: Place, callers: Callers, fault_server: FaultServers) -> None:
    server = fault_server(slow(WHOLE))
    place.spend("1")
    place.budget("4.5")
    place.provider(server).close()
    for _ in range(4):
        callers.start(3)
    # Of the $3.50 that are left, four calls of $1 are the least that uses them up.
    assert callers.go() == len(server.requests) == 4
    assert under_way(place) == []


def test_a_process_that_dies_leaves_nothing_behind(place: Place, callers: Callers, fault_server: FaultServers) -> None:
    hanging, server = fault_server([HANG]), fault_server(WHOLE)
    place.spend("1")
    place.budget("2")
    place.provider(hanging).close()
    caller = callers.start(1)
    assert caller.stdin is not None
    caller.stdin.write("go\n")
    caller.stdin.flush()
    while not hanging.requests:
        time.sleep(0.01)
    assert len(under_way(place)) == 1
    sharing_of = reservations.book_of(place.paths.budgets).sharing
    with sharing_of.deciding() as others:
        assert [(held.context.task, held.ref.model, held.pico, held.owner) for held in others] == [
            ("digest", "a", 10**12, NOBODY)
        ]
    caller.kill()
    caller.wait()
    with sharing_of.deciding() as others:
        assert others == ()
    assert under_way(place) == []
    with place.provider(server) as provider:
        assert provider.chat("hi", context=WHO).receipt.cost_usd == 1


def held(**changes: Any) -> Held:
    values: dict[str, Any] = {
        "context": CallContext(agent="ä", task=None, channel="telegram"),
        "ref": ModelRef("litellm", "vendor/a"),
        "started_at_ms": 1_795_219_200_000,
        "pico": None,
        "owner": Owner(7),
        "ends_at": time.monotonic() + 60,
    }
    return Held(**(values | changes))


def seen_by_another(folder: Path) -> list[Held]:
    with Sharing(folder).deciding() as found:
        return list(found)


def test_what_one_writes_others_read(tmp_path: Path) -> None:
    one = Sharing(tmp_path / "way")
    with one.deciding() as others:
        assert others == ()
        one.write(lambda: [held(), held(pico=5), held(pico=6, ends_at=time.monotonic() - 1)])
    found = seen_by_another(tmp_path / "way")
    assert [(other.context.agent, other.context.channel, str(other.ref), other.pico) for other in found] == [
        ("ä", "telegram", "litellm/vendor/a", None),
        ("ä", "telegram", "litellm/vendor/a", 5),
    ]
    (file,) = (tmp_path / "way").iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    one.write(list)
    assert list((tmp_path / "way").iterdir()) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "{}\n",
        "[1]\n",
        '[{"agent": "a"}]\n',
        '[{"agent": 1, "task": null, "channel": null, "provider": "p", "model": "m", "startedAtMs": 1, "pico": 1, "endsAtMs": 9e99}]\n',
        '[{"agent": "a", "task": null, "channel": null, "provider": "p", "model": "m", "startedAtMs": 1, "pico": -1, "endsAtMs": 9999999999999}]\n',
    ],
)
def test_what_makes_no_sense_counts_for_nothing(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shared, "_PAUSE_S", 0)
    one = Sharing(tmp_path)
    one.write(lambda: [held()])
    (file,) = tmp_path.iterdir()
    file.write_text(text)
    assert seen_by_another(tmp_path) == []
    assert file.exists()  # of a living process
    one.close()


def test_only_files_of_the_dead_are_removed(tmp_path: Path) -> None:
    for name in ("1-0123456789ab.json", "notes.json", "2-0123456789ab.json.txt"):
        (tmp_path / name).write_text("[]\n")
    (tmp_path / "3-0123456789ab.json").mkdir()
    (tmp_path / "4-0123456789ab.json").symlink_to(tmp_path / "notes.json")
    os.mkfifo(tmp_path / "5-0123456789ab.json")
    assert seen_by_another(tmp_path) == []
    assert sorted(os.listdir(tmp_path)) == [
        "2-0123456789ab.json.txt",
        "3-0123456789ab.json",
        "4-0123456789ab.json",
        "5-0123456789ab.json",
        "notes.json",
    ]


def test_where_nothing_can_be_written_each_process_knows_its_own(tmp_path: Path) -> None:
    (tmp_path / "way").write_text("a file in the folder's place")
    one = Sharing(tmp_path / "way")
    with one.deciding() as others:
        assert others == ()
        one.write(lambda: [held()])
    one.close()


def test_a_forked_child_writes_nothing_into_the_file_of_its_parent(tmp_path: Path) -> None:
    one = Sharing(tmp_path)
    one.write(lambda: [held()])
    (file,) = tmp_path.iterdir()
    before = file.read_bytes()
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        one.forked()
        one.write(list)
        one.close()
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert file.read_bytes() == before
    assert len(seen_by_another(tmp_path)) == 1
    one.close()
