"""Two stretches of time to be compared, as people name them, with as many days each. Pure."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import NamedTuple

from ...errors import UsageError
from ..query.calendar.timezones import Zone
from ..query.calendar.windows import Window, window

PERIODS = ("today", "yesterday", "this-week", "last-week", "this-month", "last-month")
DEFAULT = ("last-month", "this-month")
_HINT = f"Name it as {', '.join(PERIODS)}, as a month (2026-11), a day (2026-11-16), or 2026-11-16..2026-11-22."


class Period(NamedTuple):
    """Whole days of a zone: the first, and the one behind the last."""

    first: date
    end: date

    @property
    def days(self) -> int:
        return (self.end - self.first).days

    def window(self, zone: Zone) -> Window:
        """From when until when, in milliseconds since 1970 UTC."""
        return Window(zone.start_of(self.first), zone.start_of(self.end))


def compared(
    before: str, after: str, now_ms: int, zone: Zone, first_weekday: int = 0
) -> tuple[Period, Period, str | None]:
    """Two periods, and a remark where one was cut.

    A period that is not over ends with today, and the other one is cut to as many days: two weeks of a month are not held
    against the whole of another.

    Args:
        before, after: as typed.
        now_ms: the present, milliseconds since 1970 UTC.
        zone: whose days are meant.
        first_weekday: the day on which weeks begin, from 0 for Monday.

    Raises:
        UsageError: one is not a period, lies in the future, or both are the same.
    """
    today = zone.day(now_ms)
    periods = [parse(text, now_ms, zone, first_weekday) for text in (before, after)]
    for text, period in zip((before, after), periods, strict=True):
        if period.first > today:
            raise UsageError(f"{text} is in the future.", hint="Compare days that have begun.")
    if periods[0] == periods[1]:
        raise UsageError(f"{before} and {after} are the same days.", hint="Name two different periods.")
    running = [period for period in periods if period.end > today + timedelta(days=1)]
    ended = [Period(period.first, min(period.end, today + timedelta(days=1))) for period in periods]
    if not running:
        return ended[0], ended[1], None
    days = min(period.days for period in ended)
    cut = [Period(period.first, min(period.end, period.first + timedelta(days=days))) for period in ended]
    remark = "The period is not over" if len(running) == 1 else "The periods are not over"
    return cut[0], cut[1], f"{remark}: the first {days} day{'' if days == 1 else 's'} of both are compared."


def parse(text: str, now_ms: int, zone: Zone, first_weekday: int = 0) -> Period:
    """A period as typed.

    Raises:
        UsageError: it is none.
    """
    today = zone.day(now_ms)
    word = text.strip().lower().replace(" ", "-")
    tomorrow = today + timedelta(days=1)
    week = today - timedelta(days=(today.weekday() - first_weekday) % 7)
    month = today.replace(day=1)
    named = {
        "today": Period(today, tomorrow),
        "yesterday": Period(today - timedelta(days=1), today),
        "this-week": Period(week, week + timedelta(days=7)),
        "last-week": Period(week - timedelta(days=7), week),
        "this-month": Period(month, _next_month(month)),
        "last-month": Period((month - timedelta(days=1)).replace(day=1), month),
    }
    if word in named:
        return named[word]
    first, dots, last = word.partition("..")
    if dots:
        return _days(text, first, last, now_ms, zone)
    if re.fullmatch(r"\d{4}-\d\d?", word, re.ASCII):
        found = window(now_ms, month=word, zone=zone)
        return Period(zone.day(found.from_ms), zone.day(found.to_ms - 1) + timedelta(days=1))
    return _days(text, word, word, now_ms, zone)


def _days(text: str, first: str, last: str, now_ms: int, zone: Zone) -> Period:
    if not all(re.fullmatch(r"\d{4}-\d\d-\d\d", day, re.ASCII) for day in (first, last)):
        raise UsageError(f"{text!r} is not a period.", hint=_HINT)
    try:
        found = window(now_ms, first=first, last=last, zone=zone)
    except UsageError as error:
        raise UsageError(
            f"{text!r} is not a period: {error.message.replace('--from ', '').replace('--to ', '')}", hint=_HINT
        ) from None
    return Period(zone.day(found.from_ms), zone.day(found.to_ms - 1) + timedelta(days=1))


def _next_month(first: date) -> date:
    return (first + timedelta(days=31)).replace(day=1)
