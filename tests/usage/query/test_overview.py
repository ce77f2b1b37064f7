"""An overview against the report of the same query, and against the calls themselves."""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fased_litellm.errors import FasedError
from fased_litellm.usage.query.calendar.timezones import parse_zone
from fased_litellm.usage.query.filters import parse
from fased_litellm.usage.query.overview import MOST_ROWS, Overview, overview
from fased_litellm.usage.query.query import Query
from fased_litellm.usage.query.report import UsageReport, build
from fased_litellm.usage.query.timeseries import spread
from fased_litellm.usage.record import UsageRecord
from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.usage.store.snapshot import asking
from tests.usage.samples import DAY_MS, START_MS, records, sample

QUERY = Query(START_MS, START_MS + 3 * DAY_MS)


def ask(chosen: Iterable[UsageRecord], query: Query = QUERY) -> tuple[Overview, UsageReport]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "usage.sqlite3"
        with Ledger(path) as ledger:
            ledger.record_many(chosen)
        with asking(path) as connection:
            return overview(connection, query), build(connection, query)


@settings(max_examples=40)
@given(
    st.lists(records(), max_size=30),
    st.sampled_from(["UTC", "+05:30", "Europe/Berlin"]),
    st.integers(-2, 2).map(lambda quarters: quarters * 450_000),
)
def test_it_says_what_the_report_says(chosen: list[UsageRecord], zone: str, shift: int) -> None:
    query = replace(QUERY, from_ms=START_MS + shift, zone=parse_zone(zone))
    found, report = ask(chosen, query)
    assert found.report.totals == report.totals
    assert found.report.unpriced == report.unpriced
    size = report.totals.cost_pico if found.spread.by_cost else report.totals.total_tokens
    assert sum(found.spread.sizes) == size
    inside = [record for record in chosen if query.from_ms <= record.started_at_ms < query.to_ms]
    for ranking, names in (
        (found.models, [(record.provider, record.model) for record in inside]),
        (found.agents, [(record.agent,) for record in inside]),
        (found.sessions, [(record.session,) for record in inside]),
    ):
        counts = Counter("/".join(filter(None, name)) or None for name in names)
        assert ranking.groups == len(set(names))
        assert {(row.name, row.totals.calls) for row in ranking.rows} <= set(counts.items())
        assert sum(row.totals.calls for row in ranking.rows) == len(inside)
        assert all(
            sum(row.trend) == (row.totals.cost_pico if found.spread.by_cost else row.totals.total_tokens)
            for row in ranking.rows
        )
    failed = [record for record in inside if record.failed]
    assert sum(failure.calls for failure in found.failures) == len(failed) == report.totals.failed
    assert not failed or found.failures[0].newest_ms == max(record.started_at_ms for record in failed)


def test_failures_are_told_apart_by_cause_and_the_newest_comes_first() -> None:
    changes = {"status": "error", "cause": "timeout", "origin": "network", "cost": None}
    found, _ = ask(
        [
            sample("1", START_MS, **changes),
            sample("2", START_MS + 5, **changes | {"model": "other"}),
            sample("3", START_MS + 9, status="interrupted"),
            sample("4", START_MS + 7, **changes | {"origin": "gateway"}),
            sample("5", START_MS + DAY_MS * 9, **changes),
            sample("6", START_MS, status="cancelled"),
        ]
    )
    assert [
        (part.cause, part.origin, part.calls, part.newest_ms - START_MS, part.model) for part in found.failures
    ] == [
        ("interrupted", None, 1, 9, "litellm/default"),
        ("timeout", "gateway", 1, 7, "litellm/default"),
        ("timeout", "network", 2, 5, "litellm/other"),
    ]


