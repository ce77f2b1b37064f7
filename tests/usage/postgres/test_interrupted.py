"""Many machines at once, over connections that are cut in the middle: nothing is lost, and nothing is there twice."""

from __future__ import annotations

import contextlib
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from fased_litellm.errors import Cancelled, FleetError
from fased_litellm.usage.store import changes
from fased_litellm.usage.store.ledger import Ledger
from tests.usage.postgres import pusher
from tests.usage.postgres.cutting import CuttingProxy
from tests.usage.postgres.fleet import ask, assert_consistent, local, machine, remote, send
from tests.usage.postgres.server import Server
from tests.usage.samples import DAY_MS, START_MS, sample

PROGRAM = [sys.executable, str(Path(pusher.__file__))]
MACHINES = 20
ROWS = 300


def test_twenty_machines_push_at_once_over_bad_lines(server: Server, database: str, url: str, tmp_path: Path) -> None:
    """The first of them also make the tables and partitions, at the same time."""
    chance = random.Random(20)
    paths = {f"m{number}": tmp_path / f"m{number}.sqlite3" for number in range(MACHINES)}
    for number, path in enumerate(paths.values()):
        machine(
            path,
            (
                sample(
                    f"c{row}", START_MS + (row * 37 + number) % 120 * DAY_MS, input_tokens=row, session=f"s{row % 9}"
                )
                for row in range(ROWS)
            ),
        )
    # And one ledger is pushed by two at the same time.
    jobs = [*paths, "m0"]
    line = CuttingProxy(server.port, lambda: chance.choice([chance.randrange(200), chance.randrange(300_000), None]))
    with line, server.connect() as killer:
        bad = url.replace(f":{server.port}/", f":{line.port}/")
        _push_all([[*PROGRAM, str(paths[name]), bad, name] for name in jobs], killer, database)
        for name, path in paths.items():
            assert remote(url, name) == local(path)
        for name in jobs[:4]:
            _change_some(paths[name], chance)
        _push_all([[*PROGRAM, str(paths[name]), bad, name] for name in jobs[:4]], killer, database)
        for name, path in paths.items():
            assert remote(url, name) == local(path)
    assert line.cuts > MACHINES
    assert ask(url, "SELECT count(*) FROM host") == [(MACHINES,)]
    assert_consistent(url)


def _push_all(commands: list[list[str]], killer: psycopg.Connection[Any], database: str) -> None:
    """Run all at once, each until it succeeds, while connections are ended on the server's side too."""
    running = [(command, _start(command)) for command in commands]
    left = 50 * len(commands)
    try:
        while running:
            command, process = running.pop(0)
            try:
                _, errors = process.communicate(timeout=0.2)
            except subprocess.TimeoutExpired:
                running.append((command, process))
                killer.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s ORDER BY random() LIMIT 1",
                    (database,),
                )
                continue
            if process.returncode:
                assert errors.startswith(("08", "57P", "40")), errors
                left -= 1
                assert left, "no progress"
                running.append((command, _start(command)))
    finally:
        for _, process in running:
            process.kill()
            process.communicate()


def _start(command: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def _change_some(path: Path, chance: random.Random) -> None:
    with Ledger(path) as ledger, ledger.transaction() as connection:
        numbers = [number for (number,) in connection.execute("SELECT id FROM call")]
        changes.change(connection, {number: {"cost_pico": number} for number in chance.sample(numbers, 40)})
        changes.change(connection, {number: {"counted": 0} for number in chance.sample(numbers, 1)})


@pytest.mark.parametrize("seed", range(8))
def test_a_push_that_is_cut_anywhere_goes_on(server: Server, url: str, tmp_path: Path, seed: int) -> None:
    """Also where the answer to a batch that was kept is lost."""
    chance = random.Random(seed)
    path = machine(tmp_path / "a.sqlite3", (sample(f"c{row}", START_MS + row * DAY_MS) for row in range(200)))
    send(machine(tmp_path / "empty.sqlite3"), url, "other")  # makes the tables
    with CuttingProxy(server.port, lambda: chance.randrange(60_000)) as line:
        bad = url.replace(f":{server.port}/", f":{line.port}/")
        while remote(url, "box") != local(path):
            with contextlib.suppress(FleetError):
                send(path, bad, batch=20)
    assert line.cuts
    assert_consistent(url)
    assert send(path, url).sent == 0


def test_a_push_that_the_user_stops_says_how_far_it_came(url: str, tmp_path: Path) -> None:
    path = machine(tmp_path / "a.sqlite3", (sample(f"c{row}") for row in range(50)))

    def stop(done: int, total: int) -> None:
        if done == 20:
            raise KeyboardInterrupt

    with pytest.raises(Cancelled, match="20 calls were sent") as caught:
        send(path, url, batch=10, progress=stop)
    assert "goes on from there" in (caught.value.hint or "")
    assert send(path, url).sent == 30


def test_a_push_goes_on_after_the_server_ended_its_connection(url: str, server: Server, tmp_path: Path) -> None:
    path = machine(tmp_path / "a.sqlite3", (sample(f"c{row}") for row in range(100)))
    pauses: list[float] = []

    def end(done: int, total: int) -> None:
        if done == 40 and not pauses:
            with psycopg.connect(server.url("postgres", user="postgres"), autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'fased usage push'"
                )

    assert send(path, url, batch=20, progress=end, pause=pauses.append).sent == 100
    assert len(pauses) == 1
    assert remote(url) == local(path)
