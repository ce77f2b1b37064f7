"""The verdict on a failed answer, by the table in ``causes``."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from ..errors import ProxyError
from ..numerals import decimal
from .answers import UNREADABLE, error_of, param_of, parsed
from .causes import OF_CONFIG, RULES, STREAM_BROKE, UNKNOWN, WORDLESS, Mark, Rule, marks


@dataclass(frozen=True, slots=True)
class Failure:
    """The verdict on one failed answer.

    Attributes:
        rule: the row of the table that fits.
        message: the proxy's own words, shortened.
        status: HTTP status.
        type: ``error.type``, None where it is null or the text ``None``.
        retry_after_s: seconds after which a repetition makes sense, if known.
    """

    rule: Rule
    message: str
    status: int | None = None
    type: str | None = None
    retry_after_s: float | None = None

    def as_error(self) -> ProxyError:
        """The exception for this failure."""
        status = f"HTTP {self.status}" if self.status else "an error"
        return ProxyError(
            f"The proxy answered {status}: {self.message}",
            cause=self.rule.cause,
            origin=self.rule.origin,
            hint=self.rule.remedy,
            status=self.status,
            type=self.type,
            retry_after_s=self.retry_after_s,
        )


def classify(
    status: int,
    headers: Mapping[str, str],
    body: bytes | Any,
    *,
    key_sent: bool = True,
    sent: Collection[str] | None = None,
) -> Failure:
    """Find what a failed answer means.

    Args:
        status: its HTTP status.
        headers: lower-cased names.
        body: the bytes of the answer, or the value of an ``error`` event in a stream.
        key_sent: whether the request carried a key.
        sent: the fields of the request's body, None where they are not known.
    """
    message, type_ = error_of(body)
    value = parsed(body) if isinstance(body, bytes) else body
    said = strip_router_text(message[:_READ])
    marked = marks(said, headers, None if value is UNREADABLE else value)
    seen = _Seen(status, headers, said, type_, marked, key_sent=key_sent)
    rule = next((rule for rule in RULES if _fits(rule, seen)), UNKNOWN)
    if sent is not None and rule.cause in _BLAMING:
        rule = _of_config(rule, said, param_of(value), sent)
    return Failure(rule, shorten(message), status, type_, retry_after(headers, message))


def recognise(message: str, type_: str | None = None, status: int | None = None, body: Any = None) -> Failure | None:
    """Find what an error's text means that was cut out of a log or a traceback; None if nothing is known of it.

    Args:
        message: the proxy's or the SDK's words.
        type_: ``error.type``, if it is known.
        status: HTTP status, if it is known. Else the class name in the message stands for it; where there is none either,
            only the words decide, and only those which nobody but LiteLLM says.
        body: the whole JSON value, if it is known.
    """
    said = strip_router_text(message[:_READ])
    assumed = status or _status_of_class(said)
    found: Failure | None = None
    if assumed is not None:
        found = classify(assumed, {}, body or {"error": {"message": message, "type": type_}})
        if not found.rule.by_status_alone and found.rule is not UNKNOWN:
            return found
    marked = marks(said, {}, body)
    for rule in RULES:
        if rule.keyless or not _characteristic(rule) or (rule.only and rule.only not in marked):
            continue
        if type_ in rule.types or (rule.message and re.search(rule.message, said)):
            return Failure(rule, shorten(message), assumed, type_, retry_after({}, message))
    return found if found is not None and found.rule is not UNKNOWN else None


class _Seen(NamedTuple):
    """A failed answer, as the rows of the table look at it."""

    status: int
    headers: Mapping[str, str]
    message: str
    type: str | None
    marks: frozenset[Mark]
    key_sent: bool


def _fits(rule: Rule, seen: _Seen) -> bool:
    if rule.statuses and seen.status not in rule.statuses:
        return False
    if (rule.keyless and seen.key_sent) or (rule.only and rule.only not in seen.marks):
        return False
    if seen.type is not None and seen.type in rule.types:
        return True
    if rule.header and rule.header in seen.headers:
        return True
    if rule.message:
        return re.search(rule.message, seen.message) is not None
    return not rule.types and not rule.header


_BLAMING = ("parameter-refused", "bad-request")


def _of_config(rule: Rule, message: str, param: str | None, sent: Collection[str]) -> Rule:
    """The row of a parameter which the proxy's config adds, where the refusal names one that was not sent."""
    if rule.cause == "bad-request" and param is None:
        return rule  # its words are too common to find a name in them
    from .causes import parameters  # here, since only a refusal needs its patterns

    names = parameters.foreign(message if rule.cause == "parameter-refused" else "", param, sent)
    if not names:
        return rule
    shown = ", ".join(f"`{name}`" for name in sorted(names)[:5])
    return replace(OF_CONFIG, remedy=OF_CONFIG.remedy.replace("a parameter", f"a parameter ({shown})", 1))


