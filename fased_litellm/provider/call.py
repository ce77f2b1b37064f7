"""One call with its attempts, without I/O: which model is tried next, and what its row in the ledger says."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from ..context import CallContext
from ..errors import BudgetError, CallError, Origin, StreamInterrupted
from ..net.messages import MIB, Limits
from ..proxy.exchange import Exchange
from ..proxy.pricing.prices import Prices
from ..proxy.receipt import Attempt, Receipt
from ..proxy.reply import Reply
from ..proxy.tokens import TokenUsage
from ..proxy.wire import Attribution, ChatRequest, Message
from ..redaction import logger
from ..refs import PROVIDER, ModelRef
from ..roles.choice import Choice
from ..usage.record import Status, UsageRecord
from .settings import Settings

if TYPE_CHECKING:
    from ..usage.budgets.reservations import Reservation

WHOLE_TIMEOUT_S = 600.0
STREAM_IDLE_S = 120.0
STREAM_TOTAL_S = 3600.0
STREAM_BYTES = 256 * MIB

_log = logger("provider")

OWN_BUDGET = "own-budget"
"""Cause of a call that a budget of this side refused; the proxy's own budgets are ``budget-exceeded``."""


class CallOptions(NamedTuple):
    """What one call is asked with.

    Attributes:
        messages: OpenAI chat messages.
        context: who calls and for what.
        params: further OpenAI parameters.
        max_tokens: output limit in tokens.
        stream: whether the reply comes in pieces.
        timeout_s: seconds after which the call is given up: for the whole reply, or for each line of a stream.
    """

    messages: Sequence[Message]
    context: CallContext
    params: Mapping[str, Any] = MappingProxyType({})
    max_tokens: int | None = None
    stream: bool = False
    timeout_s: float | None = None


