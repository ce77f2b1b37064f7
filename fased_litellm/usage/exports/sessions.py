"""The sessions of an export, one by one, with all that Fased's usage page says of each.

A session's messages, tools and errors come from its transcript. Calls that are in none, those of this package, count as
one reply of the assistant each; task runs and store counters, as with Fased, as none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ...documents import Count, Day, TypedDict
from ..query.calendar.timezones import day_of
from ..query.totals import Totals, add
from .latency import LONGEST_MS, Latency
from .temptables import Gathering

NO_SESSION = "unknown"
"""The key of the calls without a session, as Fased calls what has no name."""

Row = tuple[Any, ...]

_ABOUT = """
SELECT listed.place, conversation.session_id, conversation.label, conversation.chat_type, conversation.provider,
  conversation.model, conversation.provider_override, conversation.model_override, conversation.updated_at_ms,
  conversation.first_ms, conversation.last_ms
FROM temp.exported_session AS listed CROSS JOIN conversation ON conversation.session = listed.session
ORDER BY listed.place, coalesce(conversation.updated_at_ms, 0) DESC
"""
_PARTS = (
    "SELECT listed.place, part.day, part.provider, part.model, part.agent, part.channel, part.source, "  # noqa: S608 - names of columns
    f"{', '.join(Totals._fields)} "
    "FROM temp.exported_session AS listed CROSS JOIN temp.exported_part AS part ON part.session = listed.session "
    "ORDER BY listed.place, part.day"
)
_ACTIVITY = """
SELECT listed.place, part.day, user_messages, assistant_messages, tool_calls, tool_results, errors
FROM temp.exported_session AS listed CROSS JOIN temp.exported_activity AS part ON part.session = listed.session
ORDER BY listed.place, part.day
"""
_TOOLS = """
SELECT listed.place, part.name, part.calls
FROM temp.exported_session AS listed CROSS JOIN temp.exported_tool AS part ON part.session = listed.session
ORDER BY listed.place
"""


class MessagesPart(TypedDict):
    """What went on in conversations, in counts."""

    total: Count
    user: Count
    assistant: Count
    toolCalls: Count
    toolResults: Count
    errors: Count


class DayMessages(MessagesPart):
    """The same of one day."""

    date: Day


@dataclass(slots=True)
class ExportedMessages:
    """What went on, in counts."""

    user: int = 0
    assistant: int = 0
    tool_calls: int = 0
    tool_results: int = 0
    errors: int = 0

    def add(self, other: ExportedMessages) -> None:
        """Take others in."""
        self.user += other.user
        self.assistant += other.assistant
        self.tool_calls += other.tool_calls
        self.tool_results += other.tool_results
        self.errors += other.errors

    def as_dict(self) -> MessagesPart:
        """As in Fased's documents."""
        return {
            "total": self.user + self.assistant,
            "user": self.user,
            "assistant": self.assistant,
            "toolCalls": self.tool_calls,
            "toolResults": self.tool_results,
            "errors": self.errors,
        }


@dataclass(slots=True)
class ExportedSession:
    """One session. Times are milliseconds since 1970 UTC; a name is '' or None where there is none.

    Attributes:
        key: the session key, ``NO_SESSION`` for calls without one.
        label, session_id, chat_type, provider, model, provider_override, model_override: as the Node agent's store has
            them; provider and model of the calls with the most tokens where it has none.
        agent, channel, source: of the calls with the most tokens.
        first_ms, last_ms: the first and the last thing that happened within the window.
        updated_at_ms: as the store has it, else ``last_ms``.
        parts: day (a number), provider, model and the sums.
        days: messages per day.
        tools: calls per tool.
        latencies: per day.
    """

    key: str
    label: str | None = None
    session_id: str | None = None
    chat_type: str | None = None
    provider: str | None = None
    model: str | None = None
    provider_override: str | None = None
    model_override: str | None = None
    agent: str = ""
    channel: str = ""
    source: str = ""
    first_ms: int = 0
    last_ms: int = 0
    updated_at_ms: int = 0
    parts: list[tuple[int, str, str, Totals]] = field(default_factory=list)
    days: dict[str, ExportedMessages] = field(default_factory=dict)
    tools: Counter[str] = field(default_factory=Counter)
    latencies: dict[str, list[float]] = field(default_factory=dict)

    @property
    def totals(self) -> Totals:
        """Of all its calls."""
        return add(totals for *_, totals in self.parts)

    @property
    def messages(self) -> ExportedMessages:
        """Of all its days."""
        found = ExportedMessages()
        for day in self.days.values():
            found.add(day)
        return found

    @property
    def latency(self) -> Latency:
        """Of all its replies."""
        return Latency.of([value for values in self.latencies.values() for value in values])


