"""The three files of Fased's usage page: sessions and days as CSV, and all of it as JSON.

Fact: Fased's ``ui/src/ui/views/usage.ts`` (names of the files, the JSON document), ``usage-query.ts`` (headers) and
``ui/src/ui/usage-types.ts`` (fields). What has no value is left out of the JSON, as ``JSON.stringify`` does, and is an
empty cell in CSV. Costs that are not known count as 0 there; ``missingCostEntries`` says how many calls they are of.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Annotated, Any

from ...documents import Day, Doc, TypedDict
from ..money import from_pico
from ..query.calendar.timezones import day_of
from ..query.totals import Totals
from ..record import iso
from .aggregates import Aggregates, AllSessions
from .csvtext import Cell, row
from .names import NameRedactor
from .sessions import ExportedSession
from .shapes import FasedSums, SessionEntry, session_of, totals_of
from .temptables import Gathering

SESSIONS_HEADER = (
    "key", "label", "agentId", "channel", "provider", "model", "updatedAt", "durationMs", "messages", "errors", "toolCalls",
    "inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens", "totalTokens", "totalCost",
)  # fmt: skip
DAILY_HEADER = (
    "date", "inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens", "totalTokens",
    "inputCost", "outputCost", "cacheReadCost", "cacheWriteCost", "totalCost",
)  # fmt: skip


class DaySums(FasedSums):
    """What the calls of one day sum up to."""

    date: Day


class FasedUsageDocument(TypedDict):
    """The file ``fased-usage-DAY.json`` of ``fased usage export``, as Fased's usage page writes it."""

    totals: FasedSums
    sessions: Annotated[list[SessionEntry], Doc("Most tokens first.")]
    daily: list[DaySums]
    aggregates: AllSessions
    timeZone: Annotated[str, Doc("Whose days these are. The page's own file does not say it.")]


def file_names(today: date) -> tuple[str, str, str]:
    """The names of the three files: sessions, days, JSON."""
    return f"fased-usage-sessions-{today}.csv", f"fased-usage-daily-{today}.csv", f"fased-usage-{today}.json"


def noted(found: Iterable[ExportedSession], write: Callable[[str], object]) -> Iterator[ExportedSession]:
    """The sessions themselves; on the way, the rows of their file are written down, each when its session is asked for."""
    names = NameRedactor()
    write(row(SESSIONS_HEADER) + "\n")
    for session in found:
        write(row(_cells(session, names)) + "\n")
        yield session


def daily_csv(gathered: Gathering) -> Iterator[str]:
    """The file of days, row by row."""
    yield row(DAILY_HEADER) + "\n"
    for (day,), totals in gathered.by("day"):
        costs = (
            totals.input_cost_pico,
            totals.output_cost_pico,
            totals.cache_read_cost_pico,
            totals.cache_write_cost_pico,
            totals.cost_pico,
        )
        yield row([str(day_of(day)), *_counts(totals), *map(_usd, costs)]) + "\n"


def document(gathered: Gathering, found: Iterable[ExportedSession]) -> Iterator[str]:
    """The JSON file, piece by piece: ``{totals, sessions, daily, aggregates}``, indented by two spaces; and besides
    Fased's fields ``timeZone``, since the page's days are the browser's, and these need not be.

    Args:
        gathered: the sums.
        found: all its sessions.
    """
    names = NameRedactor()
    aggregates = Aggregates()
    yield f'{{\n  "totals": {_indented(totals_of(gathered.totals()), 2)},\n  "sessions": ['
    between = "\n"
    for session in found:
        aggregates.add(session)
        yield f"{between}    {_indented(session_of(session, names), 4)}"
        between = ",\n"
    yield "]" if between == "\n" else "\n  ]"
    daily: list[DaySums] = [{"date": str(day_of(day)), **totals_of(totals)} for (day,), totals in gathered.by("day")]
    yield f',\n  "daily": {_indented(daily, 2)},\n  "aggregates": {_indented(aggregates.as_dict(gathered, names), 2)}'
    yield f',\n  "timeZone": {json.dumps(gathered.query.zone.name)}\n}}\n'


def _cells(session: ExportedSession, names: NameRedactor) -> list[Cell]:
    totals, messages = session.totals, session.messages
    return [
        names(session.key),
        names.or_none(session.label),
        names.or_none(session.agent),
        names.or_none(session.channel),
        names.or_none(session.provider or session.provider_override),
        names.or_none(session.model or session.model_override),
        _moment(session.updated_at_ms),
        max(0, session.last_ms - session.first_ms),
        messages.user + messages.assistant,
        messages.errors,
        messages.tool_calls,
        *_counts(totals),
        _usd(totals.cost_pico),
    ]


def _indented(value: Any, by: int) -> str:
    """JSON as ``JSON.stringify`` with two spaces lays it out ``by`` spaces deep."""
    return json.dumps(value, indent=2, ensure_ascii=False).replace("\n", "\n" + " " * by)


def _counts(totals: Totals) -> tuple[int, ...]:
    return (
        totals.input_tokens,
        totals.output_tokens,
        totals.cache_read_tokens,
        totals.cache_write_tokens,
        totals.total_tokens,
    )


def _usd(pico: int) -> str:
    return f"{from_pico(pico):f}"


def _moment(at_ms: int) -> str:
    text = iso(at_ms)
    return text if "." in text else text.replace("Z", ".000Z")
