"""Reproduce the call of an agent: the request, the answer, the verdict; cooldowns and fallbacks are seen through."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, NotRequired

from ...catalog.discover import discover
from ...context import CallContext
from ...documents import Doc, TypedDict
from ...errors import CallError, CatalogError, Origin, UsageError
from ...net.transport import Transport
from ...provider import LiteLLMProvider
from ...provider.call import Call, CallOptions
from ...proxy import probes
from ...proxy.pricing.prices import Prices
from ...proxy.wire import Message, base_headers
from ...redaction import mask
from ...roles.choice import Choice
from ..estimate_cost import CostEstimate, estimate_cost
from . import direct
from .attempt import DebugAttempt, SentRequest, for_purpose, send
from .compare import CallComparison, DirectPart, compare
from .views import RequestPart, ResponsePart

QUESTION = "Answer with the word: ok"
MAX_TOKENS = probes.TOKENS
MAX_WAIT_S = 30.0
_COOLDOWN_S = 5.0
"""Fact: LiteLLM's ``cooldown_time`` where none is set; releases before 1.91 say it in the message only."""
_MARGIN_S = 0.5

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class DebugRequest:
    """What is to be reproduced.

    Attributes:
        model: reference, alias or model id; None for the agent's model.
        role: model role, None for the primary.
        messages: what is asked.
        stream: whether the reply comes in pieces.
        max_tokens: output limit in tokens.
        timeout_s: seconds for the reply, or for each line of a stream; None for those of an ordinary call.
        max_wait_s: seconds which a cooldown may be waited for.
    """

    model: str | None = None
    role: str | None = None
    messages: tuple[Message, ...] = ({"role": "user", "content": QUESTION},)
    stream: bool = False
    max_tokens: int = MAX_TOKENS
    timeout_s: float | None = None
    max_wait_s: float = MAX_WAIT_S

    def saying(self, text: str) -> DebugRequest:
        """The same with other words.

        Raises:
            UsageError: there are none.
        """
        if not text.strip():
            raise UsageError("The message is empty.", hint="Pass it with --message or on stdin.")
        return replace(self, messages=({"role": "user", "content": text},))


class DebugResult(TypedDict):
    """The document of ``fased litellm debug --json``."""

    ok: Annotated[bool, Doc("Whether a call works.")]
    alias: Annotated[str, Doc("The proxy's name of the model.")]
    cause: Annotated[str | None, Doc("Short name of the cause; null where the call works.")]
    origin: Annotated[Origin | None, Doc("Whose side it broke on.")]
    remedy: str | None
    request: RequestPart
    response: ResponsePart
    attempts: list[DebugAttempt]
    direct: NotRequired[DirectPart]


