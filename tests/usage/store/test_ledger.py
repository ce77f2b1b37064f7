from __future__ import annotations

import os
import shutil
import signal
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fased_litellm.errors import LedgerError
from fased_litellm.usage.query.query import Query
from fased_litellm.usage.record import COSTS, UsageRecord
from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.usage.store.migrations import LATEST
from fased_litellm.usage.store.spool import Spool
from tests.usage.agreement import assert_rollups_equal_rows, rows
from tests.usage.samples import START_MS, records, sample


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "litellm" / "usage.sqlite3"


def test_nothing_is_made_before_the_first_use(path: Path) -> None:
    with Ledger(path):
        pass
    assert not path.parent.exists()


def test_a_call_is_kept_with_all_that_is_known_of_it(path: Path) -> None:
    record = sample(
        status="error", cause="rate-limit", origin="provider", http_status=429, requested_model="litellm/strong",
        deployment_id="d1", retries=2, fallbacks=1, latency_ms=12.5, time_to_first_token_ms=9.0, proxy_overhead_ms=2.0,
        proxy_version="1.106.2", role="strong", cache_read_tokens=3, cache_write_tokens=4, reasoning_tokens=5,
        response_id="chatcmpl-1", price_note="catalog", input_cost=Decimal("0.0001"), output_cost=Decimal("0.0002"),
        cache_read_cost=Decimal("0.0003"), cache_write_cost=Decimal("0.00005"),
    )  # fmt: skip
    with Ledger(path) as ledger:
        assert ledger.record(record) is True
    with closing(sqlite3.connect(path)) as connection:
        connection.row_factory = sqlite3.Row
        (row,) = connection.execute("SELECT * FROM call JOIN dimension ON dimension.id = call.dimension").fetchall()
    for name in record.__slots__:
        if name not in COSTS:
            assert row[name] == getattr(record, name), name
    costs = [row[f"{name}_pico"] for name in COSTS]
    assert costs == [650_000_000, 100_000_000, 200_000_000, 300_000_000, 50_000_000]
    assert (row["feed"], row["counted"]) == (None, 1)


