"""JSON Schemas of the documents of this room, for ``schemas/``.

The models mirror what ``UsageReport.as_dict`` and ``UsageRecord.as_dict`` give; they are for the schemas alone, and
imported only to make them.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

Count = Annotated[int, Field(ge=0)]
Milliseconds = Annotated[float, Field(ge=0, description="Milliseconds.")]
Moment = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$", description="UTC.")]
Day = Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$", description="A day, in the report's time zone.")]
Week = Annotated[
    str,
    Field(
        pattern=r"^\d{4}-(W\d\d|\d\d-\d\d)$",
        description="A week of ISO 8601, from Monday; the first day of the week where weeks begin on another day.",
    ),
]
Month = Annotated[str, Field(pattern=r"^\d{4}-\d\d$")]
Hour = Annotated[
    str, Field(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d(Z|[+-]\d\d:\d\d)$", description="An hour, by its beginning.")
]
Cost = Annotated[float, Field(ge=0)]
Dimension = Literal[
    "provider",
    "model",
    "agent",
    "task",
    "channel",
    "session",
    "source",
    "role",
    "status",
    "servedModel",
    "host",
    "hour",
    "day",
    "week",
    "month",
]
Status = Literal["ok", "error", "interrupted", "cancelled"]


def _title(name: str, _: object) -> str:
    return to_camel(name).removesuffix("_")


class _Document(BaseModel):
    model_config = ConfigDict(
        hide_input_in_errors=True,
        extra="forbid",
        alias_generator=to_camel,
        populate_by_name=True,
        field_title_generator=_title,
    )


class _Tokens(_Document):
    input_tokens: Count = Field(description="Without the cached ones.")
    output_tokens: Count = Field(description="With the reasoning.")
    cache_read_tokens: Count
    cache_write_tokens: Count
    reasoning_tokens: Count = Field(description="Contained in outputTokens.")
    total_tokens: Count = Field(description="Input, output, cache read and cache write.")


class UsageTotals(_Tokens):
    """What some calls sum up to."""

    calls: Count
    failed: Count = Field(description="Calls that failed or broke off; included in calls.")
    cost_usd: Cost | None = Field(description="The known cost in USD; null where nothing of it is known.")
    unpriced_calls: Count = Field(description="Calls whose cost is not known, and not in costUsd.")


class UsageGroup(UsageTotals):
    """The calls which agree in the dimensions named by ``by``; it has these and no others, null for no value."""

    provider: str | None = None
    model: str | None = None
    agent: str | None = None
    task: str | None = Field(default=None, description="The task's id.")
    task_name: str | None = Field(
        default=None, description="What people call it; beside task, null where it is not known."
    )
    channel: str | None = None
    session: str | None = None
    source: str | None = None
    role: str | None = None
    status: Status | None = None
    served_model: str | None = None
    host: str | None = None
    hour: Hour | None = None
    day: Day | None = None
    week: Week | None = None
    month: Month | None = None


class UsageRest(UsageTotals):
    """The groups which ``--top`` left out, summed up."""

    groups: Annotated[int, Field(ge=1, description="How many they are.")]


class UnpricedModel(_Document):
    """Calls of one model whose cost is not known."""

    provider: str | None
    model: str | None
    calls: Count
    tokens: Count


class UnpricedUsage(_Document):
    """What is not in ``costUsd`` since its price is not known."""

    calls: Count
    tokens: Count
    models: list[UnpricedModel] = Field(description="Most tokens first.")
    command: str | None = Field(
        description="What computes these costs once the prices are known; null if none is missing."
    )


class EstimatedUsage(_Document):
    """Calls whose cost is an estimate. It is in the sums."""

    calls: Count
    cost_usd: Cost


class UsageReportDocument(_Document):
    """The document of ``fased usage --json``."""

    model_config = ConfigDict(title="Usage report")

    from_: Moment = Field(alias="from", description="Beginning of the window, inclusive.")
    to: Moment = Field(description="End of the window, exclusive.")
    time_zone: str = Field(
        description="Whose hours, days, weeks and months are in by: UTC, Europe/Berlin, +02:00, local."
    )
    by: list[Dimension]
    groups: list[UsageGroup] = Field(
        description="As --sort says; by itself, in the order of time where by has a time, else dearest first."
    )
    other: UsageRest | None = Field(description="What --top left out; null if nothing.")
    totals: UsageTotals = Field(description="Of all calls, those in other as well.")
    unpriced: UnpricedUsage
    estimates: EstimatedUsage = Field(description="What of the cost is not exact.")


class UsageRecordDocument(_Tokens):
    """One call as the ledger keeps it: names, counts and times; no prompt and no reply."""

    model_config = ConfigDict(title="Usage record")

    call_id: Annotated[str, Field(min_length=1, description="Made on this side, before the call was sent.")]
    proxy_call_id: str | None = Field(description="The proxy's own id of the call; null where it took ours.")
    started_at: Moment
    provider: str | None
    model: str | None
    requested_model: str | None
    served_model: str | None
    deployment_id: str | None
    response_id: str | None = Field(description="The provider's id of the completion.")
    agent: str | None
    task: str | None
    channel: str | None
    session: str | None
    source: str | None
    role: str | None
    status: Status
    cause: str | None
    origin: str | None
    http_status: Count | None
    cost_usd: Cost | None
    cost_source: str
    price_note: str | None = Field(
        description="Where a price came from that was looked up later, and why the cost is an estimate."
    )
    input_cost_usd: Cost | None
    output_cost_usd: Cost | None
    cache_read_cost_usd: Cost | None
    cache_write_cost_usd: Cost | None
    retries: Count | None
    fallbacks: Count | None
    latency_ms: Milliseconds | None
    time_to_first_token_ms: Milliseconds | None
    proxy_overhead_ms: Milliseconds | None
    proxy_version: str | None
    billing: str | None = Field(
        description="What the price of an own call depends on besides its tokens, as a JSON object; null where there is nothing of it."
    )


class RepricedModel(_Document):
    """What became of the calls of one model that had no known price."""

    provider: str | None
    model: str | None
    priced_calls: Count
    priced_tokens: Count
    estimated_calls: Count = Field(description="Of the priced calls, those whose cost is an estimate.")
    cost_usd: Cost | None = Field(description="What the priced calls cost; null where none was priced.")
    cost_source: Literal["config", "catalog"] | None
    price_note: str | None = Field(description="Where the price stands.")
    remark: str | None = Field(description="What should be known of that price.")
    unpriced_calls: Count = Field(description="Calls that still have no cost.")
    unpriced_tokens: Count
    reason: str | None = Field(description="Why they have none.")
    remedy: str | None = Field(description="What helps.")


class RepriceDocument(_Document):
    """The document of ``fased usage reprice --json``."""

    model_config = ConfigDict(title="Usage reprice")

    dry_run: bool = Field(description="Whether nothing was written.")
    priced_calls: Count
    cost_usd: Cost = Field(description="What the priced calls cost.")
    unpriced_calls: Count = Field(description="Calls with tokens that still have no cost.")
    calls_without_tokens: Count = Field(description="Calls that may have cost something, and no tokens are known of.")
    models: list[RepricedModel]


class UsageSubject(_Document):
    """The one session or task that a list of calls is about: ``session`` and what follows it, or ``task``."""

    kind: Literal["session", "task"]
    task: str | None = None
    task_name: str | None = None
    session: str | None = None
    label: str | None = Field(default=None, description="What people call the session.")
    session_ids: list[str] = Field(default=[], description="Of the transcripts that were imported, the newest first.")
    chat_type: str | None = None


class UsageCallsDocument(_Document):
    """The document of ``fased usage calls --json``, ``fased usage session`` and ``fased usage task``."""

    model_config = ConfigDict(title="Usage calls")

    from_: Moment = Field(alias="from", description="Beginning of the window, inclusive.")
    to: Moment = Field(description="End of the window, exclusive.")
    time_zone: str = Field(description="Whose days the window has.")
    subject: UsageSubject | None
    totals: UsageTotals = Field(description="Of all calls that meet the question, also of those past --limit.")
    task_names: dict[str, str] = Field(description="What people call tasks, by their ids.")
    calls: list[UsageRecordDocument] = Field(description="In the order of --sort.")
    more: Count = Field(description="How many calls --limit left out.")


def schemas() -> dict[str, dict[str, Any]]:
    """File name below ``schemas/`` → the schema."""
    documents: dict[str, type[BaseModel]] = {
        "usage-report.schema.json": UsageReportDocument,
        "usage-record.schema.json": UsageRecordDocument,
        "usage-calls.schema.json": UsageCallsDocument,
        "usage-reprice.schema.json": RepriceDocument,
    }
    own = {
        name: {"$schema": _DIALECT, **model.model_json_schema(by_alias=True, mode="serialization")}
        for name, model in documents.items()
    }
    return {
        **own,
    }
