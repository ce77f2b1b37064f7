"""Rows that change take their sums with them."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from fased_litellm.usage.record import UsageRecord
from fased_litellm.usage.store import changes
from fased_litellm.usage.store.changes import UpsertResult, change, put_many
from fased_litellm.usage.store.dimensions import names_of
from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.usage.store.rollups import TABLES
from fased_litellm.usage.store.rows import last_id
from tests.usage.agreement import assert_rollups_equal_rows, rows, table
from tests.usage.samples import costs, records, sample
from tests.usage.store.test_rows import rows_of, shaped


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "usage.sqlite3"


def put(ledger: Ledger, *chosen: UsageRecord) -> UpsertResult:
    with ledger.transaction() as connection:
        return put_many(connection, rows_of(ledger, chosen))


def call(path: Path, call_id: str) -> dict[str, Any]:
    (found,) = (row for row in table(path, "call") if row["call_id"] == call_id)
    return found


def test_a_changed_row_gets_a_new_id_above_all(path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.record_many([sample("a"), sample("b"), sample("c")])
        with ledger.transaction() as connection:
            seen = last_id(connection)
            assert change(connection, {1: {"counted": 0}, 3: {"cost_pico": 7}, 99: {"counted": 0}}) == 2
            found = connection.execute("SELECT call_id FROM call WHERE id > ? ORDER BY id", (seen,)).fetchall()
    assert found == [("a",), ("c",)]
    assert_rollups_equal_rows(path)


def test_sums_over_no_calls_are_dropped(path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.record(sample())
        ledger.roll_up()
        with ledger.transaction() as connection:
            change(connection, {1: {"counted": 0}})
    for name in TABLES:
        assert rows(path, f"SELECT * FROM {name}") == []
    assert len(table(path, "call")) == 1


@pytest.mark.parametrize("column", ["id", "call_id", "nothing"])
def test_some_columns_do_not_change(column: str, path: Path) -> None:
    with Ledger(path) as ledger:
        ledger.record(sample())
        with pytest.raises(KeyError), ledger.transaction() as connection:
            change(connection, {1: {column: 1}})
    assert_rollups_equal_rows(path)


def test_other_content_takes_the_place_of_the_older(path: Path) -> None:
    with Ledger(path) as ledger:
        assert put(ledger, sample("a"), sample("b")) == UpsertResult(2, 0)
        assert put(ledger, sample("a"), sample("b", input_tokens=11, agent="ops"), sample("c")) == UpsertResult(1, 1)
        assert put(ledger, sample("a"), sample("b", input_tokens=11, agent="ops"), sample("c")) == UpsertResult(0, 0)
        assert put(ledger, sample("d"), sample("d", input_tokens=12)) == UpsertResult(1, 1)
    found = rows(
        path, "SELECT call_id, input_tokens, agent FROM call JOIN dimension ON dimension.id = dimension ORDER BY 1"
    )
    assert found == [("a", 10, "main"), ("b", 11, "ops"), ("c", 10, "main"), ("d", 12, "main")]
    assert_rollups_equal_rows(path)


def test_a_price_that_was_looked_up_stays(path: Path) -> None:
    unknown = sample("a", cost=None, cost_source="unknown")
    with Ledger(path) as ledger:
        put(ledger, unknown)
        with ledger.transaction() as connection:
            change(connection, {1: {"cost_pico": 5, "cost_source": "catalog", "price_note": "a catalog"}})
        assert put(ledger, unknown) == UpsertResult()
        assert put(ledger, replace(unknown, cost=Decimal(1), cost_source="config")) == UpsertResult()
        assert call(path, "a")["cost_pico"] == 5
        # Other tokens make it another usage, whose price is not known yet.
        assert put(ledger, replace(unknown, input_tokens=11)) == UpsertResult(0, 1)
        assert call(path, "a")["cost_pico"] is None
        # What the transcript itself says of the cost is believed.
        told = replace(unknown, cost=Decimal(2), cost_source="transcript")
        assert put(ledger, told) == UpsertResult(0, 1)
        assert put(ledger, told) == UpsertResult()
        assert put(ledger, replace(told, cost=Decimal(3))) == UpsertResult(0, 1)
    assert call(path, "a")["cost_pico"] == 3 * 10**12
    assert_rollups_equal_rows(path)


def test_reading_a_row_again_does_not_count_it_again(path: Path) -> None:
    with Ledger(path) as ledger:
        put(ledger, sample("a"))
        with ledger.transaction() as connection:
            change(connection, {1: {"counted": 0, "feed": 3}})
        assert put(ledger, sample("a")) == UpsertResult()
        assert put(ledger, sample("a", input_tokens=11)) == UpsertResult(0, 1)
    found = call(path, "a")
    assert (found["counted"], found["input_tokens"]) == (0, 11)
    assert_rollups_equal_rows(path)


def test_more_rows_than_fit_into_one_step(path: Path) -> None:
    count = changes._BATCH * 2 + 3
    with Ledger(path) as ledger:
        put(ledger, *(sample(f"c{number}", session=f"s{number % 7}") for number in range(count)))
        again = [sample(f"c{number}", session=f"s{number % 7}", input_tokens=number) for number in range(count)]
        assert put(ledger, *again) == UpsertResult(0, count - 1)  # one of them had that number already
    assert_rollups_equal_rows(path)


class Changing(RuleBasedStateMachine):
    """Whatever is done to a ledger, its sums agree with its rows, and no row goes away."""

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        import tempfile

        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "usage.sqlite3"
        self.ledger = Ledger(self.path)
        self.known: list[UsageRecord] = []
        self.ledger.record(sample("first"))
        self.calls = {"first"}

    def teardown(self) -> None:
        if hasattr(self, "ledger"):
            self.ledger.close()
            self.folder.cleanup()

    @rule(chosen=st.lists(records(), max_size=4))
    def record(self, chosen: list[UsageRecord]) -> None:
        self.ledger.record_many(chosen)
        self._remember(chosen)

    @rule(chosen=st.lists(records(), max_size=4), again=st.data())
    def read(self, chosen: list[UsageRecord], again: st.DataObject) -> None:
        seen = again.draw(st.lists(st.sampled_from(self.known), max_size=3)) if self.known else []
        with self.ledger.transaction() as connection:
            for columns, part in shaped(rows_of(self.ledger, [*chosen, *seen])).items():
                put_many(connection, part, columns)
        self._remember(chosen)

    @rule(fresh=records(), pick=st.data())
    def replace(self, fresh: UsageRecord, pick: st.DataObject) -> None:
        if self.known:
            old = pick.draw(st.sampled_from(self.known))
            put(self.ledger, replace(fresh, call_id=old.call_id))

    @rule(pick=st.data(), counted=st.sampled_from([0, 1]))
    def count(self, pick: st.DataObject, counted: int) -> None:
        self._change(pick, {"counted": counted})

    @rule(pick=st.data(), cost=costs)
    def price(self, pick: st.DataObject, cost: Decimal | None) -> None:
        pico = None if cost is None else int(cost * 10**12)
        self._change(pick, {"cost_pico": pico, "input_cost_pico": pico, "cost_source": "catalog"})

    @rule(pick=st.data(), fresh=records())
    def rename(self, pick: st.DataObject, fresh: UsageRecord) -> None:
        with self.ledger.transaction():
            dimension = self.ledger.dimensions.of(names_of(fresh))
        self._change(pick, {"dimension": dimension, "started_at_ms": fresh.started_at_ms})

    @rule(chosen=st.lists(records(), min_size=1, max_size=3))
    def fail(self, chosen: list[UsageRecord]) -> None:
        with pytest.raises(ZeroDivisionError):
            self._break_off(chosen)

    @invariant()
    def agrees(self) -> None:
        if hasattr(self, "ledger"):
            assert_rollups_equal_rows(self.path)
            assert {row["call_id"] for row in table(self.path, "call")} == self.calls

    def _break_off(self, chosen: list[UsageRecord]) -> None:
        with self.ledger.transaction() as connection:
            put_many(connection, rows_of(self.ledger, chosen))
            change(connection, {1: {"counted": 0}})
            raise ZeroDivisionError

    def _remember(self, chosen: list[UsageRecord]) -> None:
        self.known += chosen
        self.calls |= {record.call_id for record in chosen}

    def _change(self, pick: st.DataObject, values: dict[str, Any]) -> None:
        ids = [number for (number,) in rows(self.path, "SELECT id FROM call")]
        chosen = pick.draw(st.lists(st.sampled_from(ids), unique=True, max_size=4))
        with self.ledger.transaction() as connection:
            assert change(connection, dict.fromkeys(chosen, values)) == len(chosen)


TestChanging = Changing.TestCase
TestChanging.settings = settings(
    max_examples=20, stateful_step_count=10, deadline=None, suppress_health_check=list(HealthCheck)
)
