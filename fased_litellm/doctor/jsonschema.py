"""What the JSON Schemas of this room share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from .findings import Severity

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Document(BaseModel):
    """A JSON document, or a part of one; its names are camelCase."""

    model_config = ConfigDict(
        extra="forbid", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )


class FindingPart(Document):
    """One thing that was noticed."""

    code: str
    severity: Severity
    message: str
    remedy: str
    file: str | None
    line: Annotated[int, Field(ge=1, description="Line of the file, from 1.")] | None
    command: str | None
