"""JSON Schema of ``fased litellm doctor --json``, for ``schemas/``."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from ..findings import Severity
from ..jsonschema import DIALECT, Document, FindingPart


class ExaminedProxy(Document):
    """The proxy."""

    asked: bool
    ready: bool
    version: str | None = Field(description="As it says, else as the newest replies in the history said.")
    verdict: str
    known_as_of: str = Field(description="Date of what is known of releases.")
    known_from: Literal["table", "osv"] = Field(
        description="The table of this package, or OSV's answer (`--online`) for what concerns security."
    )


class InstalledProvider(Document):
    """A provider plug-in that is installed and used."""

    id: str
    label: str
    distribution: str = Field(description="The installed distribution that provides it; empty if it is in none.")
    version: str | None


class ExaminationDocument(Document):
    """The document of ``fased litellm doctor --json``."""

    model_config = ConfigDict(title="Examination")

    ok: bool = Field(description="Whether there is no error among the findings.")
    config_path: str
    base_url: str | None
    proxy: ExaminedProxy
    providers: list[InstalledProvider] = Field(description="That of this package first.")
    findings: list[FindingPart] = Field(description="Worst first.")
    counts: dict[Severity, int]
    fixed: list[str] = Field(description="What --fix has done.")


def schemas() -> dict[str, dict[str, Any]]:
    """File name below ``schemas/`` → the schema."""
    schema = ExaminationDocument.model_json_schema(by_alias=True, mode="serialization")
    return {"examination.schema.json": {"$schema": DIALECT, **schema}}
