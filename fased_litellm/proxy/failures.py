"""The verdict on a failed answer, by the table in ``causes``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import ProxyError
from .answers import error_of
from .causes import RULES, UNKNOWN, Rule


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


def classify(status: int, headers: Mapping[str, str], body: bytes | Any, *, key_sent: bool = True) -> Failure:
    """Find what a failed answer means.

    Args:
        status: its HTTP status.
        headers: lower-cased names.
        body: the bytes of the answer, or the value of an ``error`` event in a stream.
        key_sent: whether the request carried a key.
    """
    message, type_ = error_of(body)
    rule = next((rule for rule in RULES if _fits(rule, status, headers, message, type_, key_sent=key_sent)), UNKNOWN)
    return Failure(rule, _shorten(message), status, type_, retry_after(headers, message))


def _fits(
    rule: Rule, status: int, headers: Mapping[str, str], message: str, type_: str | None, *, key_sent: bool
) -> bool:
    if rule.statuses and status not in rule.statuses:
        return False
    if rule.keyless and key_sent:
        return False
    if type_ is not None and type_ in rule.types:
        return True
    if rule.header and rule.header in headers:
        return True
    if rule.message:
        return re.search(rule.message, message) is not None
    return not rule.types and not rule.header


_WAIT = re.compile(r"[Tt]ry again in (\d+(?:\.\d+)?) ?s")


def retry_after(headers: Mapping[str, str], message: str) -> float | None:
    """Seconds to wait, from ``retry-after``, from the provider's header passed on, or from the message.

    Fact: LiteLLM has no ``retry-after`` for a provider's 429; before 1.104 only the message tells.
    """
    for name in ("retry-after", "llm_provider-retry-after"):
        try:
            return max(0.0, float(headers[name]))
        except (KeyError, ValueError):
            continue
    found = _WAIT.search(message)
    return float(found[1]) if found else None


def _shorten(message: str, limit: int = 600) -> str:
    one_line = " ".join(message.split())
    return one_line if len(one_line) <= limit else one_line[: limit - 1] + "…"
