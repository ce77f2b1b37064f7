"""Several imports at once, calls that are recorded meanwhile, and imports that are killed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fased_litellm.errors import LedgerDamaged, LedgerError
from fased_litellm.usage.imports import job, pipeline, pool
from fased_litellm.usage.imports.files import scan
from fased_litellm.usage.imports.job import Done, WorkerDied
from fased_litellm.usage.imports.layout import NodeConfig, find
from fased_litellm.usage.imports.pipeline import Progress, run
from fased_litellm.usage.imports.prices import NOTHING
from fased_litellm.usage.imports.transcripts.transcript import Chunk
from fased_litellm.usage.imports.worker import Setting, Worker, encoded, packed
from fased_litellm.usage.imports.write_lock import WriteLock
from fased_litellm.usage.imports.writing import Source
from fased_litellm.usage.store import importlock
from fased_litellm.usage.store.ledger import Ledger
from tests import signals
from tests.usage.agreement import assert_coarse, assert_rollups_equal_rows
from tests.usage.imports.node import T0, Node, asked, reply
from tests.usage.samples import sample

ROOT = Path(__file__).parents[3]


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path / "state")


def start(*words: str | Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-m", *map(str, words)], stdout=subprocess.PIPE, text=True, cwd=ROOT)


def test_several_imports_at_once_while_the_agent_writes_and_calls_are_recorded(node: Node, tmp_path: Path) -> None:
    enough = tmp_path / "enough"
    paths = [node.write(node.transcript(f"s{number}"), []) for number in range(4)]
    running = [start("tests.usage.imports.importer", node.state, enough, workers) for workers in ("0", "0", "1")]
    with Ledger(node.ledger, busy_timeout_s=60) as ledger:
        for number in range(60):
            path = paths[number % 4]
            node.append(path, [asked(f"u{number}", T0 + number), reply(f"a{number}", T0 + number)])
            assert ledger.record(sample(f"own-{number}"))
            if number % 20 == 19:
                path.rename(path.with_name(f"{path.name}.reset.2026-11-22T03-00-{number:02d}.000Z"))
                node.write(path, [reply(f"a{number}", T0 + number)])
    enough.touch()
    added = 0
    for process in running:
        told, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        added += sum(map(int, told.split()))
    assert added == 60  # each call by one of them
    assert len(node.calls()) == 120
    # Counts of messages go by time: what an import finds in a file that was put aside meanwhile, once the newer one was read,
    # may be missing in them. Calls are known by their ids.
    users, replies, *others = node.activity()
    assert 40 <= users <= 60
    assert 40 <= replies <= 60
    assert others == [0, 0, 0]
    assert_rollups_equal_rows(node.ledger)
    assert_coarse(node.ledger)


def test_an_import_that_is_killed_at_any_moment(tmp_path: Path) -> None:
    ended = start("tests.usage.imports.kill_imports", "import", tmp_path, "97")
    told, _ = ended.communicate(timeout=300)
    if ended.returncode == 3:
        pytest.skip(told)
    assert ended.returncode == 0, told
    assert int(told) > 300


def test_half_a_file_would_be_found_out(tmp_path: Path) -> None:
    ended = start("tests.usage.imports.kill_imports", "halves", tmp_path, "61")
    told, _ = ended.communicate(timeout=300)
    if ended.returncode == 3:
        pytest.skip(told)
    assert ended.returncode == 1
    assert " not one of " in told


def test_an_import_that_fails_in_the_middle_keeps_whole_files(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(6):
        node.write(node.transcript(f"s{number}"), [asked("u1"), reply("a1"), reply("a2")])
    monkeypatch.setattr("fased_litellm.usage.imports.writing.CALLS", 4)

    class Power(Exception):
        pass

    real = job._Chunks.__iter__

    def failing(self: job._Chunks) -> Iterator[Chunk]:
        for number, chunk in enumerate(real(self)):
            if number == 5:
                raise Power
            yield chunk

    monkeypatch.setattr(job._Chunks, "__iter__", failing)
    with pytest.raises(Power):
        node.read_in(workers=0)
    assert len(node.calls()) == 8
    assert node.activity() == (4, 8, 0, 0, 0)
    monkeypatch.undo()
    assert node.read_in().added == 4
    assert node.activity() == (6, 12, 0, 0, 0)


def test_an_import_of_its_own_accord_does_not_wait_for_another(node: Node) -> None:
    node.write(node.transcript("s1"), [reply("a1")])
    with importlock.hold(node.ledger):
        assert node.read_in(wait=False).busy
    assert not node.read_in(wait=False).busy
    assert len(node.calls()) == 1


def test_nothing_to_do_needs_no_lock(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    node.write(node.transcript("s1"), [reply("a1")])
    node.read_in()
    monkeypatch.setattr(importlock, "hold", None)
    assert node.read_in(wait=False).files == 1


def test_one_that_was_asked_for_waits(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    node.write(node.transcript("s1"), [reply("a1")])
    monkeypatch.setattr(pipeline, "WAIT_S", 0.2)
    with importlock.hold(node.ledger), pytest.raises(LedgerError, match="Another program is importing"):
        node.read_in(wait=True)


@pytest.mark.parametrize("moment", [1, 3, 5])
def test_a_process_that_dies_is_done_without(node: Node, monkeypatch: pytest.MonkeyPatch, moment: int) -> None:
    for number in range(40):
        node.write(node.transcript(f"s{number}"), [reply(f"a{n}") for n in range(20)])
    monkeypatch.setattr("fased_litellm.usage.imports.pool._TASK_SIZE", 20_000)
    real: Any = Worker.answer
    seen: list[Worker] = []

    def dying(self: Worker) -> object:
        seen.append(self)
        if len(seen) == moment:
            self._process.kill()
            self._process.wait()
        return real(self)

    monkeypatch.setattr(Worker, "answer", dying)
    assert 0 < node.read_in(workers=2).added <= 800  # it may have been killed when it had written some, and not said so
    assert len(seen) >= moment
    assert len(node.calls()) == 800
    assert node.activity() == (0, 800, 0, 0, 0)
    assert_rollups_equal_rows(node.ledger)


def test_a_full_import_is_full_without_a_process_that_died(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [node.write(node.transcript(f"s{number}"), [reply("a1")]) for number in range(6)]
    node.read_in()
    paths[0].rename(node.transcript("t0"))
    with Ledger(node.ledger) as ledger, ledger.transaction() as connection:
        connection.execute("UPDATE call SET latency_ms = 77")

    def dead(_: Worker) -> None:
        raise WorkerDied

    monkeypatch.setattr(Worker, "answer", dead)
    result = node.read_in(full=True, workers=2)
    assert result.moved == 1
    assert node.rows("SELECT count(*) FROM call WHERE latency_ms = 77") == [(0,)]
    assert len(node.calls()) == 6


def test_without_other_processes_it_goes_as_well(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    node.write(node.transcript("s1"), [reply("a1")])
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    assert node.read_in(workers=2).added == 1


@pytest.mark.parametrize(
    ("load", "idle"),
    [
        ("0.00 0.01 0.05 1/512 4242", 4),
        ("4.71 2.01 0.50 2/512 4242", 3),
        ("9.00 9.01 9.05 4/512 4242", 1),
        ("9.00 9.01 9.05 9/512 4242", 0),
        ("", 4),
        (None, 4),
    ],
)
def test_how_many_processors_are_idle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, load: str | None, idle: int
) -> None:
    if load is not None:
        (tmp_path / "loadavg").write_text(load)
    monkeypatch.setattr(pool, "_LOAD", tmp_path / "loadavg")
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    assert pool.idle_processors() == idle


@pytest.mark.parametrize(("idle", "started"), [(4, 3), (2, 2), (1, 0), (0, 0)])
def test_processes_are_started_where_processors_are_idle(
    node: Node, monkeypatch: pytest.MonkeyPatch, idle: int, started: int
) -> None:
    made: list[Setting] = []

    class Made(Worker):
        def __init__(self, setting: Setting, *rest: Any) -> None:
            made.append(setting)
            super().__init__(setting, *rest)

    monkeypatch.setattr("fased_litellm.usage.imports.worker.Worker", Made)
    monkeypatch.setattr(pool, "idle_processors", lambda: idle)
    monkeypatch.setattr(pool, "WORTH_IT", 1)
    for number in range(5):
        node.write(node.transcript(f"s{number}"), [reply("a1")])
    assert node.read_in(workers=None).added == 5
    assert len(made) == started


@pytest.fixture
def write_lock() -> Iterator[WriteLock]:
    made = WriteLock.make()
    yield made
    made.close()


def worker(node: Node, lock: int, write_lock: WriteLock) -> Worker:
    return Worker(Setting(node.ledger, NOTHING, 1000, 1024), lock, write_lock)


def until_done(one: Worker) -> int:
    added = 0
    while not one.done:
        answer = one.answer()
        added += answer.added if isinstance(answer, Done) else 0
    return added


def jobs(node: Node) -> bytes:
    return encoded([packed([Source(file)]) for file in scan(find(node.paths, NodeConfig(node.paths)))])


def test_a_worker_that_is_gone(node: Node, write_lock: WriteLock) -> None:
    with importlock.hold(node.ledger) as lock:
        one = worker(node, lock, write_lock)
        one._process.kill()
        one._process.wait()
        with pytest.raises(WorkerDied):
            one.answer()
        with pytest.raises(WorkerDied):
            one.give(b"x" * 100_000)
        one.close()


def test_a_worker_ends_with_its_work_and_holds_the_lock_until_then(node: Node, write_lock: WriteLock) -> None:
    node.write(node.transcript("s1"), [reply("a1")])
    with importlock.hold(node.ledger) as lock:
        one = worker(node, lock, write_lock)
    assert importlock.held(node.ledger)
    one.give(jobs(node))
    one.finish()
    assert until_done(one) == 1
    assert one._process.wait(timeout=30) == 0
    assert not importlock.held(node.ledger)
    one.close()


def test_what_is_too_long_to_tell_a_worker_is_read_here(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fased_litellm.usage.imports.pool._MOST_BYTES", 1000)
    for number in range(9):
        stamp = f"2026-11-22T03-00-{number:02d}.000Z"
        node.write(node.sessions() / f"s1.jsonl.bak.{stamp}", [reply(f"a{number}", T0 + number)])
        node.write(node.transcript(f"t{number}"), [reply("a1")])
    assert node.read_in(workers=2).added == 18
    assert len(node.calls()) == 18


def test_what_goes_wrong_in_a_worker_goes_wrong_here(node: Node, write_lock: WriteLock) -> None:
    node.ledger.parent.mkdir(parents=True)
    node.ledger.write_bytes(b"no ledger" * 1000)
    with importlock.hold(node.ledger) as lock:
        one = worker(node, lock, write_lock)
        with pytest.raises(LedgerDamaged, match="is damaged"):
            one.answer()
        one.close()


def test_an_import_goes_on_where_one_was_killed_with_its_workers(node: Node, write_lock: WriteLock) -> None:
    for number in range(60):
        node.write(node.transcript(f"s{number}"), [asked("u1"), *(reply(f"a{n}") for n in range(100))])
    with importlock.hold(node.ledger) as lock:
        one = worker(node, lock, write_lock)
        one.give(jobs(node))
    one.finish()  # as if the one who started it was gone, while it goes on
    assert node.read_in(workers=0).files == 60  # begins when that one has ended
    assert until_done(one) == 6000
    one.close()
    assert len(node.calls()) == 6000
    assert node.activity() == (60, 6000, 0, 0, 0)
    assert_rollups_equal_rows(node.ledger)


def test_several_workers_write_what_one_would(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fased_litellm.usage.imports.pool._TASK_SIZE", 60_000)
    for number in range(200):
        lines = [asked("u1", T0 + number), *(reply(f"a{n}", T0 + 1000 * n + number, durationMs=9) for n in range(30))]
        node.write(node.transcript(f"s{number}"), lines)
    told: list[Progress] = []
    result = run(node.ledger, node.paths, wait=True, workers=3, on_progress=told.append)
    assert (result.read, result.added, result.files) == (200, 6000, 200)
    assert told[-1].done == told[-1].size == result.bytes_read
    assert node.activity() == (200, 6000, 0, 0, 0)
    assert_rollups_equal_rows(node.ledger)
    assert_coarse(node.ledger)
    several = node.calls("call_id, started_at_ms, total_tokens, cost_pico, latency_ms, session, model")
    node.ledger.unlink()
    node.read_in(workers=0)
    assert node.calls("call_id, started_at_ms, total_tokens, cost_pico, latency_ms, session, model") == several


@pytest.mark.parametrize("share", [0.2, 0.5, 0.8])
@pytest.mark.parametrize("all_of_them", [True, False])
def test_an_import_in_several_processes_that_is_killed(node: Node, *, share: float, all_of_them: bool) -> None:
    """With its workers, or without: then these write what they have, and end."""
    for number in range(60):
        lines = [asked("u1"), *(reply(f"a{n}", T0 + n, durationMs=9) for n in range(40 + number))]
        node.write(node.transcript(f"s{number}"), lines)
    wanted = {f"s{number}": 40 + number for number in range(60)}
    sql = "SELECT name, count(call.id) FROM feed JOIN conversation ON feed.conversation = conversation.id "
    sql += "LEFT JOIN call ON call.feed = feed.id GROUP BY feed.id"
    running = start("tests.usage.imports.several", node.state)
    assert running.stdout is not None
    done = 0
    while done < share * sum(wanted.values()):
        done = int(running.stdout.readline())
    workers = Path(f"/proc/{running.pid}/task/{running.pid}/children")
    if not workers.exists():
        running.communicate(timeout=60)
        pytest.skip("the workers of a process are told by Linux alone")
    pids = [int(pid) for pid in workers.read_text().split()]
    signals.note(pids)
    for pid in [running.pid, *(pids if all_of_them else [])]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    running.communicate(timeout=60)
    with importlock.hold(node.ledger, wait_s=60):
        kept: dict[str, int] = dict(node.rows(sql))
    assert kept.items() <= wanted.items()
    assert sum(kept.values()) >= done
    assert_rollups_equal_rows(node.ledger)
    node.read_in()
    assert dict(node.rows(sql)) == wanted
    assert node.activity() == (60, sum(wanted.values()), 0, 0, 0)
    assert_rollups_equal_rows(node.ledger)
