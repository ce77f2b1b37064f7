"""Single values of the proxy's headers and rows. What cannot be read is not known; nothing here raises."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from ..numerals import decimal
from ..redaction import hide_known, may_hold_known

_PICO = Decimal("1e-12")
MOST_USD = Decimal(10) ** 6
"""For one call; more is a defect of who says so."""


def money(value: Any, most: Decimal = MOST_USD) -> Decimal | None:
    """An amount in USD, or another decimal number: of a number or a text, not negative, and below ``most``."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
        return None
    try:
        amount = decimal(value) if isinstance(value, str) else Decimal(str(value))
    except (InvalidOperation, ValueError):  # ValueError: an integer of more digits than Python writes
        return None
    if amount is None or not amount.is_finite() or not 0 <= amount < most:
        return None
    # The proxy computes in binary floats: 0.0006500000000000001 means 0.00065.
    return amount.quantize(_PICO).normalize()


MAX_NAME = 256
"""Characters of an id or a name that a proxy gives; what is longer is none that anybody looks up, and is cut."""


def name(value: Any) -> str | None:
    """An id or a name: without known secrets, cut to ``MAX_NAME`` characters, what is not printable as ``�``; None for none."""
    if not isinstance(value, str) or not value:
        return None
    shown = hide_known(value)[:MAX_NAME]
    return shown if shown.isprintable() else "".join(char if char.isprintable() else "�" for char in shown)


def names(*values: Any) -> tuple[str | None, ...]:
    """As ``name`` for each: one look at all of them, which takes a third of the time where there is nothing to hide or to cut."""
    texts = [value for value in values if isinstance(value, str)]
    together = " ".join(texts)
    if may_hold_known(together) or not together.isprintable() or max(map(len, texts), default=0) > MAX_NAME:
        return tuple(map(name, values))
    return tuple([value if value and isinstance(value, str) else None for value in values])


def moment(value: Any) -> datetime | None:
    """A point in time, in UTC; one without a zone is UTC already."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
        return found if found is None else found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None
