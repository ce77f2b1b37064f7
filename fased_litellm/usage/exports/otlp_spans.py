"""``--format otlp-spans``: one span for each call, as OTLP traces: a document per line, as collectors read files.

Ids are made from those of the calls, so that to send a call twice makes one span of it. A call is a trace of its own; what
belongs to one session has the same ``gen_ai.conversation.id``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import islice
from typing import Any

from ..money import to_number
from . import otlp
from .otlp import Call, attributes, nanoseconds

PER_LINE = 500
"""Spans in one line: what a collector takes at once."""
_CLIENT = 3
_ERROR = 2


def documents(calls: Iterable[Call], *, instance: str | None) -> Iterator[str]:
    """The documents, in pieces; nothing where there are no calls.

    Args:
        calls: in any order.
        instance: see ``otlp.resource``.
    """
    head = (
        f'{{"resourceSpans":[{{"resource":{otlp.compact(otlp.resource(instance))},"scopeSpans":'
        f'[{{"scope":{otlp.compact(otlp.scope())},"spans":['
    )
    tail = f'],"schemaUrl":{otlp.compact(otlp.SCHEMA_URL)}}}]}}]}}\n'
    rest = iter(calls)
    while some := list(islice(rest, PER_LINE)):
        yield from otlp.listed(head, (otlp.compact(span(call)) for call in some), tail)


def span(call: Call) -> dict[str, Any]:
    """The span of one call. Where its duration is not known, it has none."""
    digest = sha256(call.call_id.encode()).hexdigest()
    error = call.error_type
    made: dict[str, Any] = {
        "traceId": digest[:32],
        "spanId": digest[32:48],
        "name": f"{otlp.OPERATION} {call.model}".rstrip(),
        "kind": _CLIENT,
        "startTimeUnixNano": nanoseconds(call.started_at_ms),
        "endTimeUnixNano": nanoseconds(call.started_at_ms + (call.latency_ms or 0.0)),
        "attributes": attributes(_attributes(call, error)),
    }
    if error is not None:
        made["status"] = {"code": _ERROR, "message": error}
    return made


def _attributes(call: Call, error: str | None) -> dict[str, str | int | float | None]:
    first = call.time_to_first_token_ms
    return {
        "gen_ai.operation.name": otlp.OPERATION,
        "gen_ai.provider.name": otlp.provider_name(call.provider),
        "gen_ai.request.model": call.model,
        "gen_ai.response.model": call.served_model,
        "gen_ai.response.id": call.response_id,
        "gen_ai.response.time_to_first_chunk": None if first is None else first / 1000,
        "gen_ai.conversation.id": call.session,
        "gen_ai.agent.id": call.agent,
        "gen_ai.usage.input_tokens": call.prompt_tokens,
        "gen_ai.usage.output_tokens": call.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": call.cache_read_tokens or None,
        "gen_ai.usage.cache_creation.input_tokens": call.cache_write_tokens or None,
        "gen_ai.usage.reasoning.output_tokens": call.reasoning_tokens or None,
        "error.type": error,
        "http.response.status_code": call.http_status,
        "fased.call.id": call.call_id,
        "fased.call.status": call.status,
        "fased.task": call.task,
        "fased.channel": call.channel,
        "fased.source": call.source,
        "fased.role": call.role,
        "fased.requested_model": call.requested_model,
        "fased.cost.usd": None if call.cost_pico is None else to_number(call.cost_pico),
    }
