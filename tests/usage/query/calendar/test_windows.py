from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.errors import UsageError
from fased_litellm.usage.query.calendar.timezones import parse_zone
from fased_litellm.usage.query.calendar.windows import THIS_MONTH, whole_days, window
from fased_litellm.usage.record import iso
from tests.usage.query.calendar.test_timezones import ZONES, local
from tests.usage.samples import DAY_MS, START_MS

NOW = START_MS + DAY_MS + 4 * 3_600_000  # 2026-11-22T04:00:00Z


@pytest.mark.parametrize(
    ("options", "begin", "end"),
    [
        ({}, "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"),
        ({"days": 1}, "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"),
        ({"today": True}, "2026-11-22T00:00:00Z", "2026-11-23T00:00:00Z"),
        ({"days": 30}, "2026-10-24T00:00:00Z", "2026-11-23T00:00:00Z"),
        ({"first": "2026-11-16"}, "2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"),
        ({"first": "2026-11-16", "last": "2026-11-16"}, "2026-11-16T00:00:00Z", "2026-11-17T00:00:00Z"),
        ({"first": "2024-02-28", "last": "2024-02-29"}, "2024-02-28T00:00:00Z", "2024-03-01T00:00:00Z"),
        (
            {"first": "2026-11-16T10:30", "last": "2026-11-16T10:45:00.5"},
            "2026-11-16T10:30:00Z",
            "2026-11-16T10:45:00.500Z",
        ),
        (
            {"first": "2026-11-16T10:30+02:00", "last": "2026-11-16T12:00Z"},
            "2026-11-16T08:30:00Z",
            "2026-11-16T12:00:00Z",
        ),
        ({"first": "2026-11-16T10:30Z", "last": "2026-11-17"}, "2026-11-16T10:30:00Z", "2026-11-18T00:00:00Z"),
        ({"month": "2026-11"}, "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"),
        ({"month": "2026-2"}, "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"),
        ({"month": "2025-12"}, "2025-12-01T00:00:00Z", "2026-01-01T00:00:00Z"),
        ({"month": THIS_MONTH}, "2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z"),
        ({"everything": True}, "1970-01-01T00:00:00Z", "2026-11-23T00:00:00Z"),
        # Four o'clock in the morning of the 22nd is still the 21st in New York.
        ({"today": True, "zone": "America/New_York"}, "2026-11-21T05:00:00Z", "2026-11-22T05:00:00Z"),
        ({"days": 2, "zone": "+05:30"}, "2026-11-20T18:30:00Z", "2026-11-22T18:30:00Z"),
        # Clocks are put back on the 25th of October, and forward on the 29th of March: 25 and 23 hours.
        (
            {"first": "2026-10-25", "last": "2026-10-25", "zone": "Europe/Berlin"},
            "2026-10-24T22:00:00Z",
            "2026-10-25T23:00:00Z",
        ),
        (
            {"first": "2026-03-29", "last": "2026-03-29", "zone": "Europe/Berlin"},
            "2026-03-28T23:00:00Z",
            "2026-03-29T22:00:00Z",
        ),
        ({"month": "2026-10", "zone": "Europe/Berlin"}, "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z"),
        # By the clocks there: 2:30 is there twice, and the first one is meant; in March it is not there at all.
        (
            {"first": "2026-10-25T02:30", "last": "2026-10-25T03:00", "zone": "Europe/Berlin"},
            "2026-10-25T00:30:00Z",
            "2026-10-25T02:00:00Z",
        ),
        (
            {"first": "2026-03-29T02:30", "last": "2026-03-29T04:00", "zone": "Europe/Berlin"},
            "2026-03-29T01:00:00Z",
            "2026-03-29T02:00:00Z",
        ),
    ],
)
def test_windows_are_what_people_mean(options: dict[str, Any], begin: str, end: str) -> None:
    zone = parse_zone(options.pop("zone", None))
    found = window(NOW, **options, zone=zone)
    assert tuple(map(iso, found)) == (begin, end)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"days": 0}, "--days 0"),
        ({"days": -3}, "--days -3"),
        ({"days": 10**9}, "--days"),
        ({"days": 30_000}, "before 1970"),
        ({"days": 3, "first": "2026-11-16"}, "cannot be combined"),
        ({"days": 3, "last": "2026-11-16"}, "cannot be combined"),
        ({"days": 3, "today": True}, "--days cannot be combined with --today"),
        ({"month": "2026-11", "everything": True}, "--month cannot be combined with --all"),
        ({"last": "2026-11-16"}, "--to needs --from"),
        ({"first": "2026-11-17", "last": "2026-11-16"}, "is after"),
        ({"first": "2026-11-23"}, "is after today"),
        ({"first": "2026-11-31"}, "not a date"),
        ({"first": "16.11.2026"}, "not a date"),
        ({"first": "yesterday"}, "not a date"),
        ({"first": "20261116"}, "not a date"),
        ({"first": "2026-11-16", "last": "9999-12-31"}, "not a date"),
        ({"first": "2026-11-16", "last": "9999-12-30"}, "too late"),
        ({"first": "2026-11-16", "last": "9999-12-30T10:00"}, "not a date"),
        ({"first": "1969-12-31"}, "before 1970"),
        ({"first": "1969-12-31T02:00"}, "before 1970"),
        ({"first": "1970-01-01", "zone": "Asia/Kolkata"}, "before 1970"),
        ({"first": "0001-01-01T00:00"}, "not a date"),
        ({"month": "2026-13"}, "not a month"),
        ({"month": "November"}, "not a month"),
        ({"month": "9999-12"}, "not a month"),
        ({"month": "1969-01"}, "before 1970"),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", "Pacific/Apia"])
def test_windows_that_make_no_sense_are_refused(options: dict[str, Any], words: str, zone: str) -> None:
    options = {**options, "zone": parse_zone(options.get("zone", zone))}
    with pytest.raises(UsageError, match=words):
        window(NOW, **options)


@given(st.sampled_from(ZONES), st.integers(NOW, NOW + 400 * DAY_MS), st.integers(1, 400))
def test_the_last_days_end_with_today_and_are_whole(name: str, now: int, days: int) -> None:
    zone = parse_zone(name)
    found = window(now, days=days, zone=zone)
    today = local(now, name).date()
    assert found.from_ms <= now < found.to_ms
    assert whole_days(*found, zone) == (today - timedelta(days=days - 1), today)
    assert whole_days(found.from_ms + 1, found.to_ms, zone) is None
    assert whole_days(found.from_ms, found.to_ms - 1, zone) is None
    assert whole_days(found.from_ms, found.from_ms, zone) is None


def test_an_instant_is_read_by_the_clocks_of_the_zone() -> None:
    found = window(NOW, first="2026-11-16T10:30", zone=parse_zone("Asia/Kolkata"))
    assert found.from_ms == datetime(2026, 11, 16, 5, 0, tzinfo=UTC).timestamp() * 1000
