"""The receipt of a call: who served it, what it took and what it cost, read from headers and the usage object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, NotRequired

from ..documents import Cost, Count, Doc, Milliseconds, TokensPart, TypedDict
from ..formatting import usd
from . import cutstreams
from .billed import UNSERVED, Served
from .pricing.prices import PriceSource
from .tokens import TokenUsage, token_usage
from .values import MOST_USD, money, names

WARN_FROM = Decimal("0.8")
"""The part of a key's budget from which on its user is warned."""

_NAMES = (
    "x-litellm-version",
    "x-litellm-model-group",
    "x-litellm-model-id",
    "x-litellm-model-name",
    "x-litellm-call-id",
)

CostSource = Literal["header", "stream", "body", "price-table", "estimate", "unknown"]
"""``header``, ``stream`` and ``body`` are the proxy's word. ``price-table`` is exact, ``estimate`` is not."""


class AttemptPart(TypedDict):
    """One model that was tried."""

    model: str
    ok: bool
    cause: NotRequired[Annotated[str, Doc("Why it failed; only there if it did.")]]


class ReceiptPart(TypedDict):
    """What is known of the call; null means that the proxy did not say."""

    callId: Annotated[str, Doc("Our id of the call, which names its row in the usage history.")]
    proxyCallId: Annotated[str | None, Doc("The id under which the proxy keeps the call; mostly the same.")]
    model: Annotated[str, Doc("The reference that was asked for.")]
    responseId: Annotated[str | None, Doc("The provider's id of the completion.")]
    modelGroup: str | None
    deploymentId: str | None
    servedModel: Annotated[str | None, Doc("Provider and model that answered.")]
    retries: Count | None
    fallbacks: Count | None
    attempts: list[AttemptPart]
    usage: TokensPart | None
    costUsd: Annotated[Cost | None, Doc("USD; null if unknown, never 0 for that.")]
    costSource: CostSource
    costNote: Annotated[str | None, Doc("Why the cost is an estimate.")]
    proxyVersion: str | None
    latencyMs: Milliseconds | None
    timeToFirstTokenMs: Milliseconds | None
    proxyOverheadMs: Milliseconds | None
    providerMs: Annotated[Milliseconds | None, Doc("What the proxy waited for the provider.")]
    warnings: Annotated[
        list[str],
        Doc(
            "What whoever made the call should know: budgets that are used up, or nearly; a release of LiteLLM that"
            " hides cut streams."
        ),
    ]


@dataclass(frozen=True, slots=True)
class Attempt:
    """One model that was tried: ``cause`` says why it failed."""

    model: str
    ok: bool
    cause: str | None = None

    def as_dict(self) -> AttemptPart:
        document: AttemptPart = {"model": self.model, "ok": self.ok}
        if self.cause:
            document["cause"] = self.cause
        return document


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is known of one call. None means that the proxy did not say.

    Attributes:
        call_id: our id of the call, made before it was sent; it names the row in the usage history.
        model: the reference that was asked for, such as ``litellm/default``.
        model_group: the proxy's name for it.
        deployment_id: the deployment that answered.
        served_model: provider and model behind it, such as ``openai/gpt-5.5``.
        retries: repetitions by the proxy.
        fallbacks: other models that the proxy went through.
        attempts: what this client tried, in order.
        response_id: the provider's id of the completion, which names the proxy's spend row.
        proxy_call_id: the id under which the proxy says that it keeps the call; ours, where it takes ids of clients.
        usage: tokens; None if the answer held no usage.
        cost_usd: USD; None if unknown, never 0 for that.
        cost_source: where the cost came from.
        cost_note: why it is an estimate.
        proxy_version: LiteLLM's version.
        latency_ms: milliseconds from sending to the end of the reply.
        time_to_first_token_ms: milliseconds to the first piece of a stream, or to the first byte of a whole reply.
        proxy_overhead_ms: milliseconds that the proxy itself took.
        provider_ms: milliseconds that the proxy waited for the provider.
        warnings: what whoever made the call should know, in sentences: budgets that are used up, or nearly; a release
            which passes a cut stream as a complete one.
    """

    call_id: str
    model: str
    model_group: str | None = None
    deployment_id: str | None = None
    served_model: str | None = None
    retries: int | None = None
    fallbacks: int | None = None
    attempts: tuple[Attempt, ...] = ()
    usage: TokenUsage | None = None
    cost_usd: Decimal | None = None
    cost_source: CostSource = "unknown"
    proxy_version: str | None = None
    latency_ms: float | None = None
    time_to_first_token_ms: float | None = None
    proxy_overhead_ms: float | None = None
    provider_ms: float | None = None
    warnings: tuple[str, ...] = ()
    response_id: str | None = None
    proxy_call_id: str | None = None
    cost_note: str | None = None

    def as_dict(self) -> ReceiptPart:
        """The value of ``receipt`` in the JSON of a call."""
        return {
            "callId": self.call_id,
            "proxyCallId": self.proxy_call_id,
            "model": self.model,
            "responseId": self.response_id,
            "modelGroup": self.model_group,
            "deploymentId": self.deployment_id,
            "servedModel": self.served_model,
            "retries": self.retries,
            "fallbacks": self.fallbacks,
            "attempts": [attempt.as_dict() for attempt in self.attempts],
            "usage": self.usage.as_dict() if self.usage else None,
            "costUsd": float(self.cost_usd) if self.cost_usd is not None else None,
            "costSource": self.cost_source,
            "costNote": self.cost_note,
            "proxyVersion": self.proxy_version,
            "latencyMs": _rounded(self.latency_ms),
            "timeToFirstTokenMs": _rounded(self.time_to_first_token_ms),
            "proxyOverheadMs": _rounded(self.proxy_overhead_ms),
            "providerMs": _rounded(self.provider_ms),
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds, measured by the client."""

    latency_ms: float | None = None
    first_ms: float | None = None


