"""``--format otlp-json``: what the calls of a window add up to, as OTLP metrics.

``gen_ai.client.token.usage`` and ``gen_ai.client.operation.duration`` are OpenTelemetry's. It has no name for costs and
none for calls whose duration is not known, so these are our own: ``fased.usage.calls``, ``fased.usage.cost``,
``fased.usage.unpriced_calls``.

Figures are cumulative from the beginning of the window on: to send a document twice changes nothing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..money import to_number
from ..record import UNANSWERED
from . import otlp
from .otlp import Call, attributes, nanoseconds

_TOKEN_BOUNDS = tuple(4.0**power for power in range(14))
_SECOND_BOUNDS = tuple(round(0.01 * 2**power, 2) for power in range(14))
_CUMULATIVE = 2

Key = tuple[str | None, ...]


@dataclass(slots=True)
class _Histogram:
    """Counts of values between bounds, the upper one included."""

    bounds: tuple[float, ...]
    counts: list[int] = field(default_factory=list)
    total: float = 0
    least: float = 0
    most: float = 0

    def add(self, value: float) -> None:
        if not self.counts:
            self.counts = [0] * (len(self.bounds) + 1)
            self.least = self.most = value
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value
        self.least = min(self.least, value)
        self.most = max(self.most, value)

    def as_dict(self) -> dict[str, Any]:
        return {
            "count": str(sum(self.counts)),
            "sum": self.total,
            "bucketCounts": [str(count) for count in self.counts],
            "explicitBounds": list(self.bounds),
            "min": self.least,
            "max": self.most,
        }


@dataclass(slots=True)
class _Sums:
    calls: int = 0
    unpriced: int = 0
    cost_pico: int = 0


_NAMES = ("gen_ai.provider.name", "gen_ai.request.model", "gen_ai.response.model", "gen_ai.agent.id")


class Metrics:
    """Calls, added up per provider, model, served model, agent and failure. Its size grows with these, not with the calls."""

    def __init__(self) -> None:
        self._tokens: dict[Key, _Histogram] = {}
        self._seconds: dict[Key, _Histogram] = {}
        self._sums: dict[Key, _Sums] = {}

    def add(self, call: Call) -> None:
        """Count one call."""
        names = (call.provider, call.model, call.served_model, call.agent)
        for kind, number in (("input", call.prompt_tokens), ("output", call.output_tokens)):
            if number:
                _of(self._tokens, (*names, kind), _TOKEN_BOUNDS).add(number)
        if call.latency_ms is not None:
            _of(self._seconds, (*names, call.error_type), _SECOND_BOUNDS).add(call.latency_ms / 1000)
        sums = self._sums.setdefault((*names, call.error_type), _Sums())
        sums.calls += 1
        if call.cost_pico is not None:
            sums.cost_pico += call.cost_pico
        elif _used(call):
            sums.unpriced += 1

    def document(self, *, from_ms: int, to_ms: int, instance: str | None) -> Iterator[str]:
        """The document, in pieces.

        Args:
            from_ms: beginning of the window, milliseconds since 1970 UTC.
            to_ms: its end, or the present where that is earlier.
            instance: see ``otlp.resource``.
        """
        times = {"startTimeUnixNano": nanoseconds(from_ms), "timeUnixNano": nanoseconds(to_ms)}
        head = (
            f'{{"resourceMetrics":[{{"resource":{otlp.compact(otlp.resource(instance))},"scopeMetrics":'
            f'[{{"scope":{otlp.compact(otlp.scope())},"metrics":['
        )
        tail = f'],"schemaUrl":{otlp.compact(otlp.SCHEMA_URL)}}}]}}]}}\n'
        return otlp.listed(head, map(otlp.compact, self._metrics(times)), tail)

    def _metrics(self, times: dict[str, str]) -> Iterator[dict[str, Any]]:
        histograms = (
            ("gen_ai.client.token.usage", "{token}", "gen_ai.token.type", self._tokens),
            ("gen_ai.client.operation.duration", "s", "error.type", self._seconds),
        )
        for name, unit, last, found in histograms:
            if found:
                points = [{**_point(key, last, times), **value.as_dict()} for key, value in found.items()]
                yield {
                    "name": name,
                    "unit": unit,
                    "histogram": {"aggregationTemporality": _CUMULATIVE, "dataPoints": points},
                }
        if self._sums:
            yield self._sum("fased.usage.calls", "{call}", times, lambda sums: {"asInt": str(sums.calls)})
            yield self._sum("fased.usage.cost", "{USD}", times, lambda sums: {"asDouble": to_number(sums.cost_pico)})
            yield self._sum("fased.usage.unpriced_calls", "{call}", times, lambda sums: {"asInt": str(sums.unpriced)})

    def _sum(self, name: str, unit: str, times: dict[str, str], value: Any) -> dict[str, Any]:
        points = [{**_point(key, "error.type", times), **value(sums)} for key, sums in self._sums.items()]
        return {
            "name": name,
            "unit": unit,
            "sum": {"aggregationTemporality": _CUMULATIVE, "isMonotonic": True, "dataPoints": points},
        }


def metrics(calls: Iterable[Call]) -> Metrics:
    """The metrics of some calls."""
    found = Metrics()
    for call in calls:
        found.add(call)
    return found


def _of(histograms: dict[Key, _Histogram], key: Key, bounds: tuple[float, ...]) -> _Histogram:
    found = histograms.get(key)
    if found is None:
        found = histograms[key] = _Histogram(bounds)
    return found


def _point(key: Key, last: str, times: dict[str, str]) -> dict[str, Any]:
    values = dict(zip((*_NAMES, last), key, strict=True))
    values[_NAMES[0]] = otlp.provider_name(key[0] or "")
    return {"attributes": attributes({"gen_ai.operation.name": otlp.OPERATION, **values}), **times}


def _used(call: Call) -> bool:
    """As ``UsageRecord.unpriced``, for a call without a known cost."""
    return call.total_tokens > 0 or call.status != "error" or call.cause in UNANSWERED
