"""Two attempts side by side, one through the proxy and one without it: where they differ, and what it means. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from ...documents import Doc, TypedDict
from ...errors import Origin
from .attempt import SentRequest
from .direct import DirectProvider
from .views import RequestPart, ResponsePart

Verdict = Literal["both-work", "only-proxy-fails", "only-direct-fails", "both-fail"]


class ComparedPart(TypedDict):
    """One line of the comparison."""

    part: Literal["request", "answer"]
    name: str
    proxy: str
    direct: str
    differs: bool


class DirectPart(TypedDict):
    """The same request straight to the provider; only there with --direct."""

    verdict: Verdict
    meaning: str
    ok: bool
    cause: str | None
    origin: Annotated[Origin | None, Doc("As above; here `network` is the way between us and the provider.")]
    request: RequestPart
    response: ResponsePart
    rows: list[ComparedPart]


@dataclass(frozen=True, slots=True)
class ComparisonRow:
    """One line: what it is, both sides, and whether they differ. ``part`` is ``request`` or ``answer``."""

    part: Literal["request", "answer"]
    name: str
    proxied: str
    direct: str

    @property
    def differs(self) -> bool:
        if self.name == "goes to":  # LiteLLM's name of the provider stands before the proxy's
            return self.proxied.partition("/")[2] not in ("", self.direct) and self.proxied != self.direct
        return self.proxied != self.direct

    def as_dict(self) -> ComparedPart:
        return {
            "part": self.part,
            "name": self.name,
            "proxy": self.proxied,
            "direct": self.direct,
            "differs": self.differs,
        }


@dataclass(frozen=True, slots=True)
class CallComparison:
    """Both attempts.

    Attributes:
        direct: the attempt without the proxy.
        rows: what was sent and answered, side by side.
        verdict: which of the two works.
        meaning: what follows from that.
    """

    direct: SentRequest
    rows: tuple[ComparisonRow, ...]
    verdict: Verdict
    meaning: str

    def as_dict(self) -> DirectPart:
        """The value of ``direct`` in the JSON document."""
        error = self.direct.error
        return {
            "verdict": self.verdict,
            "meaning": self.meaning,
            "ok": self.direct.ok,
            "cause": error.cause if error else None,
            "origin": error.origin if error else None,
            "request": self.direct.sent.as_dict(),
            "response": self.direct.got.as_dict(),
            "rows": [row.as_dict() for row in self.rows],
        }


def compare(proxied: SentRequest, direct: SentRequest, provider: DirectProvider) -> CallComparison:
    """Put two attempts side by side.

    Args:
        proxied: the attempt through the proxy which shows the real cause.
        direct: the attempt without it.
        provider: who was asked directly.
    """
    rows = (*_requests(proxied, direct, provider), *_answers(proxied, direct))
    if proxied.ok:
        verdict: Verdict = "both-work" if direct.ok else "only-direct-fails"
    else:
        verdict = "only-proxy-fails" if direct.ok else "both-fail"
    return CallComparison(direct, rows, verdict, _meaning(verdict, proxied, direct, provider))


def _requests(proxied: SentRequest, direct: SentRequest, provider: DirectProvider) -> Iterator[ComparisonRow]:
    yield ComparisonRow("request", "URL", proxied.sent.url, direct.sent.url)
    yield ComparisonRow("request", "key", "the agent's", f"${provider.key_name}")
    if provider.mapped is not None:
        yield ComparisonRow("request", "goes to", provider.mapped.model, provider.model)
        if provider.mapped.api_base is not None:
            yield ComparisonRow("request", "api_base", provider.mapped.api_base.rstrip("/"), provider.base_url)
    bodies = proxied.sent.body, direct.sent.body
    for name in dict.fromkeys((*bodies[0], *bodies[1])):
        yield ComparisonRow("request", name, *(_text(body[name]) if name in body else "–" for body in bodies))


def _answers(proxied: SentRequest, direct: SentRequest) -> Iterator[ComparisonRow]:
    got = proxied.got, direct.got
    yield ComparisonRow("answer", "status", *(str(one.status or "none") for one in got))
    yield ComparisonRow("answer", "type", *(one.type or "–" for one in got))
    yield ComparisonRow("answer", "message", *(one.message or "–" for one in got))
    yield ComparisonRow("answer", "cause", *(shot.error.cause if shot.error else "works" for shot in (proxied, direct)))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _meaning(verdict: Verdict, proxied: SentRequest, direct: SentRequest, provider: DirectProvider) -> str:
    if verdict == "both-work":
        return (
            "It works both ways now: the failure has passed, or it takes what the failing call had, such as its messages, "
            "tools or stream (--message, --stream)."
        )
    if verdict == "only-direct-fails":
        return _only_direct(proxied, direct, provider)
    if verdict == "only-proxy-fails":
        return _only_proxy(proxied, provider)
    assert proxied.error is not None
    assert direct.error is not None
    if direct.error.origin == "caller" and direct.got.status is None:
        return f"The provider was not asked: {direct.error.message} → {direct.error.hint}"
    if proxied.error.cause == direct.error.cause or (
        proxied.error.origin in ("provider", "provider-key") and direct.error.origin == "network"
    ):
        return "Both ways fail the same way: the cause is at the provider, and the proxy only passes it on."
    return (
        f"It fails both ways, for two reasons: through the proxy {proxied.error.cause} ({proxied.error.origin}), without it "
        f"{direct.error.cause} ({direct.error.origin}). Mend the second first, since it hides what the provider says."
    )


def _only_direct(proxied: SentRequest, direct: SentRequest, provider: DirectProvider) -> str:
    if direct.error is not None and direct.error.origin == "caller" and direct.got.status is None:
        return f"The provider was not asked: {direct.error.message} → {direct.error.hint}"
    receipt = proxied.reply.receipt if proxied.reply else None
    if receipt is not None and receipt.fallbacks:
        return "The provider itself fails, and a fallback of the proxy answers in its place."
    what = {
        "provider-key": f"another key than ${provider.key_name}",
        "provider-permission": f"another key than ${provider.key_name}",
        "provider-model": f"another model than {provider.model}",
        "provider-route": f"another address than {provider.base_url}",
    }.get(direct.error.cause if direct.error else "", "another key, model or address than were given here")
    return f"It works through the proxy: the proxy uses {what}, or it answers from a cache or a mock."


def _only_proxy(proxied: SentRequest, provider: DirectProvider) -> str:
    error = proxied.error
    assert error is not None
    begin = f"The provider answers {provider.model} with ${provider.key_name}, so the provider is well. "
    if provider.mapped is not None and error.origin in ("provider", "provider-key", "gateway"):
        if provider.mapped.model_id != provider.model:
            begin += f"Mind that the proxy asks it for another model, {provider.mapped.model}. "
        if (provider.mapped.api_base or provider.base_url).rstrip("/") != provider.base_url:
            begin += f"Mind that the proxy asks another address, {provider.mapped.api_base}. "
    if error.origin == "network":
        return begin + "The proxy is what cannot be reached from here."
    if error.origin == "caller-key":
        return begin + "The proxy refuses the agent's key before it asks the provider."
    if error.cause in ("unknown-model", "model-missing"):
        return begin + "The proxy has no alias of that name."
    if error.origin == "provider-key":
        return begin + "The proxy uses another key, or none: compare `litellm_params.api_key` in its config."
    if error.cause == "provider-unreachable":
        return begin + (
            "From where the proxy runs it is not reached: compare `litellm_params.api_base`, and look at the proxy's network."
        )
    if error.cause in ("provider-model", "provider-route", "model-mapping", "provider-bad-answer"):
        return begin + (
            "The proxy sends the request elsewhere: compare `litellm_params.model` and `api_base` with what was given here."
        )
    if error.origin == "caller":
        return begin + "The proxy sends it on in another form, or to another model: compare its `litellm_params`."
    if error.origin == "gateway":
        return begin + "The proxy itself fails."
    return begin + "Either it has recovered just now, or the proxy uses another account, region or deployment."
