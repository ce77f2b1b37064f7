"""What makes a virtual key like another, whose place it is to take. Pure but for the time of day."""

from __future__ import annotations

import shlex
from datetime import UTC, datetime
from typing import Any

from ..errors import UsageError
from ..proxy.management.admin import VirtualKey
from .key_options import copied


def may_be_replaced(key: VirtualKey) -> None:
    """A new key would lift a block, and what is left of an expired key's time is nothing.

    Raises:
        UsageError: it is blocked or expired.
    """
    name = key.alias or key.token
    if key.blocked:
        raise UsageError(
            "The agent's key is blocked, and a new one would not be.",
            hint=f"Unblock it first: fased litellm keys unblock {shlex.quote(name)}. Or make another: fased litellm keys create --use",
        )
    if key.expires is not None and key.expires <= datetime.now(UTC):
        raise UsageError(
            "The agent's key has expired.", hint="Make another one: fased litellm keys create --use --alias NAME"
        )


def settings_of(key: VirtualKey) -> dict[str, Any]:
    """What makes a key like that one."""
    settings: dict[str, Any] = {
        **key.further,
        "max_budget": None if key.max_budget is None else float(key.max_budget),
        "budget_duration": key.budget_duration,
        "models": list(key.models) or None,
        "rpm_limit": key.rpm_limit,
        "tpm_limit": key.tpm_limit,
        "user_id": key.user_id,
        "team_id": key.team_id,
        "key_type": None if key.key_type in (None, "default") else key.key_type,
    }
    if key.expires is not None:
        settings["duration"] = f"{max(60, int((key.expires - datetime.now(UTC)).total_seconds()))}s"
    return copied(settings, key.spent)
