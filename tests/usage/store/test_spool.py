from __future__ import annotations

import os
import sqlite3
import stat
import threading
from collections.abc import Sequence
from contextlib import closing, nullcontext, suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fased_litellm.errors import LedgerError
from fased_litellm.usage.record import UsageRecord
from fased_litellm.usage.store import spool as spool_module
from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.usage.store.spool import Drained, Spool
from tests.usage.agreement import assert_rollups_equal_rows, rows
from tests.usage.samples import records, sample


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "litellm" / "usage.sqlite3"


def test_a_spool_is_private_and_beside_the_ledger(path: Path) -> None:
    spool = Spool.beside(path)
    assert not spool.waiting()
    spool.append(sample())
    assert spool.path.parent == path.parent
    assert stat.S_IMODE(spool.path.stat().st_mode) == 0o600
    assert spool.waiting()


@settings(max_examples=30)
@given(st.lists(records(), max_size=5))
def test_a_drained_record_is_the_record(chosen: list[UsageRecord]) -> None:
    taken: list[UsageRecord] = []

    def keep(_: None, found: Sequence[UsageRecord]) -> int:
        taken.extend(found)
        return len(taken)

    spool = Spool(Path("spool.jsonl").absolute())
    for record in chosen:
        spool.append(record)
    spool.drain_into(nullcontext, keep)
    assert taken == chosen
    assert not spool.waiting()


def test_draining_takes_each_call_in_once(path: Path) -> None:
    spool = Spool.beside(path)
    with Ledger(path) as ledger:
        ledger.record(sample("c1"))
        for name in ("c1", "c2", "c3", "c3"):
            spool.append(sample(name))
        assert ledger.drain(spool) == Drained(added=2, known=2, bad=0)
        assert ledger.drain(spool) == Drained()
    assert rows(path, "SELECT call_id FROM call") == [("c1",), ("c2",), ("c3",)]
    assert_rollups_equal_rows(path)


def test_what_cannot_be_drained_stays(path: Path) -> None:
    spool = Spool.beside(path)
    spool.append(sample())
    with Ledger(path) as ledger:
        ledger.record(sample("c0"))
    with closing(sqlite3.connect(path, isolation_level=None)) as other, Ledger(path, busy_timeout_s=0.01) as ledger:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LedgerError):
            ledger.drain(spool)
        other.execute("ROLLBACK")
        assert spool.waiting()
        assert ledger.drain(spool).added == 1


def test_torn_and_bad_lines_do_not_take_others_with_them(path: Path) -> None:
    spool = Spool.beside(path)
    spool.append(sample("c1"))
    with spool.path.open("ab") as file:
        file.write(b'{"callId": "torn')
    spool.append(sample("c2"))
    with spool.path.open("ab") as file:
        file.write(b"\xff\n[]\n\n")
    with Ledger(path) as ledger:
        assert ledger.drain(spool) == Drained(added=2, known=0, bad=3)
    assert spool.bad.read_bytes() == b'{"callId": "torn\n\xff\n[]\n'
    assert stat.S_IMODE(spool.bad.stat().st_mode) == 0o600
    assert not spool.waiting()


def test_who_puts_a_call_aside_does_not_wait_for_who_waits_for_the_ledger(path: Path) -> None:
    spool = Spool.beside(path)
    waiting = threading.Event()
    with Ledger(path) as ledger:
        ledger.record(sample("c0"))
    spool.append(sample("c1"))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        def give_up() -> bool:
            waiting.set()
            return done.is_set()

        done = threading.Event()
        with Ledger(path, busy_timeout_s=60, give_up=give_up) as ledger:

            def drain() -> None:
                with suppress(LedgerError):
                    ledger.drain(spool)

            thread = threading.Thread(target=drain)
            thread.start()
            assert waiting.wait(30)
            spool.append(sample("c2"))  # would hang here
            done.set()
            thread.join()
        other.execute("ROLLBACK")
    assert [record.call_id for record in spool.records()] == ["c1", "c2"]


def test_writers_and_drainers_exclude_each_other(path: Path) -> None:
    spool = Spool.beside(path)
    with Ledger(path) as ledger:

        def write(name: str) -> None:
            for number in range(40):
                spool.append(sample(f"{name}-{number}"))

        threads = [threading.Thread(target=write, args=(f"t{number}",)) for number in range(4)]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            ledger.drain(spool)
        for thread in threads:
            thread.join()
        ledger.drain(spool)
    assert rows(path, "SELECT count(*) FROM call") == [(160,)]


