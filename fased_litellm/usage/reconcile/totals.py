"""The sums alone, where no rows may be seen: what a key spent at the proxy, and what the history has since then."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Annotated, Literal

from ...documents import Doc, Moment, TypedDict, Usd
from ...errors import KeyAdminError, SpendError
from ...paths import Paths
from ...proxy.management.admin import VirtualKey, VirtualKeyPart
from ...refs import PROVIDER
from ..money import from_pico, to_number, to_pico
from ..query.query import Query
from ..query.report import build
from ..record import iso
from ..store.access import answer
from .result import Agreement, KnownUsd


class ComparedTotals(Agreement, TypedDict):
    """A plain virtual key compares its total."""

    compared: Literal["totals"]
    since: Moment
    hereUsd: KnownUsd
    hereUnpricedCalls: int
    thereUsd: Annotated[Usd | None, Doc("USD; null for a 0 beside calls whose cost is not known here either.")]
    key: VirtualKeyPart
    why: str


@dataclass(frozen=True, slots=True)
class TotalsOnly:
    """All that a plain virtual key may see: its own spend, against the sum of the history since then.

    Attributes:
        key: what the proxy says of the key.
        since_ms: since when its spend counts, milliseconds since 1970 UTC.
        here_pico: the known cost of the history's calls since then, in 10⁻¹² USD.
        unpriced: its calls of unknown cost.
        why: why no rows may be seen.
    """

    key: VirtualKey
    since_ms: int
    here_pico: int
    unpriced: int
    why: str

    @property
    def agrees(self) -> bool:
        """Whether both sums of known costs are the same."""
        return self.here_pico == to_pico(self.key.spent)

    @property
    def here_usd(self) -> Decimal | None:
        """The known cost of the history's calls, None where nothing is known of it."""
        return from_pico(self.here_pico) if self.here_pico or not self.unpriced else None

    @property
    def there_usd(self) -> Decimal | None:
        """The key's spend; None for a 0 beside calls of which no price is known here either."""
        return self.key.spent if self.key.spent or not self.unpriced else None

    def as_dict(self) -> ComparedTotals:
        """The document of ``fased usage reconcile --json`` where only totals could be compared."""
        return {
            "compared": "totals",
            "since": iso(self.since_ms),
            "agrees": self.agrees,
            "hereUsd": None if self.here_usd is None else to_number(self.here_pico),
            "hereUnpricedCalls": self.unpriced,
            "thereUsd": None if self.there_usd is None else float(self.key.spent),
            "key": self.key.as_dict(),
            "why": self.why,
        }


def totals_only(own_key: Callable[[], VirtualKey], paths: Paths, error: SpendError) -> TotalsOnly:
    """Compare the sums.

    Args:
        own_key: asks the proxy about the agent's key.
        paths: the installation.
        error: why no rows may be seen.

    Raises:
        SpendError: the proxy tells nothing of the key either.
        LedgerError: the history cannot be read.
    """
    try:
        key = own_key()
    except KeyAdminError as refused:
        raise SpendError(f"{error.message} {refused.message}", hint=refused.hint) from None
    since_ms = _since(key)
    to_ms = time.time_ns() // 1_000_000 + 60_000
    query = Query(since_ms, to_ms, (), {"provider": (PROVIDER,)})
    report = answer(paths.ledger, lambda connection: build(connection, query), lambda _: None)
    totals = report.totals if report else None
    return TotalsOnly(
        key, since_ms, totals.cost_pico if totals else 0, totals.unpriced_calls if totals else 0, error.message
    )


def _since(key: VirtualKey) -> int:
    """Since when a key's spend counts: the beginning of the budget's period, or of the key."""
    made = key.created_at or datetime(1970, 1, 1, tzinfo=UTC)
    begun = made
    if key.budget_reset_at is not None:
        ends = key.budget_reset_at
        length = {"1d": 1, "24h": 1, "7d": 7, "1w": 7}.get(key.budget_duration or "")
        if length is not None:
            begun = ends - timedelta(days=length)
        elif key.budget_duration in ("30d", "1mo", "monthly"):
            begun = (ends - timedelta(days=1)).replace(day=1)
    return int(max(made, begun).timestamp() * 1000)
