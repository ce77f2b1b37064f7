"""What OTLP's JSON documents have in common: attributes, resource, scope, and the names of OpenTelemetry for GenAI.

Fact: OpenTelemetry's ``docs/gen-ai/gen-ai-spans.md`` and ``gen-ai-metrics.md`` of semantic-conventions-genai (status
"Development"), and the JSON encoding of OTLP: camelCase, 64-bit integers as texts, ids of traces and spans in hex.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ... import __version__

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


class Call(NamedTuple):
    """One call as the exports need it; '' or None where there is no value. Times are milliseconds, tokens as in ``UsageRecord``."""

    call_id: str
    started_at_ms: int
    provider: str
    model: str
    served_model: str
    agent: str
    task: str
    channel: str
    session: str
    source: str
    role: str
    status: str
    requested_model: str | None
    response_id: str | None
    cause: str | None
    http_status: int | None
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    total_tokens: int
    cost_pico: int | None
    latency_ms: float | None
    time_to_first_token_ms: float | None

    @property
    def prompt_tokens(self) -> int:
        """All input, as OpenTelemetry counts it: with what was read from and written to a cache."""
        return self.input_tokens + self.cache_read_tokens + self.cache_write_tokens

    @property
    def error_type(self) -> str | None:
        """The class of the failure, None where the call did not fail."""
        return (self.cause or self.status) if self.status in ("error", "interrupted") else None


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
    return {
        "attributes": attributes(
            {
                "service.name": "fased",
                "service.instance.id": instance,
                "telemetry.sdk.name": "fased-litellm",
                "telemetry.sdk.language": "python",
                "telemetry.sdk.version": __version__,
            }
        )
    }


def scope() -> dict[str, Any]:
    """The scope that made the figures."""
    return {"name": "fased_litellm.usage", "version": __version__}


def nanoseconds(milliseconds: float) -> str:
    """A time in milliseconds since 1970 as OTLP writes it."""
    return str(round(milliseconds * 1000) * 1000)


def compact(value: Any) -> str:
    """JSON on one line, as OTLP files have it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


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
