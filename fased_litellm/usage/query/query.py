"""What is asked of the usage history: a window of time, the dimensions to group by, filters, and an order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

from ...errors import UsageError
from .calendar.timezones import UTC_ZONE, Zone
from .names import nearest, plain

if TYPE_CHECKING:
    from .filters import Filter

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

HOST = "host"
ALL_COLUMNS: dict[str, str] = {**COLUMNS, HOST: "host"}
"""``COLUMNS``, and the machine: in a database that many machines push to."""

HOUR, DAY, WEEK, MONTH = TIMES = ("hour", "day", "week", "month")
"""The dimensions of time, in the time zone of the query. Weeks are those of ISO 8601, from Monday, unless ``first_weekday`` says otherwise."""
DIMENSIONS: tuple[str, ...] = (*COLUMNS, *TIMES)

SortKey = Literal["cost", "tokens", "calls", "failed", "input", "output", "cached", "unpriced", "name", "time"]
SORT_KEYS: tuple[SortKey, ...] = get_args(SortKey)
UPWARDS: tuple[SortKey, ...] = ("name", "time")
"""These are sorted from small to large, as one reads; the others from large to small."""


class Sort(NamedTuple):
    """An order: ``backwards`` is the other way round than the key has it of itself."""

    key: SortKey
    backwards: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """A question.

    Attributes:
        from_ms: beginning of the window, milliseconds since 1970 UTC, inclusive.
        to_ms: end of the window, exclusive.
        by: dimensions to group by, names of ``DIMENSIONS``, or ``HOST``.
        filters: dimension of ``ALL_COLUMNS`` → the values of which a call must have one, as they are; ``-`` is for calls
            without a value. A model may be written with its provider, ``litellm/default``. Dimensions are joined by
            "and".
        zone: whose days, weeks, months and hours are meant in ``by``.
        where: what a call must meet besides, in the language of ``filters.parse``.
        sort: order of the groups; None for that of time where ``by`` has one, and the dearest first.
        top: keep so many groups, the first by ``sort``, or the dearest, and sum the others up; None keeps all.
        first_weekday: the day on which weeks begin, from 0 for Monday.
        cost_parts: whether the totals tell input, output and cache costs apart.
    """

    from_ms: int
    to_ms: int
    by: tuple[str, ...] = ()
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    zone: Zone = UTC_ZONE
    where: Filter | None = None
    sort: Sort | None = None
    top: int | None = None
    first_weekday: int = 0
    cost_parts: bool = False


def parse_by(words: Iterable[str]) -> tuple[str, ...]:
    """Dimensions as typed: several words, each a list with commas; ``served-model`` is ``servedModel``.

    Raises:
        UsageError: one is unknown; names the nearest.
    """
    known = {plain(name): name for name in (*DIMENSIONS, HOST)} | {"served": "servedModel"}
    found: list[str] = []
    for word in (part.strip() for text in words for part in text.split(",")):
        if not word:
            continue
        name = known.get(plain(word))
        if name is None:
            raise UsageError(f"Usage cannot be grouped by {word!r}.", hint=nearest(plain(word), known, DIMENSIONS))
        if name not in found:
            found.append(name)
    return tuple(found)


def parse_values(words: Iterable[str]) -> tuple[str, ...]:
    """Values of a filter as typed: several words, each a list with commas."""
    return tuple(dict.fromkeys(part.strip() for text in words for part in text.split(",") if part.strip()))


def parse_sort(text: str | None) -> Sort | None:
    """An order as typed: a key, with ``-`` before it for the other way round.

    Raises:
        UsageError: there is no such key; names the nearest.
    """
    if text is None:
        return None
    word = text.strip()
    known: dict[str, SortKey] = {key: key for key in SORT_KEYS}
    key = known.get(plain(word.removeprefix("-")))
    if key is None:
        raise UsageError(f"Usage cannot be sorted by {text!r}.", hint=nearest(plain(word), known, SORT_KEYS))
    return Sort(key, word.startswith("-"))


def check(query: Query) -> Query:
    """The query itself, if its parts agree.

    Raises:
        UsageError: it is sorted by time, but has no dimension of time; or ``top`` makes no sense.
    """
    if query.sort is not None and query.sort.key == "time" and not set(TIMES) & set(query.by):
        raise UsageError("--sort time needs a time to group by.", hint=f"Add one of {', '.join(TIMES)} to --by.")
    if query.top is not None and query.top < 1:
        raise UsageError(f"--top must be at least 1, not {query.top}.")
    return query
