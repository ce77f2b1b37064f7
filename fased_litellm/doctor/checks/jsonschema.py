"""JSON Schema of ``fased litellm doctor --json``, for ``schemas/``."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from ..findings import Severity
from ..modelmap.jsonschema import FindingPart

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Document(BaseModel):
    model_config = ConfigDict(
        extra="forbid", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )


class ExaminedProxy(_Document):
    """The proxy."""

    asked: bool
    ready: bool
    version: str | None = Field(description="As it says, else as the newest replies in the history said.")
    verdict: str
    known_as_of: str = Field(description="Date of what is known of releases.")


class ExaminationDocument(_Document):
    """The document of ``fased litellm doctor --json``."""

    model_config = ConfigDict(title="Examination")

    ok: bool = Field(description="Whether there is no error among the findings.")
    config_path: str
    base_url: str | None
    proxy: ExaminedProxy
    findings: list[FindingPart] = Field(description="Worst first.")
    counts: dict[Severity, int]
    fixed: list[str] = Field(description="What --fix has done.")


def schemas() -> dict[str, dict[str, Any]]:
    """File name below ``schemas/`` → the schema."""
    schema = ExaminationDocument.model_json_schema(by_alias=True, mode="serialization")
    return {"examination.schema.json": {"$schema": _DIALECT, **schema}}
