"""JSON Schema of ``fased litellm verify --json``, for ``schemas/``."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field

from ..jsonschema import DIALECT, Document, FindingPart
from .steps import Result


class StepPart(Document):
    """One step of the path."""

    name: str = Field(
        description="name, connection, proxy, key, models, alias, request, stream, refusal, ledger, spend."
    )
    title: str
    result: Result
    detail: str
    remedy: str | None
    cause: str | None = Field(description="Of a failure, as in the table of failures.")
    origin: str | None = Field(description="Whose side it broke on.")
    duration_ms: float | None = Field(description="Milliseconds; null for a step that was skipped.")
    facts: dict[str, Any] = Field(description="What was measured; of a request the receipt and the split of its time.")


class VerifiedAlias(Document):
    """The steps of one alias, until one failed on which the next ones stand."""

    alias: str
    ok: bool
    steps: list[StepPart]
    findings: list[FindingPart]


class RungPart(Document):
    """One rung of the ladder."""

    name: str
    title: str
    reached: bool
    reached_at: str | None = Field(description="UTC.")
    evidence: str | None
    command: str | None = Field(description="How to reach it; null where the proxy has no database, which it needs.")


class VerificationDocument(Document):
    """The document of ``fased litellm verify --json``."""

    model_config = ConfigDict(title="Verification")

    ok: bool
    base_url: str
    aliases: list[VerifiedAlias]
    ladder: list[RungPart]
    next: RungPart | None


def schemas() -> dict[str, dict[str, Any]]:
    """File name below ``schemas/`` → the schema."""
    schema = VerificationDocument.model_json_schema(by_alias=True, mode="serialization")
    return {"verification.schema.json": {"$schema": DIALECT, **schema}}
