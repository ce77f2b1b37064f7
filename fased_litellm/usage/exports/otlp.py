"""What OTLP's JSON documents have in common: attributes, resource, scope, and the names of OpenTelemetry for GenAI.

Fact: OpenTelemetry's ``docs/gen-ai/gen-ai-spans.md`` and ``gen-ai-metrics.md`` of semantic-conventions-genai (status
"Development"), and the JSON encoding of OTLP: camelCase, 64-bit integers as texts, ids of traces and spans in hex.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ...version import __version__
from ..record import FAILED

SCHEMA_URL = "https://opentelemetry.io/schemas/1.37.0"
OPERATION = "chat"

# Ids of providers as Fased has them → the names that OpenTelemetry asks for.
_PROVIDERS = {
    "amazon-bedrock": "aws.bedrock",
    "azure": "azure.ai.openai",
    "azure-openai": "azure.ai.openai",
    "bedrock": "aws.bedrock",
    "google": "gcp.gemini",
    "google-vertex": "gcp.vertex_ai",
    "mistral": "mistral_ai",
    "moonshot": "moonshot_ai",
    "vertex": "gcp.vertex_ai",
    "xai": "x_ai",
}
UNKNOWN = "unknown"


def error_type(status: str | None, cause: str | None) -> str | None:
    """The class of a failure, None where a call of that status did not fail."""
    return (cause or status) if status in FAILED else None


def provider_name(provider: str) -> str:
    """The value of ``gen_ai.provider.name`` for a provider's id."""
    return _PROVIDERS.get(provider, provider) or UNKNOWN


def attributes(values: Mapping[str, str | int | float | None]) -> list[dict[str, Any]]:
    """A list of attributes, those without a value left out."""
    return [{"key": key, "value": _value(value)} for key, value in values.items() if value is not None and value != ""]


def resource(instance: str | None) -> dict[str, Any]:
    """The resource that the figures are about.

    Args:
        instance: the id of the ledger's host, by which the figures of several machines are told apart.
    """
    return {"attributes": attributes({"service.name": "fased", "service.instance.id": instance})}


def scope() -> dict[str, Any]:
    """The scope that made the figures."""
    return {"name": "fased_litellm.usage", "version": __version__}


def nanoseconds(milliseconds: float) -> str:
    """A time in milliseconds since 1970 as OTLP writes it."""
    return str(round(milliseconds * 1000) * 1000)


def compact(value: Any) -> str:
    """JSON on one line, as OTLP files have it."""
    return json.dumps(value, separators=(",", ":"))  # in ASCII: some readers take U+2028 for the end of a line


def listed(head: str, items: Iterator[str], tail: str) -> Iterator[str]:
    """A document with a list in it whose items are made one by one."""
    yield head
    for place, item in enumerate(items):
        yield f",{item}" if place else item
    yield tail


def _value(value: str | float) -> dict[str, Any]:
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    return {"doubleValue": value}
