"""Ask the budgets before a call: it passes, passes with warnings, or is refused."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ...context import CallContext
from ...errors import BudgetError, BudgetExceeded, FasedError, LedgerError, UsageError
from ...redaction import logger
from ...refs import ModelRef
from ..record import UsageRecord
from . import store
from .budget import Budget
from .estimate import EstimatedCall, likely_pico
from .recent import Memory
from .refusals import exceeded, first_of_its_kind, reserved_by, warning
from .reservation import Held, Owner
from .reservations import Reservation, book_of
from .spent import Spent
from .status import Standing, standings
from .windows import Calendar

_log = logger("budgets")


@dataclass(frozen=True, slots=True)
class BudgetCandidate:
    """A call that wants to begin.

    Attributes:
        context, ref: whose call it is, by which model.
        started_at_ms: when, in milliseconds since 1970 UTC.
        owner: who makes it.
        lasts_s: the longest that it can be under way, in seconds.
        asked: what is known of it; looked up only where a budget that stops counts it.
    """

    context: CallContext
    ref: ModelRef
    started_at_ms: int
    owner: Owner
    lasts_s: float
    asked: Callable[[], EstimatedCall]


@dataclass(frozen=True, slots=True)
class Admission:
    """A call may begin; what is to be said of it, and what it has reserved, if a budget that stops counts it."""

    warnings: tuple[str, ...] = ()
    reservation: Reservation | None = None


@dataclass(frozen=True, slots=True)
class Busy:
    """Calls under way have reserved what is left; whether this one may begin is seen when they have ended.

    Attributes:
        refusal: what to raise if nobody wants to wait.
        hopeless: the caller itself holds what it would wait for.
    """

    refusal: BudgetExceeded
    hopeless: bool


class Checker:
    """The budgets of one installation, read again whenever their file changes. Safe to share between threads.

    Calls that are under way count by what they have reserved, those of other processes of this machine too.

    Args:
        file: the file of the budgets.
        ledger: the ledger's file.
    """

    def __init__(self, file: Path, ledger: Path) -> None:
        self._file = file
        self._spent = Spent(ledger)
        self._memory = Memory(self._spent)
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
        return self._look(self._matching(context, ref))[1]

    def admit(self, candidate: BudgetCandidate) -> Admission | Busy:
        """Let a call begin, and reserve its likely cost; or say that it has to wait for others.

        Raises:
            BudgetExceeded: a budget that stops is used up.
            BudgetError: as ``check`` does.
        """
        matching = self._matching(candidate.context, candidate.ref)
        if not any(budget.action == "stop" for budget in matching):
            return Admission(self._look(matching)[1])
        book = book_of(self._file)
        with book.deciding() as held:
            found, warnings = self._look(matching)
            recent = self._memory.of((candidate.ref.provider, candidate.ref.model), candidate.started_at_ms)
            pico = likely_pico(candidate.asked(), recent)
            busy = _busy(candidate, pico, [one for one in found if one.budget.action == "stop"], held)
            if busy is not None:
                return busy
            mine = Held(
                candidate.context,
                candidate.ref,
                candidate.started_at_ms,
                pico,
                candidate.owner,
                time.monotonic() + candidate.lasts_s,
            )
            return Admission(warnings, book.add(mine))

    def note(self, record: UsageRecord) -> None:
        """Remember a call that has ended, for the estimates of those that follow."""
        self._memory.note(record)

    def _matching(self, context: CallContext, ref: ModelRef) -> list[Budget]:
        return [budget for budget in self._current() if budget.scope.covers(context, ref)]

    def _look(self, matching: Sequence[Budget]) -> tuple[list[Standing], tuple[str, ...]]:
        """How these budgets stand, and what is to be said of that."""
        if not matching:
            return [], ()
        try:
            if any(budget.action == "stop" for budget in matching):
                # Calls that cannot be recorded are in no sum, and none of them would ever be the one too many.
                self._spent.require_room()
            found = standings(matching, time.time_ns() // 1_000_000, self._spent, self._calendar)
        except (LedgerError, UsageError) as error:
            return [], self._unknown(matching, error)
        if stopped := [one for one in found if one.reached and one.budget.action == "stop"]:
            raise exceeded(stopped)
        return found, tuple(self._tell(one, text) for one in found if (text := warning(one)) is not None)

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


def _busy(candidate: BudgetCandidate, pico: int | None, stops: Iterable[Standing], held: Sequence[Held]) -> Busy | None:
    """Whether the call has to wait for others, and for whom."""
    for one in stops:
        counted = [other for other in held if other.within(one.budget.scope, one.window)]
        reserved = sum(other.pico or 0 for other in counted)
        if reserved and not _fits(one, reserved, pico or 0):
            own = sum(other.pico or 0 for other in counted if other.owner.blocks(candidate.owner))
            return Busy(reserved_by(one, counted, reserved), hopeless=own > 0 and not _fits(one, own, pico or 0))
        # Of calls whose cost nobody can guess, one goes ahead; by what it costs, the others are judged.
        same = [other for other in counted if other.pico is None and _same_model(other.ref, candidate.ref)]
        if pico is None and any(not other.owner.blocks(candidate.owner) for other in same):
            return Busy(first_of_its_kind(one, candidate.ref), hopeless=False)
    return None


def _fits(one: Standing, reserved: int, pico: int) -> bool:
    """Whether a call may run beside others. A call alone may pass the limit, as the last one before it is used up."""
    taken = one.sum.cost_pico + reserved
    return taken < one.limit_pico and taken + pico <= one.limit_pico


def _same_model(one: ModelRef, other: ModelRef) -> bool:
    return (one.provider, one.model) == (other.provider, other.model)