def make_receipt(
    *,
    call_id: str,
    model: str,
    model_group: str,
    headers: Mapping[str, str],
    usage: Mapping[str, Any] | None,
    timing: Timing,
    prices: PriceSource | None = None,
    streamed: bool = False,
    response_id: str | None = None,
    attempts: tuple[Attempt, ...] = (),
    served: Served = UNSERVED,
) -> Receipt:
    """Read a receipt from an answer.

    Facts: a whole reply has its cost in ``x-litellm-response-cost``, absent when the price is unknown. A stream's headers
    come before its cost is known; from 1.101 on the usage chunk has ``cost``. Streams name group, retries and fallbacks from
    1.91 on; the single-model mode names neither group nor deployment; ``x-litellm-model-name`` came with 1.96.

    Args:
        call_id: our id of the call.
        model: the reference that was asked for.
        model_group: the name sent to the proxy, used where the proxy does not say.
        headers: lower-cased headers of the answer.
        usage: the ``usage`` object of the reply or of the usage chunk.
        timing: milliseconds, measured by the client.
        prices: gives what the model costs; asked only for answers that do not say.
        streamed: whether the reply came in pieces.
        response_id: the provider's id of the completion, if it came.
        attempts: what this client tried, in order.
        served: what else its price may depend on.
    """
    tokens = token_usage(usage, served)
    cost, source, note = _cost(headers, usage, tokens, prices, streamed=streamed)
    overhead_ms = _decimal_ms(headers.get("x-litellm-overhead-duration-ms"))
    whole_ms = _decimal_ms(headers.get("x-litellm-response-duration-ms"))
    said = [headers.get(header) for header in _NAMES]
    version, group, deployment_id, served_model, proxy_call_id, response_id = names(*said, response_id)
    cut = cutstreams.warning(version) if streamed else None
    return Receipt(
        call_id=call_id,
        model=model,
        model_group=group or model_group,
        deployment_id=deployment_id,
        served_model=served_model,
        retries=_whole(headers.get("x-litellm-attempted-retries")),
        fallbacks=_whole(headers.get("x-litellm-attempted-fallbacks")),
        attempts=attempts,
        usage=tokens,
        cost_usd=cost,
        cost_source=source,
        proxy_version=version,
        latency_ms=timing.latency_ms,
        time_to_first_token_ms=timing.first_ms,
        proxy_overhead_ms=overhead_ms,
        provider_ms=None if overhead_ms is None or whole_ms is None else max(0.0, whole_ms - overhead_ms),
        warnings=(*_nearly_spent(headers), *([cut] if cut else ())),
        response_id=response_id,
        # What the proxy says is a fact about the call. It does not name the call: two calls could get one name.
        proxy_call_id=proxy_call_id,
        cost_note=note,
    )


def _cost(
    headers: Mapping[str, str],
    usage: Mapping[str, Any] | None,
    tokens: TokenUsage | None,
    prices: PriceSource | None,
    *,
    streamed: bool,
) -> tuple[Decimal | None, CostSource, str | None]:
    """The cost, where it came from, and why it is an estimate.

    Fact: releases that do not know a price say 0 for a call that took tokens. So 0 is believed only of a call that took
    none, and of a model that the config or the catalog says is free.
    """
    said: list[tuple[Decimal, CostSource]] = []
    in_usage = money((usage or {}).get("cost"))
    in_header = None if streamed else money(headers.get("x-litellm-response-cost"))
    if in_header is not None:
        said.append((in_header, "header"))
    if in_usage is not None:
        said.append((in_usage, "stream" if streamed else "body"))
    for amount, source in said:
        if amount > 0 or tokens is None or tokens.total_tokens == 0:
            return amount, source, None
    table = prices() if prices is not None and tokens is not None else None
    if table is None or tokens is None:
        return None, "unknown", None
    if said and table.free:
        return *said[0], None
    charge = table.charge(tokens, datetime.now(UTC))
    if charge is None or charge.usd >= MOST_USD:
        return None, "unknown", None
    return charge.usd, "estimate" if charge.doubt else "price-table", charge.doubt


def _nearly_spent(headers: Mapping[str, str]) -> tuple[str, ...]:
    """A warning once 80 % of the key's budget are spent.

    Fact: ``x-litellm-key-spend`` lags and jumps a little, so it is told as "about"; ``/key/info`` knows better.
    """
    limit = headers.get("x-litellm-key-max-budget")
    if not limit:
        return ()
    budget, spent = money(limit), money(headers.get("x-litellm-key-spend"))
    if budget is None or spent is None or budget == 0 or spent < budget * WARN_FROM:
        return ()
    told = f"This key has spent about {spent / budget:.0%} of its budget at the proxy, {usd(budget)}."
    return (f"{told} `fased litellm keys info` says when it resets.",)


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 10 else None


def _decimal_ms(text: str | None) -> float | None:
    amount = money(text)
    return float(amount) if amount is not None else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)
