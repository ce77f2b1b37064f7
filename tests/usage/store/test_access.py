from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from fased_litellm.errors import LedgerDamaged, LedgerError
from fased_litellm.usage.store import access
from fased_litellm.usage.store import ledger as ledger_module
from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.usage.store.spool import Spool
from tests.usage.agreement import rows
from tests.usage.samples import sample


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "litellm" / "usage.sqlite3"


def count(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM call").fetchone()[0])


def test_without_a_ledger_there_is_no_answer_and_none_is_made(path: Path) -> None:
    assert access.answer(path, count, print) is None
    assert not path.parent.exists()


def test_what_waits_is_taken_in_first(path: Path) -> None:
    said: list[str] = []
    Spool.beside(path).append(sample())
    with Spool.beside(path).path.open("ab") as file:
        file.write(b"torn\n")
    assert access.answer(path, count, said.append) == 1
    (words,) = said
    assert "1 damaged line of" in words
    assert access.answer(path, count, said.append) == 1
    assert len(said) == 1


def test_what_others_recorded_is_read_in_before_the_question(path: Path) -> None:
    def read_in() -> None:
        with Ledger(path) as ledger:
            ledger.record(sample())

    assert access.answer(path, count, print, read_in=read_in) == 1


def test_a_ledger_that_is_held_is_read_all_the_same(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_module, "Ledger", lambda path: Ledger(path, busy_timeout_s=0.01))
    said: list[str] = []
    with Ledger(path) as ledger:
        ledger.record(sample())
    Spool.beside(path).append(sample("c2"))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert access.answer(path, count, said.append) == 1
        other.execute("ROLLBACK")
    assert [words.startswith("Some calls are not in this report yet") for words in said] == [True]
    assert access.answer(path, count, said.append) == 2


@pytest.mark.parametrize("where", ["the spool finds it", "reading in finds it", "the question finds it"])
def test_a_damaged_ledger_is_replaced_and_the_answer_is_of_the_new_one(where: str, path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.record_many(sample(f"c{number}", session=f"s{number}") for number in range(20))
    path.write_bytes(b"nothing that is a database" * 400)
    if where == "the spool finds it":
        Spool.beside(path).append(sample("waiting"))
    times: list[int] = []

    def read_in() -> None:
        times.append(1)
        with Ledger(path) as ledger:
            ledger.record(sample("node"))

    said: list[str] = []
    found = access.answer(path, count, said.append, read_in=read_in if where == "reading in finds it" else None)
    kept = {"the spool finds it": ["waiting"], "reading in finds it": ["node"], "the question finds it": []}[where]
    assert found == len(kept)
    assert [call_id for (call_id,) in rows(path, "SELECT call_id FROM call")] == kept
    assert len(times) == (2 if where == "reading in finds it" else 0)
    (words,) = said
    assert "set aside as" in words
    assert "0 calls could be saved" in words


def test_a_ledger_of_a_newer_version_is_an_error_and_not_replaced(path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.record(sample())
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(LedgerError, match="newer"):
        access.answer(path, count, print)
    assert not list(path.parent.glob("*damaged*"))


def test_an_action_that_still_finds_damage_is_not_repeated_for_ever(path: Path) -> None:
    tries: list[int] = []

    def action() -> None:
        tries.append(1)
        raise LedgerDamaged("still")

    with pytest.raises(LedgerDamaged, match="still"):
        access.taken_in(path, action, print)
    assert len(tries) == 2
