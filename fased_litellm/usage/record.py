"""One row of the usage history: a call, who made it, and what it took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from math import inf
from operator import attrgetter
from typing import Annotated, Any, Literal

from ..documents import Cost, Count, Doc, Milliseconds, Moment, Name, TokensPart, TypedDict
from ..redaction import hide_known, may_hold_known
from .money import MAX_COST_USD, from_pico, to_number, to_pico

Status = Literal["ok", "error", "interrupted", "cancelled"]
STATUSES: tuple[Status, ...] = ("ok", "error", "interrupted", "cancelled")
FAILED: tuple[Status, ...] = ("error", "interrupted")
"""The statuses which a report counts as failed. A call that its caller cancelled did not fail."""

ESTIMATE = "estimate"
"""``cost_source`` of a cost that is not exact; ``price_note`` says why."""

UNANSWERED = ("timeout", "connection-lost")
"""Causes of an error after which the request may have been carried out all the same."""

MAX_TEXT = 512
"""Longest name that is kept, in characters. The ledger holds names, never the text of a conversation."""
MAX_ID = 256
"""Longest id that a proxy gives a call, and longest name of who served it, in characters."""
MAX_COUNT = 2**53 - 1
_MAX_TIME_MS = 253_402_300_799_999  # the end of the year 9999

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


class UsageRecordDocument(TokensPart, TypedDict):
    """One call as the ledger keeps it: names, counts and times; no prompt and no reply."""

    callId: Annotated[Name, Doc("Made on this side, before the call was sent.")]
    proxyCallId: Annotated[str | None, Doc("The proxy's own id of the call; null where it took ours.")]
    startedAt: Moment
    provider: str | None
    model: str | None
    requestedModel: str | None
    servedModel: str | None
    deploymentId: str | None
    responseId: Annotated[str | None, Doc("The provider's id of the completion.")]
    agent: str | None
    task: str | None
    channel: str | None
    session: str | None
    source: str | None
    role: str | None
    status: Status
    cause: str | None
    origin: str | None
    httpStatus: Count | None
    costUsd: Cost | None
    costSource: str
    priceNote: Annotated[
        str | None, Doc("Where a price came from that was looked up later, and why the cost is an estimate.")
    ]
    inputCostUsd: Cost | None
    outputCostUsd: Cost | None
    cacheReadCostUsd: Cost | None
    cacheWriteCostUsd: Cost | None
    retries: Count | None
    fallbacks: Count | None
    latencyMs: Milliseconds | None
    timeToFirstTokenMs: Milliseconds | None
    proxyOverheadMs: Milliseconds | None
    proxyVersion: str | None
    billing: Annotated[
        str | None,
        Doc(
            "What the price of an own call depends on besides its tokens, as a JSON object; null where there is nothing of it."
        ),
    ]


@dataclass(frozen=True, slots=True)
class UsageRecord:
    """A call as the ledger keeps it. It has names, counts and times; no prompt and no reply.

    Tokens follow Fased's rules (its ``src/agents/usage.ts``): ``input_tokens`` does not contain the cached ones,
    ``output_tokens`` contains the reasoning, and ``total_tokens`` is input + output + cache read + cache write.

    Attributes:
        call_id: unique name of the call, which this side made; recording it again changes nothing.
        started_at_ms: milliseconds since 1970, UTC.
        provider, model: the reference which the call was made for (``litellm``, ``default``).
        requested_model: the reference which the caller asked for, where another one served (a fallback).
        served_model: the provider's model that answered (``openai/gpt-5.5``).
        deployment_id: LiteLLM's id of the deployment that answered.
        response_id: the provider's id of the completion, which is the id of the proxy's spend row.
        proxy_call_id: the proxy's own id of the call, None where it took ours or did not say.
        agent, task, channel, session, source, role: as in ``CallContext``.
        status: ``ok``, ``error``, ``interrupted`` (a stream that broke off) or ``cancelled`` (by the caller).
        cause, origin, http_status: of a failure; see ``proxy.causes``.
        cost: USD, None where it is not known. Kept to twelve digits after the point.
        cost_source: ``header``, ``stream`` or ``body`` (the proxy's word), ``price-table``, ``transcript``, ``config``,
            ``catalog``, ``spend-row``, ``estimate`` or ``unknown``.
        price_note: where a price came from that was looked up later, and why a cost is an estimate, in words.
        input_cost … cache_write_cost: the parts of the cost, USD, None where they are not known.
        retries, fallbacks: how many it took; None where the proxy did not say.
        latency_ms, time_to_first_token_ms, proxy_overhead_ms: milliseconds, None where not measured.
        proxy_version: LiteLLM's version.
        billing: what the price of an own call depends on besides the tokens above, as a short JSON object: tier of service,
            caching for an hour, sound …; None where there is nothing of it.

    Names longer than ``MAX_TEXT`` are cut (ids that a proxy gives, longer than ``MAX_ID``), an empty name is None, and what UTF-8
    cannot hold becomes ``?``. No name holds a secret that is known when the record is made, in any spelling: ``***`` is in its place.

    Raises:
        ValueError: ``call_id`` is empty, ``status`` is not one of the four, or a count, time or cost is out of range.
    """

    call_id: str
    started_at_ms: int
    provider: str | None = None
    model: str | None = None
    requested_model: str | None = None
    served_model: str | None = None
    deployment_id: str | None = None
    response_id: str | None = None
    agent: str | None = None
    task: str | None = None
    channel: str | None = None
    session: str | None = None
    source: str | None = None
    role: str | None = None
    status: Status = "ok"
    cause: str | None = None
    origin: str | None = None
    http_status: int | None = None
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    reasoning_tokens: int = 0
    total_tokens: int = 0
    cost: Decimal | None = None
    cost_source: str = "unknown"
    price_note: str | None = None
    input_cost: Decimal | None = None
    output_cost: Decimal | None = None
    cache_read_cost: Decimal | None = None
    cache_write_cost: Decimal | None = None
    retries: int | None = None
    fallbacks: int | None = None
    latency_ms: float | None = None
    time_to_first_token_ms: float | None = None
    proxy_overhead_ms: float | None = None
    proxy_version: str | None = None
    proxy_call_id: str | None = None
    billing: str | None = None

    def __post_init__(self) -> None:
        if len(self.call_id) > MAX_TEXT or not self.call_id.isascii():
            object.__setattr__(self, "call_id", _name(self.call_id))
        # One look at all of them: a call is recorded while somebody waits.
        texts = _texts_of(self)
        together = "\n".join([text for text in texts if text])
        if may_hold_known(together):
            self._hide_known()
            texts = _texts_of(self)
            together = "\n".join([text for text in texts if text])
        if len(together) > MAX_ID or not together.isascii() or "" in texts:
            for name, text in zip(_TEXTS, texts, strict=True):
                if text is not None and (not text or len(text) > MAX_ID or not text.isascii()):
                    object.__setattr__(self, name, _clean(text[:MAX_ID] if name in _IDS else text))
        for name, count in zip(_COUNTS, _counts_of(self), strict=True):
            if count is None and name in _OPTIONAL:
                continue
            if type(count) is not int or not 0 <= count <= MAX_COUNT:
                raise ValueError(f"{name} is {count!r}; it must be a whole number from 0 to 2^53 - 1.")
        for time in (self.latency_ms, self.time_to_first_token_ms, self.proxy_overhead_ms):
            if time is not None and not 0 <= time < inf:
                raise ValueError(f"{time!r} is not a duration in milliseconds.")
        if not self.call_id:
            raise ValueError("A usage record needs a call id.")
        if self.status not in STATUSES:
            raise ValueError(f"{self.status!r} is not a status of a call.")
        if type(self.started_at_ms) is not int or not 0 <= self.started_at_ms <= _MAX_TIME_MS:
            raise ValueError(f"{self.started_at_ms!r} is not a time in milliseconds since 1970.")
        for cost in _costs_of(self):
            if cost is not None and not (cost.is_finite() and 0 <= cost <= MAX_COST_USD):
                raise ValueError(f"A call cannot cost USD {cost}.")

    def _hide_known(self) -> None:
        for name in _TEXTS:
            text = getattr(self, name)
            if text and (hidden := hide_known(text)) != text:
                object.__setattr__(self, name, f"{hidden}-{_digest(text)}" if name == "call_id" else hidden)

    @property
    def cost_pico(self) -> int | None:
        """The cost in whole pico-USD, None where it is not known."""
        return None if self.cost is None else to_pico(self.cost)

    @property
    def failed(self) -> bool:
        """Whether a report counts this call as failed."""
        return self.status in FAILED

    @property
    def unpriced(self) -> bool:
        """Whether the call used something, or may have, and the cost is not known.

        A call that was refused used nothing. One that broke off, was left alone, or was never answered may have.
        """
        used = self.total_tokens > 0 or self.status != "error" or self.cause in UNANSWERED
        return self.cost is None and used

    def as_dict(self) -> UsageRecordDocument:
        """The record as a JSON document."""
        values: Any = dict(zip(_JSON_ORDER, _values(self), strict=True))
        values["startedAt"] = iso(self.started_at_ms)
        for name in _JSON_COSTS:
            if values[name] is not None:
                values[name] = to_number(to_pico(values[name]))
        document: UsageRecordDocument = values
        return document

    def as_sparse_dict(self) -> dict[str, Any]:
        """As ``as_dict``, without what is None, and with each cost as a text that has all its digits. ``from_dict`` reads both."""
        values = {name: value for name, value in zip(_JSON_ORDER, _values(self), strict=True) if value is not None}
        values["startedAt"] = iso(self.started_at_ms)
        for name in _JSON_COSTS:
            if name in values:
                values[name] = str(values[name])
        return values

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> UsageRecord:
        """The record of such a document; a cost may be a text, which keeps all twelve digits of any cost.

        Raises:
            ValueError: a field is missing, unknown, or has a value of the wrong kind.
        """
        values = {name: document[camel(name)] for name in _FIELDS if camel(name) in document}
        if unknown := set(document) - set(_JSON_ORDER):
            raise ValueError(f"Unknown fields in a usage record: {', '.join(sorted(unknown))}.")
        try:
            values["started_at_ms"] = (datetime.fromisoformat(document["startedAt"]) - _EPOCH) // _MILLISECOND
            for name in COSTS:
                cost = document.get(_IN_JSON[name])
                # Through text, also for a float: Decimal(0.1) has 55 digits.
                values[name] = None if cost is None else from_pico(to_pico(Decimal(str(cost))))
            return cls(**values)
        except (KeyError, TypeError, AttributeError, InvalidOperation) as error:
            raise ValueError(f"Not a usage record: {error!r}.") from error


def camel(name: str) -> str:
    """``input_tokens`` as ``inputTokens``, the form of names in JSON."""
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def iso(milliseconds: int) -> str:
    """A time as ``2026-11-22T00:00:00Z``, with milliseconds where it has some."""
    moment = _EPOCH + milliseconds * _MILLISECOND
    precision = "milliseconds" if milliseconds % 1000 else "seconds"
    return moment.replace(tzinfo=None).isoformat(timespec=precision) + "Z"


def _clean(text: str) -> str | None:
    return text[:MAX_TEXT].encode("utf-8", "replace").decode() or None


def _name(call_id: str) -> str:
    """The id as it is, if it can be kept; else with a digest of the whole, so that no two become one by being cut."""
    kept = _clean(call_id) or ""
    if kept == call_id:
        return call_id
    digest = _digest(call_id)
    return f"{kept[: MAX_TEXT - len(digest) - 1]}-{digest}"


def _digest(call_id: str) -> str:
    from hashlib import blake2b  # hardly ever needed, and slow to import

    return blake2b(call_id.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


COSTS = ("cost", "input_cost", "output_cost", "cache_read_cost", "cache_write_cost")
"""The fields that are amounts of USD."""

_FIELDS = tuple(field.name for field in fields(UsageRecord))
_IN_JSON = {name: f"{camel(name)}Usd" for name in COSTS} | {"started_at_ms": "startedAt"}
_JSON_ORDER = tuple(_IN_JSON.get(name, camel(name)) for name in _FIELDS)
_JSON_COSTS = tuple(_IN_JSON[name] for name in COSTS)
_values = attrgetter(*_FIELDS)
_COUNTS = (
    "input_tokens",
    "output_tokens",
    "cache_read_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "total_tokens",
    "retries",
    "fallbacks",
    "http_status",
)
_IDS = frozenset(("served_model", "deployment_id", "response_id", "proxy_version", "proxy_call_id"))
_OPTIONAL = ("retries", "fallbacks", "http_status")
_TEXTS = tuple(
    field.name for field in fields(UsageRecord) if str(field.type).startswith("str") and field.name != "status"
)
_texts_of, _counts_of, _costs_of = attrgetter(*_TEXTS), attrgetter(*_COUNTS), attrgetter(*COSTS)
