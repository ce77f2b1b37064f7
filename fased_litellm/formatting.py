"""Numbers as people read them: money, tokens and counts. One function for each, wherever they are printed.

JSON, CSV and exports have the exact figures instead.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

_CENT = Decimal("0.01")
_SIZES = ((10**9, "G"), (10**6, "M"), (10**3, "k"))


def usd(amount: Decimal, *, rounding: str = ROUND_HALF_EVEN) -> str:
    """An amount in USD: to the cent from a dollar up, with three significant digits below: ``$1,234.50``, ``$0.0012``.

    At least two digits follow the point, and no zeros behind those: ``$0.10``, ``$0.125``.

    Args:
        amount: in USD.
        rounding: a mode of ``decimal``; ``ROUND_FLOOR`` keeps what is just below a limit below it.
    """
    sign = "-" if amount < 0 else ""
    size = abs(amount)
    if size and size < 1:
        size = size.quantize(Decimal(1).scaleb(size.adjusted() - 2), rounding=rounding).normalize()
    if size >= 1 or size == size.quantize(_CENT):
        return f"{sign}${size.quantize(_CENT, rounding=rounding):,f}"
    return f"{sign}${size:f}"


def tokens(number: int) -> str:
    """A number of tokens: all digits below 10,000, else three: ``9,876``, ``45.6k``, ``128k``, ``39.0M``.

    Thousands are thousands, not 1,024.
    """
    if abs(number) < 10_000:
        return f"{number:,}"
    for size, letter in _SIZES:
        # What rounds up to 1,000 of a size is 1.00 of the next one.
        if abs(number) >= size - size // 2000:
            shown = Decimal(number) / size
            digits = max(0, 2 - shown.adjusted())
            rounded = shown.quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_EVEN)
            if rounded.adjusted() > shown.adjusted():
                rounded = rounded.quantize(Decimal(1).scaleb(-max(0, digits - 1)))
            return f"{rounded:,f}{letter}"
    raise AssertionError(number)  # unreachable: 10,000 is more than the smallest size


def count(number: int, noun: str, plural: str | None = None) -> str:
    """How many of something: ``1 call``, ``1,234 calls``, ``2 retries``.

    Args:
        number: how many.
        noun: the word for one.
        plural: the word for several, if it is not the noun with an ``s``.
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def token_count(number: int) -> str:
    """``1 token``, ``45.6k tokens``."""
    return f"{tokens(number)} token{'' if number == 1 else 's'}"
