"""The aggregates of Fased's usage document: what all sessions add up to."""

from __future__ import annotations

from collections import Counter
from typing import Any

from ..money import to_number
from ..query.timezones import day_of
from ..query.totals import Totals
from .latency import Latency
from .names import Names
from .sessions import Messages, Session
from .shapes import model_days, models_of, tools_of, totals_of
from .temptables import Gathering


class Aggregates:
    """Collects from sessions what the sums per name and day do not have: messages, tools and latencies.

    Its size grows with days and tools, not with sessions.
    """

    def __init__(self) -> None:
        self._days: dict[str, Messages] = {}
        self._tools: Counter[str] = Counter()
        self._latency = Latency()
        self._latencies: dict[str, Latency] = {}

    def add(self, session: Session) -> None:
        """Take a session in."""
        for day, messages in session.days.items():
            self._days.setdefault(day, Messages()).add(messages)
        self._tools.update(session.tools)
        self._latency.add(session.latency)
        for day, values in session.latencies.items():
            self._latencies.setdefault(day, Latency()).add(Latency.of(values))

    def as_dict(self, gathered: Gathering, names: Names) -> dict[str, Any]:
        """As in Fased's document. Calls without an agent, or without a channel, are in no group of these, as with Fased."""
        messages = Messages()
        for day in self._days.values():
            messages.add(day)
        made: dict[str, Any] = {
            "messages": messages.as_dict(),
            "tools": tools_of(self._tools, names),
            "byModel": models_of({(key[0], key[1]): totals for key, totals in gathered.by("provider", "model")}, names),
            "byProvider": models_of({(key[0], ""): totals for key, totals in gathered.by("provider")}, names),
            "byAgent": _groups("agent", "agentId", gathered, names),
            "byChannel": _groups("channel", "channel", gathered, names),
            "bySource": _groups("source", "source", gathered, names, by_tokens=True),
        }
        if latency := self._latency.as_dict():
            made["latency"] = latency
        made["dailyLatency"] = [
            {"date": day, **(latency.as_dict() or {})} for day, latency in sorted(self._latencies.items())
        ]
        made["modelDaily"] = model_days(
            ((key[0], key[1], key[2], totals) for key, totals in gathered.by("day", "provider", "model")), names
        )
        made["daily"] = self._daily(gathered)
        return made

    def _daily(self, gathered: Gathering) -> list[dict[str, Any]]:
        sums = {str(day_of(day)): totals for (day,), totals in gathered.by("day")}
        found = []
        for day in sorted({*sums, *self._days}):
            totals, messages = sums.get(day, Totals()), self._days.get(day, Messages())
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
    column: str, field: str, gathered: Gathering, names: Names, *, by_tokens: bool = False
) -> list[dict[str, Any]]:
    groups = [(key[0], totals) for key, totals in gathered.by(column) if key[0]]
    groups.sort(key=lambda group: (-(group[1].total_tokens if by_tokens else group[1].cost_pico), group[0]))
    return [{field: names(name), "totals": totals_of(totals)} for name, totals in groups]
