"""Time zones of a report: an IANA name, a UTC offset, or this machine's own.

A report is cut into spans in which the offset from UTC does not change, so that all else is arithmetic on whole numbers.
``zoneinfo`` is imported for named zones alone.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, NamedTuple

from ....errors import UsageError

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

DAY_MS = 86_400_000
LOCAL = "local"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
# Fact: Fased's gateway takes ``UTC[+-]H[H][:MM]`` from -12:00 to +14:00 (its src/gateway/server-methods/usage.ts).
_OFFSET = r"(?:(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d\d))?|UTC|GMT|Z)"
_LEAST_MINUTES, _MOST_MINUTES = -12 * 60, 14 * 60
_HINT = "Give a name as Europe/Berlin, an offset as +02:00, local, or UTC."


class Span(NamedTuple):
    """A stretch of time, milliseconds since 1970 UTC with an exclusive end, and its offset from UTC in milliseconds."""

    from_ms: int
    to_ms: int
    offset_ms: int = 0


@dataclass(frozen=True, slots=True)
class Zone:
    """A time zone.

    Attributes:
        name: as reports name it: ``UTC``, ``Europe/Berlin``, ``+02:00``, ``local``.
        offset_at: milliseconds since 1970 UTC → offset from UTC in milliseconds, None where it never changes.
        fixed_ms: the offset that never changes.
    """

    name: str
    offset_at: Callable[[int], int] | None = field(default=None, compare=False)
    fixed_ms: int = 0

    def offset_ms(self, at_ms: int) -> int:
        """The offset from UTC at an instant, in milliseconds."""
        return self.fixed_ms if self.offset_at is None else self.offset_at(at_ms)

    def day(self, at_ms: int) -> date:
        """The day it is here at an instant."""
        return day_of((at_ms + self.offset_ms(at_ms)) // DAY_MS)

    def start_of(self, day: date) -> int:
        """The first instant of a day, in milliseconds since 1970 UTC. It need not be midnight, nor the day 24 hours."""
        return self.instant(number_of(day) * DAY_MS)

    def instant(self, wall_ms: int) -> int:
        """The first instant at which clocks here show a time, or have gone past it.

        Args:
            wall_ms: the time on the clock, in milliseconds since 1970-01-01T00:00 on it.
        """
        if self.offset_at is None:
            return wall_ms - self.fixed_ms
        early, late = wall_ms - DAY_MS, wall_ms + DAY_MS
        if (offset := self.offset_at(early)) == self.offset_at(late):
            return wall_ms - offset
        for span in self.spans(early, late):
            if wall_ms < span.to_ms + span.offset_ms:
                return max(wall_ms - span.offset_ms, span.from_ms)
        return late  # no clock is two days wrong

    def spans(self, from_ms: int, to_ms: int) -> Iterator[Span]:
        """The spans of constant offset of a stretch of time, in order."""
        if self.offset_at is None:
            if from_ms < to_ms:
                yield Span(from_ms, to_ms, self.fixed_ms)
            return
        begin, offset = from_ms, self.offset_at(from_ms)
        # Two changes within one day are not told apart where the second takes the first back.
        for at in range(from_ms, to_ms, DAY_MS):
            end = min(at + DAY_MS, to_ms)
            while begin < end and (later := self.offset_at(end - 1)) != offset:
                change = self._change(max(begin, at - 1), end - 1, offset)
                yield Span(begin, change, offset)
                begin, offset = change, self.offset_at(change)
                if offset == later:
                    break
        if begin < to_ms:
            yield Span(begin, to_ms, offset)

    def _change(self, before: int, after: int, offset: int) -> int:
        """The first millisecond past ``before`` whose offset is another; at ``after`` it is."""
        assert self.offset_at is not None
        while after - before > 1:
            middle = (before + after) // 2
            if self.offset_at(middle) == offset:
                before = middle
            else:
                after = middle
        return after


UTC_ZONE = Zone("UTC")


def parse_zone(text: str | None) -> Zone:
    """A zone as typed: ``Europe/Berlin``, ``+02:00``, ``UTC+2``, ``local``; UTC if nothing is given.

    Raises:
        UsageError: there is no such zone; names the nearest.
    """
    word = (text or "").strip()
    if not word:
        return UTC_ZONE
    if word.lower() == LOCAL:
        return local_zone()
    if found := re.fullmatch(_OFFSET, word, re.IGNORECASE | re.ASCII):
        sign, hours, minutes = found[1], int(found[2] or 0), int(found[3] or 0)
        total = (hours * 60 + minutes) * (-1 if sign == "-" else 1)
        if minutes > 59 or not _LEAST_MINUTES <= total <= _MOST_MINUTES:
            raise UsageError(f"--tz {word} is not an offset from UTC.", hint="Offsets are from -12:00 to +14:00.")
        if not total:
            return UTC_ZONE
        return Zone(f"{sign}{abs(total) // 60:02}:{abs(total) % 60:02}", fixed_ms=total * 60_000)
    return _named(word)


def local_zone() -> Zone:
    """This machine's zone: that of ``TZ``, or of the system."""
    name = _local_name()
    if name in ("UTC", "Etc/UTC") or (name == LOCAL and not time.timezone and not time.daylight):
        return UTC_ZONE
    # The C library knows the offset of every moment, and zoneinfo is slow to import.
    return Zone(name, lambda at_ms: (time.localtime(at_ms // 1000).tm_gmtoff or 0) * 1000)


def day_of(number: int) -> date:
    """The day so many days after 1970-01-01.

    Raises:
        OverflowError: it is past the year 9999.
    """
    return date(1970, 1, 1) + timedelta(days=number)


def number_of(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - _EPOCH_DAY


def _named(name: str) -> Zone:
    from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

    try:
        zone = ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UsageError(f"There is no time zone {name!r}.", hint=_nearest(name)) from error
    return Zone(name, lambda at_ms: _offset(zone, at_ms))


def _offset(zone: ZoneInfo, at_ms: int) -> int:
    offset = (_EPOCH + timedelta(milliseconds=at_ms)).astimezone(zone).utcoffset()
    assert offset is not None
    return offset // timedelta(milliseconds=1)


def _nearest(name: str) -> str:
    from difflib import get_close_matches
    from zoneinfo import available_timezones

    known = {zone.lower(): zone for zone in available_timezones()}
    if not known:
        return f"This machine has no table of time zones; `pip install tzdata` brings one. {_HINT}"
    cities = {zone.rpartition("/")[2]: zone for zone in sorted(known)}
    word = name.lower().replace(" ", "_")
    near = [word] if word in known else get_close_matches(word, known, n=1, cutoff=0.75)
    near = near or [cities[city] for city in get_close_matches(word, cities, n=1, cutoff=0.75)]
    return (f"Did you mean {known[near[0]]}? " if near else "") + _HINT


def _local_name() -> str:
    """The name of this machine's zone where it can be told, else ``local``."""
    name = os.environ.get("TZ", "").removeprefix(":")
    if not name:
        try:
            name = os.readlink("/etc/localtime").partition("zoneinfo/")[2]
        except OSError:
            name = ""
    return name if re.fullmatch(r"[A-Za-z][\w+-]*(/[\w+-]+)*", name) else LOCAL
