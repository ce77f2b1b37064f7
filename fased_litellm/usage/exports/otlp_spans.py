"""``--format otlp-spans``: one span for each call, as OTLP traces: a document per line, as collectors read files.

Ids are made from those of the calls, so that to send a call twice makes one span of it. A call is a trace of its own; what
belongs to one session has the same ``gen_ai.conversation.id``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import islice

from ..money import to_number
from . import otlp
from .calls import ExportedCall
from .otlp import attributes, compact, nanoseconds

PER_LINE = 500
"""Spans in one line: what a collector takes at once."""
_CLIENT = 3
_ERROR = 2
_KEPT = 10_000


def documents(calls: Iterable[ExportedCall], *, instance: str | None) -> Iterator[str]:
    """The documents, in pieces; nothing where there are no calls.

    Args:
        calls: in any order.
        instance: see ``otlp.resource``.
    """
    head = (
        f'{{"resourceSpans":[{{"resource":{compact(otlp.resource(instance))},"scopeSpans":'
        f'[{{"scope":{compact(otlp.scope())},"spans":['
    )
    tail = f'],"schemaUrl":{compact(otlp.SCHEMA_URL)}}}]}}]}}\n'
    spans = Spans()
    rest = iter(calls)
    while some := list(islice(rest, PER_LINE)):
        yield from otlp.listed(head, map(spans.of, some), tail)


class Spans:
    """Makes spans. What calls have in common is put into JSON once."""

    def __init__(self) -> None:
        self._made: dict[tuple[str | None, ...], tuple[str, str]] = {}

    def of(self, call: ExportedCall) -> str:
        """The span of one call, as JSON. Where its duration is not known, it has none."""
        digest = sha256(call.call_id.encode()).hexdigest()
        common, status = self._common(call)
        own = compact(attributes(_numbers(call)))[1:-1]
        begin = end = float(call.started_at_ms)
        if call.imported:
            begin -= call.latency_ms or 0.0
        else:
            end += call.latency_ms or 0.0
        return (
            f'{{"traceId":"{digest[:32]}","spanId":"{digest[32:48]}","name":{compact(_title(call))},"kind":{_CLIENT},'
            f'"startTimeUnixNano":"{nanoseconds(begin)}","endTimeUnixNano":"{nanoseconds(end)}",'
            f'"attributes":[{common},{own}]{status}}}'
        )

    def _common(self, call: ExportedCall) -> tuple[str, str]:
        found = self._made.get(call.names)
        if found is None:
            if len(self._made) >= _KEPT:
                self._made.clear()
            error = otlp.error_type(call.status, call.cause)
            status = "" if error is None else f',"status":{compact({"code": _ERROR, "message": error})}'
            found = self._made[call.names] = compact(attributes(_names(call, error)))[1:-1], status
        return found


def _title(call: ExportedCall) -> str:
    return f"{otlp.OPERATION} {call.model}" if call.model else otlp.OPERATION


def _names(call: ExportedCall, error: str | None) -> dict[str, str | int | float | None]:
    return {
        "gen_ai.operation.name": otlp.OPERATION,
        "gen_ai.provider.name": otlp.provider_name(call.provider),
        "gen_ai.request.model": call.model,
        "gen_ai.response.model": call.served_model,
        "gen_ai.conversation.id": call.session,
        "gen_ai.agent.id": call.agent,
        "error.type": error,
        "fased.call.status": call.status,
        "fased.task": call.task,
        "fased.channel": call.channel,
        "fased.source": call.source,
        "fased.role": call.role,
        "fased.requested_model": call.requested_model,
    }


def _numbers(call: ExportedCall) -> dict[str, str | int | float | None]:
    first = call.time_to_first_token_ms
    return {
        "gen_ai.response.id": call.response_id,
        "gen_ai.response.time_to_first_chunk": None if first is None else first / 1000,
        # OpenTelemetry counts what was read from and written to a cache as input.
        "gen_ai.usage.input_tokens": call.input_tokens + call.cache_read_tokens + call.cache_write_tokens,
        "gen_ai.usage.output_tokens": call.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": call.cache_read_tokens or None,
        "gen_ai.usage.cache_creation.input_tokens": call.cache_write_tokens or None,
        "gen_ai.usage.reasoning.output_tokens": call.reasoning_tokens or None,
        "http.response.status_code": call.http_status,
        "fased.call.id": call.call_id,
        "fased.cost.usd": None if call.cost_pico is None else to_number(call.cost_pico),
    }
