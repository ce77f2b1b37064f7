"""Latencies as Fased's usage page has them. Pure.

Fact: Fased's ``src/infra/session-cost-usage.ts`` takes the 95th percentile of a session from its sorted latencies and
leaves out those over 12 hours; where sessions are put together, its ``src/shared/usage-aggregates.ts`` takes the largest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Annotated

from ...documents import Day, Doc, Milliseconds, Number, TypedDict

LONGEST_MS = 12 * 60 * 60 * 1000


class LatencyPart(TypedDict):
    """How long replies took."""

    count: Number
    avgMs: Milliseconds
    p95Ms: Annotated[Milliseconds, Doc("Of several sessions, the largest of theirs.")]
    minMs: Milliseconds
    maxMs: Milliseconds


class DayLatency(LatencyPart, TypedDict):
    """The same of one day."""

    date: Day


def by_day(found: Mapping[str, Latency]) -> list[DayLatency]:
    """Those of each day, in order."""
    return [{"date": day, **part} for day, latency in sorted(found.items()) if (part := latency.as_dict())]


@dataclass(slots=True)
class Latency:
    """How long replies took, in milliseconds."""

    count: int = 0
    total: float = 0
    least: float = 0
    most: float = 0
    p95: float = 0

    @classmethod
    def of(cls, values: Sequence[float]) -> Latency:
        """Of the replies of one session."""
        if not values:
            return cls()
        ordered = sorted(values)
        return cls(len(ordered), sum(ordered), ordered[0], ordered[-1], ordered[max(0, ceil(len(ordered) * 0.95) - 1)])

    def add(self, other: Latency) -> None:
        """Take those of another session in."""
        if not other.count:
            return
        self.least = min(self.least, other.least) if self.count else other.least
        self.most = max(self.most, other.most)
        self.p95 = max(self.p95, other.p95)
        self.count += other.count
        self.total += other.total

    def as_dict(self) -> LatencyPart | None:
        """As in Fased's documents, None where there is none."""
        if not self.count:
            return None
        return {
            "count": self.count,
            "avgMs": self.total / self.count,
            "p95Ms": self.p95,
            "minMs": self.least,
            "maxMs": self.most,
        }
