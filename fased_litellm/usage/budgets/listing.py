"""All budgets with how they stand: what ``fased usage budget list`` and the glance show."""

from __future__ import annotations

import time
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from ...documents import Doc, Name, TypedDict
from ...errors import FasedError, LedgerError, UsageError
from ...errors.documents import ProblemPart
from .budget import Action, Budget, BudgetKey
from .spent import Spent
from .status import LimitState, Standing, standings, unknown
from .windows import Calendar


class BudgetState(BudgetKey, TypedDict):
    """One budget with its limits."""

    action: Action
    timeZone: Name
    limits: list[LimitState]


class _Problem(TypedDict):
    problem: Annotated[ProblemPart | None, Doc("Why it is not known what was spent.")]


class BudgetList(_Problem):
    """The document of ``fased usage budget list --json``."""

    budgets: list[BudgetState]


class BudgetSet(_Problem):
    """The document of ``fased usage budget set --json``."""

    budget: BudgetState


class BudgetRemoved(TypedDict):
    """The document of ``fased usage budget remove --json``."""

    removed: Annotated[list[BudgetKey], Doc("Budgets that are gone.")]


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

    def as_dict(self) -> BudgetList:
        """The document of ``fased usage budget list --json``."""
        return {"budgets": [self.entry(budget) for budget in self.budgets], **self._problem()}

    def one_as_dict(self) -> BudgetSet:
        """The document of ``fased usage budget set --json``: the first budget."""
        return {"budget": self.entry(self.budgets[0]), **self._problem()}

    def _problem(self) -> _Problem:
        return {"problem": self.problem.as_dict() if self.problem else None}

    def entry(self, budget: Budget) -> BudgetState:
        """One budget in such a document. Where it is not known what was spent, its limits have nulls for that."""
        return {
            **budget.key,
            "action": budget.action,
            "timeZone": budget.time_zone,
            "limits": [one.as_dict() for one in self.of(budget)]
            or [unknown(period, budget.limits[period]) for period in budget.periods],
        }


def listing(budgets: Iterable[Budget], ledger: Path) -> Listing:
    """How budgets stand now. A ledger that cannot be read is a problem of the listing, and does not hide the budgets."""
    chosen = tuple(budgets)
    with closing(Spent(ledger)) as spent:
        try:
            return Listing(chosen, tuple(standings(chosen, time.time_ns() // 1_000_000, spent, Calendar())))
        except (LedgerError, UsageError) as error:
            return Listing(chosen, (), error)
