"""Names of hours, days, weeks and months, from what a report's SQL tells of them. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from .calendar.timezones import day_of
from .planner import Grain
from .query import HOUR, MONTH, TIMES, WEEK

_MINUTE_MS = 60_000


class PeriodNames:
    """Makes the names of one report; each is made once.

    Args:
        by: the report's dimensions; the names of time among them are wanted, in their order.
        grain: that of ``by``.
        utc: whether the report is in UTC, which is written ``Z``.
    """

    def __init__(self, by: Sequence[str], grain: Grain, *, utc: bool) -> None:
        self._names = tuple(name for name in by if name in TIMES)
        self._grain = grain
        self._utc = utc
        self._made: dict[tuple[int, ...], tuple[str, ...]] = {}

    def of(self, values: tuple[int, ...]) -> tuple[str, ...]:
        """The names for the values of ``reading.grain_columns``."""
        found = self._made.get(values)
        if found is None:
            found = self._made[values] = tuple(self._name(name, values) for name in self._names)
        return found

    def _name(self, name: str, values: tuple[int, ...]) -> str:
        if self._grain.hour:
            return _hour(*values, utc=self._utc) if name == HOUR else self._longer(name, day_of(values[0] // 24))
        if self._grain.day:
            return self._longer(name, day_of(values[0]))
        if name == WEEK:
            return self._longer(WEEK, day_of(values[0] * 7 - self._grain.days_before_1970))
        return f"{1970 + values[-1] // 12}-{values[-1] % 12 + 1:02}"

    def _longer(self, name: str, day: date) -> str:
        if name == WEEK:
            first = self._grain.first_weekday
            if first:  # ISO 8601 numbers none but weeks from Monday
                return str(day - timedelta(days=(day.weekday() - first) % 7))
            year, week, _ = day.isocalendar()
            return f"{year}-W{week:02}"
        return str(day)[:7] if name == MONTH else str(day)


def order(label: str) -> tuple[str, int]:
    """A key that sorts names of one kind by time. An hour that comes twice, when clocks are put back, keeps its order."""
    if len(label) > 16 and label[16] != "Z":
        hours, minutes = label[17:].split(":")
        return label[:16], int(f"{label[16]}{int(hours) * 60 + int(minutes)}") * -1
    return label, 0


def _hour(number: int, offset_ms: int, *, utc: bool) -> str:
    moment = datetime(1970, 1, 1) + timedelta(hours=number)  # noqa: DTZ001 - a clock of that offset
    if utc:
        return f"{moment:%Y-%m-%dT%H:%M}Z"
    minutes = abs(offset_ms) // _MINUTE_MS
    return f"{moment:%Y-%m-%dT%H:%M}{'-' if offset_ms < 0 else '+'}{minutes // 60:02}:{minutes % 60:02}"
