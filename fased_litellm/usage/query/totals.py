"""What calls sum up to."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Annotated, Any, NamedTuple

from ...documents import Cost, Count, Day, Doc, Number, TokensPart, TypedDict
from ..money import from_pico, to_number
from ..record import Status, camel


class UsageTotals(TokensPart, TypedDict):
    """What some calls sum up to."""

    calls: Count
    failed: Annotated[Count, Doc("Calls that failed or broke off; included in calls.")]
    costUsd: Annotated[Cost | None, Doc("The known cost in USD; null where nothing of it is known.")]
    unpricedCalls: Annotated[Count, Doc("Calls whose cost is not known, and not in costUsd.")]


class UsageGroup(UsageTotals, TypedDict, total=False):
    """The calls which agree in the dimensions named by ``by``; it has these and no others, null for no value."""

    provider: str | None
    model: str | None
    agent: str | None
    task: Annotated[str | None, Doc("The task's id.")]
    taskName: Annotated[str | None, Doc("What people call it; beside task, null where it is not known.")]
    channel: str | None
    session: str | None
    source: str | None
    role: str | None
    status: Status | None
    servedModel: str | None
    host: str | None
    hour: (
        Annotated[str, Doc("An hour, by its beginning.", pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d(Z|[+-]\d\d:\d\d)$")]
        | None
    )
    day: Day | None
    week: (
        Annotated[
            str,
            Doc(
                "A week of ISO 8601, from Monday; the first day of the week where weeks begin on another day.",
                pattern=r"^\d{4}-(W\d\d|\d\d-\d\d)$",
            ),
        ]
        | None
    )
    month: Annotated[str, Doc(pattern=r"^\d{4}-\d\d$")] | None


class UsageRest(UsageTotals, TypedDict):
    """The groups which ``--top`` left out, summed up."""

    groups: Annotated[Number, Doc("How many they are.")]


class Totals(NamedTuple):
    """What some calls sum up to.

    Attributes:
        calls, failed: all calls, and those that failed or broke off.
        input_tokens … total_tokens: as in ``UsageRecord``.
        cost_pico: the known cost, in 10⁻¹² USD.
        priced_calls: calls whose cost is known.
        unpriced_calls, unpriced_tokens: calls which used something at a price that is not known, and their tokens.
        input_cost_pico … cache_write_cost_pico: parts of the known cost, as far as they are known; all 0 if the query did
            not ask for them.
    """

    calls: int = 0
    failed: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    total_tokens: int = 0
    cost_pico: int = 0
    priced_calls: int = 0
    unpriced_calls: int = 0
    unpriced_tokens: int = 0
    input_cost_pico: int = 0
    output_cost_pico: int = 0
    cache_read_cost_pico: int = 0
    cache_write_cost_pico: int = 0

    @property
    def cost_known(self) -> bool:
        """False where there is something to pay, and no part of it is known."""
        return self.priced_calls > 0 or self.unpriced_calls == 0

    @property
    def cost_usd(self) -> Decimal | None:
        """The cost in USD as far as it is known, None where nothing of it is."""
        return from_pico(self.cost_pico) if self.cost_known else None

    def as_dict(self) -> UsageTotals:
        """The fields of a group, and of ``totals``, in the JSON report."""
        counts: Any = dict(zip(_JSON_COUNTS, self, strict=False))
        document: UsageTotals = counts
        document["costUsd"] = to_number(self.cost_pico) if self.cost_known else None
        document["unpricedCalls"] = self.unpriced_calls
        return document


class Group(NamedTuple):
    """The calls that agree in all dimensions of a report: ``key`` has a value for each, None for none."""

    key: tuple[str | None, ...]
    totals: Totals


COUNTS = Totals._fields[:8]
"""The fields of ``Totals`` that are plain counts, in the order of the report."""
SUMS = Totals._fields[:12]
"""Those that every report has."""
_JSON_COUNTS = tuple(map(camel, COUNTS))


def add(parts: Iterable[Totals]) -> Totals:
    """The sum of several totals."""
    columns = list(zip(*parts, strict=True))
    return Totals(*map(sum, columns)) if columns else Totals()
