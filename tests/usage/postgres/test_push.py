from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fased_litellm.errors import FleetError, LedgerError
from fased_litellm.usage.postgres import schema
from fased_litellm.usage.record import UsageRecord
from fased_litellm.usage.store import changes
from fased_litellm.usage.store.dimensions import names_of
from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.usage.store.rollups import SUMS, TABLES
from fased_litellm.usage.store.rows import COLUMNS, row_of
from tests.usage.postgres.fleet import ask, assert_consistent, local, machine, remote, run, send
from tests.usage.postgres.server import Server
from tests.usage.samples import DAY_MS, START_MS, records, sample

MONTH_MS = 31 * DAY_MS
_serial = count(1)


def some(count: int, prefix: str = "c") -> list[UsageRecord]:
    return [
        sample(f"{prefix}{number}", START_MS + number * DAY_MS, input_tokens=number, session=f"s{number % 3}")
        for number in range(count)
    ]


def change(path: Path, call_id: str, **values: object) -> None:
    with Ledger(path) as ledger, ledger.transaction() as connection:
        (number,) = connection.execute("SELECT id FROM call WHERE call_id = ?", (call_id,)).fetchone()
        assert changes.change(connection, {number: values}) == 1


def test_rows_are_sent_once(tmp_path: Path, url: str) -> None:
    path = machine(tmp_path / "a.sqlite3", some(40))
    steps: list[tuple[int, int]] = []
    pushed = send(path, url, progress=lambda done, total: steps.append((done, total)), batch=15)
    assert (pushed.host, pushed.sent, pushed.again) == ("box", 40, False)
    assert steps == [(0, 40), (15, 40), (30, 40), (40, 40)]
    assert remote(url) == local(path)
    assert_consistent(url)
    assert send(path, url).sent == 0
    machine(path, some(3, "later"))
    assert send(path, url).sent == 3
    assert remote(url) == local(path)
    assert_consistent(url)


def test_the_proxys_ids_travel_and_no_two_calls_become_one(tmp_path: Path, url: str) -> None:
    calls = [sample(f"c{number}", START_MS + number, proxy_call_id="same", response_id="same") for number in range(5)]
    path = machine(tmp_path / "a.sqlite3", calls)
    assert send(path, url).sent == 5
    assert ask(url, "SELECT call_id, proxy_call_id FROM call ORDER BY 1") == [(f"c{n}", "same") for n in range(5)]
    change(path, "c1", proxy_call_id="other")
    assert send(path, url).sent == 1
    assert ask(url, "SELECT proxy_call_id FROM call WHERE call_id = 'c1'") == [("other",)]
    assert remote(url) == local(path)
    assert_consistent(url)


def test_an_older_database_gets_a_column_of_calls_and_keeps_its_rows(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = machine(tmp_path / "a.sqlite3", [sample("old", START_MS, proxy_call_id="before")])
    assert send(path, url).sent == 1
    step = tmp_path / "schema_next.sql"
    step.write_text("ALTER TABLE fased_usage.call ADD COLUMN region text;")
    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, (step,)))
    machine(path, [sample("new", START_MS + 40 * DAY_MS, proxy_call_id="x"), sample("near", proxy_call_id="y")])
    assert send(path, url).sent == 2
    kept = ask(url, "SELECT call_id, proxy_call_id, region FROM call ORDER BY 1")
    assert kept == [("near", "y", None), ("new", "x", None), ("old", "before", None)]
    assert_consistent(url)


def test_a_ledger_without_calls_makes_the_machine_known(tmp_path: Path, url: str) -> None:
    assert send(machine(tmp_path / "a.sqlite3"), url).sent == 0
    assert ask(url, "SELECT name FROM host") == [("box",)]


def test_changed_rows_replace_the_older(tmp_path: Path, url: str) -> None:
    path = machine(tmp_path / "a.sqlite3", [sample("c1"), sample("c2", START_MS + 5, cost=None), sample("c3")])
    send(path, url)
    change(path, "c2", cost_pico=7, cost_source="catalog", price_note="catalog of http://localhost:4000")
    change(path, "c1", output_tokens=1, total_tokens=11)
    assert send(path, url).sent == 2
    assert remote(url) == local(path)
    assert_consistent(url)


def test_a_row_that_is_not_counted_travels_and_is_in_no_sum(tmp_path: Path, url: str) -> None:
    path = machine(tmp_path / "a.sqlite3", [sample("c1"), sample("c2", START_MS + MONTH_MS)])
    send(path, url)
    change(path, "c2", counted=0)
    send(path, url)
    assert remote(url) == local(path)
    assert_consistent(url)
    assert ask(url, "SELECT sum(calls), count(*) FROM rollup_session") == [(1, 1)]
    change(path, "c2", counted=1)
    send(path, url)
    assert_consistent(url)
    assert ask(url, "SELECT sum(calls) FROM rollup_session") == [(2,)]


def test_a_call_whose_beginning_is_corrected_stands_in_one_month(tmp_path: Path, url: str) -> None:
    path = machine(tmp_path / "a.sqlite3", [sample("c1"), sample("c2")])
    send(path, url)
    change(path, "c1", started_at_ms=START_MS + 2 * MONTH_MS)
    send(path, url)
    assert remote(url) == local(path)
    assert_consistent(url)