def test_none_is_not_zero(path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.record(UsageRecord(call_id="c", started_at_ms=START_MS))
    columns = "cost_pico, retries, fallbacks, http_status, cause, latency_ms, deployment_id"
    assert rows(path, f"SELECT {columns} FROM call") == [(None,) * 7]


def test_recording_a_call_again_changes_nothing(path: Path) -> None:
    with Ledger(path) as ledger:
        assert ledger.record(sample()) is True
        assert ledger.record(replace(sample(), input_tokens=99, agent="other")) is False
    with Ledger(path) as ledger:
        assert ledger.record_many([sample(), sample("c2"), sample("c2")]) == 1
    assert rows(path, "SELECT call_id, input_tokens FROM call") == [("c1", 10), ("c2", 10)]
    assert_rollups_equal_rows(path)


@settings(max_examples=40)
@given(batches=st.lists(st.lists(records(), max_size=6), max_size=5))
def test_roll_ups_equal_the_rows(batches: list[list[UsageRecord]], tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("ledger") / "usage.sqlite3"
    with Ledger(path) as ledger:
        for batch in batches:
            assert ledger.record_many(batch) == len(batch)
    if batches:
        assert_rollups_equal_rows(path)
        assert rows(path, "SELECT count(*) FROM call") == [(sum(map(len, batches)),)]


def test_a_batch_that_fails_leaves_nothing(path: Path) -> None:
    def broken() -> Iterator[UsageRecord]:
        yield sample("c2", session="new")
        raise RuntimeError("stop")

    with Ledger(path) as ledger:
        ledger.record(sample("c1"))
        with pytest.raises(RuntimeError):
            ledger.record_many(broken())
        # The id that "new" had in the transaction which was rolled back must not be remembered.
        ledger.record(sample("c3", session="another"))
        ledger.record(sample("c4", session="new"))
    found = rows(path, "SELECT call_id, session FROM call JOIN dimension ON dimension.id = dimension ORDER BY 1")
    assert found == [("c1", "s1"), ("c3", "another"), ("c4", "new")]
    assert_rollups_equal_rows(path)


def test_the_files_are_private_from_the_first(path: Path) -> None:
    before = os.umask(0)
    try:
        with Ledger(path) as ledger:
            ledger.record(sample())
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    finally:
        os.umask(before)
    assert modes == {"usage.sqlite3": 0o600, "usage.sqlite3-wal": 0o600, "usage.sqlite3-shm": 0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o700


def test_a_ledger_that_others_can_read_is_made_private(path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.record(sample())
    path.chmod(0o644)
    with Ledger(path) as ledger:
        ledger.record(sample("c2"))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_ledger_of_a_newer_version_is_refused_and_left_alone(path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.record(sample())
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {LATEST + 1}")
    with Ledger(path) as ledger, pytest.raises(LedgerError, match="newer fased-litellm") as caught:
        ledger.record(sample("c2"))
    assert "Upgrade" in (caught.value.hint or "")
    assert rows(path, "SELECT call_id FROM call") == [("c1",)]


def test_another_programs_database_is_refused_and_left_alone(path: Path) -> None:
    path.parent.mkdir(parents=True)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE notes (text)")
    with Ledger(path) as ledger, pytest.raises(LedgerError, match="another program"):
        ledger.record(sample())
    assert rows(path, "SELECT name FROM sqlite_master") == [("notes",)]


def test_an_empty_file_becomes_a_ledger(path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.touch()
    with Ledger(path) as ledger:
        assert ledger.record(sample())


@pytest.mark.parametrize(
    "content", [b"not a database, but long enough to be one" * 100, b"SQLite format 3\0" + b"x" * 50]
)
def test_a_file_that_is_no_database_says_what_to_do(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    with Ledger(path) as ledger, pytest.raises(LedgerError, match="damaged") as caught:
        ledger.record(sample())
    assert "fased usage" in (caught.value.hint or "")
    assert path.read_bytes() == content


def test_a_ledger_damaged_inside_says_so(path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.record_many(sample(f"c{number}", session=f"s{number}") for number in range(500))
    data = bytearray(path.read_bytes())
    data[4096:] = b"\xff" * (len(data) - 4096)
    path.write_bytes(data)
    with Ledger(path) as ledger:
        with pytest.raises(LedgerError, match="damaged"):
            ledger.record(sample())
        with pytest.raises(LedgerError, match="damaged"):
            ledger.report(Query(0, START_MS * 2, ("session",)))


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        Ledger(tmp_path / "file" / "usage.sqlite3") as ledger,
        pytest.raises(LedgerError, match="cannot be opened: Not a directory"),
    ):
        ledger.record(sample())
    with Ledger(tmp_path) as ledger, pytest.raises(LedgerError, match="it is a folder, not a regular"):
        ledger.record(sample())


def test_a_ledger_that_is_held_too_long_is_an_error(path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.record(sample())
    with closing(sqlite3.connect(path, isolation_level=None)) as other, Ledger(path, busy_timeout_s=0.01) as ledger:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerError, match="held by another program"):
            ledger.record(sample("c2"))
        assert ledger.report(Query(0, START_MS * 2)).totals.calls == 1  # reading goes on
        other.execute("ROLLBACK")
        assert ledger.record(sample("c2"))


def test_a_full_disk_is_an_error_and_loses_nothing(path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.record(sample())
        assert ledger._connection is not None
        (pages,) = ledger._connection.execute("PRAGMA page_count").fetchone()
        ledger._connection.execute(f"PRAGMA max_page_count = {pages}")
        many = [sample(f"c{number}", session=f"{number:0500}") for number in range(2, 500)]
        with pytest.raises(LedgerError, match="No space left"):
            [ledger.record(record) for record in many]
        kept = rows(path, "SELECT count(*) FROM call")[0][0]
        ledger._connection.execute("PRAGMA max_page_count = 100000")
        assert ledger.record(sample("last"))
    assert rows(path, "SELECT count(*) FROM call") == [(kept + 1,)]
    assert_rollups_equal_rows(path)


def test_a_ledger_moved_away_while_it_is_open_is_begun_anew(path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.record(sample("c1"))
        shutil.move(path.parent, path.parent.with_name("away"))
        ledger.record(sample("c2"))
    assert rows(path, "SELECT call_id FROM call") == [("c2",)]
    assert rows(path.parent.with_name("away") / path.name, "SELECT call_id FROM call") == [("c1",)]


def test_a_ledger_replaced_while_it_is_open_is_noticed(path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.record(sample("c1"))
        shutil.move(path.parent, path.parent.with_name("away"))
        with Ledger(path) as other:
            other.record(sample("c2", session="s2"))
        ledger.record(sample("c3"))
    found = rows(path, "SELECT call_id, session FROM call JOIN dimension ON dimension.id = dimension ORDER BY 1")
    assert found == [("c2", "s2"), ("c3", "s1")]


def test_a_closed_ledger_is_an_error(path: Path) -> None:
    ledger = Ledger(path)
    ledger.record(sample())
    ledger.close()
    ledger.close()
    with pytest.raises(LedgerError, match="closed"):
        ledger.record(sample("c2"))


def test_threads_share_a_ledger(path: Path) -> None:
    with Ledger(path) as ledger:

        def write(name: str) -> None:
            for number in range(50):
                ledger.record(sample(f"{name}-{number}", agent=name))

        threads = [threading.Thread(target=write, args=(f"t{number}",)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert rows(path, "SELECT count(*) FROM call") == [(300,)]
    assert_rollups_equal_rows(path)


def test_two_ledgers_of_one_process_do_not_disturb_each_other(path: Path) -> None:
    with Ledger(path) as first, Ledger(path) as second:
        for number in range(20):
            assert first.record(sample(f"a{number}"))
            assert second.record(sample(f"b{number}", session=f"s{number}"))
            assert not second.record(sample(f"a{number}"))
    assert rows(path, "SELECT count(*) FROM call") == [(40,)]
    assert_rollups_equal_rows(path)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")  # that is what is tested
def test_a_forked_child_writes_on_a_connection_of_its_own(path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.record(sample("before"))
        with ledger._lock:  # held by the parent at the fork, as by another thread
            child = os.fork()
            if child == 0:
                signal.alarm(30)  # ends a child that waits for the lock
                try:
                    os._exit(0 if ledger.record(sample("child")) else 1)
                finally:
                    os._exit(2)
        assert os.waitpid(child, 0)[1] == 0
        assert ledger.record(sample("after"))
    assert sorted(rows(path, "SELECT call_id FROM call")) == [("after",), ("before",), ("child",)]
    assert_rollups_equal_rows(path)


def test_a_report_has_the_calls_that_wait(path: Path) -> None:
    spool = Spool.beside(path)
    spool.append(sample("c1"))
    query = Query(START_MS - 1, START_MS + 1)
    with Ledger(path) as ledger:
        assert ledger.report(query).totals.calls == 1
    spool.append(sample("c2"))
    with closing(sqlite3.connect(path, isolation_level=None)) as other, Ledger(path, busy_timeout_s=0.01) as ledger:
        other.execute("BEGIN IMMEDIATE")
        assert ledger.report(query).totals.calls == 1  # what there is; the other one is not lost
        other.execute("ROLLBACK")
        assert ledger.report(query).totals.calls == 2
