"""JSON Schema of what ``fased litellm debug`` prints, for ``schemas/``."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from ...errors import Origin

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class RequestPart(_Document):
    """A request as it was sent; the key and configured headers are masked."""

    method: str
    url: str
    headers: dict[str, str]
    body: Any


class ResponsePart(_Document):
    """The answer."""

    status: int | None = Field(description="HTTP status; null where no answer came.")
    type: str | None = Field(description="error.type of the answer; null where it is not set.")
    message: str | None = Field(description="What the answer says; null where the call works.")


class AttemptPart(ResponsePart):
    """One attempt."""

    purpose: Literal["call", "after-cooldown", "without-fallbacks"]
    ok: bool
    cause: str | None
    origin: Origin | None
    headers: dict[str, str] = Field(description="Headers of the answer that say something about a failure.")
    text: str | None = Field(description="The reply, as far as it came.")
    durationMs: float  # noqa: N815 - as it is printed
    waitedS: float = Field(description="Seconds waited before it, for a cooldown to end.")  # noqa: N815


class RowPart(_Document):
    """One line of the comparison."""

    part: Literal["request", "answer"]
    name: str
    proxy: str
    direct: str
    differs: bool


class DirectPart(_Document):
    """The same request straight to the provider; only there with --direct."""

    verdict: Literal["both-work", "only-proxy-fails", "only-direct-fails", "both-fail"]
    meaning: str
    ok: bool
    cause: str | None
    origin: Origin | None = Field(description="As above; here `network` is the way between us and the provider.")
    request: RequestPart
    response: ResponsePart
    rows: list[RowPart]


class DebugResult(_Document):
    """The document of ``fased litellm debug --json``."""

    model_config = ConfigDict(title="Debug result")

    ok: bool = Field(description="Whether a call works.")
    alias: str = Field(description="The proxy's name of the model.")
    cause: str | None = Field(description="Short name of the cause; null where the call works.")
    origin: Origin | None = Field(description="Whose side it broke on.")
    remedy: str | None
    request: RequestPart
    response: ResponsePart
    attempts: list[AttemptPart]
    direct: DirectPart | None = None


def schemas() -> dict[str, dict[str, Any]]:
    """File name → schema."""
    schema = DebugResult.model_json_schema(by_alias=True, mode="serialization")
    return {"debug-result.schema.json": {"$schema": _DIALECT, **schema}}
