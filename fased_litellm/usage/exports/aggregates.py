"""The aggregates of Fased's usage document: what all sessions add up to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NotRequired

from ...documents import Count, Name, TypedDict
from ..money import to_number
from ..query.calendar.timezones import day_of
from ..query.totals import Totals
from .latency import DayLatency, Latency, LatencyPart, by_day
from .names import NameRedactor
from .sessions import ExportedMessages, ExportedSession, MessagesPart
from .shapes import (
    DayModelUsage,
    DayUsage,
    FasedSums,
    ModelUsage,
    ToolsPart,
    model_days,
    models_of,
    tools_of,
    totals_of,
)
from .temptables import Gathering


class AgentSums(TypedDict):
    """Usage of one agent."""

    agentId: Name
    totals: FasedSums


class ChannelSums(TypedDict):
    """Usage of one channel."""

    channel: Name
    totals: FasedSums


class SourceSums(TypedDict):
    """Usage of one source."""

    source: Name
    totals: FasedSums


class DaySummary(DayUsage, TypedDict):
    """Usage of one day, and what went on."""

    messages: Count
    toolCalls: Count
    errors: Count


class AllSessions(TypedDict):
    """What all sessions add up to. Calls without an agent, a channel or a source are in no group of these."""

    messages: MessagesPart
    tools: ToolsPart
    byModel: list[ModelUsage]
    byProvider: list[ModelUsage]
    byAgent: list[AgentSums]
    byChannel: list[ChannelSums]
    bySource: list[SourceSums]
    latency: NotRequired[LatencyPart]
    dailyLatency: list[DayLatency]
    modelDaily: list[DayModelUsage]
    daily: list[DaySummary]


class Aggregates:
    """Collects from sessions what the sums per name and day do not have: messages, tools and latencies.

    Its size grows with days and tools, not with sessions.
    """

    def __init__(self) -> None:
        self._days: dict[str, ExportedMessages] = {}
        self._tools: Counter[str] = Counter()
        self._latency = Latency()
        self._latencies: dict[str, Latency] = {}

    def add(self, session: ExportedSession) -> None:
        """Take a session in."""
        for day, messages in session.days.items():
            self._days.setdefault(day, ExportedMessages()).add(messages)
        self._tools.update(session.tools)
        self._latency.add(session.latency)
        for day, values in session.latencies.items():
            self._latencies.setdefault(day, Latency()).add(Latency.of(values))

    def as_dict(self, gathered: Gathering, names: NameRedactor) -> AllSessions:
        """As in Fased's document. Calls without an agent, or without a channel, are in no group of these, as with Fased."""
        messages = ExportedMessages()
        for day in self._days.values():
            messages.add(day)
        latency = self._latency.as_dict()
        made: AllSessions = {
            "messages": messages.as_dict(),
            "tools": tools_of(self._tools, names),
            "byModel": models_of({(key[0], key[1]): totals for key, totals in gathered.by("provider", "model")}, names),
            "byProvider": models_of({(key[0], ""): totals for key, totals in gathered.by("provider")}, names),
            "byAgent": [{"agentId": name, "totals": sums} for name, sums in _groups("agent", gathered, names)],
            "byChannel": [{"channel": name, "totals": sums} for name, sums in _groups("channel", gathered, names)],
            "bySource": [
                {"source": name, "totals": sums} for name, sums in _groups("source", gathered, names, by_tokens=True)
            ],
            "dailyLatency": by_day(self._latencies),
            "modelDaily": model_days(
                ((key[0], key[1], key[2], totals) for key, totals in gathered.by("day", "provider", "model")), names
            ),
            "daily": self._daily(gathered),
        }
        if latency:
            made["latency"] = latency
        return made

    def _daily(self, gathered: Gathering) -> list[DaySummary]:
        sums = {str(day_of(day)): totals for (day,), totals in gathered.by("day")}
        found: list[DaySummary] = []
        for day in sorted({*sums, *self._days}):
            totals, messages = sums.get(day, Totals()), self._days.get(day, ExportedMessages())
            found.append(
                {
                    "date": day,
                    "tokens": totals.total_tokens,
                    "cost": to_number(totals.cost_pico),
                    "messages": messages.user + messages.assistant,
                    "toolCalls": messages.tool_calls,
                    "errors": messages.errors,
                }
            )
        return found


def _groups(
    column: str, gathered: Gathering, names: NameRedactor, *, by_tokens: bool = False
) -> Iterator[tuple[str, FasedSums]]:
    groups = [(key[0], totals) for key, totals in gathered.by(column) if key[0]]
    groups.sort(key=lambda group: (-(group[1].total_tokens if by_tokens else group[1].cost_pico), group[0]))
    return ((names(name), totals_of(totals)) for name, totals in groups)
