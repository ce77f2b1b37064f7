"""Errors of the usage history, its budgets and its exports."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from ..redaction import redact
from .general import FasedError

if TYPE_CHECKING:
    from decimal import Decimal

    from .documents import ErrorPart, ExceededBudget


class NotInHistory(FasedError):
    """No call in the usage history is of the session or task that was asked for."""

    code = "not-in-history"


class LedgerError(FasedError):
    """The usage ledger cannot be read or written."""

    code = "ledger"


class LedgerDamaged(LedgerError):
    """The usage ledger's file is damaged; ``fased usage`` sets it aside and saves what can be read of it."""

    code = "ledger-damaged"


class ExportError(FasedError):
    """A file of an export is there already, or cannot be written."""

    code = "export"


class BudgetError(FasedError):
    """The budgets cannot be read, written or checked; a call that one may stop is not made then."""

    code = "budget"


class BudgetExceeded(BudgetError):
    """A budget that stops is used up, or calls under way have reserved what is left: nothing was sent.

    Args:
        message: which budget, how much was spent of how much, when.
        hint: when it resets, and how to go on before.
        budget: number of the budget.
        scope: whose calls it counts, in words.
        period: ``day`` or ``month``.
        limit_usd: its limit in USD.
        spent_usd: what was spent, in USD.
        reserved_usd: what calls under way have reserved of the rest, in USD; 0 where all of it is spent.
        resets_at: when it resets, in UTC, as ``2026-11-23T00:00:00Z``.
    """

    code = "budget-exceeded"

    def __init__(
        self,
        message: str,
        *,
        hint: str,
        budget: int,
        scope: str,
        period: Literal["day", "month"],
        limit_usd: Decimal,
        spent_usd: Decimal,
        reserved_usd: Decimal,
        resets_at: str,
    ) -> None:
        super().__init__(message, hint=hint)
        self.budget, self.scope, self.period = budget, redact(scope), period
        self.limit_usd, self.spent_usd, self.reserved_usd = limit_usd, spent_usd, reserved_usd
        self.resets_at = resets_at

    def as_dict(self) -> ErrorPart:
        budget: ExceededBudget = {
            "id": self.budget,
            "scope": self.scope,
            "period": self.period,
            "limitUsd": float(self.limit_usd),
            "spentUsd": float(self.spent_usd),
            "reservedUsd": float(self.reserved_usd),
            "resetsAt": self.resets_at,
        }
        return {**super().as_dict(), "budget": budget}


class FleetError(FasedError):
    """The database with the usage of many machines cannot be used.

    Args:
        state: PostgreSQL's SQLSTATE, or as much of it as is known; None where it is not the database that complains.
    """

    code = "fleet"

    def __init__(self, message: str, *, hint: str | None = None, state: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.state = state
