"""When the day and the month of a budget begin and end, in its time zone. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from ..query.calendar.timezones import Zone, parse_zone

Period = Literal["day", "month"]
PERIODS: tuple[Period, ...] = ("day", "month")


@dataclass(frozen=True, slots=True)
class BudgetWindow:
    """A day or a month of one time zone.

    Attributes:
        from_ms: its first moment, in milliseconds since 1970 UTC.
        to_ms: the first moment behind it.
        first: its first day.
        after: the day on which the next one begins.
    """

    from_ms: int
    to_ms: int
    first: date
    after: date


def window(period: Period, now_ms: int, zone: Zone) -> BudgetWindow:
    """The day or month in which a moment lies. Every moment is in exactly one; a day may have 23 or 25 hours."""
    today = zone.day(now_ms)
    first = today if period == "day" else today.replace(day=1)
    # Where a clock is set back over midnight, an evening comes again after the next day has begun: it is that next day's.
    if now_ms >= zone.start_of(_next(period, first)):
        first = _next(period, first)
    after = _next(period, first)
    return BudgetWindow(zone.start_of(first), zone.start_of(after), first, after)


class Calendar:
    """Windows by the name of a zone, remembered until they end."""

    def __init__(self) -> None:
        self._windows: dict[tuple[str, Period], BudgetWindow] = {}

    def window(self, period: Period, now_ms: int, zone: str) -> BudgetWindow:
        """As the function of that name.

        Raises:
            UsageError: this machine knows no such zone.
        """
        found = self._windows.get((zone, period))
        if found is None or not found.from_ms <= now_ms < found.to_ms:
            found = self._windows[zone, period] = window(period, now_ms, parse_zone(zone))
        return found


def _next(period: Period, first: date) -> date:
    if period == "day":
        return first + timedelta(days=1)
    return (first + timedelta(days=31)).replace(day=1)
