"""Which tables answer a question: for each part of a window the coarsest roll-up that tells what is asked. Pure.

Whole days of UTC come from the sums per day, what is left of the window at both ends from those per hour, and single calls
are read only where the window, or an hour of a zone, cuts through an hour. Sums per hour do not tell sessions apart; then
the rest of a day is read from single calls, too.

Days of another zone are those of UTC, less the hours at one end that belong to the neighbour, and with those of the other
neighbour: that is much less to read than all hours.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from typing import NamedTuple

from .calendar.timezones import DAY_MS, Span, Zone, number_of
from .dialect import Rollup

HOUR_MS = 3_600_000


class Grain(NamedTuple):
    """The times that a question tells apart: hours or days, of which all longer ones follow; else weeks and months.

    Weeks begin on ``first_weekday``, from 0 for Monday.
    """

    hour: bool = False
    day: bool = False
    week: bool = False
    month: bool = False
    first_weekday: int = 0

    @classmethod
    def of(cls, by: Iterable[str], first_weekday: int = 0) -> Grain:
        """The grain of these dimensions."""
        names = set(by)
        first_weekday = first_weekday if "week" in names else 0
        if "hour" in names:
            return cls(hour=True, first_weekday=first_weekday)
        if "day" in names:
            return cls(day=True, first_weekday=first_weekday)
        return cls(week="week" in names, month="month" in names, first_weekday=first_weekday)

    @property
    def days_before_1970(self) -> int:
        """How many days before 1970-01-01, a Thursday, the week began in which it lies."""
        return (3 - self.first_weekday) % 7

    @property
    def longest_bucket_ms(self) -> int | None:
        """The longest bucket that does not lie across two of these times; None where any does not.

        Months are none of the arithmetic's business: the window is cut at their ends.
        """
        return HOUR_MS if self.hour else DAY_MS if self.day or self.week else None


class Stretch(NamedTuple):
    """A part of the window.

    Attributes:
        span: from when until when, and its offset from UTC.
        month: months since 1970, in local time; 0 where months are not told apart.
    """

    span: Span
    month: int = 0


class Piece(NamedTuple):
    """What is read of one table for one stretch.

    Attributes:
        rollup: the table, None for the single calls.
        first, last: buckets, or milliseconds of single calls, with an exclusive end.
        stretch: which it is a part of.
        shift_ms: is added to its times before a day is made of them; None for the stretch's offset.
        weight: 1, or -1 for sums that are taken away.
        newest: of the single calls, those that are in no sums yet; else those that are.
    """

    rollup: Rollup | None
    first: int
    last: int
    stretch: Stretch
    shift_ms: int | None = None
    weight: int = 1
    newest: bool = False

    @property
    def shift(self) -> int:
        """What is added to its times."""
        return self.stretch.span.offset_ms if self.shift_ms is None else self.shift_ms


def stretches(from_ms: int, to_ms: int, zone: Zone, grain: Grain) -> Iterator[Stretch]:
    """The parts of a window in which offset and month do not change, as far as ``grain`` cares about them."""
    if grain == Grain():
        if from_ms < to_ms:
            yield Stretch(Span(from_ms, to_ms))
        return
    for span in zone.spans(from_ms, to_ms):
        if not grain.month:
            yield Stretch(span)
            continue
        begin = span.from_ms
        while begin < span.to_ms:
            day = date(1970, 1, 1) + timedelta(days=(begin + span.offset_ms) // DAY_MS)
            following = (day.replace(day=1) + timedelta(days=31)).replace(day=1)
            end = min(number_of(following) * DAY_MS - span.offset_ms, span.to_ms)
            yield Stretch(Span(begin, end, span.offset_ms), (day.year - 1970) * 12 + day.month - 1)
            begin = end


def pieces(parts: Iterable[Stretch], grain: Grain, rollups: Iterable[Rollup], *, sessions: bool) -> list[Piece]:
    """What to read for these parts of the window: by their weights, each moment exactly once.

    Args:
        parts: as ``stretches`` gives them.
        grain: the times that are told apart.
        rollups: the tables that are there.
        sessions: whether the question is about sessions, so that sums without them do not help.
    """
    useful = [table for table in rollups if table.sessions or not sessions]
    # The longest first; of two that are as long, the one without sessions is smaller.
    useful.sort(key=lambda table: (-table.width_ms, table.sessions))
    longest = grain.longest_bucket_ms
    found: list[Piece] = []
    for part in parts:
        offset = part.span.offset_ms
        fitting = [
            table for table in useful if longest is None or (table.width_ms <= longest and not offset % table.width_ms)
        ]
        days = next((table for table in useful if table.width_ms == DAY_MS), None)
        if longest == DAY_MS and days and days not in fitting and 2 * abs(offset) < DAY_MS:
            found += _days(part, days, fitting, [table for table in useful if table.width_ms < DAY_MS])
        else:
            found += _cover(part.span.from_ms, part.span.to_ms, fitting, part)
    return found


def _days(part: Stretch, days: Rollup, fitting: Sequence[Rollup], finer: Sequence[Rollup]) -> Iterator[Piece]:
    """The days of a zone, of UTC's."""
    begin, end, offset = part.span
    first, last = -(-(begin + offset) // DAY_MS), (end + offset) // DAY_MS
    if first >= last:
        yield from _cover(begin, end, fitting, part)
        return
    yield from _cover(begin, first * DAY_MS - offset, fitting, part)
    yield Piece(days, first, last, part, shift_ms=0)
    for day in range(first, last):
        for whose, weight, shift in ((day, -1, 0), (day - 1 if offset > 0 else day + 1, 1, offset)):
            # The hours of a day of UTC that belong to the day after or, west of Greenwich, to the one before.
            edge = (whose + 1) * DAY_MS if offset > 0 else whose * DAY_MS
            for piece in _cover(min(edge, edge - offset), max(edge, edge - offset), finer, part):
                yield piece._replace(shift_ms=shift, weight=weight)
    yield from _cover(last * DAY_MS - offset, end, fitting, part)


def _cover(begin: int, end: int, tables: Sequence[Rollup], part: Stretch) -> Iterator[Piece]:
    if begin >= end:
        return
    if not tables:
        yield Piece(None, begin, end, part)
        return
    width = tables[0].width_ms
    first, last = -(-begin // width), end // width
    if first >= last:
        yield from _cover(begin, end, tables[1:], part)
        return
    yield from _cover(begin, first * width, tables[1:], part)
    yield Piece(tables[0], first, last, part)
    yield from _cover(last * width, end, tables[1:], part)