def test_who_adds_a_line_does_not_wait_for_who_takes_them_in(path: Path) -> None:
    spool = Spool.beside(path)
    spool.append(sample("c1"))

    def keep(_: None, found: Sequence[UsageRecord]) -> int:
        if found[0].call_id == "c1":
            spool.append(sample("c2"))  # would hang here
        assert [record.call_id for record in spool.records()] == ["c1", "c2"]
        return len(found)

    assert spool.drain_into(nullcontext, keep) == Drained(added=2)
    assert not spool.waiting()


def test_what_was_left_behind_is_taken_in_with_what_came_since(path: Path) -> None:
    spool = Spool.beside(path)
    spool.append(sample("c1"))
    with Ledger(path) as ledger:

        def fail(_: sqlite3.Connection, found: Sequence[UsageRecord]) -> int:
            raise LedgerError("no")

        with pytest.raises(LedgerError):
            spool.drain_into(ledger.transaction, fail)
        assert spool.waiting()
        spool.append(sample("c2"))
        assert [record.call_id for record in spool.records()] == ["c1", "c2"]
        assert ledger.drain(spool) == Drained(added=2)
    assert not spool.waiting()
    assert sorted(file.name for file in path.parent.glob("*spool*")) == [spool.path.name]


def test_taking_in_that_broke_off_is_made_good(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the commit, and before the lines are gone."""
    spool = Spool.beside(path)
    for name in ("c1", "c2"):
        spool.append(sample(name))

    def fail(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    with Ledger(path) as ledger:
        with monkeypatch.context() as patch:
            patch.setattr(os, "ftruncate", fail)
            with pytest.raises(LedgerError, match="Input/output error"):
                ledger.drain(spool)
        assert [record.call_id for record in spool.records()] == ["c1", "c2"]
        spool.append(sample("c3"))
        assert ledger.drain(spool) == Drained(added=1, known=2)
    assert sorted(rows(path, "SELECT call_id FROM call")) == [("c1",), ("c2",), ("c3",)]
    assert_rollups_equal_rows(path)
    assert not spool.waiting()
    assert sorted(file.name for file in path.parent.glob("*spool*")) == [spool.path.name]


def test_several_that_take_in_at_once_lose_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where one empties the file between two looks of another, and it grows again."""
    monkeypatch.setattr(spool_module, "_BLOCK", 1500)  # a few lines
    spool = Spool.beside(path)
    added: list[int] = []

    def drain() -> None:
        with Ledger(path, busy_timeout_s=60) as ledger:
            while not done.is_set() or spool.waiting():
                added.append(ledger.drain(spool).added)

    done = threading.Event()
    threads = [threading.Thread(target=drain) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(300):
        spool.append(sample(f"c{number}"))
    done.set()
    for thread in threads:
        thread.join()
    assert sum(added) == 300
    assert rows(path, "SELECT count(*) FROM call") == [(300,)]
    assert not spool.bad.exists()
    assert_rollups_equal_rows(path)


def test_what_comes_all_the_time_is_left_at_last(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool_module, "_MOST_ROUNDS", 5)
    spool = Spool.beside(path)
    spool.append(sample("c0"))
    taken: list[str] = []

    def keep(_: None, found: Sequence[UsageRecord]) -> int:
        taken.extend(record.call_id for record in found)
        spool.append(sample(f"c{len(taken)}"))
        return len(found)

    assert spool.drain_into(nullcontext, keep) == Drained(added=5)
    assert taken == [f"c{number}" for number in range(5)]
    assert [record.call_id for record in spool.records()] == [f"c{number}" for number in range(6)]


def test_lines_longer_than_a_block_are_read_whole(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spool_module, "_BLOCK", 7)
    spool = Spool.beside(path)
    spool.append(*(sample(f"c{number}") for number in range(5)))
    with spool.path.open("ab") as file:
        file.write(b'{"callId": "torn')
    assert [record.call_id for record in spool.records()] == [f"c{number}" for number in range(5)]
    with Ledger(path) as ledger:
        assert ledger.drain(spool) == Drained(added=5, bad=1)
    assert spool.bad.read_bytes() == b'{"callId": "torn\n'


def test_a_line_that_found_no_room_leaves_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool.beside(path)
    spool.append(sample("c1"))
    before = spool.path.read_bytes()
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:20]))
        with pytest.raises(LedgerError, match="no room left"):
            spool.append(sample("c2"))
    assert spool.path.read_bytes() == before


def test_a_spool_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LedgerError, match="cannot be put aside"):
        Spool(tmp_path / "file" / "spool").append(sample())
