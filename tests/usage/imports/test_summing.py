"""Sums made where calls are read are those that SQLite would make."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.errors import LedgerError
from fased_litellm.usage.imports.calls import DIMENSION, Calls, columns
from fased_litellm.usage.imports.summing import sums_of
from fased_litellm.usage.store import rollups
from fased_litellm.usage.store.changes import put_flat
from fased_litellm.usage.store.dimensions import names_of
from fased_litellm.usage.store.ledger import Ledger
from tests.usage.agreement import assert_coarse, assert_rollups_equal_rows, rows
from tests.usage.samples import START_MS, sample

STATUSES = ("ok", "error", "cancelled")
PERHAPS = st.one_of(
    st.tuples(*[st.integers(0, 10**12)] * 5, st.integers(0, 9), st.none(), st.none(), st.none()),
    st.tuples(
        *[st.none()] * 5, st.none(), st.none(), st.sampled_from(["r1", None]), st.sampled_from(["timeout", None])
    ),
)
CALLS = st.lists(
    st.tuples(
        st.integers(0, len(STATUSES) - 1),
        st.integers(0, 4_000_000),
        st.tuples(*[st.integers(0, 1000) | st.just(0)] * 5),
        PERHAPS,
    ),
    max_size=30,
)


def laid_out(found: list[Any]) -> Calls:
    calls = Calls()
    for number, (place, later, tokens, perhaps) in enumerate(found):
        calls.add((f"c{number}", place, START_MS + later, *tokens, "transcript", 0), (*perhaps, None))
    return calls


def put(ledger: Ledger, calls: Calls) -> None:
    with ledger.transaction() as connection:
        known = [ledger.dimensions.of(names_of(sample("c", status=status))) for status in STATUSES]
        for shape, values in calls.by_shape.items():
            if values:
                width = len(columns(shape))
                parts = [
                    (time, *known[place], *sums) for time, place, sums in sums_of(values, columns(shape), STATUSES)
                ]
                values[DIMENSION::width] = [known[place][0] for place in values[DIMENSION::width]]
                put_flat(connection, values, columns(shape), parts)


@given(CALLS)
def test_the_sums_are_those_of_the_rows(tmp_path_factory: pytest.TempPathFactory, found: list[Any]) -> None:
    path = tmp_path_factory.mktemp("ledger") / "usage.sqlite3"
    with Ledger(path) as ledger:
        put(ledger, laid_out(found))
    assert_rollups_equal_rows(path)
    assert_coarse(path)


def test_rows_are_not_read_again_for_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> list[rollups.Part]:
        raise AssertionError("the rows were read again")

    monkeypatch.setattr(rollups, "since", refuse)
    usual = (7, 1, 2, 3, 1, 250, None, None, None)
    with Ledger(tmp_path / "usage.sqlite3") as ledger:
        put(ledger, laid_out([(0, number * 400_000, (1, 2, 3, 4, 10), usual) for number in range(9)]))
    assert_rollups_equal_rows(tmp_path / "usage.sqlite3")


def test_calls_that_are_known_are_not_counted_twice(tmp_path: Path) -> None:
    path = tmp_path / "usage.sqlite3"
    usual = (7, 1, 2, 3, 1, 250, None, None, None)
    found = [(0, number, (1, 2, 3, 4, 10), usual) for number in range(5)]
    with Ledger(path) as ledger:
        put(ledger, laid_out(found[:3]))
        put(ledger, laid_out(found))
        put(ledger, laid_out([(0, 0, (1, 2, 3, 5, 11), usual)]))
    assert rows(path, "SELECT call_id, total_tokens FROM call ORDER BY call_id") == [
        ("c0", 11),
        ("c1", 10),
        ("c2", 10),
        ("c3", 10),
        ("c4", 10),
    ]
    assert_rollups_equal_rows(path)


@pytest.mark.parametrize("tokens", [2**62, 2**70])
def test_sums_past_64_bits_are_refused_and_leave_nothing(tokens: int, tmp_path: Path) -> None:
    path = tmp_path / "usage.sqlite3"
    usual = (7, 1, 2, 3, 1, 250, None, None, None)
    with Ledger(path) as ledger:
        ledger.record(sample("before"))
        with pytest.raises(LedgerError):
            put(ledger, laid_out([(0, number, (tokens, 0, 0, 0, 0), usual) for number in range(4)]))
        ledger.record(sample("after"))
    assert rows(path, "SELECT call_id FROM call ORDER BY id") == [("before",), ("after",)]
    assert_rollups_equal_rows(path)
