"""JSON Schemas of what a call prints, for ``schemas/``.

The models mirror ``Reply.as_dict``, ``CallContext.as_dict``, ``Receipt.as_dict`` and ``CallError.as_dict``; they are for the
schemas alone, and imported only to make them.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from ..errors import Origin
from ..proxy.receipt import CostSource

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

Count = Annotated[int, Field(ge=0)]
Milliseconds = Annotated[float, Field(ge=0, description="Milliseconds.")]


class _Document(BaseModel):
    model_config = ConfigDict(
        extra="forbid", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )


class ToolCallPart(_Document):
    """A tool which the model wants called."""

    id: str | None
    name: str
    arguments: str = Field(description="JSON text, as the model wrote it.")


class ContextPart(_Document):
    """Who called and for what."""

    agent: str
    role: str | None
    task: str | None
    channel: str | None
    session: str | None
    source: str


class AttemptPart(_Document):
    """One model that was tried."""

    model: str
    ok: bool
    cause: str | None = Field(default=None, description="Why it failed; only there if it did.")


class UsagePart(_Document):
    """Tokens, counted as Fased does."""

    input_tokens: Count = Field(description="Without the cached ones.")
    output_tokens: Count = Field(description="With the reasoning.")
    cache_read_tokens: Count
    cache_write_tokens: Count
    reasoning_tokens: Count = Field(description="Contained in outputTokens.")
    total_tokens: Count = Field(description="Input, output, cache read and cache write.")


class ReceiptPart(_Document):
    """What is known of the call; null means that the proxy did not say."""

    call_id: str = Field(description="Our id of the call, which names its row in the usage history.")
    proxy_call_id: str | None = Field(description="The id under which the proxy keeps the call; mostly the same.")
    model: str = Field(description="The reference that was asked for.")
    response_id: str | None = Field(description="The provider's id of the completion.")
    model_group: str | None
    deployment_id: str | None
    served_model: str | None = Field(description="Provider and model that answered.")
    retries: Count | None
    fallbacks: Count | None
    attempts: list[AttemptPart]
    usage: UsagePart | None
    cost_usd: Annotated[float, Field(ge=0)] | None = Field(description="USD; null if unknown, never 0 for that.")
    cost_source: CostSource
    cost_note: str | None = Field(description="Why the cost is an estimate.")
    proxy_version: str | None
    latency_ms: Milliseconds | None
    time_to_first_token_ms: Milliseconds | None
    proxy_overhead_ms: Milliseconds | None
    provider_ms: Milliseconds | None = Field(description="What the proxy waited for the provider.")
    warnings: list[str] = Field(
        description="What whoever made the call should know: budgets that are used up, or nearly; a release of LiteLLM that hides cut streams."
    )


class ChatResult(_Document):
    """The document of ``fased litellm chat --json``."""

    model_config = ConfigDict(title="Chat result")

    text: str
    reasoning: str | None
    tool_calls: list[ToolCallPart]
    finish_reason: str | None
    context: ContextPart
    receipt: ReceiptPart


class PartialReply(_Document):
    """A reply as far as it came."""

    text: str
    reasoning: str | None
    tool_calls: list[ToolCallPart]


class ErrorPart(_Document):
    """What went wrong; the last three only for a call that failed."""

    # Errors of other kinds have fields of their own beside these.
    model_config = ConfigDict(extra="allow")

    code: str
    message: str
    hint: str | None
    cause: str | None = Field(default=None, description="Short name of the cause.")
    origin: Origin | None = Field(default=None, description="Whose side it broke on.")
    status: int | None = Field(default=None, description="HTTP status of the proxy's answer.")
    partial: PartialReply | None = Field(
        default=None, description="What came of a stream that broke off; absent if nothing did."
    )


class ErrorDocument(_Document):
    """The document of any command with ``--json`` that fails."""

    model_config = ConfigDict(title="Error")

    error: ErrorPart


def schemas() -> dict[str, dict[str, Any]]:
    """File name → schema."""
    documents: dict[str, type[BaseModel]] = {
        "chat-result.schema.json": ChatResult,
        "error.schema.json": ErrorDocument,
    }
    return {
        name: {"$schema": _DIALECT, **model.model_json_schema(by_alias=True, mode="serialization")}
        for name, model in documents.items()
    }
