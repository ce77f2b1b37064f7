"""Numbers, times and names as other programs wrote them into a file: anything may stand there."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from ....redaction import hide_known
from ...money import PICO_PER_USD
from ...record import MAX_TEXT

MOST_TOKENS = 10**12
"""More than this in one message is no count of tokens, but a mistake, which would wear out the 64 bits of a sum."""
MOST_USD = 10_000.0
"""More than this for one message is a mistake, too."""
PICO = float(PICO_PER_USD)
"""Pico-USD in one USD, as a float, which is what the numbers of JSON are."""
LAST_MS = 253_402_300_799_999
"""The end of the year 9999."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - a time without a zone is meant as UTC
_MILLISECOND = timedelta(milliseconds=1)
_MICROSECOND = timedelta(microseconds=1)
_LONG = len("2026-11-22T00:00:00.000000")
_SEVENTH = re.compile(r"[.,]\d{6}[5-9]")
"""More digits of a second than Python keeps: they are rounded, as ``msgspec`` does, not cut off."""


def number(value: Any) -> int | float | None:
    """``value`` if it is a number that is not absurd, else None."""
    if type(value) is int or type(value) is float:
        return value if -MOST_TOKENS <= value <= MOST_TOKENS else None  # NaN is neither
    return None


def pico(value: Any) -> int | None:
    """USD as whole pico-USD; None for what is not an amount."""
    if (type(value) is float or type(value) is int) and 0.0 <= value <= MOST_USD:
        return round(value * PICO)
    return None


def moment(value: Any) -> int | None:
    """Milliseconds since 1970 of an ISO 8601 text (UTC unless it says otherwise) or of such a number; else None."""
    if type(value) is str:
        try:
            time = datetime.fromisoformat(value.upper())
            if len(value) > _LONG and _SEVENTH.search(value):
                time += _MICROSECOND
            found = (time - (_EPOCH if time.tzinfo else _NAIVE_EPOCH)) // _MILLISECOND
        except (ValueError, OverflowError):
            return None
    elif type(value) is int:
        found = value
    elif type(value) is float and -LAST_MS <= value <= LAST_MS:
        found = int(value)
    else:
        return None
    return found if 0 <= found <= LAST_MS else None


def text(value: Any) -> str | None:
    """``value`` as a name for the ledger, without the keys that are known; None for none."""
    return trimmed(hide_known(value)) if type(value) is str else None


def trimmed(value: Any) -> str | None:
    """``value`` as a name for the ledger, if there is no key in it: without space around it, cut, printable as UTF-8; None for
    none."""
    if type(value) is not str:
        return None
    found = value.strip()
    if len(found) > MAX_TEXT or not found.isascii():
        if len(found) > MAX_TEXT:
            found = hide_known(found)[:MAX_TEXT]  # the part of a key that the cut left would be no known key
        found = found.encode("utf-8", "replace").decode()
    return found or None
