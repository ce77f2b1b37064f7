from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.errors import UsageError
from fased_litellm.usage.compare.periods import PERIODS, Period, compared, parse
from fased_litellm.usage.query.calendar.timezones import UTC_ZONE, parse_zone

NOW = int(datetime(2026, 11, 28, 10, tzinfo=UTC).timestamp() * 1000)  # a Saturday


def period(first: str, last: str) -> Period:
    return Period(date.fromisoformat(first), date.fromisoformat(last) + timedelta(days=1))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("today", "2026-11-28", "2026-11-28"),
        ("Yesterday", "2026-11-27", "2026-11-27"),
        ("this-week", "2026-11-23", "2026-11-29"),
        ("last week", "2026-11-16", "2026-11-22"),
        ("this-month", "2026-11-01", "2026-11-30"),
        ("last-month", "2026-10-01", "2026-10-31"),
        ("2026-02", "2026-02-01", "2026-02-28"),
        ("2025-12", "2025-12-01", "2025-12-31"),
        ("2026-11-16", "2026-11-16", "2026-11-16"),
        ("2026-11-16..2026-11-20", "2026-11-16", "2026-11-20"),
    ],
)
def test_periods_as_typed(text: str, first: str, last: str) -> None:
    assert parse(text, NOW, UTC_ZONE) == period(first, last)


def test_weeks_begin_as_set_and_days_are_those_of_the_zone() -> None:
    assert parse("this-week", NOW, UTC_ZONE, first_weekday=6) == period("2026-11-22", "2026-11-28")
    late = NOW + 13 * 3_600_000
    assert parse("today", late, parse_zone("Asia/Tokyo")) == period("2026-11-29", "2026-11-29")


@pytest.mark.parametrize(
    "text", ["", "a", "2026", "2026-13", "2026-11-31", "2026-11-20..2026-11-16", "2026-11-16..", "..", "2026-11-16T10:00"]
)  # fmt: skip
def test_what_is_no_period_is_refused_with_what_is(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text, NOW, UTC_ZONE)
    assert caught.value.hint


def test_a_period_that_is_not_over_is_held_against_as_many_days() -> None:
    before, after, remark = compared("last-month", "this-month", NOW, UTC_ZONE)
    assert (before, after) == (period("2026-10-01", "2026-10-28"), period("2026-11-01", "2026-11-28"))
    assert remark == "The period is not over: the first 28 days of both are compared."
    # A shorter month is compared whole.
    end_of_march = int(datetime(2026, 3, 30, 10, tzinfo=UTC).timestamp() * 1000)
    before, after, _ = compared("last-month", "this-month", end_of_march, UTC_ZONE)
    assert (before.days, after.days) == (28, 28)


def test_periods_that_are_over_stay_whole() -> None:
    before, after, remark = compared("2026-02", "2026-03", NOW, UTC_ZONE)
    assert (before.days, after.days, remark) == (28, 31, None)


@pytest.mark.parametrize(
    ("before", "after"), [("today", "2026-11-28"), ("2026-12", "2026-10"), ("today", "2027-01-01")]
)
def test_the_same_days_and_the_future_are_refused(before: str, after: str) -> None:
    with pytest.raises(UsageError):
        compared(before, after, NOW, UTC_ZONE)


@given(st.sampled_from(PERIODS), st.sampled_from(PERIODS), st.integers(NOW, NOW + 800 * 86_400_000), st.integers(0, 6))
def test_none_ends_after_today_and_running_ones_are_as_long(before: str, after: str, now: int, first: int) -> None:
    try:
        *pair, remark = compared(before, after, now, UTC_ZONE, first)
    except UsageError:
        assert parse(before, now, UTC_ZONE, first) == parse(after, now, UTC_ZONE, first)
        return
    assert all(one.days >= 1 and one.end <= UTC_ZONE.day(now) + timedelta(days=1) for one in pair)
    assert remark is None or pair[0].days == pair[1].days
