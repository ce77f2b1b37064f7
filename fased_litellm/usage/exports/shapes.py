"""The objects of Fased's usage documents, with its names. Pure.

Fact: Fased's ``ui/src/ui/usage-types.ts`` and ``src/infra/session-cost-usage.ts``. What has no value is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, NotRequired

from ...documents import Cost, Count, Day, Doc, Name, TypedDict
from ..money import to_number
from ..query.calendar.timezones import day_of
from ..query.totals import Totals, add
from .latency import DayLatency, Latency, LatencyPart, by_day
from .names import NameRedactor
from .sessions import DayMessages, ExportedSession, MessagesPart

Model = tuple[str, str]
"""Provider and model, '' for none."""


Time = Annotated[int, Doc("Milliseconds since 1970, UTC.", minimum=0)]


class FasedSums(TypedDict):
    """What some calls sum up to, in Fased's words."""

    input: Annotated[Count, Doc("Tokens, without the cached ones.")]
    output: Annotated[Count, Doc("Tokens, with the reasoning.")]
    cacheRead: Count
    cacheWrite: Count
    totalTokens: Count
    totalCost: Annotated[Cost, Doc("The known cost in USD.")]
    inputCost: Annotated[Cost, Doc("Of this part, as far as parts are known; so are the next three.")]
    outputCost: Cost
    cacheReadCost: Cost
    cacheWriteCost: Cost
    missingCostEntries: Annotated[Count, Doc("Calls whose cost is not known, and not in totalCost.")]


class ToolPart(TypedDict):
    """A tool, and how often it was called."""

    name: Name
    count: Count


class ToolsPart(TypedDict):
    """Tool calls, the most used tool first."""

    totalCalls: Count
    uniqueTools: Count
    tools: list[ToolPart]


class ModelUsage(TypedDict):
    """Usage of one model, or of one provider."""

    provider: NotRequired[Name]
    model: NotRequired[Name]
    count: Annotated[Count, Doc("Calls.")]
    totals: FasedSums


class DayUsage(TypedDict):
    """Usage of one day."""

    date: Day
    tokens: Count
    cost: Cost


class DayModelUsage(DayUsage):
    """Usage of one model on one day."""

    provider: NotRequired[Name]
    model: NotRequired[Name]
    count: Annotated[Count, Doc("Calls.")]


class SessionUsage(FasedSums):
    """What one session used within the window."""

    sessionId: NotRequired[Name]
    firstActivity: Time
    lastActivity: Time
    durationMs: Count
    activityDates: list[Day]
    dailyBreakdown: list[DayUsage]
    dailyMessageCounts: list[DayMessages]
    dailyLatency: NotRequired[list[DayLatency]]
    dailyModelUsage: list[DayModelUsage]
    messageCounts: MessagesPart
    toolUsage: NotRequired[ToolsPart]
    modelUsage: list[ModelUsage]
    latency: NotRequired[LatencyPart]


class SessionEntry(TypedDict):
    """One session. What has no value is left out."""

    key: Annotated[Name, Doc("The session key; unknown for the calls without one.")]
    source: NotRequired[Name]
    label: NotRequired[Name]
    sessionId: NotRequired[Name]
    updatedAt: Time
    agentId: NotRequired[Name]
    channel: NotRequired[Name]
    chatType: NotRequired[Name]
    modelOverride: NotRequired[Name]
    providerOverride: NotRequired[Name]
    modelProvider: NotRequired[Name]
    model: NotRequired[Name]
    usage: SessionUsage


def totals_of(totals: Totals) -> FasedSums:
    """What some calls sum up to, with Fased's names."""
    return {
        "input": totals.input_tokens,
        "output": totals.output_tokens,
        "cacheRead": totals.cache_read_tokens,
        "cacheWrite": totals.cache_write_tokens,
        "totalTokens": totals.total_tokens,
        "totalCost": to_number(totals.cost_pico),
        "inputCost": to_number(totals.input_cost_pico),
        "outputCost": to_number(totals.output_cost_pico),
        "cacheReadCost": to_number(totals.cache_read_cost_pico),
        "cacheWriteCost": to_number(totals.cache_write_cost_pico),
        "missingCostEntries": totals.unpriced_calls,
    }


