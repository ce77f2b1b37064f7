"""A virtual key in words, for people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from ...formatting import usd
from ...keys.key_options import resets
from ...proxy.management.admin import VirtualKey


def lines(key: VirtualKey) -> Iterator[str]:
    """A key for people."""
    yield f"{name(key)} ({state(key)})"
    if key.max_budget is None:
        yield f"Spent:   {usd(key.spent)}; no budget"
    else:
        share = f" ({key.share:.0%})" if key.share is not None else ""
        yield f"Spent:   {usd(key.spent)} of {usd(key.max_budget)}{share}"
        when = f"{key.budget_reset_at:%Y-%m-%d %H:%M} UTC" if key.budget_reset_at else "never; the budget is for good"
        again = resets(key.budget_duration or "")
        yield f"Resets:  {when}" + (f", {again}" if again else "")
    yield f"Models:  {', '.join(key.models) or 'all'}"
    limits = [
        f"{number} {what} per minute"
        for number, what in ((key.rpm_limit, "requests"), (key.tpm_limit, "tokens"))
        if number is not None
    ]
    yield f"Limits:  {', '.join(limits) or 'none'}"
    yield f"Expires: {f'{key.expires:%Y-%m-%d %H:%M} UTC' if key.expires else 'never'}"
    if key.key_type not in (None, "default"):
        yield f"Type:    {key.key_type}"


def name(key: VirtualKey) -> str:
    return f"{key.alias} {key.name}" if key.alias and key.name else key.alias or key.name or key.token[:12]


def state(key: VirtualKey) -> str:
    if key.deleted:
        return "deleted"
    if key.blocked:
        return "blocked"
    if key.expires is not None and key.expires < datetime.now(UTC):
        return "expired"
    if key.share is not None and key.share >= 1:
        return "budget spent"
    return "active"


def day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else "-"
