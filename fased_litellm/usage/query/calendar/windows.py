"""Windows of time as people name them: the last days, a month, from one day to another, in a time zone. Pure."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from typing import NamedTuple

from ....errors import UsageError
from .timezones import UTC_ZONE, Zone, number_of

DEFAULT_DAYS = 7
THIS_MONTH = "this"
"""What ``--month`` without a month means."""
_MAX_DAYS = 36_500
_LAST_DAY = date(9999, 12, 30)
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - clocks of any zone
_MONTH = r"(\d{4})-(\d\d?)"


class Window(NamedTuple):
    """A window of time, milliseconds since 1970 UTC, with an exclusive end."""

    from_ms: int
    to_ms: int


def window(
    now_ms: int,
    *,
    days: int | None = None,
    first: str | None = None,
    last: str | None = None,
    today: bool = False,
    month: str | None = None,
    everything: bool = False,
    zone: Zone = UTC_ZONE,
) -> Window:
    """The window that is meant. Whole days are those of ``zone``, and as long as they are there.

    Args:
        now_ms: the present, milliseconds since 1970 UTC.
        days: so many days, with today as the last; ``DEFAULT_DAYS`` if nothing else is given.
        first: a day (``2026-11-16``), or an instant (``2026-11-16T10:30``, by the clocks of ``zone`` unless it says
            otherwise).
        last: a day, which is included whole, or an instant, at which the window ends. Today if only ``first`` is given.
        today: this day alone.
        month: ``2026-11``, or ``THIS_MONTH``.
        everything: from the beginning until the end of today; what is later, ``newest.future`` finds.

    Raises:
        UsageError: a value makes no sense, or the options contradict each other.
    """
    given = {
        "--days": days is not None,
        "--from or --to": first is not None or last is not None,
        "--today": today,
        "--month": month is not None,
        "--all": everything,
    }
    chosen = [name for name, used in given.items() if used]
    if len(chosen) > 1:
        raise UsageError(f"{chosen[0]} cannot be combined with {chosen[1]}.", hint="Give the one or the other.")
    this_day = zone.day(now_ms)
    tomorrow = this_day + timedelta(days=1)
    if everything:
        return Window(0, zone.start_of(tomorrow))
    if month is not None:
        return _month(month, this_day, zone)
    if first is None and last is None:
        days = 1 if today else DEFAULT_DAYS if days is None else days
        if not 1 <= days <= _MAX_DAYS:
            raise UsageError(f"--days {days} makes no sense.", hint=f"Give a number from 1 to {_MAX_DAYS}.")
        return Window(_start(this_day - timedelta(days=days - 1), zone), zone.start_of(tomorrow))
    if first is None:
        raise UsageError("--to needs --from.", hint="Give the first day with --from, or use --days.")
    begin = _instant(first, "--from", zone, end=False)
    end = zone.start_of(tomorrow) if last is None else _instant(last, "--to", zone, end=True)
    if begin >= end:
        until = f"--to {last}" if last is not None else "today"
        raise UsageError(f"--from {first} is after {until}.", hint="Both days are part of the window.")
    return Window(begin, end)


def _month(text: str, this_day: date, zone: Zone) -> Window:
    found = re.fullmatch(_MONTH, text.strip(), re.ASCII)
    if text.strip() == THIS_MONTH:
        year, number = this_day.year, this_day.month
    elif found and 1 <= int(found[2]) <= 12 and 1 <= int(found[1]) < _LAST_DAY.year:
        year, number = int(found[1]), int(found[2])
    else:
        raise UsageError(
            f"--month {text!r} is not a month.", hint="Write a month as 2026-11, or --month alone for this one."
        )
    following = date(year + number // 12, number % 12 + 1, 1)
    return Window(_start(date(year, number, 1), zone), zone.start_of(following))


def _instant(text: str, option: str, zone: Zone, *, end: bool) -> int:
    hint = "Write a day as 2026-11-16, or an instant as 2026-11-16T10:30."
    try:
        if len(text) == 10:
            day = date.fromisoformat(text)
            return _start(day + timedelta(days=1) if end else day, zone)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{option} {text!r} is not a date.", hint=hint) from error
    if len(text) < 10 or not _EPOCH.year - 1 <= moment.year < _LAST_DAY.year:
        raise UsageError(f"{option} {text!r} is not a date.", hint=hint)
    wall_ms = (moment.replace(tzinfo=None) - _EPOCH) // timedelta(milliseconds=1)
    if (offset := moment.utcoffset()) is not None:
        return _past_1970(wall_ms - offset // timedelta(milliseconds=1), text)
    return _past_1970(zone.instant(wall_ms), text)


def _start(day: date, zone: Zone) -> int:
    if day > _LAST_DAY:
        raise UsageError(f"{day} is too late a day.", hint="Write a day as 2026-11-16.")
    return _past_1970(zone.start_of(day) if number_of(day) >= 0 else -1, str(day))


def _past_1970(milliseconds: int, text: str) -> int:
    if milliseconds < 0:
        raise UsageError(f"{text} is before 1970.", hint="No call is that old.")
    return milliseconds


def whole_days(from_ms: int, to_ms: int, zone: Zone) -> tuple[date, date] | None:
    """The first and the last day of a window that is made of whole days of that zone, else None."""
    first, last = zone.day(from_ms), zone.day(to_ms - 1)
    if from_ms >= to_ms or zone.start_of(first) != from_ms or zone.start_of(last + timedelta(days=1)) != to_ms:
        return None
    return first, last
