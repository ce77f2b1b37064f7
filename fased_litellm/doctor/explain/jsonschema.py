"""JSON Schema of what ``fased litellm explain`` prints, for ``schemas/``."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from ...errors import Origin

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)


class FailurePart(_Document):
    """One failure that the text tells of."""

    cause: str
    origin: Origin
    remedy: str
    status: int | None = Field(description="HTTP status; null if the text does not tell.")
    type: str | None = Field(description="error.type; null if the text does not tell.")
    message: str
    count: Annotated[int, Field(ge=1, description="How often it happened.")]
    line: Annotated[int, Field(ge=1, description="Where it is first.")]


class ExplainResult(_Document):
    """The document of ``fased litellm explain --json``."""

    model_config = ConfigDict(title="Explain result")

    failures: list[FailurePart] = Field(description="Empty if nothing was recognised; the command then ends with 1.")
    lines: Annotated[int, Field(ge=0, description="Lines read.")]
    more: Annotated[int, Field(ge=0, description="Appearances of further failures, for which there was no room.")]


def schemas() -> dict[str, dict[str, Any]]:
    """File name → schema."""
    schema = ExplainResult.model_json_schema(by_alias=True, mode="serialization")
    return {"explain-result.schema.json": {"$schema": _DIALECT, **schema}}
