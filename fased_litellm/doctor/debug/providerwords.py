"""The verdict on what a model provider answers when it is asked without a proxy. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...errors import ProxyError
from ...proxy.answers import UNREADABLE, error_of, looks_like_html, parsed
from ...proxy.failures import Failure, classify, shorten

_CLASSES = {
    400: "BadRequestError",
    401: "AuthenticationError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    408: "Timeout",
    422: "BadRequestError",
    429: "RateLimitError",
    500: "InternalServerError",
    502: "BadGatewayError",
    503: "ServiceUnavailableError",
    504: "Timeout",
}
"""Status → class in which LiteLLM wraps it."""


def verdict(status: int, headers: Mapping[str, str], body: bytes | Any) -> Failure:
    """Find what a provider's failed answer means, by the one table of failures.

    The table knows failures in LiteLLM's words, which are the provider's behind the name of a class, so the name is put
    before them.

    Args:
        status: HTTP status.
        headers: lower-cased names.
        body: bytes of the answer, or its JSON value.
    """
    message, type_ = error_of(body)
    if isinstance(body, bytes) and looks_like_html(body):
        message = "<html"
    code = code_of(body)
    said = f"litellm.{_CLASSES.get(status, 'APIError')}: ProviderException - {message}{f' ({code})' if code else ''}"
    # `type` is the provider's here, and LiteLLM's types mean other things.
    found = classify(status, headers, {"error": {"message": said, "type": None}})
    return Failure(found.rule, shorten(error_of(body)[0]), status, type_, found.retry_after_s)


def code_of(body: bytes | Any) -> str | None:
    """``error.code`` where it is a word, such as ``invalid_api_key``. Fact: LiteLLM's own is a number."""
    value = parsed(body) if isinstance(body, bytes) else body
    error = value.get("error") if value is not UNREADABLE and isinstance(value, Mapping) else None
    code = error.get("code") if isinstance(error, Mapping) else None
    return code if isinstance(code, str) and not code.isdigit() else None


def refused(status: int, headers: Mapping[str, str], body: bytes) -> ProxyError:
    """The exception for a provider's failed answer."""
    found = verdict(status, headers, body)
    return ProxyError(
        f"The provider answered HTTP {status}: {found.message}",
        cause=found.rule.cause,
        origin=found.rule.origin,
        hint=found.rule.remedy,
        status=status,
        type=found.type,
        retry_after_s=found.retry_after_s,
    )
