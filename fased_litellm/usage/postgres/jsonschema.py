"""JSON Schemas of the documents of ``fased usage push``, for ``schemas/``. Imported only to make them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

Place = Annotated[str, Field(pattern=r"^postgresql://", description="The database, without user and password.")]
Version = Annotated[int, Field(ge=0)]


class _Document(BaseModel):
    model_config = ConfigDict(
        hide_input_in_errors=True, extra="forbid", alias_generator=to_camel, populate_by_name=True
    )


class UsagePushDocument(_Document):
    """The document of ``fased usage push --json``."""

    model_config = ConfigDict(title="Usage push")

    to: Place
    host: str = Field(description="The name of this machine there.")
    sent: Annotated[int, Field(ge=0, description="Calls that are new there, or changed.")]
    sent_again: bool = Field(
        description="Whether the whole ledger was sent, since another one was sent before under this machine's id."
    )


class UsagePrepareDocument(_Document):
    """The document of ``fased usage push --prepare --json``: versions of the tables, 0 for none."""

    model_config = ConfigDict(title="Usage push --prepare")

    to: Place
    before: Version
    after: Version


def schemas() -> dict[str, dict[str, Any]]:
    """File name below ``schemas/`` → the schema."""
    documents: dict[str, type[BaseModel]] = {
        "usage-push.schema.json": UsagePushDocument,
        "usage-prepare.schema.json": UsagePrepareDocument,
    }
    return {
        name: {"$schema": _DIALECT, **model.model_json_schema(by_alias=True, mode="serialization")}
        for name, model in documents.items()
    }
