"""Ledgers of every released version are brought up to date."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from fased_litellm.usage.query.query import DIMENSIONS, Query
from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.usage.store.migrations import LATEST, migrate
from tests.usage import writer
from tests.usage.agreement import assert_rollups_equal_rows, rows
from tests.usage.samples import DAY_MS, START_MS, expected_groups, expected_totals, sample
from tests.usage.store.old_ledger import counted, restore, versions


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "usage.sqlite3"


def tables(path: Path) -> dict[str, list[tuple[Any, ...]]]:
    """What there is in a ledger, with its columns."""
    found: dict[str, list[tuple[Any, ...]]] = {}
    for (name,) in rows(path, "SELECT name FROM sqlite_master"):
        found[name] = rows(path, f"PRAGMA table_info({name})") + rows(path, f"PRAGMA index_xinfo({name})")
    return found


def test_a_ledger_that_another_process_makes_between_two_questions_is_a_ledger(path: Path) -> None:
    def make(statement: str) -> None:
        if "sqlite_master" in statement:
            with closing(sqlite3.connect(path, isolation_level=None)) as other:
                migrate(other, str(path))

    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.set_trace_callback(make)
        migrate(connection, str(path))
        assert connection.execute("PRAGMA user_version").fetchone() == (LATEST,)


@pytest.mark.parametrize("version", versions())
def test_an_old_ledger_reports_what_it_holds(version: int, path: Path) -> None:
    restore(version, path)
    known = counted(version)
    with Ledger(path) as ledger:
        for by in [(), *((name,) for name in DIMENSIONS), ("session", "status"), ("agent", "model", "day")]:
            for begin, end in [(0, START_MS * 2), (START_MS + 3_700_000, START_MS + 2 * DAY_MS + 1)]:
                report = ledger.report(Query(begin, end, by))
                groups = {group.key: group.totals.as_dict() for group in report.groups} if by else {}
                expected = expected_groups(known, begin, end, by, {})
                for key, chosen in expected.items():
                    found = groups[key] if by else report.totals.as_dict()
                    wanted = expected_totals(chosen)
                    wanted["costUsd"] = pytest.approx(None if wanted["costUsd"] is None else float(wanted["costUsd"]))
                    assert found == wanted
                assert set(groups) == (set(expected) if by else set())


@pytest.mark.parametrize("version", versions())
def test_an_old_ledger_gets_the_tables_of_a_new_one(version: int, path: Path, tmp_path: Path) -> None:
    restore(version, path)
    fresh = tmp_path / "fresh.sqlite3"
    for ledger in (path, fresh):
        with Ledger(ledger) as opened, opened.transaction():
            pass
    assert tables(path) == tables(fresh)


def test_a_ledger_of_every_version_is_kept() -> None:
    """If this is a new version, run ``python -m tests.usage.store.old_ledger``."""
    assert versions() == list(range(1, LATEST + 1))


@pytest.mark.parametrize("version", versions())
def test_an_old_ledger_keeps_its_rows_and_takes_new_ones(version: int, path: Path) -> None:
    restore(version, path)
    columns = "id, call_id, started_at_ms, input_tokens, total_tokens, cost_pico, cause, latency_ms, proxy_version"
    before = rows(path, f"SELECT {columns} FROM call ORDER BY id")
    with Ledger(path) as ledger:
        assert ledger.record(sample("new"))
        assert not ledger.record(sample("call-0001"))
    assert rows(path, f"SELECT {columns} FROM call ORDER BY id")[:-1] == before
    assert_rollups_equal_rows(path)
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    assert rows(path, "PRAGMA foreign_key_check") == []


KILLED = """
import os, signal, sqlite3, sys
from pathlib import Path
from fased_litellm.usage.store import database
left = int(sys.argv[2])

def count(statement):
    global left
    left -= not statement.startswith("--")
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)

def traced(*arguments, **options):
    connection = real(*arguments, **options)
    connection.set_trace_callback(count)
    return connection

real, sqlite3.connect = sqlite3.connect, traced
database.connect(Path(sys.argv[1]))
"""


@pytest.mark.parametrize("version", versions()[:-1])
def test_a_kill_in_the_middle_leaves_the_old_version(version: int, path: Path) -> None:
    restore(version, path)
    before = rows(path, "SELECT * FROM call ORDER BY id")
    states: list[int] = []
    moments = range(0, 60, 7) if version == 1 else range(16)  # later steps are short
    for statements in (*moments, 1000):
        done = subprocess.run([sys.executable, "-c", KILLED, str(path), str(statements)], check=False)
        ((found,),) = rows(path, "PRAGMA user_version")
        states.append(found)
        if found == version:
            assert done.returncode == -signal.SIGKILL
            assert rows(path, "SELECT * FROM call ORDER BY id") == before
            assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    # Killed several times while the statements of the step were running, it was migrated at last.
    assert states[0] == states[3] == states[len(moments) // 2] == version
    assert states[-1] == LATEST
    assert_rollups_equal_rows(path)


def test_several_processes_migrate_one_ledger(path: Path) -> None:
    restore(1, path)
    program = [sys.executable, str(Path(writer.__file__)), str(path)]
    running = [
        subprocess.Popen([*program, f"p{number}", "20"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for number in range(5)
    ]
    for process in running:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    assert rows(path, "SELECT count(*) FROM call") == [(500,)]
    assert_rollups_equal_rows(path)


def test_a_program_of_version_1_that_is_still_running_writes_no_more(path: Path) -> None:
    """Its rows would be missing in the roll-ups that it does not know; it fails, and they wait in the spool."""
    restore(1, path)
    with Ledger(path) as ledger:
        ledger.record(sample("new"))
    columns = "calls, failed, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, "
    columns += "total_tokens, cost_pico, priced_calls, unpriced_calls"
    with closing(sqlite3.connect(path)) as connection:
        known = connection.execute("SELECT bucket, dimension FROM rollup LIMIT 1").fetchone()
        for bucket, dimension in (known, (1, 1)):
            with pytest.raises(sqlite3.IntegrityError, match="NOT NULL"):
                connection.execute(
                    f"INSERT INTO rollup (bucket, dimension, {columns}) VALUES (?, ?, {', '.join('1' * 11)}) "
                    "ON CONFLICT (bucket, dimension) DO UPDATE SET calls = calls + 1",
                    (bucket, dimension),
                )