def sessions(gathered: Gathering) -> Iterator[ExportedSession]:
    """The sessions, those with the most tokens first. Only one is in memory at a time."""
    about, parts, activity, tools = (_Rows(gathered.rows(sql)) for sql in (_ABOUT, _PARTS, _ACTIVITY, _TOOLS))
    calls = _Rows(gathered.rows(*_calls(gathered)))
    for place, key in gathered.rows("SELECT place, session FROM temp.exported_session ORDER BY place"):
        made = ExportedSession(key or NO_SESSION)
        _sums(made, parts.of(place))
        for day, *counts in activity.of(place):
            made.days[str(day_of(day))] = ExportedMessages(*counts)
        made.tools.update(dict(tools.of(place)))
        _moments(made, calls.of(place), gathered)
        _names(made, about.of(place), gathered.query.from_ms, gathered.query.to_ms)
        yield made


class _Rows:
    """Rows in the order of their sessions, which are asked for in that order."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rows = rows
        self._next = next(rows, None)

    def of(self, place: int) -> Iterator[Row]:
        """The rows of one session, without its place."""
        while self._next is not None and self._next[0] == place:
            yield self._next[1:]
            self._next = next(self._rows, None)


def _calls(gathered: Gathering) -> tuple[str, list[Any]]:
    """Moments of single calls, by the index of their dimensions."""
    made = gathered.conditions
    ctes = ", ".join(f"{name} AS ({sql})" for name, sql in made.ctes.items())
    begin, end = gathered.window
    terms = [f"call.started_at_ms >= {begin}", f"call.started_at_ms < {end}", "call.counted", *made.terms]
    sql = (
        f"{f'WITH {ctes} ' if ctes else ''}SELECT listed.place, call.started_at_ms, call.latency_ms, "  # noqa: S608 - see `gathering`
        "dimension.status IN ('error', 'interrupted'), call.feed IS NULL, coalesce(feed.kind, '') IN ('transcript', 'events') "
        "FROM temp.exported_session AS listed CROSS JOIN dimension ON dimension.session = listed.session "
        "CROSS JOIN call ON call.dimension = dimension.id LEFT JOIN feed ON feed.id = call.feed "
        f"WHERE {' AND '.join(terms)} ORDER BY listed.place"
    )
    return sql, made.values


def _sums(made: ExportedSession, rows: Iterator[Row]) -> None:
    most = -1
    for day, provider, model, agent, channel, source, *sums in rows:
        totals = Totals(*sums)
        made.parts.append((day, provider, model, totals))
        if totals.total_tokens > most:
            most = totals.total_tokens
            made.provider, made.model = provider, model
            made.agent, made.channel, made.source = agent, channel, source


def _moments(made: ExportedSession, rows: Iterator[Row], gathered: Gathering) -> None:
    first = last = None
    for started, latency, failed, ours, transcript in rows:
        # What was read from the Node agent's files has the time at which the reply was there.
        end = started + round(latency or 0) if ours else started
        first = started if first is None else min(first, started)
        last = end if last is None else max(last, end)
        if transcript and latency is None:
            continue
        day = gathered.day(started)
        if latency is not None and latency <= LONGEST_MS:
            made.latencies.setdefault(day, []).append(latency)
        if not transcript:
            made.days.setdefault(day, ExportedMessages()).add(ExportedMessages(assistant=int(ours), errors=failed))
    made.first_ms, made.last_ms = first or 0, last or 0


def _names(made: ExportedSession, rows: Iterator[Row], begin: int, end: int) -> None:
    """What the store says of a session; of several transcripts, the newest one says it."""
    for place, (
        session_id,
        label,
        chat_type,
        provider,
        model,
        other_provider,
        other_model,
        updated,
        first,
        last,
    ) in enumerate(rows):
        if not place:
            made.session_id, made.chat_type = session_id, chat_type
            made.provider, made.model = provider or made.provider, model or made.model
            made.provider_override, made.model_override = other_provider, other_model
        made.label = made.label or label
        made.updated_at_ms = max(made.updated_at_ms, updated or 0)
        # The session's own first message is not a call; if it lies in the window, so does all before the first call.
        if first is not None and begin <= first < end:
            made.first_ms = min(made.first_ms, first)
        if last is not None and begin <= last < end:
            made.last_ms = max(made.last_ms, last)
    made.updated_at_ms = made.updated_at_ms or made.last_ms
