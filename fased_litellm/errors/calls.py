"""Errors of requests to the proxy: calls, virtual keys and spend."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Literal

from ..redaction import redact
from .general import FasedError
from .kinds import Origin

if TYPE_CHECKING:
    from .documents import ErrorPart


class SpendError(FasedError):
    """The proxy does not show what was spent.

    Args:
        trouble: why, in a word; None where it is another thing.
    """

    code = "spend"

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        trouble: Literal["no-database", "not-allowed", "too-old"] | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.trouble = trouble


class KeyAdminError(FasedError):
    """The proxy refuses to make, change or show a virtual key.

    Args:
        status: HTTP status of its answer; None where there was none.
    """

    code = "key-admin"

    def __init__(self, message: str, *, hint: str | None = None, status: int | None = None) -> None:
        super().__init__(message, hint=hint)
        self.status = status


class CallError(FasedError):
    """A request through the proxy failed.

    Args:
        message: what happened.
        cause: short name of the cause, a key of the table of failures (``proxy.causes``).
        origin: whose side it broke on.
        hint: the remedy.
        status: HTTP status of the proxy's answer, if there was one.
        type: ``error.type`` of the proxy's answer, if it was set.
        retry_after_s: seconds after which a repetition makes sense, if known.
    """

    code = "call-failed"
    default_origin: ClassVar[Origin] = "unknown"

    def __init__(
        self,
        message: str,
        *,
        cause: str,
        origin: Origin | None = None,
        hint: str | None = None,
        status: int | None = None,
        type: str | None = None,
        retry_after_s: float | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.cause = cause
        self.origin: Origin = origin or self.default_origin
        self.status = status
        self.type = redact(type) if type else type
        self.retry_after_s = retry_after_s
        self.receipt: Any = None
        """The receipt of the failed call (``proxy.receipt.Receipt``), set where one was begun."""

    @property
    def remedy(self) -> str | None:
        """What to do: the hint by another name."""
        return self.hint

    def as_dict(self) -> ErrorPart:
        return {**super().as_dict(), "cause": self.cause, "origin": self.origin, "status": self.status}


class NetworkError(CallError):
    """The proxy was not reached, or did not answer as HTTP."""

    code = "network"
    default_origin: ClassVar[Origin] = "network"


class AddressBlocked(NetworkError):
    """The address is private or special-use, and the config does not allow it."""

    code = "address-blocked"
    default_origin: ClassVar[Origin] = "caller"


class ConnectFailed(NetworkError):
    """Nothing listens there, or the name does not resolve."""

    code = "connect-failed"


class TlsFailed(NetworkError):
    """The TLS handshake failed."""

    code = "tls-failed"


class TimedOut(NetworkError):
    """No answer in time."""

    code = "timed-out"


class BadAnswer(NetworkError):
    """The answer is too large, is not HTTP, or is not what a LiteLLM proxy sends."""

    code = "bad-answer"


class ProxyError(CallError):
    """The proxy answered, with a failure."""

    code = "proxy"


class StreamInterrupted(CallError):
    """A stream ended before its end; ``partial`` is the reply as far as it came."""

    code = "stream-interrupted"

    def __init__(self, message: str, *, partial: Any = None, **details: Any) -> None:
        super().__init__(message, **details)
        self.partial = partial

    def as_dict(self) -> ErrorPart:
        """With what arrived of the reply, where something did: it was paid for."""
        document = super().as_dict()
        if self.partial is not None and (self.partial.text or self.partial.reasoning or self.partial.tool_calls):
            whole = self.partial.as_dict()
            document["partial"] = {
                "text": whole["text"],
                "reasoning": whole["reasoning"],
                "toolCalls": whole["toolCalls"],
            }
        return document
