"""A receipt of the verification in words: what it took, who served it, and where the time went."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from ...formatting import token_count, usd
from ...proxy.receipt import Receipt
from ..findings import Finding


def receipt(found: Receipt) -> str:
    """Tokens, cost, and who served it."""
    tokens = token_count(found.usage.total_tokens) if found.usage else "tokens unknown"
    cost = "cost unknown" if found.cost_usd is None else usd(found.cost_usd)
    served = (
        f"served by {found.served_model}" if found.served_model else "served by a model that the proxy does not name"
    )
    retries = f", {found.retries} retries" if found.retries else ""
    instead = f" in its place, as {found.model_group}" if found.fallbacks and found.model_group else ""
    return f"{tokens}, {cost}, {served}{instead}{retries}"


def noticed(alias: str, receipts: Sequence[Receipt]) -> tuple[Finding, ...]:
    """What an alias that answers leaves to be said."""
    found = []
    stand_in = next((one.model_group or "another model" for one in receipts if one.fallbacks), None)
    if stand_in is not None:
        found.append(
            Finding(
                "answered-by-fallback",
                "warning",
                f"{alias} itself failed at the proxy; {stand_in} answered in its place, as the proxy's fallback.",
                "See why it failed.",
                command=f"fased litellm debug {shlex.quote(alias)}",
            )
        )
    if receipts and all(one.cost_usd is None for one in receipts):
        found.append(
            Finding(
                "price-unknown",
                "warning",
                f"What {alias} costs is not known: it counts as unpriced, and no budget stops it.",
                "Set input_cost_per_token and output_cost_per_token at the proxy, then `fased providers refresh --apply`.",
            )
        )
    return tuple(found)


def split(found: Receipt, connect_ms: float | None) -> dict[str, float | None]:
    """Where the time of a call went, in milliseconds.

    Args:
        found: the receipt.
        connect_ms: how long a connection to the proxy took; the way is taken to be as long.
    """
    proxy_ms = None
    if found.latency_ms is not None and connect_ms is not None and found.provider_ms is not None:
        proxy_ms = max(0.0, found.latency_ms - connect_ms - found.provider_ms)
    return {"networkMs": connect_ms, "proxyMs": proxy_ms, "providerMs": found.provider_ms}


def times(found: Receipt, connect_ms: float | None) -> str:
    """The same in words."""
    whole = f"{found.latency_ms or 0:.0f} ms"
    parts = [
        f"{name.removesuffix('Ms')} {ms:.0f} ms" for name, ms in split(found, connect_ms).items() if ms is not None
    ]
    return f"{whole}: {', '.join(parts)}" if parts else whole