def test_each_month_has_its_partition_and_wrong_clocks_two(tmp_path: Path, url: str) -> None:
    times = {
        "first": 0,
        "old": 1_577_836_799_999,
        "end": 1_796_083_199_999,  # 2026-11-30T23:59:59.999Z
        "begin": 1_796_083_200_000,
        "leap": 1_709_251_199_999,  # 2024-02-29T23:59:59.999Z
        "far": 253_402_300_799_999,
        "last": 4_102_444_799_999,
    }
    path = machine(tmp_path / "a.sqlite3", [sample(name, time) for name, time in times.items()])
    send(path, url)
    assert ask(url, "SELECT call_id, tableoid::regclass::text FROM call ORDER BY started_at_ms") == [
        ("first", "call_before_2020"),
        ("old", "call_before_2020"),
        ("leap", "call_2024_02"),
        ("end", "call_2026_11"),
        ("begin", "call_2026_12"),
        ("last", "call_2099_12"),
        ("far", "call_from_2100"),
    ]
    assert_consistent(url)


def test_each_machine_has_rows_of_its_own(tmp_path: Path, url: str) -> None:
    first = machine(tmp_path / "a.sqlite3", [sample("same"), sample("a")])
    second = machine(tmp_path / "b.sqlite3", [sample("same", input_tokens=99), sample("b")])
    assert send(first, url, "box").host == "box"
    named = send(second, url, "box").host
    assert named.startswith("box-")
    assert send(second, url, "box").host == named
    assert (remote(url, "box"), remote(url, named)) == (local(first), local(second))
    assert_consistent(url)
    assert send(second, url, "tower").host == "tower"
    assert remote(url, "tower") == local(second)


def test_what_a_text_of_postgres_cannot_hold_is_made_visible(tmp_path: Path, url: str) -> None:
    path = machine(tmp_path / "a.sqlite3", [sample("c\0\\u0000", task="a\0b", price_note="\0"), sample("d")])
    send(path, url)
    assert ask(
        url, "SELECT call_id, task, price_note FROM call JOIN dimension ON dimension.id = dimension ORDER BY 1"
    ) == [
        ("c␀\\u0000", "a␀b", "␀"),
        ("d", "digest", None),
    ]


def test_the_longest_names_fit(tmp_path: Path, url: str) -> None:
    long: dict[str, Any] = dict.fromkeys(("task", "agent", "channel", "session", "role", "model"), "𝛑" * 512)
    path = machine(tmp_path / "a.sqlite3", [sample("𝛑" * 512, **long), sample("c2", **{**long, "task": "x"})])
    send(path, url)
    assert remote(url) == local(path)


# ---- other ledgers under the same machine's id


def test_a_ledger_that_was_made_anew_goes_on_as_the_same_machine(tmp_path: Path, url: str) -> None:
    path = machine(tmp_path / "a.sqlite3", some(20))
    send(path, url)
    rebuilt = machine(tmp_path / "b.sqlite3", [*some(18), sample("fresh"), sample("c19", cost=Decimal(3))])
    set_meta(rebuilt, host=meta(path, "host"))
    pushed = send(rebuilt, url)
    assert (pushed.sent, pushed.again) == (20, True)
    assert [row[0] for row in remote(url)] == sorted([f"c{number}" for number in range(20)] + ["fresh"])
    assert [row for row in remote(url) if row[0] != "c18"] == local(rebuilt)
    assert_consistent(url)
    assert not send(rebuilt, url).again


def test_a_ledger_from_a_backup_loses_nothing_that_is_recorded_after_it(tmp_path: Path, url: str) -> None:
    path = machine(tmp_path / "a.sqlite3", some(5))
    shutil.copy(path, tmp_path / "backup.sqlite3")
    machine(path, some(3, "lost"))
    send(path, url)
    # Its new rows get ids that were those of others.
    restored = machine(tmp_path / "backup.sqlite3", some(4, "new"))
    assert send(restored, url).again
    expected = (
        [f"c{number}" for number in range(5)] + ["lost0", "lost1", "lost2"] + [f"new{number}" for number in range(4)]
    )
    assert [row[0] for row in remote(url)] == expected
    assert_consistent(url)
    assert (send(restored, url).sent, send(restored, url).again) == (0, False)


def test_a_row_that_changed_is_no_reason_to_send_all_again(tmp_path: Path, url: str) -> None:
    path = machine(tmp_path / "a.sqlite3", some(5))
    send(path, url)
    change(path, "c4", cost_pico=1)
    pushed = send(path, url)
    assert (pushed.sent, pushed.again) == (1, False)


def meta(path: Path, name: str) -> str:
    with Ledger(path) as ledger, ledger.transaction() as connection:
        return str(connection.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()[0])


def set_meta(path: Path, **values: str) -> None:
    with Ledger(path) as ledger, ledger.transaction() as connection:
        for name, value in values.items():
            connection.execute("UPDATE meta SET value = ? WHERE name = ?", (value, name))


# ---- the functions in the database


