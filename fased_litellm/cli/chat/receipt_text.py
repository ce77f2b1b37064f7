"""A receipt in one quiet line."""

from __future__ import annotations

from ...formatting import count, token_count, tokens, usd
from ...proxy.receipt import Receipt

_SOURCES = {"price-table": " by the price table", "estimate": " estimated by the price table"}


def receipt_line(receipt: Receipt) -> str:
    """For people: who served the call, what it took, what it cost, how long it lasted."""
    parts = [_route(receipt)]
    if receipt.usage is not None:
        usage = receipt.usage
        cached = f", {tokens(usage.cache_read_tokens)} cached" if usage.cache_read_tokens else ""
        inside = f"{tokens(usage.input_tokens)} in{cached}, {tokens(usage.output_tokens)} out"
        parts.append(f"{token_count(usage.total_tokens)} ({inside})")
    else:
        parts.append("tokens unknown")
    if receipt.cost_usd is None:
        parts.append("cost unknown")
    else:
        about = "about " if receipt.cost_source == "estimate" else ""
        parts.append(f"{about}{usd(receipt.cost_usd)}{_SOURCES.get(receipt.cost_source, '')}")
    if receipt.latency_ms is not None:
        first = receipt.time_to_first_token_ms
        parts.append(f"{receipt.latency_ms:.0f} ms" + (f", first after {first:.0f} ms" if first is not None else ""))
    if receipt.retries:
        parts.append(count(receipt.retries, "retry", "retries"))
    if receipt.fallbacks:
        parts.append(count(receipt.fallbacks, "fallback") + " by the proxy")
    failed = [f"{attempt.model} failed ({attempt.cause})" for attempt in receipt.attempts if not attempt.ok]
    return " · ".join(parts + failed)


def _route(receipt: Receipt) -> str:
    served = receipt.served_model
    answered = next((attempt.model for attempt in receipt.attempts if attempt.ok), receipt.model)
    steps = [receipt.model]
    if answered != receipt.model:
        steps.append(answered)
    if receipt.model_group and not answered.endswith(f"/{receipt.model_group}"):
        steps.append(receipt.model_group)
    if served:
        steps.append(served)
    return " → ".join(steps)
