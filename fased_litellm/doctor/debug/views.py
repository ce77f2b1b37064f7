"""A request and an answer as they may be shown: no key, nothing endless. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from ...documents import Doc, TypedDict
from ...net.messages import Request
from ...proxy.answers import error_of
from ...redaction import MASK, redact

_PLAIN = (
    "accept",
    "content-type",
    "user-agent",
    "x-litellm-agent-id",
    "x-litellm-call-id",
    "x-litellm-session-id",
)
"""Headers of a request which hold no secret. The rest comes from the config, and may be one."""

_TELLING = {
    "content-type",
    "llm_provider-retry-after",
    "llm_provider-x-request-id",
    "location",
    "rate_limit_type",
    "reset_at",
    "retry-after",
    "server",
    "via",
    "www-authenticate",
    "x-litellm-attempted-fallbacks",
    "x-litellm-attempted-retries",
    "x-litellm-call-id",
    "x-litellm-key-max-budget",
    "x-litellm-key-rpm-limit",
    "x-litellm-key-spend",
    "x-litellm-key-tpm-limit",
    "x-litellm-model-api-base",
    "x-litellm-model-group",
    "x-litellm-model-id",
    "x-litellm-model-name",
    "x-litellm-overhead-duration-ms",
    "x-litellm-response-cost",
    "x-litellm-response-duration-ms",
    "x-litellm-timeout",
    "x-litellm-version",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-remaining-tokens",
    "x-request-id",
}
_LONGEST = 4000
_LONGEST_WORD = 2000


class RequestPart(TypedDict):
    """A request as it was sent; the key and configured headers are masked."""

    method: str
    url: str
    headers: dict[str, str]
    body: Any


class ResponsePart(TypedDict):
    """The answer."""

    status: Annotated[int | None, Doc("HTTP status; null where no answer came.")]
    type: Annotated[str | None, Doc("error.type of the answer; null where it is not set.")]
    message: Annotated[str | None, Doc("What the answer says; null where the call works.")]


@dataclass(frozen=True, slots=True)
class Sent:
    """A request as it was sent, fit to be shown: the key and configured headers are masked."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: Any

    def as_dict(self) -> RequestPart:
        return {"method": self.method, "url": self.url, "headers": dict(self.headers), "body": self.body}


@dataclass(frozen=True, slots=True)
class Got:
    """An answer. ``status`` is None where none came; ``message`` is None where the call worked."""

    status: int | None = None
    type: str | None = None
    message: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def as_dict(self) -> ResponsePart:
        return {"status": self.status, "type": self.type, "message": self.message}


def sent(base_url: str, request: Request) -> Sent:
    """What was sent.

    Args:
        base_url: the origin, with what stands before the target.
        request: the request.
    """
    headers = {name: _header(name, value) for name, value in request.headers.items()}
    return Sent(request.method, redact(base_url + request.target), headers, _shown(json.loads(request.body or b"null")))


def got(status: int | None, headers: Mapping[str, str], body: bytes | Any) -> Got:
    """What a failed answer said."""
    message, type_ = error_of(body)
    return Got(status, redact(type_) if type_ else None, cut(redact(message)), notable_headers(headers))


def notable_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of an answer that say something about a failure."""
    return {name: cut(redact(value), 300) for name, value in sorted(headers.items()) if name in _TELLING}


def cut(text: str, longest: int = _LONGEST) -> str:
    """A text of bounded length, which says that it was longer."""
    return text if len(text) <= longest else f"{text[:longest]}… ({len(text)} characters)"


def _header(name: str, value: str) -> str:
    if name == "authorization":
        scheme, blank, _ = value.partition(" ")
        return f"{scheme} {MASK}" if blank else MASK
    return redact(value) if name in _PLAIN else MASK


def _shown(value: Any) -> Any:
    """A body with secrets hidden, and long texts (a whole document, a picture) cut."""
    if isinstance(value, str):
        return cut(redact(value), _LONGEST_WORD)
    if isinstance(value, dict):
        return {name: _shown(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_shown(inner) for inner in value]
    return value