def test_a_batch_that_does_not_follow_the_last_is_not_taken(tmp_path: Path, url: str) -> None:
    path = machine(tmp_path / "a.sqlite3", some(3))
    send(path, url)
    before = remote(url)
    state = ask(url, "SELECT key, ledger, sent FROM host")[0]
    with psycopg.connect(url, autocommit=True) as connection:
        values = (state[0], state[1], state[2] - 1, 99, "c9", "[]")
        taken = connection.execute("SELECT fased_usage.push(%s, %s, %s, %s, %s, %s::json)", values).fetchone()
        assert taken == (False,)
        with pytest.raises(psycopg.errors.NoDataFound):
            connection.execute("SELECT fased_usage.combinations('unheard of', '[]')")
    assert remote(url) == before
    assert ask(url, "SELECT key, ledger, sent FROM host")[0] == state


def test_names_of_another_machine_are_refused(tmp_path: Path, url: str) -> None:
    send(machine(tmp_path / "a.sqlite3", some(1)), url, "a")
    send(machine(tmp_path / "b.sqlite3"), url, "b")
    (theirs,) = ask(url, "SELECT max(id) FROM dimension")[0]
    key, ledger, sent = ask(url, "SELECT key, ledger, sent FROM host WHERE name = 'b'")[0]
    with psycopg.connect(url, autocommit=True) as connection, pytest.raises(psycopg.errors.RaiseException):
        connection.execute(
            "SELECT fased_usage.push(%s, %s, %s, 1, 'x', json_build_array(json_build_object('dimension', %s::int)))",
            (key, ledger, sent, theirs),
        )


def test_the_sums_are_those_of_the_ledger(url: str, tmp_path: Path) -> None:
    send(machine(tmp_path / "a.sqlite3"), url)
    for table in TABLES:
        found = ask(
            url,
            "SELECT column_name FROM information_schema.columns WHERE table_schema = 'fased_usage' "
            f"AND table_name = '{table}' ORDER BY ordinal_position",
        )
        assert tuple(name for (name,) in found) == ("bucket", "dimension", *SUMS)


@pytest.fixture(scope="module")
def followers(server: Server) -> str:
    """A database for all examples of one test; each example is a machine of its own."""
    return server.url("followers")


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    batches=st.lists(
        st.lists(st.tuples(st.integers(0, 30), records()), max_size=12, unique_by=lambda pair: pair[0]), max_size=5
    ),
    size=st.sampled_from([1, 4, 100]),
)
def test_whatever_happens_to_a_ledger_the_database_follows(
    batches: list[list[tuple[int, UsageRecord]]], size: int, followers: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Calls are added and replaced, in whatever month, counted or not; after each push what is there equals the ledger."""
    name = f"box{next(_serial)}"
    path = tmp_path_factory.mktemp("ledger") / "a.sqlite3"
    with Ledger(path) as ledger:
        for batch in batches:
            with ledger.transaction() as connection:
                rows = []
                for number, record in batch:
                    spread = record.started_at_ms + (number % 4) * 20 * DAY_MS
                    named = replace(record, call_id=f"c{number}", started_at_ms=spread)
                    row = list(row_of(named, ledger.dimensions.of(names_of(named))))
                    row[COLUMNS.index("counted")] = number % 5 != 4
                    rows.append(tuple(row))
                changes.put_many(connection, rows)
            send(path, followers, name, batch=size)
            assert remote(followers, name) == local(path)
            assert_consistent(followers)


def test_errors_of_the_ledger_are_told(tmp_path: Path, url: str) -> None:
    broken = tmp_path / "a.sqlite3"
    broken.write_bytes(b"no database at all" * 100)
    with pytest.raises(LedgerError, match="database"):
        send(broken, url)


def test_two_copies_that_push_in_turn_are_told_apart(tmp_path: Path, url: str) -> None:
    """Each sends its rows from the beginning, and nothing is twice; if they do it at the same time, one gives up."""
    first = machine(tmp_path / "a.sqlite3", some(4))
    second = Path(shutil.copy(first, tmp_path / "b.sqlite3"))
    machine(first, some(2, "a"))
    machine(second, some(3, "b"))
    for _ in range(2):
        send(first, url)
        send(second, url)
    assert [row[0] for row in remote(url)] == ["a0", "a1", "b0", "b1", "b2", "c0", "c1", "c2", "c3"]
    assert_consistent(url)

    def push_the_other(done: int, total: int) -> None:
        run(url, "UPDATE host SET ledger = 'other', sent = 99")

    with pytest.raises(FleetError, match="same id"):
        send(machine(second, some(9, "d")), url, batch=1, progress=push_the_other)


def test_the_ledger_stays_usable_meanwhile(tmp_path: Path, url: str) -> None:
    path = machine(tmp_path / "a.sqlite3", some(30))

    def record_one(done: int, total: int) -> None:
        if done < 30:
            with Ledger(path, busy_timeout_s=0) as ledger:
                ledger.record(sample(f"while{done}"))

    send(path, url, progress=record_one, batch=10)
    assert remote(url) == local(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM call").fetchone() == (33,)
    connection.close()
