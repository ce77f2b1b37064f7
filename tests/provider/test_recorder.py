from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from fased_litellm.errors import LedgerDamaged
from fased_litellm.provider.recorder import Recorder
from fased_litellm.usage.store import importlock
from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.usage.store.rows import insert_many
from fased_litellm.usage.store.spool import Spool
from tests.usage.agreement import assert_rollups_equal_rows, rows
from tests.usage.samples import sample
from tests.usage.store.test_rows import rows_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "litellm" / "usage.sqlite3"


@pytest.fixture
def recorder(path: Path) -> Iterator[Recorder]:
    """One that does not take in anything by itself while a test runs."""
    recorder = Recorder(path, delay_s=3600.0)
    yield recorder
    recorder.close()


@contextmanager
def importing(path: Path) -> Iterator[None]:
    """An import in the middle of a transaction that does not end."""
    with importlock.hold(path), Ledger(path) as ledger, ledger.transaction() as connection:
        insert_many(connection, rows_of(ledger, [sample(f"imported-{number}") for number in range(5)]))
        yield


def until(done: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not done():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.001)


def calls(path: Path) -> list[str]:
    return [call_id for (call_id,) in rows(path, "SELECT call_id FROM call ORDER BY id")]


def waiting(path: Path) -> list[str]:
    return [record.call_id for record in Spool.beside(path).records()]


def test_a_row_is_kept_at_once_and_is_soon_in_the_ledger(recorder: Recorder, path: Path) -> None:
    recorder.record(sample("c1"))
    recorder.record(None)
    asyncio.run(recorder.arecord(sample("c2")))
    asyncio.run(recorder.arecord(None))
    assert waiting(path) == ["c1", "c2"]
    assert recorder.flush() is None
    assert waiting(path) == []
    assert calls(path) == ["c1", "c2"]
    assert recorder.problem is None


def test_nobody_has_to_ask_for_it(path: Path) -> None:
    recorder = Recorder(path, delay_s=0.0)
    for number in range(3):
        recorder.record(sample(f"c{number}"))
        until(lambda: not Spool.beside(path).waiting())
    assert calls(path) == ["c0", "c1", "c2"]
    recorder.close()


def test_closing_takes_in_what_waits_and_more_can_be_kept_afterwards(path: Path) -> None:
    recorder = Recorder(path, delay_s=3600.0)
    for name in ("c1", "c2"):
        recorder.record(sample(name))
        recorder.close()
        assert waiting(path) == []
    assert calls(path) == ["c1", "c2"]


def test_a_call_does_not_wait_for_an_import(recorder: Recorder, path: Path) -> None:
    recorder.record(sample("c1"))
    recorder.flush()
    with importing(path):
        # Nothing ends the import before this returns; waiting for it would be in vain.
        recorder.record(sample("c2"))
        recorder.record(sample("c3"))
        recorder.flush()
        assert waiting(path) == ["c2", "c3"]
    recorder.flush()
    assert waiting(path) == []
    assert calls(path) == ["c1", *(f"imported-{number}" for number in range(5)), "c2", "c3"]
    assert_rollups_equal_rows(path)


def test_a_call_does_not_wait_for_any_writer(path: Path) -> None:
    recorder = Recorder(path, delay_s=0.0)
    recorder.record(sample("c1"))
    recorder.flush()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        for number in range(2, 5):
            recorder.record(sample(f"c{number}"))
        assert waiting(path) == ["c2", "c3", "c4"]
        other.execute("ROLLBACK")
    recorder.close()
    assert sorted(calls(path)) == ["c1", "c2", "c3", "c4"]


