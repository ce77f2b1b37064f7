"""A damaged ledger is set aside, and what can be read of it is in the new one."""

from __future__ import annotations

import contextlib
import os
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fased_litellm.errors import LedgerDamaged, LedgerError
from fased_litellm.provider.recorder import Recorder
from fased_litellm.usage.store import access, importlock
from fased_litellm.usage.store.changes import change
from fased_litellm.usage.store.database import PAGE
from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.usage.store.repair import recovery
from fased_litellm.usage.store.repair.recovery import recover
from fased_litellm.usage.store.repair.salvage import FORGOTTEN_FEED
from fased_litellm.usage.store.rows import COLUMNS, insert_many
from fased_litellm.usage.store.spool import Spool
from tests.fuzz import ledgers
from tests.usage.agreement import assert_rollups_equal_rows, rows, table
from tests.usage.samples import sample
from tests.usage.store import next_version
from tests.usage.store.test_rows import rows_of

COUNT = 4000

FEED = COLUMNS.index("feed")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "litellm" / "usage.sqlite3"


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A ledger of some pages, as one file."""
    path = tmp_path_factory.mktemp("sound") / "usage.sqlite3"
    with Ledger(path) as ledger:
        ledger.record_many(sample(f"c{number:04}", session=f"s{number // 20}") for number in range(COUNT))
        ledger.roll_up()
        with ledger.transaction() as connection:
            imported = rows_of(ledger, [sample(f"i{number:04}", session="node") for number in range(50)])
            insert_many(connection, [(*row[:FEED], 7, *row[FEED + 1 :]) for row in imported])
            change(connection, {1: {"counted": 0}, 2: {"cost_pico": 5}})
    return path


def pages_of(path: Path, name: str) -> list[int]:
    """The pages of a table or an index, from 0."""
    with closing(sqlite3.connect(path)) as connection:
        try:
            sql = "SELECT pageno - 1 FROM dbstat WHERE name = ?"
            return [page for (page,) in connection.execute(sql, (name,))]
        except sqlite3.OperationalError:  # this SQLite was built without the table of pages
            (root,) = connection.execute("SELECT rootpage - 1 FROM sqlite_master WHERE name = ?", (name,)).fetchone()
            return [root]


def put(path: Path, sound: Path, broken: list[int]) -> None:
    changed = bytearray(sound.read_bytes())
    size = int.from_bytes(changed[16:18])
    for page in broken:
        changed[page * size : (page + 1) * size] = b"\xa5" * size
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(changed)


def calls(path: Path) -> set[str]:
    return {call_id for (call_id,) in rows(path, "SELECT call_id FROM call")}


ALL = {f"c{number:04}" for number in range(COUNT)} | {f"i{number:04}" for number in range(50)}


@pytest.mark.parametrize(
    "name", ["call_dimension", "call_started", "rollup_hour", "rollup_session", "sqlite_autoindex_call_1"]
)
def test_nothing_is_lost_where_only_an_index_or_sums_are_damaged(name: str, sound: Path, path: Path) -> None:
    put(path, sound, pages_of(sound, name))
    found = recover(path)
    assert found is not None
    assert calls(path) == ALL
    assert (found.salvaged.calls, found.salvaged.own) == (COUNT + 50, COUNT)
    assert_rollups_equal_rows(path)
    rebuilt = {row["call_id"]: row for row in table(path, "call")}
    assert (rebuilt["c0000"]["counted"], rebuilt["c0001"]["cost_pico"]) == (0, 5)
    assert {row["feed"] for row in rebuilt.values()} == {None, FORGOTTEN_FEED}


def test_the_rows_of_a_lost_page_are_lost_and_no_others(sound: Path, path: Path) -> None:
    leaves = pages_of(sound, "call")
    if len(leaves) < 10:
        pytest.skip("SQLite was built without dbstat")
    put(path, sound, leaves[5:7])
    found = recover(path)
    assert found is not None
    kept = calls(path)
    assert ALL - kept
    assert len(ALL - kept) < 400
    assert found.salvaged.calls == len(kept)
    assert_rollups_equal_rows(path)


def test_a_row_that_pretends_to_be_an_earlier_one_does_not_lead_in_circles(sound: Path, path: Path) -> None:
    leaves = pages_of(sound, "call")
    if len(leaves) < 10:
        pytest.skip("SQLite was built without dbstat")
    put(path, sound, [leaves[-4]])
    data = bytearray(path.read_bytes())
    page = leaves[-5] * PAGE
    last = page + 4 + 2 * int.from_bytes(data[page + 3 : page + 5])
    cell = page + int.from_bytes(data[last : last + 2])  # of the last but one before what cannot be read
    rowid = cell + (2 if data[cell] & 0x80 else 1)  # behind the length of the row
    assert data[rowid] & 0x80  # of two bytes
    data[rowid : rowid + 2] = b"\x81\x05"
    path.write_bytes(data)
    found = recover(path)
    assert found is not None
    assert found.salvaged.calls == len(calls(path)) > COUNT - 200
    assert_rollups_equal_rows(path)


def test_rows_whose_names_are_lost_keep_what_they_cost(sound: Path, path: Path) -> None:
    put(path, sound, pages_of(sound, "dimension"))
    assert recover(path) is not None
    assert calls(path) == ALL
    assert rows(path, "SELECT sum(cost_pico) FROM call") == [(650_000_000 * (COUNT + 49) + 5,)]
    assert_rollups_equal_rows(path)


@pytest.mark.parametrize("content", [b"not a database at all" * 999, b"SQLite format 3\0" + b"x" * 9000])
def test_a_file_without_anything_readable_is_set_aside_as_it_is(content: bytes, path: Path) -> None:
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    found = recover(path)
    assert found is not None
    assert found.salvaged.calls == 0
    assert found.aside.read_bytes() == content
    assert found.aside.name.startswith("usage.sqlite3.damaged-2")
    assert stat.S_IMODE(found.aside.stat().st_mode) == stat.S_IMODE(path.stat().st_mode) == 0o600
    assert calls(path) == set()


def test_damaged_names_of_tables_are_damage_too(sound: Path, path: Path) -> None:
    path.parent.mkdir(parents=True)
    # SQLite quotes such a name in its message, which is no text then.
    path.write_bytes(sound.read_bytes().replace(b"CREATE INDEX call_started", b"CREATE INDEX call\x80started"))
    with Ledger(path) as ledger, pytest.raises(LedgerDamaged):
        ledger.record(sample("new"))
    assert recover(path) is not None
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]


@settings(max_examples=15)
@given(broken=st.lists(st.integers(1, 400), min_size=1, max_size=8), junk=st.binary(min_size=1, max_size=40))
def test_whatever_is_broken_the_new_ledger_is_sound(
    broken: list[int], junk: bytes, sound: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("broken") / "usage.sqlite3"
    data = bytearray(sound.read_bytes())
    for place in broken:
        begin = place * 1021 % (len(data) - len(junk))
        data[begin : begin + len(junk)] = junk
    path.write_bytes(data)
    found = recover(path)
    if found is None:  # what was written over was empty, or still makes sense
        assert rows(path, "PRAGMA integrity_check") == [("ok",)]
        return
    assert found.aside.exists()
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    assert_rollups_equal_rows(path)
    with Ledger(path) as ledger:
        assert ledger.record(sample("after"))
    assert_rollups_equal_rows(path)


def test_what_is_only_in_the_log_of_the_file_is_saved_too(path: Path, tmp_path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.record_many(sample(f"c{number}") for number in range(50))
        (tmp_path / "copy").mkdir()
        for file in path.parent.glob("usage.sqlite3*"):
            (tmp_path / "copy" / file.name).write_bytes(file.read_bytes())
    copy = tmp_path / "copy" / path.name
    # Nothing of the rows is in the file itself yet; and that is cut short.
    assert copy.with_name(f"{copy.name}-wal").stat().st_size > 0
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        connection.execute("UPDATE dimension SET coarse = 'x'")
        for file in copy.parent.glob("usage.sqlite3*"):
            (path.parent / file.name).write_bytes(file.read_bytes())
    found = recover(path)
    assert found is not None
    assert found.salvaged.calls == 50
    assert rows(found.aside, "SELECT count(*) FROM call") == [(50,)]
    assert calls(path) == {f"c{number}" for number in range(50)}


def test_a_sound_ledger_is_left_alone(path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.record(sample())
    assert recover(path) is None
    assert recover(path.with_name("none")) is None
    assert [file.name for file in path.parent.iterdir() if ".damaged" in file.name] == []


def test_the_host_stays_and_the_file_is_another(sound: Path, path: Path) -> None:
    put(path, sound, pages_of(sound, "rollup_hour"))
    before = dict(rows(path, "SELECT name, value FROM meta"))
    recover(path)
    after = dict(rows(path, "SELECT name, value FROM meta"))
    assert after["host"] == before["host"]
    assert after["ledger"] != before["ledger"]


def test_a_damaged_ledger_of_an_older_version_is_saved(
    sound: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(path, sound, pages_of(sound, "rollup_hour"))
    before = calls(sound)
    next_version.use(monkeypatch)
    found = recover(path)
    assert found is not None
    assert found.salvaged.calls == len(before)
    assert calls(path) == before
    assert rows(path, "PRAGMA user_version") == [(next_version.VERSION,)]
    assert_rollups_equal_rows(path)


def test_an_open_ledger_goes_on_in_the_new_file(sound: Path, path: Path) -> None:
    put(path, sound, [])
    recorder = Recorder(path)
    recorder.record(sample("before"))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE dimension SET coarse = 'x' WHERE id = 3")
        connection.commit()
    assert recover(path) is not None
    recorder.record(sample("after"))
    recorder.close()
    assert {"before", "after"} <= calls(path)
    assert_rollups_equal_rows(path)
    assert rows(path, "PRAGMA integrity_check") == [("ok",)]


def test_a_call_meanwhile_goes_to_the_spool_and_then_into_the_new_ledger(
    sound: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(path, sound, pages_of(sound, "call_started")[:1])
    rebuild = recovery._rebuild

    def record_meanwhile(damaged: Path, fresh: Path) -> object:
        recorder = Recorder(path)
        recorder.record(sample("meanwhile"))
        recorder.close()
        assert Spool.beside(path).waiting()
        return rebuild(damaged, fresh)

    monkeypatch.setattr(recovery, "_rebuild", record_meanwhile)
    said: list[str] = []

    def question(connection: sqlite3.Connection) -> object:
        connection.execute("SELECT max(started_at_ms) FROM call INDEXED BY call_started").fetchone()
        return connection.execute("SELECT count(*) FROM call").fetchone()[0]

    assert access.answer(path, question, said.append) == COUNT + 51
    assert len(said) == 1
    assert "damaged" in said[0]
    assert f"{COUNT + 50:,} calls could be saved" in said[0]


def test_two_that_find_it_damaged_replace_it_once(sound: Path, path: Path) -> None:
    put(path, sound, pages_of(sound, "call_started"))
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(recover(path))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(entry is None for entry in found) == [False, True, True]
    assert calls(path) == ALL


KILLED = """
import os, signal, sys
from pathlib import Path
from fased_litellm.usage.store.repair import recovery
where = sys.argv[2]
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
if where == "swap":
    recovery._swap = die
