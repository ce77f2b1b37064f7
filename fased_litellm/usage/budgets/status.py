"""How the limits of budgets stand at a moment, as values and in words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from ...documents import Cost, Count, Doc, Moment, TypedDict
from ...formatting import count
from ...redaction import redact
from ..money import to_number
from ..record import iso
from .amounts import dollars
from .budget import OPTIONS, Budget
from .spent import SpendKey, Spent, Sum
from .windows import BudgetWindow, Calendar, Period

NEAR = 80
"""From this share of a limit on, in percent, it is nearly used up."""


_Began = TypedDict("_Began", {"from": Annotated[Moment | None, Doc("When this day or month began.")]})


class LimitState(_Began, TypedDict):
    """A limit, and what was spent of it; all but the first two are null where that is not known."""

    period: Period
    limitUsd: Cost
    spentUsd: Annotated[Cost | None, Doc("The known cost of the calls.")]
    share: Annotated[Cost | None, Doc("spentUsd / limitUsd.")]
    reached: bool | None
    resetsAt: Moment | None
    calls: Annotated[Count | None, Doc("Calls in it, those too that were refused.")]
    unpricedCalls: Annotated[Count | None, Doc("Calls that used something at a price which is not known.")]
    unpricedModels: list[str] | None


def unknown(period: Period, limit_pico: int) -> LimitState:
    """A limit in JSON of which it is not known what was spent."""
    return {
        "period": period,
        "limitUsd": to_number(limit_pico),
        "spentUsd": None,
        "share": None,
        "reached": None,
        "from": None,
        "resetsAt": None,
        "calls": None,
        "unpricedCalls": None,
        "unpricedModels": None,
    }


@dataclass(frozen=True, slots=True)
class Standing:
    """One limit of a budget, and what was spent of it.

    Attributes:
        budget: the budget.
        period: the period of the limit.
        window: the day or month of now.
        sum: what was used in it.
    """

    budget: Budget
    period: Period
    window: BudgetWindow
    sum: Sum

    @property
    def limit_pico(self) -> int:
        """The limit in pico-USD."""
        return self.budget.limits[self.period]

    @property
    def reached(self) -> bool:
        """Whether all of it is spent."""
        return self.sum.cost_pico >= self.limit_pico

    @property
    def near(self) -> bool:
        """Whether ``NEAR`` percent of it are spent, or all."""
        return self.sum.cost_pico * 100 >= self.limit_pico * NEAR

    @property
    def percent(self) -> int:
        """How much of it is spent, in whole percent, rounded down: 100 is all of it."""
        return self.sum.cost_pico * 100 // self.limit_pico

    @property
    def unpriced_calls(self) -> int:
        """Calls that used something, or may have, at a price which is not known: they are not counted."""
        return sum(self.sum.unpriced.values())

    def as_dict(self) -> LimitState:
        """The limit in JSON."""
        return {
            "period": self.period,
            "limitUsd": to_number(self.limit_pico),
            "spentUsd": to_number(self.sum.cost_pico),
            "share": round(self.sum.cost_pico / self.limit_pico, 6),
            "reached": self.reached,
            "from": iso(self.window.from_ms),
            "resetsAt": iso(self.window.to_ms),
            "calls": self.sum.calls,
            "unpricedCalls": self.unpriced_calls,
            "unpricedModels": sorted(self.sum.unpriced),
        }

    # ---- in words

    def spent(self) -> str:
        """``$4.20 of $5.00 on 2026-11-22 (UTC)``."""
        when = f"on {self.window.first}" if self.period == "day" else f"in {self.window.first:%Y-%m}"
        return f"{dollars(self.sum.cost_pico)} of {dollars(self.limit_pico)} {when} ({self.budget.time_zone})"

    def resets(self) -> str:
        """``on 2026-11-23``: the day that begins the next one."""
        return f"on {self.window.after}"

    def uncounted(self) -> str | None:
        """A sentence about calls without a known price, None where there are none."""
        number = self.unpriced_calls
        if not number:
            return None
        models = sorted(self.sum.unpriced)
        named = ", ".join(models[:3]) + (f" and {len(models) - 3} more" if len(models) > 3 else "")
        calls = count(number, "call without a known price is", "calls without a known price are")
        return redact(f"{calls} not counted ({named}).")

    def raise_it(self) -> str:
        """How to spend more at once."""
        option = OPTIONS[self.period]
        return (
            f"`fased usage budget set {self.budget.options()} --{option} AMOUNT`".replace("  ", " ")
            + f" raises it, `fased usage budget remove {self.budget.id}` removes it."
        )


def standings(budgets: Iterable[Budget], now_ms: int, spent: Spent, calendar: Calendar) -> list[Standing]:
    """How every limit of some budgets stands.

    Args:
        now_ms: the present, in milliseconds since 1970 UTC.

    Raises:
        LedgerError: the ledger cannot be read.
        UsageError: this machine does not know a budget's time zone.
    """
    wanted = [
        (budget, period, calendar.window(period, now_ms, budget.time_zone))
        for budget in budgets
        for period in budget.periods
    ]
    sums = spent.of(SpendKey(budget.scope, part.from_ms, part.to_ms) for budget, _, part in wanted)
    return [Standing(*asked, found) for asked, found in zip(wanted, sums, strict=True)]