class Call:
    """A call on its way: ``exchange()``, then ``succeed()`` or ``fail()``; ``record`` is its row.

    A failed primary is followed by the one fallback that Fased honours, if the failure is the proxy's or the provider's.
    A request that may have reached the proxy is never repeated.
    """

    def __init__(self, settings: Settings, choice: Choice, options: CallOptions) -> None:
        self.settings, self.choice, self.options = settings, choice, options
        self.call_id = str(uuid.uuid4())
        self.record: UsageRecord | None = None
        self.reservation: Reservation | None = None
        """What the attempt under way has reserved of a budget."""
        self._refs = [choice.primary]
        if choice.fallback is not None and choice.fallback.provider == PROVIDER:
            self._refs.append(choice.fallback)
        self._attempts: list[Attempt] = []
        self._under_way: Attempt | None = None
        self._warnings: tuple[str, ...] = ()
        self.started_at_ms = time.time_ns() // 1_000_000
        self._started = time.monotonic()

    @property
    def ref(self) -> ModelRef:
        """The model of the attempt under way."""
        return self._refs[min(len(self._attempts), len(self._refs) - 1)]

    def exchange(self) -> Exchange:
        """The next attempt."""
        ref, options, settings = self.ref, self.options, self.settings
        chat = ChatRequest(
            model=ref.model,
            messages=options.messages,
            attribution=attribution(self._id_of_attempt(len(self._attempts) + 1), options.context),
            stream=options.stream,
            max_tokens=options.max_tokens,
            max_tokens_field=settings.max_tokens_field(ref.model),
            params=settings.supported_params(ref.model, options.params),
            headers=settings.headers(ref.model),
            limits=limits(options),
        )
        self._under_way = Attempt(str(ref), ok=True)
        return Exchange(
            chat,
            model=str(self.choice.primary),
            prices=lambda: self.prices(ref.model),
            attempts=(*self._attempts, self._under_way),
        )

    def succeed(self, reply: Reply) -> Reply:
        """The reply with its whole receipt; the row is ready."""
        self._attempts.append(self._under_way or Attempt(str(self.ref), ok=True))
        receipt = self._whole(reply.receipt)
        self.record = self._row("ok", receipt)
        return reply if receipt is reply.receipt else reply.with_receipt(receipt)

    def fail(self, error: CallError) -> bool:
        """Take a failure; True if the fallback is to be tried, else the row is ready and the error is to be raised."""
        if error.cause == "provider-model":
            from . import discovery  # here, since calls need nothing of it to begin

            discovery.reclassify_unknown_model(self.settings, self.ref.model, error)
        again = self._may_fall_back(error)
        ref = self.ref
        self._attempts.append(Attempt(str(ref), ok=False, cause=error.cause))
        if again:
            return True
        self._end(error, ref)
        return False

    def _end(self, error: CallError, ref: ModelRef) -> None:
        error.receipt = self._whole(error.receipt)
        status: Status = "error"
        if isinstance(error, StreamInterrupted):
            if error.partial is not None:
                error.partial = error.partial.with_receipt(error.receipt)
            status = "interrupted"
        self.record = self._row(
            status, error.receipt, ref=ref, cause=error.cause, origin=error.origin, http_status=error.status
        )

    def warn(self, warnings: tuple[str, ...]) -> None:
        """What is to be said of the attempt under way; it is on the receipt."""
        self._warnings = tuple(dict.fromkeys((*self._warnings, *warnings)))

    def refuse(self) -> None:
        """Nothing is sent. The row says so, since somebody will ask why the agent stood still; it costs nothing."""
        ref, unsent = self.ref, Receipt(self.call_id, str(self.choice.primary))
        self._attempts.append(Attempt(str(ref), ok=False, cause=OWN_BUDGET))
        self.record = self._row("error", self._whole(unsent), ref=ref, cause=OWN_BUDGET, origin="caller")

    def block(self, error: CallError, refusal: BudgetError) -> None:
        """The fallback that ``fail`` promised is not sent either: the failure stays, and says why."""
        failed = self._tried()
        self._attempts.append(Attempt(str(self.ref), ok=False, cause=OWN_BUDGET))
        error.hint = (
            f"{error.hint or ''} The fallback {self._attempts[-1].model} was not tried: {refusal.message}".strip()
        )
        self._end(error, failed)

    def cancel(self, reply: Reply | None) -> None:
        """The caller went away; the row says so, with what had arrived."""
        if self.record is None:
            ref = self.ref
            self._attempts.append(Attempt(str(ref), ok=False, cause="cancelled"))
            receipt = self._whole(reply.receipt if reply else None)
            self.record = self._row("cancelled", receipt, ref=ref)

    def _tried(self) -> ModelRef:
        """The model of the last attempt that has ended."""
        return self._refs[len(self._attempts) - 1]

    def _may_fall_back(self, error: CallError) -> bool:
        if len(self._attempts) + 1 >= len(self._refs) or isinstance(error, StreamInterrupted):
            return False
        if error.cause == "guardrail-failed":
            return False  # nobody has judged the content, so nobody else gets it
        return error.origin in ("gateway", "provider", "provider-key") or error.cause in (
            "unknown-model",
            "model-forbidden",
        )

    def _id_of_attempt(self, number: int) -> str:
        # The proxy has one spend row for each attempt, and each needs an id of its own.
        return self.call_id if number <= 1 else f"{self.call_id}-{number}"

    def _whole(self, receipt: Receipt | None) -> Receipt:
        attempts = tuple(self._attempts)
        if receipt is not None and receipt.attempts == attempts and len(attempts) == 1 and not self._warnings:
            return receipt  # as nearly always
        latency_ms = (time.monotonic() - self._started) * 1000
        own_id = self._id_of_attempt(len(attempts))
        receipt = receipt or Receipt(own_id, str(self.choice.primary), latency_ms=latency_ms)
        if len(attempts) > 1:
            receipt = replace(receipt, latency_ms=latency_ms)
        return replace(receipt, attempts=attempts, warnings=(*self._warnings, *receipt.warnings))

    def _row(
        self,
        status: Status,
        receipt: Receipt,
        *,
        ref: ModelRef | None = None,
        cause: str | None = None,
        origin: Origin | None = None,
        http_status: int | None = None,
    ) -> UsageRecord:
        usage = receipt.usage or TokenUsage()
        context = self.options.context
        model = ref or self._tried()
        own: dict[str, Any] = {
            "call_id": receipt.call_id,
            "started_at_ms": self.started_at_ms,
            "provider": model.provider,
            "model": model.model,
            "requested_model": self.choice.primary.model,
            "agent": context.agent,
            "task": context.task,
            "channel": context.channel,
            "session": context.session,
            "source": context.source,
            "role": context.role,
            "status": status,
            "cause": cause,
            "origin": origin,
        }
        try:
            return UsageRecord(
                **own,
                served_model=receipt.served_model,
                deployment_id=receipt.deployment_id,
                http_status=http_status,
                input_tokens=usage.input_tokens,
                output_tokens=usage.output_tokens,
                cache_read_tokens=usage.cache_read_tokens,
                cache_write_tokens=usage.cache_write_tokens,
                reasoning_tokens=usage.reasoning_tokens,
                total_tokens=usage.total_tokens,
                cost=receipt.cost_usd,
                cost_source=receipt.cost_source,
                price_note=receipt.cost_note,
                billing=_billing(usage),
                retries=receipt.retries,
                fallbacks=receipt.fallbacks,
                latency_ms=receipt.latency_ms,
                time_to_first_token_ms=receipt.time_to_first_token_ms,
                proxy_overhead_ms=receipt.proxy_overhead_ms,
                proxy_version=receipt.proxy_version,
                response_id=receipt.response_id,
                proxy_call_id=receipt.proxy_call_id if receipt.proxy_call_id != receipt.call_id else None,
            )
        except ValueError:
            # Figures that no ledger takes are none; the call is one all the same, of unknown cost.
            return UsageRecord(**own)

    def prices(self, model_id: str) -> Prices | None:
        """What a model costs. No call fails for this: what cannot be looked up is not known."""
        try:
            return self.settings.prices(model_id)
        except Exception as error:
            _log.warning("The price of %s could not be looked up: %s", model_id, error)
            return None


def _billing(usage: TokenUsage) -> str | None:
    """What a later price may depend on, None where there is nothing of it."""
    kept = usage.detail.noteworthy() if usage.detail is not None else {}
    return json.dumps(kept, separators=(",", ":")) if kept else None


def limits(options: CallOptions) -> Limits:
    """How long to wait, and how much to take.

    A whole reply comes in one go, so its time is that of the whole exchange. A stream may last, as long as it goes on.
    """
    if options.stream:
        idle_s = options.timeout_s or STREAM_IDLE_S
        return Limits(idle_s=idle_s, total_s=max(STREAM_TOTAL_S, idle_s), max_bytes=STREAM_BYTES)
    whole_s = options.timeout_s or WHOLE_TIMEOUT_S
    return Limits(idle_s=whole_s, total_s=whole_s, max_bytes=4 * MIB)


def attribution(call_id: str, context: CallContext) -> Attribution:
    """The names of a call for the proxy's spend rows."""
    values = context.as_dict()
    tags = tuple([f"{name}:{values[name]}" for name in ("agent", "task", "channel", "role", "source") if values[name]])
    return Attribution(call_id, session_id=context.session, agent_id=context.agent, tags=tags)
