"""Set and remove budgets, as values. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from ...errors import UsageError
from ...refs import normalize_agent_id
from ..query.names import NONE
from ..query.usersettings import default_zone, zone_of
from ..record import MAX_TEXT
from .amounts import parse_usd
from .budget import ACTIONS, OPTIONS, Action, Budget, Scope
from .store import Book
from .windows import PERIODS, Period

NO_LIMIT = "none"
"""What is typed for a limit that is to be taken away."""
MOST = 100

Limits = Mapping[Period, int | None]


def scope_of(names: Mapping[str, str | None]) -> Scope:
    """A scope as typed: dimension → name, None where it is not given.

    Raises:
        UsageError: a name is empty, too long, or no name.
    """
    given: dict[str, str] = {}
    for dimension, text in names.items():
        if text is None:
            continue
        name = text.strip()
        if not name or len(name) > MAX_TEXT or not name.isprintable():
            raise UsageError(
                f"--{dimension} {text[:40]!r} is not a valid name.", hint=f"{NONE} means calls without a name."
            )
        given[dimension] = normalize_agent_id(name) if dimension == "agent" and name != NONE else name
    return Scope(**given)


def parse_limits(texts: Mapping[Period, str | None]) -> dict[Period, int | None]:
    """Limits as typed, in pico-USD: None for one to be taken away; those that are not given are left out.

    Raises:
        UsageError: one is not an amount.
    """
    given = {period: text for period, text in texts.items() if text is not None}
    return {
        period: None if text.strip().lower() == NO_LIMIT else parse_usd(text, f"--{OPTIONS[period]}")
        for period, text in given.items()
    }


def parse_action(text: str | None) -> Action | None:
    """An action as typed.

    Raises:
        UsageError: it is none.
    """
    if text is None:
        return None
    word = text.strip().lower()
    if word not in ACTIONS:
        raise UsageError(f"--action {text!r} is unknown.", hint=f"Give {' or '.join(ACTIONS)}.")
    return word


def put(book: Book, scope: Scope, limits: Limits, action: Action | None, zone: str | None) -> tuple[Book, Budget]:
    """Set the budget of a scope: what is given changes, all else stays; a new one warns, and has the days of this machine.

    Returns:
        All budgets, and this one.

    Raises:
        UsageError: nothing is given, it would have no limit, or there is no such time zone.
    """
    before = next((budget for budget in book.budgets if budget.scope == scope), None)
    name = None if zone is None else zone_of(zone).name
    wanted = {**(before.limits if before else {}), **limits}
    kept = {period: limit for period in PERIODS if (limit := wanted.get(period)) is not None}
    if before is None and not kept:
        raise UsageError("A budget needs a limit.", hint="Give --daily or --monthly, or both: --daily 5 --monthly 50.")
    if before is not None and not kept:
        raise UsageError(f"{before} would have no limit.", hint=f"`fased usage budget remove {before.id}` removes it.")
    if before is not None and not limits and action is None and name is None:
        raise UsageError(f"Nothing is given to change in {before}.", hint="Give --daily, --monthly, --action or --tz.")
    if before is None:
        if len(book.budgets) >= MOST:
            raise UsageError(
                f"There are {MOST} budgets already.", hint="Remove one: `fased usage budget list` shows them."
            )
        budget = Budget(book.next_id, scope, kept, action or "warn", name or default_zone().name)
        return Book((*book.budgets, budget), book.next_id + 1), budget
    budget = replace(before, limits=kept, action=action or before.action, time_zone=name or before.time_zone)
    return replace(book, budgets=tuple(budget if one.id == before.id else one for one in book.budgets)), budget


def take(book: Book, ids: Iterable[int], scope: Scope) -> tuple[Book, tuple[Budget, ...]]:
    """Remove budgets by their numbers, or the one of a scope.

    Returns:
        The others, and those that are gone.

    Raises:
        UsageError: there is no such budget, or none is named.
    """
    wanted = set(ids)
    known = ", ".join(f"{budget.id} ({budget.scope})" for budget in book.budgets)
    hint = f"There are {known}." if known else "There are no budgets."
    if wanted and scope.names():
        raise UsageError("A budget is named by its number or by its options, not by both.", hint=hint)
    if not wanted and not scope.names():
        raise UsageError("Which budget?", hint=f"Give its number, or the options it was set with. {hint}")
    if missing := wanted - {budget.id for budget in book.budgets}:
        raise UsageError(f"There is no budget {', '.join(map(str, sorted(missing)))}.", hint=hint)
    gone = tuple(budget for budget in book.budgets if budget.id in wanted or (not wanted and budget.scope == scope))
    if not gone:
        raise UsageError(f"There is no budget for {scope}.", hint=hint)
    return replace(book, budgets=tuple(budget for budget in book.budgets if budget not in gone)), gone
