"""Hours at which a model costs less, such as those of DeepSeek. Pure.

Fact: LiteLLM 1.108, ``off_peak_pricing`` of a model: rates, and windows of hours in UTC, each for all days or for days of
the week, which are those of a time zone that may be named. A window without an end that comes after its start goes past
midnight, and one whose start is its end lasts the whole day.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from typing import Any, NamedTuple

from .values import rates_in

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_HOURS = r"\s*(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})\s*"
_MOST_WINDOWS = 50


class OffPeakWindow(NamedTuple):
    """Some hours: minutes of the UTC day from ``start`` on, before ``end``; ``days`` are 1 (Monday) to 7, None means all."""

    start: int
    end: int
    days: frozenset[int] | None = None

    def has(self, minute: int, day: int) -> bool:
        """Whether it is open at a minute of the day, on a day of the week."""
        if self.days is not None and day not in self.days:
            return False
        if self.start < self.end:
            return self.start <= minute < self.end
        return minute >= self.start or minute < self.end


class OffPeak(NamedTuple):
    """The rates which replace the usual ones while a window is open."""

    rates: Mapping[str, Decimal]
    windows: tuple[OffPeakWindow, ...]
    zone: str | None = None

    def open(self, at: datetime) -> bool:
        """Whether a call at this time is billed by these rates."""
        moment = at.astimezone(UTC)
        day = moment.astimezone(_zone(self.zone)).isoweekday()
        return any(window.has(moment.hour * 60 + moment.minute, day) for window in self.windows)

    def as_dict(self, number: Callable[[Decimal], Any] = str) -> dict[str, Any]:
        """In LiteLLM's own form; ``read`` reads it."""
        windows = [
            {"hours_utc": f"{_clock(one.start)}-{_clock(one.end)}"}
            | ({"weekdays": sorted(one.days)} if one.days else {})
            for one in self.windows
        ]
        zone = {"weekday_timezone": self.zone} if self.zone else {}
        return {**{key: number(rate) for key, rate in self.rates.items()}, "windows": windows, **zone}


def read(value: Any) -> OffPeak | None:
    """The value of ``off_peak_pricing``; None where there is none. What cannot be read in it is left out, as LiteLLM does."""
    if not isinstance(value, Mapping):
        return None
    windows = [*_spans(value.get("hours_utc"), None)]
    rules = value.get("windows")
    for rule in rules[:_MOST_WINDOWS] if isinstance(rules, list) else ():
        if isinstance(rule, Mapping):
            named = rule.get("weekdays")
            days = (
                None if named is None else frozenset(filter(None, map(_day, named if isinstance(named, list) else ())))
            )
            windows += _spans(rule.get("hours_utc"), days)
    zone = value.get("weekday_timezone")
    rates = rates_in(value)
    return OffPeak(rates, tuple(windows), zone if isinstance(zone, str) else None) if rates and windows else None


def _spans(value: Any, days: frozenset[int] | None) -> list[OffPeakWindow]:
    found = []
    for text in [value] if isinstance(value, str) else value[:_MOST_WINDOWS] if isinstance(value, list) else ():
        match = re.fullmatch(_HOURS, text) if isinstance(text, str) else None
        if match is None:
            continue
        hours, minutes = (int(match[1]), int(match[3])), (int(match[2]), int(match[4]))
        if max(hours) < 24 and max(minutes) < 60:
            found.append(OffPeakWindow(hours[0] * 60 + minutes[0], hours[1] * 60 + minutes[1], days))
    return found


def _day(value: Any) -> int | None:
    if isinstance(value, str) and value.strip().lower()[:3] in _DAYS:
        return _DAYS.index(value.strip().lower()[:3]) + 1
    return value if type(value) is int and 1 <= value <= 7 else None


def _zone(name: str | None) -> tzinfo:
    if not name:
        return UTC
    from zoneinfo import ZoneInfo  # slow to import, and needed by few models

    try:
        return ZoneInfo(name.strip())
    except (ValueError, OSError, KeyError):
        return UTC


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
