"""``--format otlp-json``: what the calls of a window add up to, as OTLP metrics.

``gen_ai.client.token.usage`` and ``gen_ai.client.operation.duration`` are OpenTelemetry's. It has no name for costs and
none for calls whose duration is not known, so these are our own: ``fased.usage.calls``, ``fased.usage.cost``,
``fased.usage.unpriced_calls``.

Figures are cumulative from the beginning of the window on: to send a document twice changes nothing.
"""

from __future__ import annotations

import sqlite3
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import add as plus
from typing import Any

from ..money import to_number
from ..query.query import Query
from ..record import UNANSWERED
from . import otlp
from .calls import select
from .names import NameRedactor
from .otlp import attributes, compact, nanoseconds

_TOKEN_BOUNDS = tuple(4**power for power in range(14))
_SECOND_BOUNDS = tuple(round(0.01 * 2**power, 2) for power in range(14))
_CUMULATIVE = 2

Key = tuple[str | None, ...]
_NAMES = ("gen_ai.provider.name", "gen_ai.request.model", "gen_ai.response.model", "gen_ai.agent.id")
_CALL = (
    "call.dimension, call.cause, call.input_tokens + call.cache_read_tokens + call.cache_write_tokens, "
    "call.output_tokens, call.latency_ms, call.cost_pico, call.total_tokens"
)


