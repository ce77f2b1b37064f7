"""The files of Fased's usage page: their form, and their sums against the report."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from io import StringIO
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fased_litellm.usage.exports.fased import file_names
from fased_litellm.usage.money import to_number
from fased_litellm.usage.query.calendar.timezones import parse_zone
from fased_litellm.usage.query.filters import parse
from fased_litellm.usage.query.query import Query
from fased_litellm.usage.query.report import build
from fased_litellm.usage.query.totals import Totals
from fased_litellm.usage.record import UsageRecord
from tests.usage.exports.history import WEEK, exported, history
from tests.usage.samples import DAY_MS, START_MS, records, sample

SESSIONS = (
    "key,label,agentId,channel,provider,model,updatedAt,durationMs,messages,errors,toolCalls,inputTokens,outputTokens,"
    "cacheReadTokens,cacheWriteTokens,totalTokens,totalCost"
)
DAYS = (
    "date,inputTokens,outputTokens,cacheReadTokens,cacheWriteTokens,totalTokens,inputCost,outputCost,cacheReadCost,"
    "cacheWriteCost,totalCost"
)


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(text, newline="")))


def summed(rows: Iterable[dict[str, str]], *names: str) -> tuple[Decimal, ...]:
    rows = list(rows)
    return tuple(sum((Decimal(row[name]) for row in rows), Decimal(0)) for name in names)


COUNTS = ("inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens", "totalTokens")


def counts(totals: Totals) -> tuple[Any, ...]:
    return (
        totals.input_tokens,
        totals.output_tokens,
        totals.cache_read_tokens,
        totals.cache_write_tokens,
        totals.total_tokens,
        Decimal(totals.cost_pico) / 10**12,
    )


def test_the_files_of_a_small_history() -> None:
    calls = [
        sample("1", START_MS + 1000, latency_ms=250.0, input_cost=Decimal("0.00025"), output_cost=Decimal("0.0004")),
        sample("2", START_MS + DAY_MS, cost=None, cache_read_tokens=5, total_tokens=35),
        sample("3", START_MS + 2000, session=None, agent=None, channel=None, cost=Decimal("0.0000001")),
        sample(
            "4",
            START_MS + 3000,
            status="error",
            cause="timeout",
            cost=None,
            total_tokens=0,
            input_tokens=0,
            output_tokens=0,
        ),
    ]
    with history(calls) as connection:
        sessions, days, document = exported(connection)
    assert sessions == (
        f"{SESSIONS}\n"
        "s1,,main,telegram,litellm,default,2026-11-22T00:00:00.000Z,86399000,3,1,0,20,40,5,0,65,0.00065\n"
        "unknown,,,,litellm,default,2026-11-21T00:00:02.000Z,0,1,0,0,10,20,0,0,30,0.0000001\n"
    )
    assert days == (
        f"{DAYS}\n2026-11-21,20,40,0,0,60,0.00025,0.0004,0,0,0.0006501\n2026-11-22,10,20,5,0,35,0,0,0,0,0\n"
    )
    assert list(document) == ["totals", "sessions", "daily", "aggregates", "timeZone"]
    assert document["totals"] == {
        "input": 30, "output": 60, "cacheRead": 5, "cacheWrite": 0, "totalTokens": 95, "totalCost": 0.0006501,
        "inputCost": 0.00025, "outputCost": 0.0004, "cacheReadCost": 0, "cacheWriteCost": 0, "missingCostEntries": 2,
    }  # fmt: skip
    first, second = document["sessions"]
    assert (first["key"], first["source"], first["updatedAt"]) == ("s1", "cli", START_MS + DAY_MS)
    assert first["usage"]["activityDates"] == ["2026-11-21", "2026-11-22"]
    assert first["usage"]["latency"] == {"count": 1, "avgMs": 250, "p95Ms": 250, "minMs": 250, "maxMs": 250}
    assert "toolUsage" not in first["usage"]
    assert (second["key"], "agentId" in second, "channel" in second) == ("unknown", False, False)
    assert [group["agentId"] for group in document["aggregates"]["byAgent"]] == ["main"]


def test_names_of_the_files() -> None:
    assert file_names(date(2026, 11, 22)) == (
        "fased-usage-sessions-2026-11-22.csv",
        "fased-usage-daily-2026-11-22.csv",
        "fased-usage-2026-11-22.json",
    )


@settings(max_examples=30)
@given(
    st.lists(records(), max_size=25),
    st.sampled_from(["UTC", "+05:30", "-03:30", "Europe/Berlin"]),
    st.sampled_from([None, "agent:main", "minTokens:10 -channel:telegram", "has:errors"]),
    st.integers(-3, 3).map(lambda part: part * 301_000),
)
def test_every_sum_is_that_of_the_report(chosen: list[UsageRecord], zone: str, where: str | None, shift: int) -> None:
    query = Query(
        START_MS - DAY_MS // 2 + shift,
        START_MS + 2 * DAY_MS + shift,
        zone=parse_zone(zone),
        where=parse(where) if where else None,
        cost_parts=True,
    )
    with history(chosen) as connection:
        sessions, days, document = exported(connection, query)
        report = build(connection, query)
        by_day = build(connection, replace(query, by=("day",)))
        by_session = build(connection, replace(query, by=("session",)))
        by_model = build(connection, replace(query, by=("provider", "model")))
    total = counts(report.totals)
    assert summed(table(sessions), *COUNTS, "totalCost") == total
    assert summed(table(days), *COUNTS, "totalCost") == total
    assert {row["date"]: summed([row], *COUNTS, "totalCost") for row in table(days)} == {
        group.key[0]: counts(group.totals) for group in by_day.groups
    }
    assert {row["key"].removeprefix("'"): summed([row], *COUNTS, "totalCost") for row in table(sessions)} == {
        group.key[0] or "unknown": counts(group.totals) for group in by_session.groups
    }
    parts = ("inputCost", "outputCost", "cacheReadCost", "cacheWriteCost")
    assert summed(table(days), *parts) == tuple(Decimal(part) / 10**12 for part in report.totals[-4:])
    assert document["totals"]["totalCost"] == to_number(report.totals.cost_pico)
    assert document["totals"]["missingCostEntries"] == report.totals.unpriced_calls
    assert sum(part["usage"]["totalTokens"] for part in document["sessions"]) == report.totals.total_tokens
    assert sum(day["tokens"] for day in document["aggregates"]["daily"]) == report.totals.total_tokens
    assert sum(part["tokens"] for part in document["aggregates"]["modelDaily"]) == report.totals.total_tokens
    assert {(part.get("provider"), part.get("model")): part["count"] for part in document["aggregates"]["byModel"]} == {
        group.key: group.totals.calls for group in by_model.groups
    }
    # Every call that was not cancelled by its transcript is one reply here, as there is no transcript at all.
    assert document["aggregates"]["messages"]["assistant"] == report.totals.calls
    assert document["aggregates"]["messages"]["errors"] == report.totals.failed


def test_sessions_with_the_most_tokens_come_first() -> None:
    with history(sample(str(n), session=f"s{n}", total_tokens=n % 7) for n in range(20)) as connection:
        sessions, _, document = exported(connection)
    tokens = [int(row["totalTokens"]) for row in table(sessions)]
    assert tokens == sorted(tokens, reverse=True)
    assert [row["key"] for row in table(sessions)] == [part["key"] for part in document["sessions"]]


@pytest.mark.parametrize("name", ["=1+1", "@SUM(A1)", "\t=1", "a\nb", 'say "x"', "日本"])
def test_no_name_calculates_in_a_table(name: str) -> None:
    with history([sample(session=name, agent=name, channel=name, model=name, provider=name)]) as connection:
        sessions, _, document = exported(connection)
    (row,) = table(sessions)
    assert {row[field] for field in ("key", "agentId", "channel", "provider", "model")} <= {name, f"'{name}"}
    assert not row["key"].lstrip().startswith(("=", "+", "-", "@"))
    assert document["sessions"][0]["key"] == name


def test_names_that_look_like_keys_are_hidden() -> None:
    with history([sample(session="sk-test-1234567890abcdef", model="sk-test-1234567890abcdef")]) as connection:
        texts = exported(connection)
    assert "1234567890" not in "".join(map(str, texts))


def test_days_are_those_of_the_zone_also_when_clocks_change() -> None:
    begin = 1_792_879_200_000  # 2026-10-25T00:00+02:00, a day of 25 hours
    calls = [
        sample(str(hour), begin + hour * 3_600_000 - 1, session=f"s{hour % 3}", latency_ms=1.0) for hour in range(1, 51)
    ]
    with history(calls) as connection:
        _, days, document = exported(connection, Query(begin, begin + 50 * 3_600_000, zone=parse_zone("Europe/Berlin")))
    assert [(row["date"], row["totalTokens"]) for row in table(days)] == [
        ("2026-10-25", str(25 * 30)), ("2026-10-26", str(24 * 30)), ("2026-10-27", "30")
    ]  # fmt: skip
    assert [day["count"] for day in document["aggregates"]["dailyLatency"]] == [25, 24, 1]
    assert [day["messages"] for day in document["aggregates"]["daily"]] == [25, 24, 1]
    assert document["timeZone"] == "Europe/Berlin"


def test_an_empty_history_has_headers_and_nothing_else() -> None:
    with history([]) as connection:
        sessions, days, document = exported(connection)
    assert (sessions, days) == (f"{SESSIONS}\n", f"{DAYS}\n")
    assert document["sessions"] == []
    assert document["totals"]["totalTokens"] == 0


def test_the_whole_history_can_be_asked_for() -> None:
    with history([sample("1", 0), sample("2")]) as connection:
        for zone in ("UTC", "Europe/Berlin"):
            _, days, _ = exported(connection, replace(WEEK, from_ms=0, zone=parse_zone(zone)))
            assert len(table(days)) == 2
