"""Ask the budgets before a call: it passes, passes with warnings, or is refused."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Sequence
from decimal import Decimal
from pathlib import Path

from ...context import CallContext
from ...errors import BudgetError, BudgetExceeded, FasedError, LedgerError, UsageError
from ...redaction import logger
from ...refs import ModelRef
from ..record import iso
from . import store
from .amounts import dollars, exact
from .budget import Budget
from .spent import Spent
from .standing import Standing, standings
from .windows import Calendar

_log = logger("budgets")


class Checker:
    """The budgets of one installation, read again whenever their file changes. Safe to share between threads.

    What is in flight elsewhere is not recorded yet and so not counted: N calls at once may overshoot a limit by their cost.

    Args:
        file: the file of the budgets.
        ledger: the ledger's file.
    """

    def __init__(self, file: Path, ledger: Path) -> None:
        self._file = file
        self._spent = Spent(ledger)
        self._calendar = Calendar()
        self._lock = threading.Lock()
        self._mark: tuple[int, int, int] | None = None
        self._budgets: tuple[Budget, ...] = ()
        self._told: set[tuple[int, str, int]] = set()

    def close(self) -> None:
        """Close the ledger."""
        self._spent.close()

    def check(self, context: CallContext, ref: ModelRef) -> tuple[str, ...]:
        """Look whether a call may be made; each warning is logged once per day or month of its budget besides.

        Returns:
            Warnings, in sentences.

        Raises:
            BudgetExceeded: a budget that stops is used up.
            BudgetError: the file of the budgets cannot be read, or a budget that stops cannot be checked.
        """
        matching = [budget for budget in self._current() if budget.scope.covers(context, ref)]
        if not matching:
            return ()
        try:
            if any(budget.action == "stop" for budget in matching):
                # Calls that cannot be recorded are in no sum, and none of them would ever be the one too many.
                self._spent.require_room()
            found = standings(matching, time.time_ns() // 1_000_000, self._spent, self._calendar)
        except (LedgerError, UsageError) as error:
            return self._unknown(matching, error)
        if stopped := [one for one in found if one.reached and one.budget.action == "stop"]:
            raise exceeded(stopped)
        return tuple(self._tell(one, text) for one in found if (text := warning(one)) is not None)

    def _current(self) -> Sequence[Budget]:
        with self._lock:
            mark = store.mark_of(self._file)
            if mark is None or mark != self._mark:
                self._budgets = store.load(self._file).budgets if mark else ()
                self._mark = mark
            return self._budgets

    def _unknown(self, budgets: Iterable[Budget], error: FasedError) -> tuple[str, ...]:
        """Nobody knows what was spent: a budget that stops does so, one that warns says so."""
        for budget in budgets:
            if budget.action == "stop":
                raise BudgetError(
                    f"{budget} cannot be checked, so nothing was sent: {error.message}",
                    hint=f"{error.hint or ''} `fased usage budget set {budget.options(action='warn')}` lets calls pass.".strip(),
                ) from error
        return tuple(f"{budget} was not checked: {error.message}" for budget in budgets)

    def _tell(self, one: Standing, text: str) -> str:
        told = one.budget.id, text.partition(":")[0], one.window.from_ms
        if told not in self._told:
            self._told.add(told)
            _log.warning("%s", text)
        return text


def warning(one: Standing) -> str | None:
    """What is to be said of a limit before a call, None if nothing.

    A budget that only warns does so once it is used up. One that stops warns before: when it is nearly used up, and when
    it cannot hold, since the price of its calls is not known.
    """
    if one.reached:
        return f"{one.budget} is used up: {one.spent()}. It resets {one.resets()}.{_uncounted(one)}"
    if one.budget.action == "warn":
        return None
    if one.near:
        return f"{one.budget} is nearly used up: {one.spent()}. Calls are refused from {dollars(one.limit_pico)} on.{_uncounted(one)}"
    if one.sum.unpriced_tokens:
        return f"{one.budget} cannot hold:{_uncounted(one)} `fased usage reprice` looks for their price."
    return None


def exceeded(stopped: Sequence[Standing]) -> BudgetExceeded:
    """The refusal, for the limit that resets last: all the others do so before."""
    last = max(stopped, key=lambda one: one.window.to_ms)
    others = "".join(f"\n{one.budget} is used up too: {one.spent()}." for one in stopped if one is not last)
    return BudgetExceeded(
        f"{last.budget} is used up: {last.spent()}. Nothing was sent.{others}",
        hint=f"It resets {last.resets()}. {last.raise_it()}{_uncounted(last)}",
        budget=last.budget.id,
        scope=str(last.budget.scope),
        period=last.period,
        limit_usd=Decimal(exact(last.limit_pico)),
        spent_usd=Decimal(exact(last.sum.cost_pico)),
        resets_at=iso(last.window.to_ms),
    )


def _uncounted(one: Standing) -> str:
    text = one.uncounted()
    return f" {text}" if text else ""