def test_an_import_at_work_is_no_problem(recorder: Recorder, path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with importing(path):
        recorder.record(sample("c1"))
        assert recorder.flush() is None
        assert recorder.problem is None
        assert waiting(path) == ["c1"]
    assert [entry for entry in caplog.records if entry.levelname == "WARNING"] == []


def test_rows_between_two_transactions_of_an_import_are_taken_in(recorder: Recorder, path: Path) -> None:
    with importlock.hold(path):
        recorder.record(sample())
        recorder.flush()
    assert calls(path) == ["c1"]


def test_waiting_for_another_ends_when_an_import_begins(
    recorder: Recorder, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder.record(sample("c1"))
    asked = iter([False, False, True, True])
    monkeypatch.setattr(importlock, "held", lambda _: next(asked))
    recorder.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        Spool.beside(path).append(sample("c2"))
        recorder.flush()
        other.execute("ROLLBACK")
    assert waiting(path) == ["c2"]
    assert next(asked, None) is None


def test_a_report_that_is_being_read_holds_nobody_up(recorder: Recorder, path: Path) -> None:
    recorder.record(sample("c1"))
    recorder.flush()
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM call").fetchone() == (1,)
        recorder.record(sample("c2"))
        recorder.flush()
        assert reader.execute("SELECT count(*) FROM call").fetchone() == (1,)
    assert calls(path) == ["c1", "c2"]


@pytest.mark.parametrize("damage", ["no database", "pages", "the table of names"])
def test_a_row_survives_a_damaged_ledger(damage: str, recorder: Recorder, path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.record_many(sample(f"c{number}", session=f"s{number}") for number in range(300))
    if damage == "the table of names":
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("UPDATE dimension SET coarse = 'x'")
            connection.commit()
    else:
        data = bytearray(path.read_bytes())
        data[4096 if damage == "pages" else 0 :] = b"\xff" * (len(data) - (4096 if damage == "pages" else 0))
        path.write_bytes(data)
    recorder.record(sample("new", session="s1"))
    assert isinstance(recorder.flush(), LedgerDamaged)
    recorder.record(sample("newer", session="s2"))
    assert isinstance(recorder.flush(), LedgerDamaged)
    assert isinstance(recorder.problem, LedgerDamaged)
    assert waiting(path) == ["new", "newer"]


@pytest.mark.parametrize("asynchronous", [False, True])
def test_where_there_is_no_spool_the_ledger_takes_the_row(asynchronous: bool, recorder: Recorder, path: Path) -> None:
    Spool.beside(path).path.mkdir(parents=True)
    if asynchronous:
        asyncio.run(recorder.arecord(sample("c1")))
    else:
        recorder.record(sample("c1"))
    assert calls(path) == ["c1"]
    Spool.beside(path).path.rmdir()


def test_a_row_that_can_be_kept_nowhere_is_told_and_kept_in_mind(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    recorder = Recorder(tmp_path / "file" / "usage.sqlite3")
    for warning in (recorder.record(sample()), asyncio.run(recorder.arecord(sample("c2")))):
        assert warning is not None
        assert warning.startswith("This call is not in the usage history: ")
        assert "cannot be put aside" in warning
    assert recorder.unsaved == 2
    recorder.close()
    assert "2 calls" in caplog.records[-1].getMessage()
    (tmp_path / "file").unlink()
    recorder.close()
    assert recorder.unsaved == 0
    assert calls(tmp_path / "file" / "usage.sqlite3") == ["c1", "c2"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_forked_child_keeps_its_own_rows(path: Path) -> None:
    recorder = Recorder(path, delay_s=0.0)
    recorder.record(sample("parent"))
    recorder.flush()
    child = os.fork()
    if child == 0:
        ended = 1
        try:
            recorder.record(sample("child"))
            until(lambda: not Spool.beside(path).waiting())
            recorder.close()
            ended = 0
        finally:
            os._exit(ended)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    recorder.record(sample("parent again"))
    recorder.close()
    assert calls(path) == ["parent", "child", "parent again"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_children_that_are_forked_at_any_moment_take_no_lock_along(path: Path) -> None:
    recorder = Recorder(path, delay_s=0.0)
    children = []
    for number in range(40):
        recorder.record(sample(f"c{number:02}"))
        child = os.fork()
        if child == 0:
            signal.pause()
            os._exit(0)
        children.append(child)
    try:
        recorder.record(sample("last"))  # would hang here
        recorder.close()
        with importlock.hold(path, wait_s=1.0):
            assert calls(path) == [*(f"c{number:02}" for number in range(40)), "last"]
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)


def test_a_killed_program_loses_no_row(path: Path) -> None:
    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from fased_litellm.provider.recorder import Recorder\n"
        "from tests.usage.samples import sample\n"
        "recorder = Recorder(Path(sys.argv[1]), delay_s=0.001)\n"
        "for number in range(int(sys.argv[2])):\n"
        "    recorder.record(sample(f'c{number:03}'))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    kept = 150
    ended = subprocess.run([sys.executable, "-c", program, str(path), str(kept)], check=False)
    assert ended.returncode == -signal.SIGKILL
    with Ledger(path) as ledger:
        ledger.drain(Spool.beside(path))
    assert sorted(calls(path)) == [f"c{number:03}" for number in range(kept)]
    assert waiting(path) == []
    assert_rollups_equal_rows(path)
