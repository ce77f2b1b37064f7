"""The roll-ups lag behind the rows, and a report is right all the same."""

from __future__ import annotations

import itertools
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fased_litellm.errors import LedgerDamaged, LedgerError
from fased_litellm.usage.query.calendar.timezones import parse_zone
from fased_litellm.usage.query.query import Query
from fased_litellm.usage.query.report import UsageReport, build
from fased_litellm.usage.record import UsageRecord
from fased_litellm.usage.store import access, database, rollups, snapshot
from fased_litellm.usage.store.changes import change
from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.usage.store.repair.recovery import recover
from tests.usage.agreement import assert_rollups_equal_rows, rows
from tests.usage.samples import DAY_MS, START_MS, records, sample

QUERIES = [
    Query(0, START_MS * 2),
    Query(0, START_MS * 2, ("session", "status")),
    Query(START_MS + 1, START_MS + 2 * DAY_MS + 3_600_001, ("model", "day")),
    Query(0, START_MS * 2, ("day",), zone=parse_zone("Asia/Kolkata")),
    Query(0, START_MS * 2, ("month", "agent"), zone=parse_zone("America/New_York")),
    Query(0, START_MS * 2, ("hour", "session"), zone=parse_zone("+02:00")),
    Query(START_MS, START_MS + DAY_MS, ("week",), zone=parse_zone("-08:00")),
]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "usage.sqlite3"


def mark(path: Path) -> int:
    ((found,),) = rows(path, f"SELECT {rollups.MARK}")
    return int(found)


def reports(path: Path) -> list[UsageReport]:
    """Without bringing anything up to date."""
    with closing(database.connect(path)) as connection:
        return [build(connection, query) for query in QUERIES]


def advance(path: Path, count: int) -> None:
    with Ledger(path) as ledger, ledger.transaction() as connection:
        rollups.advance(connection, count)


@settings(max_examples=20)
@given(st.lists(records(), min_size=1, max_size=6), st.data())
def test_wherever_the_mark_is_a_report_is_the_same(
    tmp_path_factory: pytest.TempPathFactory, chosen: list[UsageRecord], data: st.DataObject
) -> None:
    """Whatever is recorded, changed, taken out of the reports or brought up to date in between."""
    path, plain = (tmp_path_factory.mktemp("ledger") / "usage.sqlite3" for _ in range(2))
    for record in chosen:
        with Ledger(path) as ledger, Ledger(plain) as other:
            for one in (ledger, other):
                one.record(record)
            advance(path, data.draw(st.integers(0, 3)))
            ((last,),) = rows(path, "SELECT max(id) FROM call")
            values = data.draw(
                st.sampled_from([{"counted": 0}, {"counted": 1}, {"cost_pico": 7}, {"started_at_ms": 1}])
            )
            number = data.draw(st.integers(1, last))
            for one in (ledger, other):
                with one.transaction() as connection:
                    change(connection, {number: values})
    found = reports(path)
    assert mark(plain) == 0
    assert found == reports(plain)
    assert_rollups_equal_rows(path)
    assert reports(path) == found


