"""US dollars: ``Decimal`` at the edges, whole pico-dollars in the ledger.

Prices per token are tiny (USD 0.00000015), and sums of floats depend on their order. Whole numbers of 10⁻¹² USD add up
exactly, so that a roll-up equals its rows to the last digit. A 64-bit integer holds 9.2 million USD of them.
"""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Context, Decimal

PICO_PER_USD = 10**12
MAX_COST_USD = Decimal(1_000_000)
"""The most that one call may cost; what is above is an error in the price, and would wear out the 64 bits of a sum."""

_CONTEXT = Context(prec=60, rounding=ROUND_HALF_EVEN)
_ONE = Decimal(1)


def to_pico(usd: Decimal) -> int:
    """USD as whole pico-USD, rounded half to even past the twelfth digit."""
    return int(_CONTEXT.quantize(usd.scaleb(12, _CONTEXT), _ONE))


def rounded(value: int, scale: int) -> int:
    """A whole number divided by ``scale``, rounded half to even, as ``to_pico`` rounds."""
    whole, rest = divmod(value, scale)
    return whole + (2 * rest > scale or (2 * rest == scale and whole % 2 == 1))


def from_pico(pico: int) -> Decimal:
    """Whole pico-USD as USD, exactly."""
    return Decimal(pico).scaleb(-12, _CONTEXT).normalize(_CONTEXT)


def to_number(pico: int) -> float:
    """Whole pico-USD as the nearest float in USD, for JSON."""
    return pico / PICO_PER_USD
