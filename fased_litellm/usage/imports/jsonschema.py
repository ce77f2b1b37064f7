"""JSON Schema of what ``fased usage import --json`` prints: mirrors ``ImportResult.as_dict``, and is made for that alone."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

Count = Annotated[int, Field(ge=0)]


def _title(name: str, _: object) -> str:
    return to_camel(name)


class _Document(BaseModel):
    model_config = ConfigDict(
        hide_input_in_errors=True, extra="forbid", alias_generator=to_camel, field_title_generator=_title
    )


class Files(_Document):
    """Transcripts, session stores and task logs."""

    found: Count
    read: Count = Field(description="New, or changed since the last import.")
    moved: Count = Field(description="Under another name than at the last import.")
    gone: Count = Field(description="No longer there; what was read from them stays.")


class Calls(_Document):
    """What became of calls."""

    added: Count
    replaced: Count = Field(description="Their numbers are others now.")
    covered: Count = Field(description="Task runs and counters that gave way to a transcript.")
    copies: Count = Field(
        description="They are in several transcripts, as a session was forked or continued in another file: each counts once."
    )
    renamed: Count = Field(description="Their session has another key now.")


class BadLine(_Document):
    """A line that could not be read."""

    file: str
    line: Annotated[int, Field(ge=1)]
    position: Count = Field(description="Where it begins, in bytes.")
    problem: str


class BadLines(_Document):
    """The bad lines of all files that are there, also of earlier imports."""

    count: Count
    lines: list[BadLine] = Field(description="The first thousand of each file.")


class Unreadable(_Document):
    """A file that could not be read."""

    file: str
    problem: str


class UsageImportDocument(_Document):
    """The document of ``fased usage import --json``."""

    model_config = ConfigDict(title="Usage import")

    files: Files
    bytes_read: Count
    calls: Calls
    bad_lines: BadLines
    unreadable: list[Unreadable]
    notes: list[str]


def schemas() -> dict[str, dict[str, Any]]:
    """File name below ``schemas/`` → the schema."""
    schema = UsageImportDocument.model_json_schema(by_alias=True, mode="serialization")
    return {"usage-import.schema.json": {"$schema": _DIALECT, **schema}}
