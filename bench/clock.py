"""A clock for made-up conversations: it goes on by as much as it is told, and never past its end."""

from __future__ import annotations

from datetime import UTC, datetime

DAY_MS = 86_400_000


class Clock:
    """Milliseconds since 1970, and the same as text."""

    def __init__(self, start: int, end: int) -> None:
        self.began = self.now = start
        self._end = end
        self._day = -1
        self._date = ""

    def wait(self, milliseconds: float, still_to_come: int) -> int:
        """Go on; by at least a millisecond, and by less where so many more steps would not fit in before the end."""
        room = (self._end - self.now) // (still_to_come + 1)
        self.now += max(1, min(int(milliseconds), room))
        return self.now

    def text(self) -> str:
        """``2026-11-22T03:00:01.000Z``."""
        day, rest = divmod(self.now, DAY_MS)
        if day != self._day:
            self._day = day
            self._date = datetime.fromtimestamp(day * 86_400, UTC).strftime("%Y-%m-%dT")
        seconds, thousandth = divmod(rest, 1000)
        minutes, second = divmod(seconds, 60)
        hour, minute = divmod(minutes, 60)
        return f"{self._date}{hour:02}:{minute:02}:{second:02}.{thousandth:03}Z"
