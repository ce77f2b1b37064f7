from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fased_litellm.errors import UsageError
from fased_litellm.usage.query.calendar.timezones import DAY_MS, UTC_ZONE, Zone, parse_zone

ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "America/St_Johns",
    "Asia/Kolkata",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Africa/Casablanca",
    "Pacific/Apia",
    "Pacific/Chatham",
    "America/Sao_Paulo",
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
moments = st.integers(10 * 365 * DAY_MS, 80 * 365 * DAY_MS)
zones = st.sampled_from(ZONES)


def local(at_ms: int, name: str) -> datetime:
    return (EPOCH + timedelta(milliseconds=at_ms)).astimezone(ZoneInfo(name))


def offset_ms(at_ms: int, name: str) -> int:
    offset = local(at_ms, name).utcoffset()
    assert offset is not None
    return offset // timedelta(milliseconds=1)


@given(zones, moments, st.integers(1, 500 * DAY_MS))
@example("Europe/Berlin", 1_792_890_000_000, 1)  # the instant at which clocks are put back
@example("Europe/Berlin", 1_792_890_000_000 - DAY_MS, 2 * DAY_MS)
@example("Pacific/Apia", 1_325_152_800_000, 3 * DAY_MS)  # a day was left out
def test_spans_cover_a_window_with_the_offset_that_holds_there(name: str, begin: int, length: int) -> None:
    spans = list(parse_zone(name).spans(begin, begin + length))
    assert (spans[0].from_ms, spans[-1].to_ms) == (begin, begin + length)
    for span, following in pairwise(spans):
        assert span.to_ms == following.from_ms
        assert span.offset_ms != following.offset_ms
    for span in spans:
        assert span.from_ms < span.to_ms
        for at in (span.from_ms, (span.from_ms + span.to_ms) // 2, span.to_ms - 1):
            assert offset_ms(at, name) == span.offset_ms


@given(zones, st.dates(date(1980, 1, 1), date(2060, 1, 1)))
@example("America/Sao_Paulo", date(2017, 10, 15))  # it began at one o'clock
@example("Pacific/Apia", date(2011, 12, 30))  # there was none
def test_a_day_begins_at_its_first_instant(name: str, day: date) -> None:
    zone = parse_zone(name)
    start = zone.start_of(day)
    assert local(start, name).date() >= day
    assert local(start - 1, name).date() < day
    if local(start, name).date() == day:
        assert zone.day(start) == day


@given(zones, moments)
def test_the_day_of_an_instant_is_what_the_calendar_there_says(name: str, at_ms: int) -> None:
    zone = parse_zone(name)
    assert zone.day(at_ms) == local(at_ms, name).date()
    assert zone.start_of(zone.day(at_ms)) <= at_ms < zone.start_of(zone.day(at_ms) + timedelta(days=1))


@pytest.mark.parametrize(
    ("text", "name", "offset"),
    [
        (None, "UTC", 0),
        ("utc", "UTC", 0),
        ("Z", "UTC", 0),
        ("+00:00", "UTC", 0),
        ("+02:00", "+02:00", 120),
        ("+0200", "+02:00", 120),
        ("-3", "-03:00", -180),
        ("UTC+2", "+02:00", 120),
        ("utc-3:30", "-03:30", -210),
        ("GMT+05:45", "+05:45", 345),
        ("+14:00", "+14:00", 840),
        ("-12", "-12:00", -720),
    ],
)
def test_offsets_are_read_as_fased_writes_them(text: str | None, name: str, offset: int) -> None:
    zone = parse_zone(text)
    assert (zone.name, zone.fixed_ms, zone.offset_at) == (name, offset * 60_000, None)
    assert (zone is UTC_ZONE) is (offset == 0)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("+15:00", "-12:00 to +14:00"),
        ("UTC+2:99", "-12:00 to +14:00"),
        ("-12:30", "-12:00 to +14:00"),
        ("europe/berlin", "Did you mean Europe/Berlin?"),
        ("Berln", "Did you mean Europe/Berlin?"),
        ("new york", "Did you mean America/New_York?"),
        ("Nowhere/Atall", "Give a name as Europe/Berlin"),
        ("../../etc/passwd", "Give a name"),
        ("/etc/passwd", "Give a name"),
        ("a\0b", "Give a name"),
    ],
)
def test_what_is_no_zone_is_refused(text: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_zone(text)
    assert hint in (caught.value.hint or "")


@pytest.fixture
def set_tz(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    yield monkeypatch
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize("name", [*ZONES, "UTC"])
def test_local_is_the_zone_of_this_machine(name: str, set_tz: pytest.MonkeyPatch) -> None:
    set_tz.setenv("TZ", name)
    time.tzset()
    zone = parse_zone("local")
    assert zone.name == name
    for at in range(1_700_000_000_000, 1_800_000_000_000, 17 * DAY_MS):
        assert zone.offset_ms(at) == offset_ms(at, name)


def test_a_zone_of_ones_own_making_has_no_name(set_tz: pytest.MonkeyPatch) -> None:
    set_tz.setenv("TZ", "<+03>-3")
    time.tzset()
    zone = parse_zone("local")
    assert (zone.name, zone.offset_ms(0)) == ("local", 3 * 3_600_000)


def test_zones_are_equal_by_name() -> None:
    assert parse_zone("Europe/Berlin") == parse_zone("Europe/Berlin")
    assert parse_zone("UTC") == Zone("UTC")