class Histogram:
    """Counts of values between bounds, the upper one included."""

    __slots__ = ("bounds", "counts", "least", "most", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total: float = 0
        self.least = float("inf")
        self.most: float = 0

    def add(self, value: float) -> None:
        """Take in a value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value
        self.least = min(self.least, value)
        self.most = max(self.most, value)

    def merge(self, other: Histogram) -> None:
        """Take in the values of another one."""
        self.counts = [*map(plus, self.counts, other.counts)]
        self.total += other.total
        self.least, self.most = min(self.least, other.least), max(self.most, other.most)


class _Group:
    """The calls of one combination of names, and one cause."""

    __slots__ = ("calls", "cost_pico", "idle", "output", "prompt", "seconds", "unpriced")

    def __init__(self) -> None:
        self.prompt, self.output = Histogram(_TOKEN_BOUNDS), Histogram(_TOKEN_BOUNDS)
        self.seconds = Histogram(_SECOND_BOUNDS)
        self.calls = self.cost_pico = 0
        self.unpriced = self.idle = 0  # without a known cost: those that took tokens, and those that did not

    def add(self, prompt: int, output: int, latency_ms: float | None, cost_pico: int | None, tokens: int) -> None:
        self.calls += 1
        if prompt:
            self.prompt.add(prompt)
        if output:
            self.output.add(output)
        if latency_ms is not None:
            self.seconds.add(latency_ms / 1000)
        if cost_pico is not None:
            self.cost_pico += cost_pico
        elif tokens:
            self.unpriced += 1
        else:
            self.idle += 1


@dataclass(slots=True)
class Metrics:
    """What was added up, per provider, model, served model and agent, and then per kind of token or class of failure.

    Attributes:
        tokens: per kind, ``input`` or ``output``.
        seconds: per class of failure.
        sums: likewise: calls, cost in 10⁻¹² USD, unpriced calls.
    """

    tokens: dict[Key, Histogram] = field(default_factory=dict)
    seconds: dict[Key, Histogram] = field(default_factory=dict)
    sums: dict[Key, tuple[int, int, int]] = field(default_factory=dict)

    def add(self, names: Key, status: str, cause: str | None, group: _Group) -> None:
        """Take in the calls of one combination of names."""
        error = otlp.error_type(status, cause)
        for kind, histogram in (("input", group.prompt), ("output", group.output)):
            _merge(self.tokens, (*names, kind), histogram)
        _merge(self.seconds, (*names, error), group.seconds)
        # As in UsageRecord.unpriced.
        unpriced = group.unpriced + (group.idle if status != "error" or cause in UNANSWERED else 0)
        sums = self.sums.get((*names, error), (0, 0, 0))
        self.sums[*names, error] = (sums[0] + group.calls, sums[1] + group.cost_pico, sums[2] + unpriced)

    def document(self, *, from_ms: int, to_ms: int, instance: str | None) -> Iterator[str]:
        """The document, in pieces.

        Args:
            from_ms: beginning of the window, milliseconds since 1970 UTC.
            to_ms: its end, or the present where that is earlier.
            instance: see ``otlp.resource``.
        """
        times = {"startTimeUnixNano": nanoseconds(from_ms), "timeUnixNano": nanoseconds(to_ms)}
        head = (
            f'{{"resourceMetrics":[{{"resource":{compact(otlp.resource(instance))},"scopeMetrics":'
            f'[{{"scope":{compact(otlp.scope())},"metrics":['
        )
        tail = f'],"schemaUrl":{compact(otlp.SCHEMA_URL)}}}]}}]}}\n'
        return otlp.listed(head, map(compact, self._metrics(times)), tail)

    def _metrics(self, times: dict[str, str]) -> Iterator[dict[str, Any]]:
        if self.tokens:
            points = _points(self.tokens, "gen_ai.token.type", times)
            yield {"name": "gen_ai.client.token.usage", "unit": "{token}", "histogram": points}
        if self.seconds:
            points = _points(self.seconds, "error.type", times)
            yield {"name": "gen_ai.client.operation.duration", "unit": "s", "histogram": points}
        if self.sums:
            yield self._sum("fased.usage.calls", "{call}", times, 0)
            yield self._sum("fased.usage.cost", "{USD}", times, 1)
            yield self._sum("fased.usage.unpriced_calls", "{call}", times, 2)

    def _sum(self, name: str, unit: str, times: dict[str, str], place: int) -> dict[str, Any]:
        def value(number: int) -> dict[str, Any]:
            return {"asDouble": to_number(number)} if unit == "{USD}" else {"asInt": str(number)}

        points = [{**_point(key, "error.type", times), **value(sums[place])} for key, sums in self.sums.items()]
        return {
            "name": name,
            "unit": unit,
            "sum": {"aggregationTemporality": _CUMULATIVE, "isMonotonic": True, "dataPoints": points},
        }


def metrics(connection: sqlite3.Connection, query: Query) -> Metrics:
    """Add up the calls that a report of the query counts. What is kept grows with their names, not with the calls.

    Raises:
        UsageError: the filter asks for what a report does not have.
        sqlite3.Error: the ledger cannot be read.
    """
    groups: dict[tuple[int, str | None], _Group] = {}
    for dimension, cause, *numbers in connection.execute(*select(query, _CALL, "")):
        group = groups.get((dimension, cause))
        if group is None:
            group = groups[dimension, cause] = _Group()
        group.add(*numbers)
    found = Metrics()
    names = NameRedactor()
    for (dimension, cause), group in groups.items():
        *key, status = connection.execute(
            "SELECT provider, model, served_model, agent, status FROM dimension WHERE id = ?", (dimension,)
        ).fetchone()
        found.add(tuple(map(names.or_none, key)), status, names.or_none(cause), group)
    return found


def _merge(histograms: dict[Key, Histogram], key: Key, histogram: Histogram) -> None:
    if histogram.total or any(histogram.counts):
        histograms.setdefault(key, Histogram(histogram.bounds)).merge(histogram)


def _points(histograms: dict[Key, Histogram], last: str, times: dict[str, str]) -> dict[str, Any]:
    points = [
        {
            **_point(key, last, times),
            "count": str(sum(histogram.counts)),
            "sum": histogram.total,
            "bucketCounts": [str(count) for count in histogram.counts],
            "explicitBounds": list(histogram.bounds),
            "min": histogram.least,
            "max": histogram.most,
        }
        for key, histogram in histograms.items()
    ]
    return {"aggregationTemporality": _CUMULATIVE, "dataPoints": points}


def _point(key: Key, last: str, times: dict[str, str]) -> dict[str, Any]:
    values = dict(zip((*_NAMES, last), key, strict=True))
    values[_NAMES[0]] = otlp.provider_name(key[0] or "")
    return {"attributes": attributes({"gen_ai.operation.name": otlp.OPERATION, **values}), **times}
