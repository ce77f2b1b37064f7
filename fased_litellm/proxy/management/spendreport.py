"""Spend rows, summed up as they come: a million of them take as much memory as their groups. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated

from ...documents import Doc, TypedDict, Usd
from .spend import SpendRow

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_GROUPS = 100_000
OTHERS = "(others)"
"""The group of all values past the first hundred thousand."""


def _day(row: SpendRow) -> str:
    return f"{_EPOCH + timedelta(milliseconds=row.started_at_ms):%Y-%m-%d}"


def _tags(row: SpendRow) -> tuple[str | None, ...]:
    # LiteLLM adds two of its own to each row, with the user agent.
    return tuple(tag for tag in row.tags if not tag.startswith("User-Agent:")) or (None,)


BY: dict[str, Callable[[SpendRow], tuple[str | None, ...]]] = {
    "model": lambda row: (row.model_group or row.model,),
    "served": lambda row: (row.model,),
    "agent": lambda row: (row.agent_id or row.tag("agent"),),
    "task": lambda row: (row.tag("task"),),
    "channel": lambda row: (row.tag("channel"),),
    "session": lambda row: (row.session_id,),
    "tag": _tags,
    "day": lambda row: (_day(row),),
    "key": lambda row: (row.key_alias or row.api_key,),
    "user": lambda row: (row.end_user,),
    "status": lambda row: (row.status,),
}
"""What rows can be grouped by; a row counts under each of its tags, so that these do not add up to the total."""


class SpendTotals(TypedDict):
    """All requests."""

    requests: int
    failed: int
    promptTokens: Annotated[int, Doc("With the cached ones, as LiteLLM counts.")]
    completionTokens: int
    totalTokens: int
    spendUsd: Usd
    unpricedRequests: Annotated[int, Doc("Answered, with tokens, and a spend of 0.")]


class SpendGroup(SpendTotals):
    """Requests with one value."""

    value: str | None


@dataclass(slots=True)
class Sums:
    """What some rows sum up to: requests, failures, tokens as LiteLLM counts them, USD, and answered requests with tokens and a spend of 0."""

    requests: int = 0
    failed: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0
    spend: Decimal = Decimal(0)
    unpriced: int = 0

    def add(self, row: SpendRow) -> None:
        """Count a row."""
        self.requests += 1
        self.failed += row.status == "failure"
        self.prompt_tokens += row.prompt_tokens
        self.completion_tokens += row.completion_tokens
        self.total_tokens += row.total_tokens
        self.spend += row.spend
        self.unpriced += row.spend == 0 and row.total_tokens > 0 and row.status != "failure"

    def as_dict(self) -> SpendTotals:
        return {
            "requests": self.requests,
            "failed": self.failed,
            "promptTokens": self.prompt_tokens,
            "completionTokens": self.completion_tokens,
            "totalTokens": self.total_tokens,
            "spendUsd": float(self.spend),
            "unpricedRequests": self.unpriced,
        }


@dataclass(slots=True)
class SpendReport:
    """Rows by several groupings at once.

    Attributes:
        groups: grouping → value → sums; None is for rows without a value.
        totals: of all rows.
    """

    groups: dict[str, dict[str | None, Sums]] = field(default_factory=dict)
    totals: Sums = field(default_factory=Sums)

    def ordered(self, name: str) -> list[tuple[str | None, Sums]]:
        """The groups of a grouping: days in their order, all else dearest first."""
        found = list(self.groups[name].items())
        if name == "day":
            return sorted(found, key=lambda pair: pair[0] or "")
        return sorted(found, key=lambda pair: (-pair[1].spend, -pair[1].total_tokens, pair[0] or ""))

    def grouped(self) -> dict[str, list[SpendGroup]]:
        """``groups`` of the JSON document."""
        return {
            name: [{"value": value, **sums.as_dict()} for value, sums in self.ordered(name)] for name in self.groups
        }


def summed(rows: Iterable[SpendRow], by: Iterable[str], wanted: Mapping[str, str] | None = None) -> SpendReport:
    """Sum rows up.

    Args:
        rows: taken one at a time.
        by: groupings, names of ``BY``.
        wanted: grouping → the value that a row must have; for what the proxy cannot filter by itself.
    """
    report = SpendReport({name: {} for name in by})
    for row in rows:
        if any(value not in BY[name](row) for name, value in (wanted or {}).items()):
            continue
        report.totals.add(row)
        for name, groups in report.groups.items():
            for value in BY[name](row):
                if value not in groups and len(groups) >= _MOST_GROUPS:
                    groups.setdefault(OTHERS, Sums()).add(row)
                else:
                    groups.setdefault(value, Sums()).add(row)
    return report