@dataclass(frozen=True, slots=True)
class Debugged:
    """The outcome.

    Attributes:
        alias: the proxy's name of the model.
        shots: the attempts, in order.
        verdict: the attempt which shows the real cause, or that it works.
        notes: what else was noticed.
    """

    alias: str
    shots: tuple[SentRequest, ...]
    verdict: SentRequest
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether a call works."""
        return self.verdict.ok

    def as_dict(self, comparison: CallComparison | None = None) -> DebugResult:
        """The JSON document, with the comparison where one was made."""
        error = self.verdict.error
        document: DebugResult = {
            "ok": self.ok,
            "alias": self.alias,
            "cause": error.cause if error else None,
            "origin": error.origin if error else None,
            "remedy": error.hint if error else None,
            "request": self.verdict.sent.as_dict(),
            "response": self.verdict.got.as_dict(),
            "attempts": [shot.as_dict() for shot in self.shots],
        }
        if comparison is not None:
            document["direct"] = comparison.as_dict()
        return document


class Debugger:
    """Debugs the calls of one agent. Each attempt is a call like any other, with its row in the usage history.

    Args:
        provider: the agent's provider.
        question: what is asked.
        say: takes a line for whoever waits.
        sleep: waits for so many seconds.

    Raises:
        RefError: the model is none, or is not allowed.
    """

    def __init__(
        self, provider: LiteLLMProvider, question: DebugRequest, say: Say, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._provider, self._question, self._say, self._sleep = provider, question, say, sleep
        role = question.role if question.model is None else None
        choice = provider.settings.choose(model=question.model, agent=provider.agent, role=role)
        # The one cause is looked for, so nothing comes to the rescue.
        self.choice = Choice(choice.primary, None, choice.source, choice.notes)

    @property
    def alias(self) -> str:
        """The proxy's name of the model."""
        return self.choice.primary.model

    @property
    def key(self) -> tuple[str, str]:
        """The key, masked, and where it was found.

        Raises:
            SecretError: there is none.
        """
        found = self._provider.pool(self.choice.primary.profile).keys.current()
        return mask(found.value), f"{found.kind}: {found.detail}"

    def foretold(self) -> CostEstimate:
        """What one request will take. Where the price is not known here, the proxy is asked, which costs nothing."""
        prices = self._provider.settings.prices(self.alias) or self._listed_prices()
        return estimate_cost(prices, self._question.messages, self._question.max_tokens)

    def run(self) -> Debugged:
        """Make the call, and see through what hides its cause.

        Raises:
            SecretError: there is no key.
        """
        shots = [self._shot({})]
        notes: list[str] = []
        error = shots[0].error
        if error is not None and error.cause == "cooldown":
            wait_s = (error.retry_after_s if error.retry_after_s is not None else _COOLDOWN_S) + _MARGIN_S
            if wait_s > self._question.max_wait_s:
                notes.append(
                    f"The cooldown lasts {wait_s:g} s, more than the {self._question.max_wait_s:g} s that are waited: "
                    "the real cause was not seen. --max-wait waits longer."
                )
            else:
                self._say(
                    f"The deployment is cooling down after an earlier failure; waiting {wait_s:g} s to see that one."
                )
                self._sleep(wait_s)
                shots.append(for_purpose(self._shot({}), "after-cooldown", wait_s))
                notes.extend(_after_cooldown(shots[-1]))
        verdict = shots[-1]
        if verdict.reply is not None and verdict.ok:
            notes.extend(_about(verdict))
            if verdict.reply.receipt.fallbacks:
                self._say("A fallback of the proxy answered; asking once without fallbacks, to see why.")
                shots.append(for_purpose(self._shot({"disable_fallbacks": True}), "without-fallbacks"))
                notes.extend(_behind_the_fallback(shots[-1]))
        return Debugged(self.alias, tuple(shots), verdict, tuple(notes))

    def provider(
        self,
        base_url: str,
        key_name: str,
        environ: Mapping[str, str],
        *,
        model: str | None = None,
        allow_private_network: bool = False,
    ) -> direct.DirectProvider:
        """The model provider to be asked without the proxy.

        Args:
            base_url: what stands before ``/chat/completions``.
            key_name: the variable with its key.
            environ: the variables.
            model: its name of the model; None to ask the proxy for it.
            allow_private_network: whether its address may be a private one.

        Raises:
            AddressBlocked: the address is refused.
            MissingKey: the variable is not set.
            UsageError: the proxy does not say which model it is.
        """
        key = direct.provider_key(key_name, environ)
        direct.vet(base_url, allow_private_network=allow_private_network)
        client = self._provider.pool(self.choice.primary.profile).client()
        mapped = direct.mapped(client, self.alias)
        return direct.DirectProvider(
            base_url=base_url,
            key=key,
            key_name=key_name,
            model=model or direct.need_model(mapped, self.alias),
            allow_private_network=allow_private_network,
            mapped=mapped,
        )

    def directly(self, found: Debugged, provider: direct.DirectProvider) -> CallComparison:
        """The same request without the proxy, beside the one through it."""
        chat = self._call({}).exchange().chat
        return compare(found.verdict, direct.fire_direct(provider, chat), provider)

    def _listed_prices(self) -> Prices | None:
        try:
            facts = discover(self._provider.pool(self.choice.primary.profile).client()).facts_for(self.alias)
        except (CallError, CatalogError):
            return None  # the call itself will tell
        return facts.prices if facts is not None else None

    def _call(self, params: dict[str, Any]) -> Call:
        context = CallContext(agent=self._provider.agent, task="debug", source="cli", role=self._question.role)
        question = self._question
        options = CallOptions(
            list(question.messages),
            context,
            {"num_retries": 0, **params},
            question.max_tokens,
            question.stream,
            question.timeout_s,
        )
        return Call(self._provider.settings, self.choice, options)

    def _shot(self, params: dict[str, Any]) -> SentRequest:
        client = self._provider.pool(self.choice.primary.profile).client()
        call = self._call(params)
        exchange = call.exchange()
        request = exchange.request(base_headers(client.api_key, client.user_agent))
        transport = Transport(client.base_url, allow_private_network=client.allow_private_network)
        try:
            shot = send(transport, client.base_url, request, exchange)
            if shot.error is not None:
                call.fail(shot.error)
                error = self._provider.enrich(shot.error)
                # A limit that was asked for is the request that is to be reproduced.
                own = self._question.max_tokens == MAX_TOKENS
                shot = replace(shot, error=probes.judge(error, MAX_TOKENS) if own else error)
            elif shot.reply is not None:
                shot = replace(shot, reply=call.succeed(shot.reply))
        except BaseException:
            call.cancel(None)
            raise
        finally:
            transport.close()
            if (warning := self._provider.recorder.record(call.record)) is not None:
                self._say(warning)
        return shot


def _after_cooldown(shot: SentRequest) -> list[str]:
    if shot.error is None:
        return ["After the cooldown it works: what failed before has passed, and cannot be seen any more."]
    if shot.error.cause == "cooldown":
        return [
            "It is cooling down again, since others call this model too: the real cause was not seen. Try once more."
        ]
    return ["The cooldown hid this failure: it makes LiteLLM take the deployment out for some seconds."]


def _about(shot: SentRequest) -> list[str]:
    reply = shot.reply
    if reply is None or reply.text or reply.tool_calls:
        return []
    if (why := probes.without_words(reply)) is not None:
        return [f"The reply has {why}."]
    return ["The reply is empty. LiteLLM returns such a stream when a web page answers instead of the provider."]


def _behind_the_fallback(shot: SentRequest) -> list[str]:
    if shot.error is None:
        return ["Without fallbacks it works, too: what made the proxy fall back has passed."]
    error = shot.error
    fails = f"The model itself fails ({error.cause}, {error.origin}): {error.message} → {error.hint}"
    return [f"The call works by a fallback of the proxy alone. {fails}"]
