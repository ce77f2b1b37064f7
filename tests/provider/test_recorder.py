from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from fased_litellm.errors import LedgerDamaged, LedgerError
from fased_litellm.provider.recorder import MOST_TAKEN_IN, Recorder
from fased_litellm.usage import importlock
from fased_litellm.usage.ledger import Ledger
from fased_litellm.usage.rows import insert_many
from fased_litellm.usage.spool import Spool
from tests.usage.agreement import assert_rollups_equal_rows, rows
from tests.usage.samples import sample
from tests.usage.test_rows import rows_of


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "litellm" / "usage.sqlite3"


@pytest.fixture
def recorder(path: Path) -> Iterator[Recorder]:
    recorder = Recorder(path)
    yield recorder
    recorder.close()


@contextmanager
def importing(path: Path) -> Iterator[None]:
    """An import in the middle of a transaction that does not end."""
    with importlock.hold(path), Ledger(path) as ledger, ledger.transaction() as connection:
        insert_many(connection, rows_of(ledger, [sample(f"imported-{number}") for number in range(5)]))
        yield


def calls(path: Path) -> list[str]:
    return [call_id for (call_id,) in rows(path, "SELECT call_id FROM call ORDER BY id")]


def waiting(path: Path) -> list[str]:
    return [record.call_id for record in Spool.beside(path).records()]


def test_a_row_is_in_the_ledger(recorder: Recorder, path: Path) -> None:
    recorder.keep(sample("c1"))
    recorder.keep(None)
    asyncio.run(recorder.akeep(sample("c2")))
    assert calls(path) == ["c1", "c2"]
    assert recorder.problem is None


@pytest.mark.parametrize("known", [True, False], ids=["an open ledger", "a new one"])
def test_a_call_does_not_wait_for_an_import(known: bool, recorder: Recorder, path: Path) -> None:
    if known:
        recorder.keep(sample("c1"))
    with importing(path):
        # Nothing ends the import before this returns; waiting for it would be in vain.
        recorder.keep(sample("c2"))
        assert waiting(path) == ["c2"]
        recorder.keep(sample("c3"))
        assert waiting(path) == ["c2", "c3"]
    recorder.keep(sample("c4"))
    assert recorder.problem is None
    assert waiting(path) == []
    assert calls(path) == [*(["c1"] if known else []), *(f"imported-{number}" for number in range(5)), "c4", "c2", "c3"]
    assert_rollups_equal_rows(path)


def test_an_import_at_work_is_no_problem(recorder: Recorder, path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with importing(path):
        recorder.keep(sample("c1"))
        assert recorder.problem is None
    assert [entry for entry in caplog.records if entry.levelname == "WARNING"] == []


def test_a_call_takes_in_a_little_that_waits_and_leaves_much(recorder: Recorder, path: Path) -> None:
    spool = Spool.beside(path)
    number = 0
    while spool.size() <= MOST_TAKEN_IN:
        spool.append(sample(f"w{number}"))
        number += 1
    recorder.keep(sample("c1"))
    assert calls(path) == ["c1"]
    assert len(waiting(path)) == number
    recorder.close()
    assert waiting(path) == []
    assert len(calls(path)) == number + 1


def test_a_call_between_two_transactions_of_an_import_is_in_the_ledger(recorder: Recorder, path: Path) -> None:
    with importlock.hold(path):
        recorder.keep(sample())
    assert calls(path) == ["c1"]


def test_waiting_for_another_ends_when_an_import_begins(
    recorder: Recorder, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder.keep(sample("c1"))
    asked = iter([False, False, True, True])
    monkeypatch.setattr(importlock, "held", lambda _: next(asked))
    recorder.close()
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        recorder.keep(sample("c2"))
        other.execute("ROLLBACK")
    assert waiting(path) == ["c2"]
    assert next(asked, None) is None


def test_a_report_that_is_being_read_holds_nobody_up(recorder: Recorder, path: Path) -> None:
    recorder.keep(sample("c1"))
    with closing(sqlite3.connect(path, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM call").fetchone() == (1,)
        recorder.keep(sample("c2"))
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
    recorder.keep(sample("new", session="s1"))
    assert isinstance(recorder.problem, LedgerDamaged)
    recorder.keep(sample("newer", session="s2"))
    assert waiting(path) == ["new", "newer"]


def test_what_waits_and_cannot_be_taken_in_does_not_cost_the_row(
    recorder: Recorder, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise LedgerError("no")

    Spool.beside(path).append(sample("c1"))
    monkeypatch.setattr(Ledger, "drain", fail)
    recorder.keep(sample("c2"))
    assert calls(path) == ["c2"]
    assert waiting(path) == ["c1"]


def test_a_row_that_can_be_kept_nowhere_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    recorder = Recorder(tmp_path / "file" / "usage.sqlite3")
    with pytest.raises(LedgerError, match="cannot be put aside"):
        recorder.keep(sample())
    recorder.close()
