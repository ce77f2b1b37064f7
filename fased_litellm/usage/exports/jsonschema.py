"""JSON Schemas of the exports: the document of Fased's usage page, and what ``fased usage export --json`` prints.

The models are for the schemas alone, and imported only to make them.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic.json_schema import SkipJsonSchema

from ..jsonschema import Cost, Count, Day, Milliseconds, Moment, UsageTotals
from .formats import Format

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

Name = Annotated[str, Field(min_length=1)]
Time = Annotated[int, Field(ge=0, description="Milliseconds since 1970, UTC.")]
Absent = SkipJsonSchema[None]


class _Document(BaseModel):
    model_config = ConfigDict(
        hide_input_in_errors=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )


class Sums(_Document):
    """What some calls sum up to, in Fased's words."""

    input: Count = Field(description="Tokens, without the cached ones.")
    output: Count = Field(description="Tokens, with the reasoning.")
    cache_read: Count
    cache_write: Count
    total_tokens: Count
    total_cost: Cost = Field(description="The known cost in USD.")
    input_cost: Cost = Field(description="Of this part, as far as parts are known; so are the next three.")
    output_cost: Cost
    cache_read_cost: Cost
    cache_write_cost: Cost
    missing_cost_entries: Count = Field(description="Calls whose cost is not known, and not in totalCost.")


class Messages(_Document):
    """What went on in conversations, in counts."""

    total: Count
    user: Count
    assistant: Count
    tool_calls: Count
    tool_results: Count
    errors: Count


class DayMessages(Messages):
    """The same of one day."""

    date: Day


class Latency(_Document):
    """How long replies took."""

    count: Annotated[int, Field(ge=1)]
    avg_ms: Milliseconds
    p95_ms: Milliseconds = Field(description="Of several sessions, the largest of theirs.")
    min_ms: Milliseconds
    max_ms: Milliseconds


class DayLatency(Latency):
    """The same of one day."""

    date: Day


class Tool(_Document):
    """A tool, and how often it was called."""

    name: Name
    count: Count


class Tools(_Document):
    """Tool calls, the most used tool first."""

    total_calls: Count
    unique_tools: Count
    tools: list[Tool]


class ModelUsage(_Document):
    """Usage of one model, or of one provider."""

    provider: Name | Absent = None
    model: Name | Absent = None
    count: Count = Field(description="Calls.")
    totals: Sums


class DayUsage(_Document):
    """Usage of one day."""

    date: Day
    tokens: Count
    cost: Cost


class DayModelUsage(DayUsage):
    """Usage of one model on one day."""

    provider: Name | Absent = None
    model: Name | Absent = None
    count: Count = Field(description="Calls.")


class SessionUsage(Sums):
    """What one session used within the window."""

    session_id: Name | Absent = None
    first_activity: Time
    last_activity: Time
    duration_ms: Count
    activity_dates: list[Day]
    daily_breakdown: list[DayUsage]
    daily_message_counts: list[DayMessages]
    daily_latency: list[DayLatency] | Absent = None
    daily_model_usage: list[DayModelUsage]
    message_counts: Messages
    tool_usage: Tools | Absent = None
    model_usage: list[ModelUsage]
    latency: Latency | Absent = None


class SessionEntry(_Document):
    """One session. What has no value is left out."""

    key: Name = Field(description="The session key; unknown for the calls without one.")
    source: Name | Absent = None
    label: Name | Absent = None
    session_id: Name | Absent = None
    updated_at: Time
    agent_id: Name | Absent = None
    channel: Name | Absent = None
    chat_type: Name | Absent = None
    model_override: Name | Absent = None
    provider_override: Name | Absent = None
    model_provider: Name | Absent = None
    model: Name | Absent = None
    usage: SessionUsage


class DaySums(Sums):
    """What the calls of one day sum up to."""

    date: Day


class AgentSums(_Document):
    """Usage of one agent."""

    agent_id: Name
    totals: Sums


class ChannelSums(_Document):
    """Usage of one channel."""

    channel: Name
    totals: Sums


class SourceSums(_Document):
    """Usage of one source."""

    source: Name
    totals: Sums


class DaySummary(DayUsage):
    """Usage of one day, and what went on."""

    messages: Count
    tool_calls: Count
    errors: Count


class AllSessions(_Document):
    """What all sessions add up to. Calls without an agent, a channel or a source are in no group of these."""

    messages: Messages
    tools: Tools
    by_model: list[ModelUsage]
    by_provider: list[ModelUsage]
    by_agent: list[AgentSums]
    by_channel: list[ChannelSums]
    by_source: list[SourceSums]
    latency: Latency | Absent = None
    daily_latency: list[DayLatency]
    model_daily: list[DayModelUsage]
    daily: list[DaySummary]


class FasedUsageDocument(_Document):
    """The file ``fased-usage-DAY.json`` of ``fased usage export``, as Fased's usage page writes it."""

    model_config = ConfigDict(title="Fased usage")

    totals: Sums
    sessions: list[SessionEntry] = Field(description="Most tokens first.")
    daily: list[DaySums]
    aggregates: AllSessions
    time_zone: str = Field(description="Whose days these are. The page's own file does not say it.")


class ExportedFile(_Document):
    """A file that was written."""

    path: Name
    bytes: Count


class UsageExportDocument(_Document):
    """The document of ``fased usage export --json``."""

    model_config = ConfigDict(title="Usage export")

    format: Format
    from_: Moment = Field(alias="from", description="Beginning of the window, inclusive.")
    to: Moment = Field(description="End of the window, exclusive.")
    time_zone: str = Field(description="Whose days the files have.")
    totals: UsageTotals = Field(description="Of all calls that are in them.")
    files: list[ExportedFile]


def schemas() -> dict[str, dict[str, Any]]:
    """File name below ``schemas/`` → the schema."""
    documents: dict[str, type[BaseModel]] = {
        "fased-usage.schema.json": FasedUsageDocument,
        "usage-export.schema.json": UsageExportDocument,
    }
    return {
        name: {"$schema": _DIALECT, **model.model_json_schema(by_alias=True, mode="serialization")}
        for name, model in documents.items()
    }
