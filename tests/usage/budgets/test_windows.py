"""The days and months of budgets, where clocks are set back and forward too."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.usage.budgets.windows import PERIODS, BudgetWindow, Period, window
from fased_litellm.usage.query.calendar.timezones import parse_zone

# With a change at midnight, by half an hour, over the date line, and just after midnight.
NAMES = (
    *("UTC", "+05:45", "-03:30", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", "Asia/Beirut"),
    *("Australia/Lord_Howe", "Pacific/Apia", "America/St_Johns", "Africa/Casablanca", "America/Havana", "Asia/Gaza"),
)
MOMENTS = st.integers(946_684_800_000, 4_102_444_800_000)  # 2000 to 2099
HOUR_MS = 3_600_000


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@given(st.sampled_from(NAMES), MOMENTS, st.sampled_from(PERIODS))
def test_every_moment_is_in_exactly_one(name: str, now_ms: int, period: Period) -> None:
    zone = parse_zone(name)
    found = window(period, now_ms, zone)
    assert found.from_ms <= now_ms < found.to_ms
    assert window(period, found.from_ms, zone) == found == window(period, found.to_ms - 1, zone)
    following = window(period, found.to_ms, zone)
    assert (following.from_ms, following.first) == (found.to_ms, found.after)
    day = window("day", now_ms, zone)
    month = window("month", now_ms, zone)
    assert month.from_ms <= day.from_ms
    assert day.to_ms <= month.to_ms


@given(st.sampled_from([name for name in NAMES if "/" in name]), MOMENTS)
def test_a_day_is_what_the_calendar_there_says(name: str, now_ms: int) -> None:
    zone = ZoneInfo(name)

    def local(at_ms: int) -> datetime:
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)).astimezone(zone)

    found = window("day", now_ms, parse_zone(name))
    assert local(found.from_ms).date() == found.first
    assert local(found.from_ms - 1).date() < found.first or local(found.from_ms - 1) > local(found.from_ms)
    # All but evenings that come twice have the date of their window.
    assert local(now_ms).date() in (found.first, found.first - timedelta(days=1))
    if (
        timedelta(hours=2)
        <= local(now_ms).replace(tzinfo=None) - datetime.combine(local(now_ms).date(), datetime.min.time())
        < timedelta(hours=22)
    ):
        assert local(now_ms).date() == found.first


@pytest.mark.parametrize(
    ("name", "day", "hours"),
    [
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("Europe/Berlin", "2026-10-26", 24),
        ("Australia/Lord_Howe", "2026-04-05", 24.5),
        ("Asia/Beirut", "2026-03-29", 23),  # from midnight to one
        ("UTC", "2026-03-29", 24),
    ],
)
def test_days_on_which_clocks_change(name: str, day: str, hours: float) -> None:
    zone = parse_zone(name)
    found = window("day", zone.start_of(date.fromisoformat(day)) + 5 * HOUR_MS, zone)
    assert found.to_ms - found.from_ms == hours * HOUR_MS
    assert found.first == date.fromisoformat(day)


def test_months() -> None:
    found = window("month", ms("2026-11-22T00:00:00Z"), parse_zone("UTC"))
    assert found == BudgetWindow(
        ms("2026-11-01T00:00:00Z"), ms("2026-12-01T00:00:00Z"), date(2026, 11, 1), date(2026, 12, 1)
    )
    # In Berlin December begins an hour before it does in UTC, and ends a year.
    found = window("month", ms("2026-11-30T23:30:00Z"), parse_zone("Europe/Berlin"))
    assert (found.first, found.after) == (date(2026, 12, 1), date(2027, 1, 1))
    assert (found.from_ms, found.to_ms) == (ms("2026-11-30T23:00:00Z"), ms("2026-12-31T23:00:00Z"))
