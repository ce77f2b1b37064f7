"""What a call costs, with its parts, and whether that is exact."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

ZERO = Decimal(0)
DIFFERENT_DEPLOYMENTS = "the deployments of this model have different prices, and this is the highest"


class Charge(NamedTuple):
    """USD.

    Attributes:
        input: for what was sent and not cached; ``output`` for the reply, reasoning included.
        cache_read, cache_write: for cached tokens.
        other: for searches and the like.
        doubt: why this is an estimate; None where it is exact.
    """

    input: Decimal = ZERO
    output: Decimal = ZERO
    cache_read: Decimal = ZERO
    cache_write: Decimal = ZERO
    other: Decimal = ZERO
    doubt: str | None = None

    @property
    def usd(self) -> Decimal:
        """All of it."""
        return self.input + self.output + self.cache_read + self.cache_write + self.other

    def times(self, factor: Decimal) -> Charge:
        """Everything at another price, but for ``other``."""
        if factor == 1:
            return self
        return self._replace(
            input=self.input * factor,
            output=self.output * factor,
            cache_read=self.cache_read * factor,
            cache_write=self.cache_write * factor,
        )

    def doubted(self, doubt: str | None) -> Charge:
        """The same as an estimate, for one reason more."""
        if doubt is None or doubt == self.doubt:
            return self
        return self._replace(doubt=doubt if self.doubt is None else f"{self.doubt}; {doubt}")


def worst(charges: Iterable[Charge | None]) -> Charge | None:
    """The highest of what the deployments of a model charge; None if one of these is not known."""
    found = list(charges)
    known = [charge for charge in found if charge is not None]
    if not known or len(known) < len(found):
        return None
    highest = max(known, key=lambda charge: charge.usd)
    same = all(charge.usd == highest.usd for charge in known)
    return highest if same else highest.doubted(DIFFERENT_DEPLOYMENTS)