else:
    real = recovery.salvage
    def salvage(damaged, target):
        real(damaged, target)
        die()
    recovery.salvage = salvage
recovery.recover(Path(sys.argv[1]))
"""


@pytest.mark.parametrize("where", ["salvage", "swap"])
def test_a_kill_before_the_new_one_is_in_place_loses_nothing(where: str, sound: Path, path: Path) -> None:
    put(path, sound, pages_of(sound, "call_started"))
    before = path.read_bytes()
    killed = subprocess.run([sys.executable, "-c", KILLED, str(path), where], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert path.read_bytes() == before
    assert recover(path) is not None
    assert calls(path) == ALL
    assert not list(path.parent.glob("*.new*"))


def test_without_links_it_is_renamed(sound: Path, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: str, *_: object) -> None:
        if not os.path.exists(source):
            raise FileNotFoundError
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    put(path, sound, pages_of(sound, "call_started"))
    found = recover(path)
    assert found is not None
    assert found.aside.exists()
    assert calls(path) == ALL


def test_a_new_ledger_that_cannot_be_made_leaves_the_old(
    sound: Path, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> object:
        raise LedgerError("There is no room.")

    put(path, sound, pages_of(sound, "call_started"))
    before = path.read_bytes()
    monkeypatch.setattr(recovery, "_rebuild", full)
    with pytest.raises(LedgerError, match="no room"):
        recover(path)
    assert path.read_bytes() == before
    assert not importlock.held(path)


def readable_by_sqlite(path: Path, size: int) -> set[str]:
    """The calls that SQLite itself reads of a file which was cut, once it is as long again as it says."""
    with open(path, "ab") as file:
        file.truncate(size)
    found: set[str] = set()
    with closing(sqlite3.connect(path)) as connection:
        for number in range(1, 4 * COUNT):
            with contextlib.suppress(sqlite3.DatabaseError):
                row = connection.execute("SELECT call_id FROM call NOT INDEXED WHERE id = ?", (number,)).fetchone()
                if row and row[0]:
                    found.add(row[0])
    return found


@pytest.mark.parametrize("part", [0.25, 0.5, 0.9, 0.99, 0.999])
def test_a_file_that_was_cut_gives_all_rows_that_are_still_in_it(
    part: float, sound: Path, path: Path, tmp_path: Path
) -> None:
    data = sound.read_bytes()
    path.parent.mkdir(parents=True)
    path.write_bytes(data[: int(len(data) * part)])
    padded = tmp_path / "padded.sqlite3"
    padded.write_bytes(path.read_bytes())
    wanted = readable_by_sqlite(padded, len(data))
    said: list[str] = []
    kept = access.answer(
        path, lambda connection: {row[0] for row in connection.execute("SELECT call_id FROM call")}, said.append
    )
    assert kept is not None
    assert wanted & ALL <= kept  # the row at the cut has half an id
    assert len(kept) > COUNT * (part - 0.4)
    assert "was damaged" in said[0]
    assert_rollups_equal_rows(path)


def test_a_file_that_was_cut_within_its_last_page_is_damaged(sound: Path, path: Path) -> None:
    """SQLite takes what is missing for zeros, and says nothing as long as nobody looks there."""
    path.parent.mkdir(parents=True)
    path.write_bytes(sound.read_bytes()[:-1])
    with Ledger(path) as ledger, pytest.raises(LedgerDamaged, match="its end is missing"):
        ledger.record(sample("new"))


@pytest.mark.parametrize("place", [0, 16, 18, 19, 20, 24, 45, 56, 59, 60, 61, 68, 70, 96])
def test_nothing_is_lost_where_only_the_head_is_damaged(place: int, sound: Path, path: Path) -> None:
    """Such a file is one of another program, of a newer version, of other pages, read-only or none at all, as SQLite says."""
    data = bytearray(sound.read_bytes())
    data[place] ^= 0x55
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    recorder = Recorder(path)
    recorder.record(sample("new"))
    recorder.close()
    kept = access.answer(
        path, lambda connection: {row[0] for row in connection.execute("SELECT call_id FROM call")}, print
    )
    assert kept == ALL | {"new"}
    assert_rollups_equal_rows(path)


def test_a_row_of_which_a_part_makes_no_sense_keeps_the_rest(path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.record_many(sample(f"c{number}", session="s") for number in range(20))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE call SET cost_pico = 'x', proxy_version = x'ff', cost_source = '' WHERE id = 3")
        connection.execute("UPDATE call SET started_at_ms = -1, input_tokens = -5 WHERE id = 4")
        connection.execute("UPDATE dimension SET coarse = 'x'")
        connection.commit()
    assert recover(path) is not None
    rebuilt = {row["call_id"]: row for row in table(path, "call")}
    assert len(rebuilt) == 20
    third, fourth = rebuilt["c2"], rebuilt["c3"]
    assert (third["cost_pico"], third["cost_source"], third["total_tokens"]) == (None, "unknown", 30)
    assert (fourth["started_at_ms"], fourth["input_tokens"]) == (third["started_at_ms"], 0)


def test_of_a_changed_row_the_last_is_saved(path: Path, sound: Path) -> None:
    """Pages that are no longer used still hold rows as they were before."""
    path.parent.mkdir(parents=True)
    path.write_bytes(sound.read_bytes())
    with Ledger(path) as ledger, ledger.transaction() as connection:
        change(connection, {number: {"cost_pico": 7} for number in range(3, COUNT + 1)})
    data = bytearray(path.read_bytes())
    data[:100] = bytes(100)
    path.write_bytes(data)
    found = recover(path)
    assert found is not None
    costs = {row["call_id"]: row["cost_pico"] for row in table(path, "call")}
    assert costs.keys() == ALL
    assert {costs[f"c{number:04}"] for number in range(2, COUNT)} == {7}


@pytest.mark.parametrize("seed", range(12))
def test_at_least_what_sqlite_recovers_is_saved(seed: int, tmp_path: Path) -> None:
    """The long run is ``make fuzz``. Without a program that can recover, only that something is saved."""
    (tmp_path / "probe").mkdir()
    program = ledgers.sqlite_program(tmp_path / "probe")
    outcome = ledgers.run(tmp_path, seed, 1, program)
    assert outcome.failures == []
    assert outcome.counts["calls that are saved"] >= max(1, outcome.counts["calls that SQLite finds"])
