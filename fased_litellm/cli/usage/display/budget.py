"""Budgets for people."""

from __future__ import annotations

from ....refs import PROVIDER
from ....usage.budgets.amounts import dollars
from ....usage.budgets.listing import Listing
from ....usage.budgets.status import Standing
from ...display.table import Column, render
from ...display.terminal import Terminal


def table(found: Listing, terminal: Terminal) -> list[str]:
    """One row per limit, with a bar for what is spent of it."""
    rows = [(budget, period) for budget in found.budgets for period in budget.periods]
    if not rows:
        return []
    known = {(one.budget.id, one.period): one for one in found.standings}
    standing = [known.get((budget.id, period)) for budget, period in rows]
    columns = [
        Column("Id", [str(budget.id) for budget, _ in rows], right=True),
        Column("Counts", [terminal.name(str(budget.scope)) for budget, _ in rows]),
        Column("Per", [period for _, period in rows]),
        Column("Spent", [dollars(one.sum.cost_pico) if one else "?" for one in standing], right=True),
        Column("Limit", [dollars(budget.limits[period]) for budget, period in rows], right=True),
        Column("Used", [f"{one.percent}%" if one else "?" for one in standing], right=True),
        Column("Resets", [_resets(one) for one in standing], spare=1),
        Column("Then", [budget.action for budget, _ in rows]),
    ]
    shares = [min(one.percent, 100) / 100 if one else 0.0 for one in standing]
    return render(columns, shares, terminal)


def remarks(found: Listing, *, new: bool = False) -> list[str]:
    """What else is to be said.

    Args:
        new: whether the budget was just set, so that a name without a single call may be a mistake.
    """
    lines = [f"What was spent is not known: {found.problem.message}"] if found.problem else []
    for budget in found.budgets:
        limits = found.of(budget)
        # The longer period has all that is in the shorter one.
        if limits and (text := limits[-1].uncounted()):
            lines.append(f"{budget}: {text} `fased usage reprice` looks for their price.")
        if budget.scope.provider not in (None, PROVIDER) and budget.action == "stop":
            lines.append(f"{budget}: calls through {PROVIDER} alone can be stopped; those of others are only counted.")
        if new and limits and budget.scope.names() and not limits[-1].sum.calls:
            lines.append(f"{budget}: no call of {_period(limits[-1])} has these names so far.")
    return lines


def _resets(one: Standing | None) -> str:
    return f"{one.window.after} ({one.budget.time_zone})" if one else "?"


def _period(one: Standing) -> str:
    return f"{one.window.first}" if one.period == "day" else f"{one.window.first:%Y-%m}"
