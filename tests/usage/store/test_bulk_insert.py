from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest

from fased_litellm.usage.store.bulk_insert import Insertion

COUNTING = Insertion("INSERT INTO t (name, n)", "(?, ?)", "ON CONFLICT (name) DO UPDATE SET n = n + excluded.n")
IGNORING = Insertion("INSERT INTO t (name, n)", "(?, 7)", "ON CONFLICT (name) DO NOTHING")


@pytest.mark.parametrize("count", [0, 1, 449, 450, 451, 900, 1001])
def test_as_many_rows_as_there_are(count: int) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE t (name UNIQUE, n)")
        for times in (1, 2):
            assert COUNTING.many(connection, [(f"r{number}", number) for number in range(count)]) == count
            found = connection.execute("SELECT name, n FROM t ORDER BY rowid").fetchall()
            assert found == [(f"r{number}", number * times) for number in range(count)]
        known = [(f"r{number}",) for number in range(count)]
        assert IGNORING.many(connection, [*known, ("new",), ("new",)]) == 1
        assert connection.execute("SELECT n FROM t WHERE name = 'new'").fetchall() == [(7,)]
