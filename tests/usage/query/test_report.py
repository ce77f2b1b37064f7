from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from fased_litellm.schemas import schemas
from fased_litellm.usage.query.query import DIMENSIONS, Query
from fased_litellm.usage.query.report import Estimates, Totals, UsageReport, empty
from fased_litellm.usage.record import UsageRecord
from fased_litellm.usage.store.ledger import Ledger
from tests.usage.samples import DAY_MS, START_MS, expected_groups, expected_totals, records, sample

REPORT_SCHEMA = schemas()["usage-report.schema.json"]
RECORD_SCHEMA = schemas()["usage-record.schema.json"]

moments = st.builds(
    lambda day, quarter, shift: START_MS + day * DAY_MS + quarter * 900_000 + shift,
    st.integers(-1, 4),
    st.integers(0, 95) | st.sampled_from([0, 48]),
    st.sampled_from([0, 0, 1, -1, 450_000]),
)
groupings = st.lists(st.sampled_from(DIMENSIONS), unique=True, max_size=4).map(tuple)
filters = st.fixed_dictionaries(
    {},
    optional={
        "agent": st.sampled_from([("main",), ("main", "ops"), ("-",), ("nobody",)]),
        "session": st.sampled_from([("s1",), ("s2", "-")]),
        "status": st.sampled_from([("ok",), ("error", "interrupted")]),
    },
)


def exact(totals: Totals) -> dict[str, Any]:
    return {**totals.as_dict(), "costUsd": totals.cost_usd}


def ask(folder: Path, chosen: list[UsageRecord], query: Query) -> UsageReport:
    with Ledger(folder / "usage.sqlite3") as ledger:
        ledger.record_many(chosen)
        return ledger.report(query)


