"""Whose days and weeks reports have if a command does not say: two variables of the environment."""

from __future__ import annotations

import os
from collections.abc import Mapping

from ...errors import UsageError
from .calendar.timezones import Zone, local_zone, parse_zone

ZONE_VARIABLE = "FASED_USAGE_TZ"
WEEK_VARIABLE = "FASED_USAGE_WEEK_START"
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def default_zone(env: Mapping[str, str] | None = None) -> Zone:
    """The zone of ``FASED_USAGE_TZ``, else this machine's own.

    Raises:
        UsageError: the variable names no zone.
    """
    text = (os.environ if env is None else env).get(ZONE_VARIABLE, "").strip()
    if not text:
        return local_zone()
    try:
        return parse_zone(text)
    except UsageError as error:
        raise UsageError(f"{ZONE_VARIABLE}: {error.message}", hint=error.hint) from None


def zone_of(text: str | None, env: Mapping[str, str] | None = None) -> Zone:
    """A zone as given to ``--tz``; the default one if nothing was given.

    Raises:
        UsageError: there is no such zone.
    """
    return parse_zone(text) if text and text.strip() else default_zone(env)


def first_weekday(env: Mapping[str, str] | None = None) -> int:
    """The day on which weeks begin, from 0 for Monday: that of ``FASED_USAGE_WEEK_START``, else Monday.

    Raises:
        UsageError: the variable names no day.
    """
    text = (os.environ if env is None else env).get(WEEK_VARIABLE, "").strip().lower()
    if not text:
        return 0
    # Three letters are enough; fewer would not tell Saturday from Sunday.
    found = [number for number, name in enumerate(WEEKDAYS) if len(text) >= 3 and name.startswith(text)]
    if not found:
        raise UsageError(
            f"{WEEK_VARIABLE}: {text!r} is not a day of the week.", hint="Give monday, saturday or sunday."
        )
    return found[0]
