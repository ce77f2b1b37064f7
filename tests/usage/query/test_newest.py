from __future__ import annotations

from pathlib import Path

import pytest

from fased_litellm.usage.query.calendar.timezones import parse_zone
from fased_litellm.usage.query.newest import newest_week
from fased_litellm.usage.query.query import Query
from fased_litellm.usage.query.report import build
from fased_litellm.usage.store.access import answer
from fased_litellm.usage.store.ledger import Ledger
from tests.usage.samples import DAY_MS, START_MS, sample

LATER = START_MS + 40 * DAY_MS


def found(path: Path, query: Query) -> Query | None:
    return answer(path, lambda connection: newest_week(connection, query), print)


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Kiritimati"])
def test_the_week_ends_with_the_day_of_the_newest_call_in_that_zone(tmp_path: Path, zone: str) -> None:
    path = tmp_path / "usage.sqlite3"
    calls = [sample(str(number), START_MS - number * DAY_MS) for number in range(12)]
    with Ledger(path) as ledger:
        ledger.record_many(calls)
    there = parse_zone(zone)
    query = found(path, Query(LATER, LATER + 7 * DAY_MS, zone=there))
    assert query is not None
    assert there.day(query.to_ms - 1) == there.day(START_MS)
    assert (there.day(query.to_ms - 1) - there.day(query.from_ms)).days == 6
    report = answer(path, lambda connection: build(connection, query), print)
    assert report is not None
    assert report.totals.calls == 7


def test_names_count_and_where_nothing_is_older_there_is_none(tmp_path: Path) -> None:
    path = tmp_path / "usage.sqlite3"
    with Ledger(path) as ledger:
        ledger.record_many([sample("1", START_MS), sample("2", START_MS - 9 * DAY_MS, agent="ops")])
    query = found(path, Query(LATER, LATER + DAY_MS, filters={"agent": ("ops",)}))
    assert query is not None
    assert query.to_ms <= START_MS
    assert found(path, Query(LATER, LATER + DAY_MS, filters={"agent": ("nobody",)})) is None
    assert found(path, Query(START_MS - 20 * DAY_MS, START_MS - 19 * DAY_MS)) is None