@settings(max_examples=150)
@given(
    chosen=st.lists(records(), max_size=12), window=st.tuples(moments, moments).map(sorted), by=groupings, only=filters
)
def test_every_report_equals_a_plain_sum_over_the_records(
    chosen: list[UsageRecord],
    window: list[int],
    by: tuple[str, ...],
    only: dict[str, tuple[str, ...]],
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    begin, end = window
    report = ask(tmp_path_factory.mktemp("ledger"), chosen, Query(begin, end, by, only))
    expected = expected_groups(chosen, begin, end, by, only)
    if by:
        assert {group.key: exact(group.totals) for group in report.groups} == {
            key: expected_totals(part) for key, part in expected.items()
        }
        assert len(report.groups) == len(expected)
    else:
        assert report.groups == ()
    assert exact(report.totals) == expected_totals([record for part in expected.values() for record in part])
    Draft202012Validator(REPORT_SCHEMA).validate(json.loads(json.dumps(report.as_dict())))
    for fewer in (by[:1], by[1:], ()):
        parts = expected_groups(chosen, begin, end, fewer, only)
        again = report.regroup(fewer)
        assert again.totals == report.totals
        assert {group.key: exact(group.totals) for group in again.groups} == (
            {key: expected_totals(part) for key, part in parts.items()} if fewer else {}
        )


@given(records())
@example(sample())
def test_every_record_fits_its_schema(record: UsageRecord) -> None:
    Draft202012Validator(RECORD_SCHEMA).validate(json.loads(json.dumps(record.as_dict())))


def test_the_schemas_are_strict() -> None:
    report = empty(Query(START_MS, START_MS + DAY_MS, ("agent",))).as_dict()
    validator = Draft202012Validator(REPORT_SCHEMA)
    assert validator.is_valid(report)
    assert not validator.is_valid({**report, "more": 1})
    assert not validator.is_valid({**report, "by": ["agnet"]})
    assert not validator.is_valid({**report, "groups": [{"agent": "main", "calls": 1}]})
    assert not Draft202012Validator(RECORD_SCHEMA).is_valid({**sample().as_dict(), "reply": "Hello"})


def test_estimates_are_in_the_sums_and_counted_apart(tmp_path: Path) -> None:
    guess: dict[str, Any] = {"cost_source": "estimate", "cost": Decimal(2)}
    chosen = [
        sample("a", **guess),
        sample("b", agent="ops", **guess),
        sample("c", START_MS + 9 * DAY_MS, **guess),
        sample("d", cost=Decimal(1)),
    ]
    week = (START_MS, START_MS + 7 * DAY_MS)
    report = ask(tmp_path, chosen, Query(*week, ("model",)))
    assert (report.totals.cost_usd, report.estimates) == (Decimal(5), Estimates(2, 4 * 10**12))
    some = ask(tmp_path / "some", chosen, Query(*week, (), {"agent": ("ops",)}))
    assert some.estimates == Estimates(1, 2 * 10**12)
    Draft202012Validator(REPORT_SCHEMA).validate(json.loads(json.dumps(report.as_dict())))


def test_the_json_has_the_documented_shape(tmp_path: Path) -> None:
    chosen = [sample("c1"), sample("c2"), sample("c3", status="error", channel=None)]
    report = ask(tmp_path, chosen, Query(START_MS, START_MS + 7 * DAY_MS, ("agent", "task")))
    sums = {
        "calls": 3, "failed": 1, "inputTokens": 30, "outputTokens": 60, "cacheReadTokens": 0, "cacheWriteTokens": 0,
        "reasoningTokens": 0, "totalTokens": 90, "costUsd": 0.00195, "unpricedCalls": 0,
    }  # fmt: skip
    document = report.as_dict()
    assert document == {
        "from": "2026-11-21T00:00:00Z",
        "to": "2026-11-28T00:00:00Z",
        "timeZone": "UTC",
        "by": ["agent", "task"],
        "groups": [{"agent": "main", "task": "digest", "taskName": None, **sums}],
        "other": None,
        "totals": sums,
        "unpriced": {"calls": 0, "tokens": 0, "models": [], "command": None},
        "estimates": {"calls": 0, "costUsd": 0.0},
    }
    assert list(document["groups"][0]) == ["agent", "task", "taskName", *sums]


@pytest.mark.parametrize(
    ("costs", "usd"),
    [
        ([None], None),
        ([None, Decimal("0.5")], 0.5),
        ([Decimal(0)], 0.0),
        ([None, Decimal(0)], 0.0),  # one was free, the other is unpriced: both are said
    ],
)
def test_unknown_cost_is_not_zero(tmp_path: Path, costs: list[Decimal | None], usd: float | None) -> None:
    chosen = [sample(f"c{number}", cost=cost) for number, cost in enumerate(costs)]
    document = ask(tmp_path, chosen, Query(START_MS, START_MS + DAY_MS)).as_dict()
    assert document["totals"]["costUsd"] == usd
    assert document["totals"]["unpricedCalls"] == costs.count(None)


def test_a_failure_without_tokens_costs_nothing(tmp_path: Path) -> None:
    failure = sample(status="error", cost=None, input_tokens=0, output_tokens=0, total_tokens=0)
    totals = ask(tmp_path, [failure], Query(START_MS, START_MS + DAY_MS)).as_dict()["totals"]
    assert (totals["calls"], totals["failed"], totals["costUsd"], totals["unpricedCalls"]) == (1, 1, 0.0, 0)


def test_the_dearest_come_first_and_days_in_their_order(tmp_path: Path) -> None:
    chosen = [
        sample("1", START_MS, agent="cheap", cost=Decimal("0.1")),
        sample("2", START_MS + DAY_MS, agent="dear", cost=Decimal(2)),
        sample("3", START_MS, agent="unknown", cost=None, total_tokens=5),
        sample("4", START_MS, agent="large-unknown", cost=None, total_tokens=50),
        sample("5", START_MS, agent="dear", cost=Decimal(1)),
    ]
    query = Query(START_MS, START_MS + 2 * DAY_MS, ("agent",))
    report = ask(tmp_path, chosen, query)
    assert [group.key[0] for group in report.groups] == ["dear", "cheap", "large-unknown", "unknown"]
    by_day = ask(tmp_path, [], Query(query.from_ms, query.to_ms, ("agent", "day")))
    assert [group.key for group in by_day.groups] == [
        ("dear", "2026-11-21"),
        ("cheap", "2026-11-21"),
        ("large-unknown", "2026-11-21"),
        ("unknown", "2026-11-21"),
        ("dear", "2026-11-22"),
    ]


def test_a_model_may_be_written_with_its_provider(tmp_path: Path) -> None:
    chosen = [sample("1"), sample("2", provider="other"), sample("3", model="litellm/default", provider="x")]
    only = {"model": ("litellm/default",)}
    report = ask(tmp_path, chosen, Query(START_MS, START_MS + DAY_MS, ("provider",), only))
    assert {group.key[0] for group in report.groups} == {"litellm", "x"}


def test_names_cannot_change_the_question(tmp_path: Path) -> None:
    name = "x') OR 1=1 --"
    report = ask(
        tmp_path, [sample("1"), sample("2", agent=name)], Query(START_MS, START_MS + DAY_MS, (), {"agent": (name,)})
    )
    assert report.totals.calls == 1


def test_whole_buckets_are_not_read_call_by_call(tmp_path: Path) -> None:
    """A report over whole buckets comes from the roll-ups: it does not notice that the rows are others."""
    path = tmp_path / "usage.sqlite3"
    with Ledger(path) as ledger:
        ledger.record_many([sample("1"), sample("2", START_MS + 900_000), sample("3", START_MS + 3_600_000)])
        ledger.roll_up()
        assert ledger._connection is not None
        ledger._connection.execute("UPDATE call SET counted = 0")

        def found(begin: int, end: int, *by: str) -> int:
            return ledger.report(Query(begin, end, by)).totals.calls

        assert found(START_MS, START_MS + DAY_MS) == 3
        # The first hour is cut by this window, so its calls are looked up one by one.
        assert found(START_MS + 1, START_MS + DAY_MS) == 1
        # Before the first and behind the last call, nothing can be cut.
        for by in ((), ("hour",), ("session", "day")):
            assert found(START_MS - 1, START_MS + 3_600_001, *by) == 3
        assert found(START_MS - 1, START_MS + 3_600_000) == 2
        assert found(START_MS - 1, START_MS + 3_599_999) == 0
        # Sums of a session are kept per day.
        assert found(START_MS - 1, START_MS + 3_600_000, "session") == 0
