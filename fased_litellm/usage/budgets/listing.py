"""All budgets with how they stand: what ``fased usage budget list`` and the glance show."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import FasedError, LedgerError, UsageError
from ..money import to_number
from .budget import Budget
from .spent import Spent
from .status import FIELDS, Standing, standings
from .windows import Calendar


@dataclass(frozen=True, slots=True)
class Listing:
    """Budgets and their limits.

    Attributes:
        budgets: in the order in which they were made.
        standings: each limit of each, empty if ``problem`` is set.
        problem: why it is not known what was spent.
    """

    budgets: tuple[Budget, ...]
    standings: tuple[Standing, ...]
    problem: FasedError | None = None

    def of(self, budget: Budget) -> tuple[Standing, ...]:
        """The limits of one budget."""
        return tuple(one for one in self.standings if one.budget.id == budget.id)

    def as_dict(self) -> dict[str, Any]:
        """The document of ``fased usage budget list --json``; see ``schemas/budget-list.schema.json``."""
        return {
            "budgets": [self.entry(budget) for budget in self.budgets],
            "problem": self.problem.as_dict() if self.problem else None,
        }

    def entry(self, budget: Budget) -> dict[str, Any]:
        """One budget in such a document. Where it is not known what was spent, its limits have nulls for that."""
        limits = [one.as_dict() for one in self.of(budget)]
        if not limits:
            unknown = dict.fromkeys(FIELDS)
            limits = [
                {**unknown, "period": period, "limitUsd": to_number(budget.limits[period])} for period in budget.periods
            ]
        return {
            "id": budget.id,
            "scope": budget.scope.names(),
            "action": budget.action,
            "timeZone": budget.time_zone,
            "limits": limits,
        }


def listing(budgets: Iterable[Budget], ledger: Path) -> Listing:
    """How budgets stand now. A ledger that cannot be read is a problem of the listing, and does not hide the budgets."""
    chosen = tuple(budgets)
    with closing(Spent(ledger)) as spent:
        try:
            return Listing(chosen, tuple(standings(chosen, time.time_ns() // 1_000_000, spent, Calendar())))
        except (LedgerError, UsageError) as error:
            return Listing(chosen, (), error)