_READ = 16 * 1024
"""Characters of a message which are searched. What tells stands in its first lines; an answer may have megabytes."""


def _characteristic(rule: Rule) -> bool:
    """Whether the words of a rule mean the same without a status. Those of a provider are too common; no words mean nothing."""
    if rule.message == WORDLESS or rule.common:
        return False
    if rule.only == "behind" and not rule.cause.startswith("provider-"):
        return False
    return (
        rule is STREAM_BROKE
        or rule.cause in ("provider-key-missing", "provider-certificate")
        or not rule.cause.startswith("provider-")
    )


_ROUTERS_WORDS = (
    r"LiteLLM: model group '|No fallback model group found|Received Model Group="
    r"|Available Model Group Fallbacks=|model=[^\n]{1,200}?\. \w+_fallbacks?=|Traceback \(most recent call last\)"
)


def strip_router_text(message: str) -> str:
    """A message without what LiteLLM's router adds: the names of model groups and fallbacks, which may be any words.

    Facts: up to 1.101 it is ``No fallback model group found …``, from 1.104 ``LiteLLM: model group 'x' failed …``; behind it
    the failure of a fallback is quoted.
    """
    found = re.search(_ROUTERS_WORDS, message)
    return message[: found.start()].rstrip() if found and found.start() else message


_CLASS = r"litellm\.(?:exceptions\.)?(\w+)"
_STATUSES = {
    "AuthenticationError": 401,
    "BadGatewayError": 502,
    "BadRequestError": 400,
    "BudgetExceededError": 400,
    "ContentPolicyViolationError": 400,
    "ContextWindowExceededError": 400,
    "InternalServerError": 500,
    "APIConnectionError": 500,
    "APIError": 500,
    "NotFoundError": 404,
    "PermissionDeniedError": 403,
    "RateLimitError": 429,
    "ServiceUnavailableError": 503,
    "Timeout": 408,
    "UnprocessableEntityError": 422,
    "UnsupportedParamsError": 400,
}
"""Class of LiteLLM's exceptions → the status with which the proxy answers. Fact: LiteLLM's ``exceptions.py``."""


_TOLD = r" - Error code: ([45]\d\d)\b"


def _status_of_class(message: str) -> int | None:
    for name in re.findall(_CLASS, message):
        if name in _STATUSES:
            told = re.search(_TOLD, message)
            if told is not None:
                return int(told[1])
            # Fact: a 403 of OpenAI about a model is a NotFoundError with openai 2, an APIError with openai 3.
            denied = name in ("NotFoundError", "APIError") and "does not have access to model" in message
            return 403 if denied else _STATUSES[name]
    return None


_WAIT = r"[Tt]ry again in (\d+(?:\.\d+)?) ?s"


def retry_after(headers: Mapping[str, str], message: str) -> float | None:
    """Seconds to wait, from ``retry-after``, from the provider's header passed on, or from the message.

    Fact: LiteLLM has no ``retry-after`` for a provider's 429; before 1.104 only the message tells.
    """
    for name in ("retry-after", "llm_provider-retry-after"):
        seconds = decimal(headers.get(name, ""))
        if seconds is not None:
            return max(0.0, float(seconds))
    found = re.search(_WAIT, message)
    seconds = decimal(found[1]) if found else None
    return None if seconds is None else float(seconds)


def shorten(message: str, limit: int = 600) -> str:
    """A message in one line, of ``limit`` characters at most."""
    one_line = " ".join(message.split())
    return one_line if len(one_line) <= limit else one_line[: limit - 1] + "…"
