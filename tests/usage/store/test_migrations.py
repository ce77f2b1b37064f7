"""A ledger of an older version is brought up to date, as a whole or not at all: by the worked example of ``next_version``."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from fased_litellm.errors import LedgerError
from fased_litellm.usage.query.query import DIMENSIONS, Query
from fased_litellm.usage.store import readonly
from fased_litellm.usage.store.changes import change
from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.usage.store.migrations import LATEST, migrate
from fased_litellm.usage.store.rows import COLUMNS
from tests.usage import writer
from tests.usage.agreement import assert_rollups_equal_rows, rows
from tests.usage.samples import START_MS, sample
from tests.usage.store import next_version

COUNT = 40
EVERYTHING = Query(0, START_MS * 2, ())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A ledger of the version before the next one, with a row that does not count."""
    path = tmp_path / "usage.sqlite3"
    with Ledger(path) as ledger:
        ledger.record_many(
            sample(f"c{number}", START_MS + number * 3_600_000, agent="main" if number % 3 else "ops")
            for number in range(COUNT)
        )
        with ledger.transaction() as connection:
            change(connection, {COUNT: {"counted": 0}})
    return path


def tables(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What there is in a ledger, with its columns."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for (name,) in rows(path, "SELECT name FROM sqlite_master"):
        found[name] = rows(path, f"PRAGMA table_info({name})") + rows(path, f"PRAGMA index_xinfo({name})")
    return found


def calls(path: Path) -> list[tuple[Any, ...]]:
    return rows(path, f"SELECT id, {', '.join(COLUMNS)} FROM call ORDER BY id")


def reports(path: Path) -> list[Any]:
    with Ledger(path) as ledger:
        return [ledger.report(Query(0, START_MS * 2, (name,))) for name in DIMENSIONS]


def test_a_new_ledger_has_the_columns_in_the_order_of_its_rows(path: Path) -> None:
    """By this order, what is left of a damaged row is read."""
    assert [column[1] for column in rows(path, "PRAGMA table_info(call)")] == ["id", *COLUMNS]
    assert rows(path, "PRAGMA user_version") == [(LATEST,)]


def test_a_ledger_that_another_process_makes_between_two_questions_is_a_ledger(tmp_path: Path) -> None:
    path = tmp_path / "usage.sqlite3"

    def make(statement: str) -> None:
        if "sqlite_master" in statement:
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                migrate(other, str(path))

    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.set_trace_callback(make)
        migrate(connection, str(path))
        assert connection.execute("PRAGMA user_version").fetchone() == (LATEST,)


def test_an_older_ledger_reports_what_it_holds_and_takes_new_rows(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, known = reports(path), calls(path)
    next_version.use(monkeypatch)
    assert reports(path) == before
    with Ledger(path) as ledger:
        assert ledger.record(sample("new"))
        assert not ledger.record(sample("c1"))
    assert rows(path, "PRAGMA user_version") == [(next_version.VERSION,)]
    assert calls(path)[:-1] == known
    assert rows(path, "SELECT region, count(*) FROM call GROUP BY 1") == [(None, 2), ("eu", COUNT - 1)]
    assert rows(path, "SELECT name FROM place") == [("main",), ("ops",)]
    assert_rollups_equal_rows(path)
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    assert rows(path, "PRAGMA foreign_key_check") == []


def test_an_older_ledger_gets_the_tables_of_a_new_one(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    next_version.use(monkeypatch)
    fresh = tmp_path / "fresh.sqlite3"
    for ledger in (path, fresh):
        with Ledger(ledger) as opened, opened.transaction():
            pass
    assert tables(path) == tables(fresh)


def test_an_older_ledger_that_may_not_be_written_is_read_and_stays_one(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = path.read_bytes()
    next_version.use(monkeypatch)
    said: list[str] = []
    with readonly.reading(path, said.append) as connection:
        assert connection.execute("SELECT count(region) FROM call").fetchone() == (COUNT - 1,)
    assert said == []
    assert path.read_bytes() == before


def test_a_newer_ledger_is_refused_and_left_alone(path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        next_version.use(patch)
        reports(path)
    before = path.read_bytes()
    newer = rf"newer fased-litellm \(ledger version {LATEST + 1}; this one knows {LATEST}\)"
    with Ledger(path) as ledger, pytest.raises(LedgerError, match=newer):
        ledger.record(sample("new"))
    assert path.read_bytes() == before


def test_a_kill_in_the_middle_leaves_the_older_version(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = calls(path)
    program = [sys.executable, "-m", "tests.usage.store.next_version", str(path)]
    states: list[int] = []
    for statements in (*range(14), 1000):
        done = subprocess.run([*program, str(statements)], check=False)
        ((found,),) = rows(path, "PRAGMA user_version")
        states.append(found)
        assert calls(path) == before
        assert rows(path, "PRAGMA integrity_check") == [("ok",)]
        if found == LATEST:
            assert done.returncode == -signal.SIGKILL
            assert "place" not in tables(path)
    # Killed several times while the statements of the step were running, it was brought up to date at last.
    assert states[0] == states[3] == states[7] == LATEST
    assert states[-1] == next_version.VERSION
    next_version.use(monkeypatch)
    assert_rollups_equal_rows(path)


def test_several_may_bring_it_up_to_date_at_once(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    next_version.use(monkeypatch)

    def record(number: int) -> bool:
        with Ledger(path) as ledger:
            return ledger.record(sample(f"new-{number}"))

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(record, range(8)))
    assert rows(path, "SELECT count(*), count(region) FROM call") == [(COUNT + 8, COUNT - 1)]
    assert_rollups_equal_rows(path)


def test_several_processes_make_one_ledger(tmp_path: Path) -> None:
    path = tmp_path / "usage.sqlite3"
    program = [sys.executable, str(Path(writer.__file__)), str(path)]
    running = [
        subprocess.Popen([*program, f"p{number}", "20"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for number in range(5)
    ]
    for process in running:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    assert rows(path, "SELECT count(*) FROM call") == [(100,)]
    assert_rollups_equal_rows(path)
