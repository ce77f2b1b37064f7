"""What budgets say before a call: warnings, and the errors of calls that are refused. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from ...errors import BudgetExceeded
from ...formatting import count
from ...refs import ModelRef
from ..record import iso
from .amounts import dollars, exact
from .reservation import Held
from .status import Standing


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
        return f"{one.budget} cannot be enforced:{_uncounted(one)} `fased usage reprice` looks for their price."
    return None


def exceeded(stopped: Sequence[Standing]) -> BudgetExceeded:
    """The refusal, for the limit that resets last: all the others do so before."""
    last = max(stopped, key=lambda one: one.window.to_ms)
    others = "".join(f"\n{one.budget} is used up too: {one.spent()}." for one in stopped if one is not last)
    return _refusal(
        last,
        f"{last.budget} is used up: {last.spent()}. Nothing was sent.{others}",
        0,
        f"It resets {last.resets()}. {last.raise_it()}{_uncounted(last)}",
    )


def _refusal(one: Standing, message: str, reserved: int, hint: str) -> BudgetExceeded:
    return BudgetExceeded(
        message,
        hint=hint,
        budget=one.budget.id,
        scope=str(one.budget.scope),
        period=one.period,
        limit_usd=Decimal(exact(one.limit_pico)),
        spent_usd=Decimal(exact(one.sum.cost_pico)),
        reserved_usd=Decimal(exact(reserved)),
        resets_at=iso(one.window.to_ms),
    )


def reserved_by(one: Standing, counted: Sequence[Held], reserved: int) -> BudgetExceeded:
    """The refusal where calls under way have reserved what is left."""
    calls = count(len(counted), "call under way has", "calls under way have")
    return _refusal(
        one,
        f"{one.spent()} is spent, and {calls} reserved {dollars(reserved)} of {one.budget}. Nothing was sent.",
        reserved,
        f"Try again when {'it has' if len(counted) == 1 else 'they have'} ended. {one.raise_it()}",
    )


def first_of_its_kind(one: Standing, ref: ModelRef) -> BudgetExceeded:
    """The refusal of a call whose cost nobody can guess, while another such call is under way."""
    return _refusal(
        one,
        f"Nobody knows what a call of {ref} costs before the first one has ended, which is under way: {one.budget} lets no"
        " second one begin. Nothing was sent.",
        0,
        "Try again when it has ended. `fased providers refresh` asks the proxy for its prices.",
    )


def _uncounted(one: Standing) -> str:
    text = one.uncounted()
    return f" {text}" if text else ""