def test_a_call_is_one_row_and_the_sums_follow_for_many(path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.record_many(sample(f"c{number}") for number in range(rollups.DUE - 1))
        with snapshot.asking(path):
            assert mark(path) == 0
        ledger.record(sample("last"))
    with snapshot.asking(path) as connection:
        assert mark(path) == rollups.DUE
        assert build(connection, QUERIES[0]).totals.calls == rollups.DUE
    assert rows(path, "SELECT sum(calls) FROM rollup_hour") == [(rollups.DUE,)]
    assert_rollups_equal_rows(path)


def test_a_report_waits_for_nobody_to_bring_them_up_to_date(path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.record_many(sample(f"c{number}") for number in range(rollups.DUE))
        with ledger.transaction() as writing:
            writing.execute("UPDATE dimension SET task = 'other'")
            said: list[str] = []
            found = access.answer(path, lambda connection: build(connection, QUERIES[0]).totals.calls, said.append)
    assert (found, said, mark(path)) == (rollups.DUE, [], 0)
    with snapshot.asking(path) as connection:  # and the next one waits as ever
        assert connection.execute("PRAGMA busy_timeout").fetchone() == (database.BUSY_TIMEOUT_S * 1000,)
    assert mark(path) == rollups.DUE


def test_other_writers_come_between_the_batches(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real: Callable[..., bool] = rollups.advance
    between = itertools.count()

    def slowly(connection: sqlite3.Connection) -> bool:
        return real(connection, 3)

    with Ledger(path) as ledger, Ledger(path) as other:
        ledger.record_many(sample(f"c{number}") for number in range(20))

        def advance(connection: sqlite3.Connection) -> bool:
            more = slowly(connection)
            thread = threading.Thread(target=other.record, args=(sample(f"new{next(between)}"),))
            threads.append(thread)
            thread.start()
            return more

        threads: list[threading.Thread] = []
        with monkeypatch.context() as patch:
            patch.setattr(rollups, "advance", advance)
            ledger.roll_up()
        for thread in threads:
            thread.join()
    assert len(threads) >= 7
    assert rows(path, "SELECT count(*) FROM call") == [(20 + len(threads),)]
    assert_rollups_equal_rows(path)


def test_many_threads_record_report_and_bring_up_to_date(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No report shows a call twice or not at all, wherever the mark is meanwhile."""
    monkeypatch.setattr(rollups, "DUE", 10)
    problems: list[object] = []
    with Ledger(path) as ledger:
        ledger.record(sample("first"))

    def write(name: str) -> None:
        with Ledger(path) as ledger:
            for number in range(60):
                ledger.record(sample(f"{name}-{number}", START_MS + number * 3_600_000))

    def ask() -> None:
        while any(thread.is_alive() for thread in writers):
            with snapshot.asking(path) as connection:
                ((count,),) = connection.execute("SELECT count(*) FROM call")
                found = [build(connection, query) for query in QUERIES[:2]]
            if any(report.totals.calls != count for report in found):
                problems.append((count, found))

    writers = [threading.Thread(target=write, args=(name,)) for name in "abc"]
    askers = [threading.Thread(target=ask) for _ in range(2)]
    for thread in (*writers, *askers):
        thread.start()
    for thread in (*writers, *askers):
        thread.join()
    assert problems == []
    assert_rollups_equal_rows(path)


@pytest.mark.parametrize(("column", "most"), [("cost_pico", 2**63 - 1), ("total_tokens", 2**63 - 31)])
def test_a_sum_past_64_bits_is_refused_rather_than_rounded(column: str, most: int, path: Path) -> None:
    hours = Query(0, START_MS * 2, ("hour",))
    with Ledger(path) as ledger:
        ledger.record(sample())
        ledger.roll_up()
        with ledger.transaction() as connection:
            connection.execute(f"UPDATE rollup_hour SET {column} = ?", (most,))
        ledger.record(sample("c2"))
        with pytest.raises(LedgerError):
            ledger.roll_up()
        assert mark(path) == 1
        if column == "cost_pico":
            with pytest.raises(LedgerError, match="too large"):
                access.answer(path, lambda connection: build(connection, hours), print)
    assert rows(path, "SELECT call_id FROM call") == [("c1",), ("c2",)]


@pytest.mark.parametrize(
    "value", [None, "", "2", "2:00000000", "-1:0", "1:83dcefb7", rollups.written(99), 5, b"2", "9" * 5000]
)
def test_a_damaged_mark_is_a_damaged_ledger_and_not_a_wrong_sum(path: Path, value: object) -> None:
    with Ledger(path) as ledger:
        ledger.record_many([sample("a"), sample("b")])
        ledger.roll_up()
        ledger.record(sample("c"))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        if value is None:
            connection.execute("DELETE FROM meta WHERE name = 'rolled_up'")
        else:
            connection.execute("UPDATE meta SET value = ? WHERE name = 'rolled_up'", (value,))
    with pytest.raises(LedgerDamaged), snapshot.asking(path):
        pass
    assert recover(path) is not None
    assert_rollups_equal_rows(path)
    with snapshot.asking(path) as connection:
        assert build(connection, QUERIES[0]).totals.calls == 3
