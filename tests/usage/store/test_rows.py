"""Many rows at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fased_litellm.errors import LedgerError
from fased_litellm.usage.record import UsageRecord
from fased_litellm.usage.store.dimensions import names_of
from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.usage.store.rows import COLUMNS, Row, insert_many, row_of
from tests.usage.agreement import assert_rollups_equal_rows, rows
from tests.usage.samples import START_MS, records, sample

NEVER_LEFT_OUT = ("call_id", "dimension", "started_at_ms", "cost_source")


def rows_of(ledger: Ledger, chosen: Sequence[UsageRecord]) -> list[Row]:
    """Rows of records, for use inside of a transaction."""
    return [row_of(record, ledger.dimensions.of(names_of(record))) for record in chosen]


def shape(row: Row) -> tuple[str, ...]:
    """The columns in which a row has a value of its own, as an importer would give them."""
    return tuple(
        name
        for name, value in zip(COLUMNS, row, strict=True)
        if name in NEVER_LEFT_OUT
        or (value is not None and name != "counted" and not (value == 0 and name.endswith("_tokens")))
    )


def shaped(found: list[Row]) -> dict[tuple[str, ...], list[Row]]:
    shapes: dict[tuple[str, ...], list[Row]] = {}
    for row in found:
        columns = shape(row)
        places = [COLUMNS.index(name) for name in columns]
        shapes.setdefault(columns, []).append(tuple(row[place] for place in places))
    return shapes


@settings(max_examples=25)
@given(chosen=st.lists(records(), max_size=12))
@pytest.mark.parametrize("way", ["whole", "shaped"])
def test_rows_written_in_bulk_are_those_of_single_records(
    way: str, chosen: list[UsageRecord], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("ledger")
    with Ledger(folder / "single") as single:
        single.record_many(chosen)
    with Ledger(folder / "bulk") as bulk, bulk.transaction() as connection:
        found = rows_of(bulk, chosen)
        if way == "whole":
            assert insert_many(connection, found) == len(chosen)
        else:
            for columns, part in shaped(found).items():
                assert insert_many(connection, part, columns) == len(part)
    assert_rollups_equal_rows(folder / "bulk")

    def content(path: Path) -> set[Any]:
        named = ", ".join(f"dimension.{name}" for name in ("session", "agent", "model", "status"))
        columns = ", ".join(name for name in COLUMNS if name != "dimension")
        sql = f"SELECT {columns}, {named} FROM call JOIN dimension ON dimension.id = dimension"
        return set(rows(path, sql))

    assert content(folder / "bulk") == content(folder / "single")


def test_a_known_call_is_left_out_and_not_counted_twice(tmp_path: Path) -> None:
    path = tmp_path / "usage.sqlite3"
    with Ledger(path) as ledger:
        ledger.record(sample("c1"))
        with ledger.transaction() as connection:
            found = rows_of(ledger, [sample("c1", input_tokens=99), sample("c2"), sample("c2", input_tokens=99)])
            assert insert_many(connection, found) == 1
            assert insert_many(connection, []) == 0
    assert rows(path, "SELECT call_id, input_tokens FROM call") == [("c1", 10), ("c2", 10)]
    assert_rollups_equal_rows(path)


def test_a_number_past_64_bits_is_refused_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "usage.sqlite3"
    columns = (*NEVER_LEFT_OUT, "input_tokens")

    def write(ledger: Ledger) -> None:
        with ledger.transaction() as connection:
            dimension = ledger.dimensions.of(names_of(sample()))
            part = [(f"c{number}", dimension, START_MS, "transcript", 2 ** (10 * number)) for number in range(8)]
            insert_many(connection, part, columns)

    with Ledger(path) as ledger:
        ledger.record(sample("before"))
        with pytest.raises(LedgerError):
            write(ledger)
        ledger.record(sample("after"))
    assert rows(path, "SELECT call_id FROM call ORDER BY id") == [("before",), ("after",)]
    assert_rollups_equal_rows(path)
