"""Any report equals a plain sum over the records: any window, zone, dimensions, filter, order and cut."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from fased_litellm.usage.query.calendar.timezones import UTC_ZONE, Zone, parse_zone
from fased_litellm.usage.query.filters import Filter, Term, Value
from fased_litellm.usage.query.periods import order
from fased_litellm.usage.query.query import COLUMNS, SORT_KEYS, TIMES, Query, Sort
from fased_litellm.usage.query.report import UsageReport
from fased_litellm.usage.query.sorting import MEASURES
from fased_litellm.usage.record import UsageRecord
from fased_litellm.usage.store.ledger import Ledger
from tests.usage.query.test_report import REPORT_SCHEMA, exact, filters
from tests.usage.samples import DAY_MS, START_MS, expected_groups, expected_totals, records, sample, value
from tests.usage.truth import meets

HOUR_MS = 3_600_000
BASES = (
    START_MS,
    1_792_886_400_000,  # 2026-10-25T00:00Z, an hour before clocks are put back in Europe
    1_774_746_000_000,  # 2026-03-29T01:00Z, when they are put forward
    1_798_761_600_000,  # 2027-01-01T00:00Z
)
ZONES = ("UTC", "UTC", "+02:00", "+05:30", "-09:30", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe")
shifts = st.sampled_from([0, 0, 0, 1, -1, 900_000])
groupings = st.builds(
    lambda some, times: (*some, *times),
    st.lists(st.sampled_from(tuple(COLUMNS)), unique=True, max_size=2),
    st.lists(st.sampled_from(TIMES), unique=True, max_size=2),
)
sorts = st.none() | st.builds(Sort, st.sampled_from([key for key in SORT_KEYS if key != "time"]), st.booleans())
names = st.sampled_from(
    ["main", "MAIN", "a", "op", "litellm/default", "lite*", "*5", "o??", "s1", "s", "-", "error", "=1+1", "%", "_"]
)


def _value(text: str) -> Value:
    if text == "-":
        return Value("", "exact")
    return Value(text, "pattern" if "*" in text or "?" in text else "part")


terms = st.one_of(
    st.builds(
        Term,
        st.sampled_from(["agent", "model", "session", "status", "task", "served", "role", "text"]),
        st.lists(names.map(_value) | names.map(lambda text: Value(text, "exact")), min_size=1, max_size=2).map(tuple),
        negated=st.booleans(),
    ),
    st.builds(
        Term,
        st.just("has"),
        st.sampled_from(["errors", "usage", "model", "provider", "unpriced"]).map(lambda word: (Value(word),)),
        negated=st.booleans(),
    ),
    st.builds(
        Term,
        st.sampled_from(["minTokens", "maxTokens"]),
        number=st.sampled_from([0, 1, 5, 10**6, 10**9]),
        negated=st.booleans(),
    ),
    st.builds(
        Term,
        st.sampled_from(["minCost", "maxCost"]),
        number=st.sampled_from([0, 1, 10**12, 500 * 10**12]),
        negated=st.booleans(),
    ),
)
wheres = st.none() | st.none() | st.lists(terms, min_size=1, max_size=3).map(lambda chosen: Filter(tuple(chosen)))


@st.composite
def situations(draw: st.DrawFn) -> tuple[list[UsageRecord], list[Query]]:
    shift = draw(st.sampled_from(BASES)) - START_MS
    chosen = [
        replace(record, started_at_ms=record.started_at_ms + shift + draw(st.integers(-30, 30)) * HOUR_MS)
        for record in draw(st.lists(records(), min_size=1, max_size=12))
    ]
    queries = []
    for _ in range(3):
        begin = draw(st.integers(-60, 20)) * HOUR_MS + draw(shifts)
        end = max(draw(st.integers(0, 110)) * HOUR_MS + draw(shifts), begin)
        queries.append(
            Query(
                START_MS + shift + begin,
                START_MS + shift + end,
                draw(groupings),
                draw(st.just({}) | st.just({}) | filters),
                zone=parse_zone(draw(st.sampled_from(ZONES))),
                where=draw(wheres),
                sort=draw(sorts),
                top=draw(st.none() | st.integers(1, 4)),
            )
        )
    return chosen, queries


@settings(max_examples=150)
@given(situation=situations())
def test_every_report_equals_a_plain_sum(
    situation: tuple[list[UsageRecord], list[Query]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    chosen, queries = situation
    with Ledger(tmp_path_factory.mktemp("ledger") / "usage.sqlite3") as ledger:
        ledger.record_many(chosen)
        for query in queries:
            compare(ledger.report(query), query, chosen)


def compare(report: UsageReport, query: Query, chosen: Sequence[UsageRecord]) -> None:
    inside = [record for record in chosen if query.from_ms <= record.started_at_ms < query.to_ms]
    passing = list(filter(meets(query.where, inside), inside))
    expected = expected_groups(passing, query.from_ms, query.to_ms, query.by, query.filters, _calendar(query.zone))
    everything = [record for part in expected.values() for record in part]
    assert exact(report.totals) == expected_totals(everything)
    shown = {group.key: exact(group.totals) for group in report.groups}
    if not query.by:
        assert shown == {}
        assert report.other is None
    else:
        left = {key: part for key, part in expected.items() if key not in shown}
        assert shown == {key: expected_totals(expected[key]) for key in shown}
        assert len(report.groups) == len(shown) == min(len(expected), query.top or len(expected))
        rest = [record for part in left.values() for record in part]
        assert (report.other is not None) is bool(left)
        if report.other is not None:
            assert report.other.groups == len(left)
            assert exact(report.other.totals) == expected_totals(rest)
        check_order(report, query)
    unpriced = {(part.provider, part.model): (part.calls, part.tokens) for part in report.unpriced}
    by_model: dict[tuple[str | None, str | None], tuple[int, int]] = {}
    for record in everything:
        if record.unpriced:
            calls, tokens = by_model.get((record.provider, record.model), (0, 0))
            by_model[record.provider, record.model] = calls + 1, tokens + record.total_tokens
    assert unpriced == by_model
    document = json.loads(json.dumps(report.as_dict()))
    Draft202012Validator(REPORT_SCHEMA).validate(document)
    assert document["unpriced"]["tokens"] == sum(tokens for _, tokens in by_model.values())


def _calendar(zone: Zone) -> tzinfo:
    if zone is UTC_ZONE:
        return UTC
    return ZoneInfo(zone.name) if "/" in zone.name else timezone(timedelta(milliseconds=zone.fixed_ms))


def check_order(report: UsageReport, query: Query) -> None:
    times = [place for place, name in enumerate(query.by) if name in TIMES]
    cost = MEASURES["cost"]
    if query.sort is None:
        keys = [
            ([order(group.key[place] or "") for place in times], [-number for number in cost(group.totals)])
            for group in report.groups
        ]
        assert keys == sorted(keys)
        return
    if query.sort.key == "name":
        found = [tuple(name or "" for name in group.key) for group in report.groups]
        assert found == sorted(found, reverse=query.sort.backwards)
        return
    measure = MEASURES[query.sort.key]
    sizes = [measure(group.totals) for group in report.groups]
    assert sizes == sorted(sizes, reverse=not query.sort.backwards)


@given(st.lists(st.integers(0, 50 * 24), min_size=2, max_size=20, unique=True))
def test_hours_are_in_the_order_in_which_they_come(hours: list[int]) -> None:
    zone, name = ZoneInfo("Europe/Berlin"), "hour"
    start = 1_792_886_400_000 - 10 * DAY_MS
    labels = [value(sample("x", start + hour * HOUR_MS), name, zone) or "" for hour in hours]
    assert sorted(labels, key=order) == [label for _, label in sorted(zip(hours, labels, strict=True))]
