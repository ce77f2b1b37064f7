"""What a virtual key is to be: from words as typed to the fields of LiteLLM's ``/key/generate``. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from ..errors import UsageError
from ..numerals import typed

NONE = "none"
"""Takes a limit away, in an update."""

ALL_MODELS = "all-proxy-models"
WORDS = frozenset({ALL_MODELS, "all-team-models", "no-default-models"})
"""Fact: LiteLLM's own words in the list of models of a key."""

KEY_TYPES = ("default", "llm_api", "management", "read_only")
_LONGER = {"daily": "1d", "weekly": "7d", "monthly": "30d"}
"""Fact: LiteLLM knows these words only from 1.96 on, and means the same by the other form in all releases."""
_THOUSANDS = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?")
_MOST_USD = 10**9
_DURATION = re.compile(r"[1-9][0-9]{0,5}(s|m|h|d|w|mo)")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_ALIAS = re.compile(r"[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]{0,126}[^\s\x00-\x1f\x7f]|[^\s\x00-\x1f\x7f]")


def alias(text: str) -> str:
    """The name of a key.

    Raises:
        UsageError: it is empty, too long, or has control characters.
    """
    name = text.strip()
    if not _ALIAS.fullmatch(name):
        raise UsageError(f"--alias {text!r} cannot be the name of a key.", hint="Use up to 128 visible characters.")
    return name


def budget(text: str) -> float | None:
    """A budget in USD; None for ``none``.

    Raises:
        UsageError: it is not an amount, or negative.
    """
    if text.strip().lower() == NONE:
        return None
    word = text.strip().removeprefix("$")
    # 1,000 is a thousand; what 1,5 means nobody knows.
    amount = typed(word.replace(",", "") if _THOUSANDS.fullmatch(word) else word)
    if amount is None or amount > _MOST_USD:
        raise UsageError(
            f"--max-budget {text!r} is not an amount in USD.",
            hint=f"Write it as 50, 0.25 or 1,000, up to {_MOST_USD:,}; 0 refuses every call.",
        )
    return float(amount)


def budget_duration(text: str) -> str | None:
    """How long a budget lasts, in the form that every release of LiteLLM reads; None for ``none``.

    Raises:
        UsageError: LiteLLM would not read it.
    """
    word = text.strip().lower()
    if word == NONE:
        return None
    word = _LONGER.get(word, word)
    if not _DURATION.fullmatch(word):
        raise UsageError(
            f"--budget-duration {text!r} is none that LiteLLM reads.",
            hint="Write daily, weekly, monthly, or a number with s, m, h, d, w or mo, such as 30d.",
        )
    return word


def resets(duration: str) -> str | None:
    """When a budget of that duration begins anew, in words; None where the proxy alone knows.

    Fact, seen on LiteLLM 1.106 and known from 1.72 on: days, weeks and months follow the calendar in UTC. ``30d`` ends with
    the month, not 30 days on; ``7d`` on Monday; ``24h`` at midnight.
    """
    return {
        "1d": "each day at 00:00 UTC",
        "24h": "each day at 00:00 UTC",
        "7d": "each Monday at 00:00 UTC",
        "1w": "each Monday at 00:00 UTC",
        "30d": "on the first of each month at 00:00 UTC (not 30 days on)",
        "1mo": "on the first of each month at 00:00 UTC",
    }.get(duration)


def expires(text: str, now: datetime) -> str | None:
    """How long a key lives, as LiteLLM's ``duration``; None for ``none``, which is for ever.

    Args:
        text: ``12h``, ``30d``, or the last day, as ``2026-12-31`` (UTC, included).
        now: the present.

    Raises:
        UsageError: it is neither, or lies in the past.
    """
    word = text.strip().lower()
    if word in (NONE, "never"):
        return None
    if _DURATION.fullmatch(word):
        return word
    try:
        # Other forms of ISO 8601 differ between releases of Python.
        last = date.fromisoformat(word if _DAY.fullmatch(word) else "")
    except ValueError:
        raise UsageError(
            f"--expires {text!r} is neither a duration nor a day.",
            hint="Write 12h, 30d, or 2026-12-31; `never` for no end.",
        ) from None
    end = datetime(last.year, last.month, last.day, tzinfo=UTC) + timedelta(days=1)
    seconds = int((end - now).total_seconds())
    if seconds <= 0:
        raise UsageError(f"--expires {text} is past.", hint="Give a day that is still to come.")
    return f"{seconds}s"


def limit(number: int | None, flag: str) -> int | None:
    """A limit per minute.

    Raises:
        UsageError: it is negative.
    """
    if number is not None and number < 0:
        raise UsageError(f"{flag} {number} is negative.", hint="Give a number per minute.")
    return number


def models(words: Iterable[str]) -> list[str]:
    """The aliases which a key may call: several words, each a list with commas; ``litellm/`` in front is left out.

    Raises:
        UsageError: no name is among them, as in a script whose variable is empty: LiteLLM takes an empty list for all models.
    """
    names = (part.strip().removeprefix("litellm/") for word in words for part in word.split(","))
    if not (found := list(dict.fromkeys(name for name in names if name))):
        raise UsageError("--models names no model.", hint=f"Name aliases, or {ALL_MODELS} for all of them.")
    return found


def copied(settings: dict[str, Any], spent: Decimal) -> dict[str, Any]:
    """The settings for a key that takes the place of another: what that one has spent counts on."""
    return {**settings, "spend": float(spent)} if spent > 0 else settings