def session_of(session: ExportedSession, names: NameRedactor) -> SessionEntry:
    """One session with its usage."""
    latencies = {day: Latency.of(values) for day, values in session.latencies.items()}
    days: dict[int, list[Totals]] = {}
    models: dict[Model, list[Totals]] = {}
    for day, provider, model, totals in session.parts:
        days.setdefault(day, []).append(totals)
        models.setdefault((provider, model), []).append(totals)
    breakdown = {str(day_of(day)): add(parts) for day, parts in days.items()}
    usage = {
        "sessionId": session.session_id,
        "firstActivity": session.first_ms,
        "lastActivity": session.last_ms,
        "durationMs": max(0, session.last_ms - session.first_ms),
        "activityDates": sorted({*breakdown, *session.days}),
        "dailyBreakdown": [
            {"date": day, "tokens": totals.total_tokens, "cost": to_number(totals.cost_pico)}
            for day, totals in sorted(breakdown.items())
        ],
        "dailyMessageCounts": [{"date": day, **messages.as_dict()} for day, messages in sorted(session.days.items())],
        "dailyLatency": by_day(latencies) or None,
        "dailyModelUsage": model_days(
            ((day, provider, model, totals) for day, provider, model, totals in session.parts), names
        ),
        "messageCounts": session.messages.as_dict(),
        "toolUsage": tools_of(session.tools, names) if session.tools else None,
        "modelUsage": models_of({key: add(parts) for key, parts in models.items()}, names),
        "latency": session.latency.as_dict(),
        **totals_of(session.totals),
    }
    entry: SessionEntry = _known(
        {
            "key": names(session.key),
            "source": names.or_none(session.source),
            "label": names.or_none(session.label),
            "sessionId": session.session_id,
            "updatedAt": session.updated_at_ms,
            "agentId": names.or_none(session.agent),
            "channel": names.or_none(session.channel),
            "chatType": session.chat_type,
            "modelOverride": names.or_none(session.model_override),
            "providerOverride": names.or_none(session.provider_override),
            "modelProvider": names.or_none(session.provider),
            "model": names.or_none(session.model),
            "usage": _known(usage),
        }
    )
    return entry


def models_of(found: Mapping[Model, Totals], names: NameRedactor) -> list[ModelUsage]:
    """Usage per provider and model, the dearest first."""
    ordered = sorted(found.items(), key=lambda part: (-part[1].cost_pico, -part[1].total_tokens, part[0]))
    return [
        _known(
            {
                "provider": names.or_none(provider),
                "model": names.or_none(model),
                "count": totals.calls,
                "totals": totals_of(totals),
            }
        )
        for (provider, model), totals in ordered
    ]


def model_days(parts: Iterable[tuple[int, str, str, Totals]], names: NameRedactor) -> list[DayModelUsage]:
    """Usage per day, provider and model: days in order, the dearest of each first."""
    sums: dict[tuple[int, str, str], list[Totals]] = {}
    for day, provider, model, totals in parts:
        sums.setdefault((day, provider, model), []).append(totals)
    whole = {key: add(each) for key, each in sums.items()}
    ordered = sorted(whole.items(), key=lambda part: (part[0][0], -part[1].cost_pico, -part[1].total_tokens, part[0]))
    return [
        _known(
            {
                "date": str(day_of(day)),
                "provider": names.or_none(provider),
                "model": names.or_none(model),
                "tokens": totals.total_tokens,
                "cost": to_number(totals.cost_pico),
                "count": totals.calls,
            }
        )
        for (day, provider, model), totals in ordered
    ]


def tools_of(calls: Mapping[str, int], names: NameRedactor) -> ToolsPart:
    """Tool calls by name, the most used first."""
    ordered = sorted(calls.items(), key=lambda tool: (-tool[1], tool[0]))
    return {
        "totalCalls": sum(calls.values()),
        "uniqueTools": len(calls),
        "tools": [{"name": names(name), "count": count} for name, count in ordered],
    }


def _known(values: dict[str, Any]) -> Any:
    return {name: value for name, value in values.items() if value is not None}
