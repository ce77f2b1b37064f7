"""Amounts of USD as people write them, to the last digit."""

from __future__ import annotations

import re
from decimal import ROUND_FLOOR, Decimal
from typing import Annotated

from ...documents import Doc
from ...errors import UsageError
from ...formatting import usd
from ...numerals import typed
from ..money import from_pico, to_pico

MAX_LIMIT_USD = 1_000_000
"""The highest limit. More than any agent spends, and sums stay far from the end of 64 bits."""

_AMOUNT = re.compile(r"\$?[ \t]*([0-9.]{1,25})[ \t]*(?:USD)?", re.ASCII | re.IGNORECASE)

Amount = Annotated[str, Doc("USD, exactly.", pattern=r"^[0-9]{1,12}(\.[0-9]{1,12})?$")]


def parse_usd(text: str, option: str) -> int:
    """A limit as typed (``5``, ``5.00``, ``$5``, ``0.25 USD``), in whole pico-USD.

    Args:
        option: what it was given for, for the message.

    Raises:
        UsageError: it is not an amount, is not above 0, or is higher than ``MAX_LIMIT_USD``.
    """
    found = _AMOUNT.fullmatch(text.strip())
    amount = typed(found[1]) if found else None
    if amount is None:
        raise UsageError(
            f"{option} {text!r} is not an amount of USD.", hint="Write it as 5, 5.00 or $5, with a point and no commas."
        )
    pico = to_pico(amount)
    if pico <= 0:
        raise UsageError(
            f"{option} {text!r} is not a valid limit: it must be above 0.", hint=f"{option} none removes the limit."
        )
    if pico > to_pico(Decimal(MAX_LIMIT_USD)):
        raise UsageError(
            f"{option} {text!r} is higher than any budget can be.", hint=f"The highest is ${MAX_LIMIT_USD:,}."
        )
    return pico


def exact(pico: int) -> str:
    """An amount with all its digits, as ``parse_usd`` reads it: ``5``, ``0.25``."""
    return f"{from_pico(pico):f}"


def dollars(pico: int) -> str:
    """An amount for people, rounded down, so that what is short of a limit never looks like it: ``$4.99``, ``$0.0123``."""
    return usd(from_pico(pico), rounding=ROUND_FLOOR)