def test_filters_count_for_every_part() -> None:
    chosen = [
        sample("1", session="s1"),
        sample("2", session="s2", agent="ops", status="error", cause="timeout", cost=None),
        sample("3", session="s3", agent="ops", model="other", total_tokens=5000),
    ]
    found, report = ask(
        chosen, replace(QUERY, where=parse("agent:ops minTokens:1k"), filters={"session": ("s2", "s3")})
    )
    assert found.report.totals.calls == report.totals.calls == 1
    assert [row.name for row in found.sessions.rows] == ["s3"]
    assert [row.name for row in found.models.rows] == ["litellm/other"]
    assert found.failures == ()


def test_rankings_are_cut_and_say_so() -> None:
    found, _ = ask(sample(f"c{number}", session=f"s{number}", agent=f"a{number}") for number in range(MOST_ROWS + 3))
    assert (len(found.sessions.rows), found.sessions.groups) == (MOST_ROWS, MOST_ROWS + 3)
    assert (len(found.agents.rows), found.agents.groups) == (MOST_ROWS, MOST_ROWS + 3)
    assert found.models.groups == 1


def test_labels_of_conversations_are_shown(tmp_path: Path) -> None:
    path = tmp_path / "usage.sqlite3"
    with Ledger(path) as ledger:
        ledger.record(sample())
        with ledger.transaction() as connection:
            for number, label in enumerate([None, "Old name", "Family"]):
                connection.execute(
                    "INSERT INTO conversation (agent, name, session_id, session, label, updated_at_ms) VALUES ('main', ?, 'x', 's1', ?, ?)",
                    (str(number), label, number),
                )
    with asking(path) as connection:
        assert [row.label for row in overview(connection, QUERY).sessions.rows] == ["Family"]


@pytest.mark.parametrize(
    ("days", "zone", "per", "times"),
    [
        (1, "UTC", "hour", ("2026-11-21T00:00Z", "2026-11-21T23:00Z", 24)),
        (3, "UTC", "day", ("2026-11-21", "2026-11-23", 3)),
        (92, "UTC", "day", ("2026-11-21", "2027-02-20", 92)),
        (200, "UTC", "day", ("2026-11-01", "2027-01-31", 92)),
        (400, "UTC", "month", ("2026-11", "2027-12", 14)),
    ],
)
def test_a_window_is_told_apart_by_what_fits_it(days: int, zone: str, per: str, times: tuple[str, str, int]) -> None:
    query = replace(QUERY, to_ms=START_MS + days * DAY_MS, zone=parse_zone(zone))
    if days == 200:
        query = replace(query, from_ms=START_MS - 5000 * DAY_MS, to_ms=START_MS + 72 * DAY_MS)
    found, _ = ask([sample()], query)
    assert (found.spread.per, (found.spread.times[0], found.spread.times[-1], len(found.spread.times))) == (per, times)


def test_a_day_of_25_hours_has_25_of_them() -> None:
    zone = parse_zone("Europe/Berlin")
    begin = 1_792_879_200_000  # 2026-10-25T00:00+02:00; clocks go back that night
    calls = [sample(str(hour), begin + hour * 3_600_000) for hour in range(25)]
    found, _ = ask(calls, Query(begin, begin + 25 * 3_600_000, zone=zone))
    assert len(found.spread.times) == 25
    assert len(set(found.spread.sizes)) == 1
    assert found.spread.times[2:4] == ("2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00")


def test_an_empty_history_is_an_empty_screen(tmp_path: Path) -> None:
    for window in (QUERY, Query(0, START_MS + DAY_MS)):
        found, _ = ask([], window)
        assert found.report.totals.calls == 0
        assert sum(found.spread.sizes) == 0
        assert (found.models.groups, found.failures) == (0, ())
    with asking(tmp_path / "usage.sqlite3") as connection:
        assert spread(connection, QUERY).sizes == (0, 0, 0)


def test_a_ledger_that_cannot_be_read_is_an_error_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "usage.sqlite3"
    path.write_bytes(b"rubbish" * 1000)
    with pytest.raises(FasedError), asking(path):
        pass
