from __future__ import annotations

import json
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

    def keep(_: None, found: Sequence[UsageRecord]) -> tuple[int, list[UsageRecord]]:
        taken.extend(found)
        return len(taken), []

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


def test_a_record_that_no_ledger_takes_does_not_keep_the_others_out(path: Path) -> None:
    spool = Spool.beside(path)
    with Ledger(path) as ledger:
        ledger.record(sample("c0", session="full"))
        with closing(sqlite3.connect(path)) as other:
            other.execute("UPDATE rollup SET cost_pico = ?", (2**63 - 1,))
            other.commit()
        for number in range(1, 6):
            spool.append(sample(f"c{number}", session="full" if number in (2, 5) else "s"))
        assert ledger.drain(spool) == Drained(added=3, known=0, bad=2)
    assert rows(path, "SELECT call_id FROM call ORDER BY id") == [("c0",), ("c1",), ("c3",), ("c4",)]
    assert [json.loads(line)["callId"] for line in spool.bad.read_text().splitlines()] == ["c2", "c5"]
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

    def keep(_: None, found: Sequence[UsageRecord]) -> tuple[int, list[UsageRecord]]:
        spool.append(sample("c2"))  # would hang here
        assert [record.call_id for record in spool.records()] == ["c1", "c2"]
        assert spool.waiting()
        return len(found), []

    assert spool.drain_into(nullcontext, keep) == Drained(added=1)
    assert [record.call_id for record in spool.records()] == ["c2"]


def test_what_was_left_behind_is_taken_in_with_what_came_since(path: Path) -> None:
    spool = Spool.beside(path)
    spool.append(sample("c1"))
    with Ledger(path) as ledger:

        def fail(_: sqlite3.Connection, found: Sequence[UsageRecord]) -> tuple[int, list[UsageRecord]]:
            raise LedgerError("no")

        with pytest.raises(LedgerError):
            spool.drain_into(ledger.transaction, fail)
        assert not spool.path.read_bytes()
        assert stat.S_IMODE(spool.taken.stat().st_mode) == 0o600
        assert spool.waiting()
        spool.append(sample("c2"))
        assert [record.call_id for record in spool.records()] == ["c1", "c2"]
        assert ledger.drain(spool) == Drained(added=2)
    assert not spool.waiting()
    assert sorted(file.name for file in path.parent.glob("*spool*")) == [spool.path.name]


@pytest.mark.parametrize("moment", ["before the lines are moved", "before they are gone", "before they are deleted"])
def test_taking_in_that_broke_off_is_made_good(moment: str, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool.beside(path)
    for name in ("c1", "c2"):
        spool.append(sample(name))
    broken = {"before the lines are moved": (os, "replace"), "before they are gone": (os, "ftruncate")}
    where, what = broken.get(moment, (Path, "unlink"))

    def fail(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    with Ledger(path) as ledger:
        with monkeypatch.context() as patch:
            patch.setattr(where, what, fail)
            with pytest.raises(LedgerError, match="Input/output error"):
                ledger.drain(spool)
        assert {record.call_id for record in spool.records()} == {"c1", "c2"}
        spool.append(sample("c3"))
        ledger.drain(spool)
    assert sorted(rows(path, "SELECT call_id FROM call")) == [("c1",), ("c2",), ("c3",)]
    assert_rollups_equal_rows(path)
    assert not spool.waiting()
    assert sorted(file.name for file in path.parent.glob("*spool*")) == [spool.path.name]


def test_two_that_take_in_at_once_lose_nothing_and_leave_each_other_alone(path: Path) -> None:
    """Without a ledger in common, which would keep them apart."""
    spool = Spool.beside(path)
    seen: list[str] = []

    def keep(_: None, found: Sequence[UsageRecord]) -> tuple[int, list[UsageRecord]]:
        seen.extend(record.call_id for record in found)
        return len(found), []

    def drain() -> None:
        while not done.is_set() or spool.waiting():
            spool.drain_into(nullcontext, keep)

    done = threading.Event()
    threads = [threading.Thread(target=drain) for _ in range(3)]
    for thread in threads:
        thread.start()
    names = [f"c{number}" for number in range(300)]
    for name in names:
        spool.append(sample(name))
    done.set()
    for thread in threads:
        thread.join()
    assert sorted(seen) == sorted(names)
    assert not spool.taken.exists()


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
