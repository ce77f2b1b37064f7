"""What is asked of the usage history: a window of time, the dimensions to group by, and filters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from ..errors import UsageError

COLUMNS: dict[str, str] = {
    "provider": "provider",
    "model": "model",
    "agent": "agent",
    "task": "task",
    "channel": "channel",
    "session": "session",
    "source": "source",
    "role": "role",
    "status": "status",
    "servedModel": "served_model",
}
"""Dimension, by its name in JSON → column of the ledger's table ``dimension``."""

DAY = "day"
DIMENSIONS: tuple[str, ...] = (*COLUMNS, DAY)
NONE = "-"
"""Stands for "no value" in a filter, as in tables."""

DEFAULT_DAYS = 7
_MAX_DAYS = 36_500
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Query:
    """A question.

    Attributes:
        from_ms: beginning of the window, milliseconds since 1970 UTC, inclusive.
        to_ms: end of the window, exclusive.
        by: dimensions to group by, names of ``DIMENSIONS``; days are those of UTC.
        filters: dimension → the values of which a call must have one; ``-`` is for calls without a value. A model may
            be written with its provider, ``litellm/default``. Dimensions are joined by "and". ``day`` is no filter.
    """

    from_ms: int
    to_ms: int
    by: tuple[str, ...] = ()
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def parse_by(words: Iterable[str]) -> tuple[str, ...]:
    """Dimensions as typed: several words, each a list with commas; ``served-model`` is ``servedModel``.

    Raises:
        UsageError: one is unknown; names the nearest.
    """
    known = {_plain(name): name for name in DIMENSIONS}
    found: list[str] = []
    for word in (part.strip() for text in words for part in text.split(",")):
        if not word:
            continue
        name = known.get(_plain(word))
        if name is None:
            raise UsageError(f"Usage cannot be grouped by {word!r}.", hint=_nearest(_plain(word), known))
        if name not in found:
            found.append(name)
    return tuple(found)


def parse_values(words: Iterable[str]) -> tuple[str, ...]:
    """Values of a filter as typed: several words, each a list with commas."""
    return tuple(dict.fromkeys(part.strip() for text in words for part in text.split(",") if part.strip()))


def window(
    now_ms: int, *, days: int | None = None, first: str | None = None, last: str | None = None
) -> tuple[int, int]:
    """The window of time that is meant, as ``(from_ms, to_ms)``, with an exclusive end.

    Args:
        now_ms: the present, milliseconds since 1970 UTC.
        days: so many days of UTC, with today as the last; ``DEFAULT_DAYS`` if nothing else is given.
        first: a day (``2026-11-16``), or an instant (``2026-11-16T10:30``, UTC unless it says otherwise).
        last: a day, which is included whole, or an instant, at which the window ends. Today if only ``first`` is given.

    Raises:
        UsageError: a value makes no sense, or the options contradict each other.
    """
    today = (_EPOCH + timedelta(milliseconds=now_ms)).date()
    if first is None and last is None:
        days = DEFAULT_DAYS if days is None else days
        if not 1 <= days <= _MAX_DAYS:
            raise UsageError(f"--days {days} makes no sense.", hint=f"Give a number from 1 to {_MAX_DAYS}.")
        return _midnight(today - timedelta(days=days - 1)), _midnight(today + timedelta(days=1))
    if days is not None:
        raise UsageError("--days cannot be combined with --from or --to.", hint="Give the one or the other.")
    if first is None:
        raise UsageError("--to needs --from.", hint="Give the first day with --from, or use --days.")
    begin = _instant(first, "--from", end=False)
    end = _midnight(today + timedelta(days=1)) if last is None else _instant(last, "--to", end=True)
    if begin >= end:
        until = f"--to {last}" if last is not None else "today"
        raise UsageError(f"--from {first} is after {until}.", hint="Both days are part of the window.")
    return begin, end


def _instant(text: str, option: str, *, end: bool) -> int:
    hint = "Write a day as 2026-11-16, or an instant as 2026-11-16T10:30."
    try:
        if len(text) == 10:
            day = date.fromisoformat(text)
            return _midnight(day + timedelta(days=1) if end else day)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{option} {text!r} is not a date.", hint=hint) from error
    if len(text) < 10:
        raise UsageError(f"{option} {text!r} is not a date.", hint=hint)
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return _past_1970((aware - _EPOCH) // timedelta(milliseconds=1), text)


def _midnight(day: date) -> int:
    return _past_1970((day - _EPOCH.date()).days * 86_400_000, str(day))


def _past_1970(milliseconds: int, text: str) -> int:
    if milliseconds < 0:
        raise UsageError(f"{text} is before 1970.", hint="No call is that old.")
    return milliseconds


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")


def _nearest(word: str, known: Mapping[str, str]) -> str:
    from difflib import get_close_matches

    near = get_close_matches(word, known, n=1)
    meant = f"Did you mean {known[near[0]]}? " if near else ""
    return f"{meant}Known are {', '.join(DIMENSIONS)}."
