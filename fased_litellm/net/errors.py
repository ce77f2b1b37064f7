"""What goes wrong on the way to an origin, in our words. Texts that could hold a part of the request are not quoted."""

from __future__ import annotations

from ..errors import BadAnswer, ConnectFailed, NetworkError, TimedOut
from .causes import remedy
from .forwardproxy import ForwardProxy
from .messages import Limits


def is_tls(text: str) -> bool:
    """Whether the text of a connection's error speaks of TLS."""
    return "SSL" in text or "TLS" in text or "certificate" in text.lower()


def not_connected(name: str, text: str) -> ConnectFailed:
    return ConnectFailed(
        f"Nothing answers at {name}: {text or 'connection failed'}",
        cause="connect-refused",
        hint=remedy("connect-refused"),
    )


def connect_timeout(name: str, limits: Limits) -> TimedOut:
    return TimedOut(
        f"No connection to {name} within {limits.connect_s:g} s.",
        cause="connect-timeout",
        hint=remedy("connect-timeout"),
    )


def forward_proxy_failed(name: str, proxy: ForwardProxy, text: str) -> ConnectFailed:
    return ConnectFailed(
        f"The HTTP proxy {proxy.shown} ({proxy.variable}) cannot reach {name}: {text or 'connection failed'}",
        cause="http-proxy",
        hint=f"Correct {proxy.variable}, or name the host of the base URL in NO_PROXY to ask it directly.",
    )


def not_sent(name: str) -> NetworkError:
    return NetworkError(
        f"The request to {name} was not sent: a header holds characters which HTTP does not allow.",
        cause="bad-header",
        origin="caller",
        hint=remedy("bad-header"),
    )


def not_http(name: str, text: str) -> BadAnswer:
    return BadAnswer(
        f"What listens at {name} does not speak HTTP: {text}",
        cause="not-http",
        hint=remedy("not-http"),
    )


def broken(name: str, text: str) -> NetworkError:
    return NetworkError(
        f"The connection to {name} broke: {text}",
        cause="connection-lost",
        hint="See the log of the proxy; the request may have been carried out. If this happens at once, every time, what "
        "listens there does not speak HTTP: correct the base URL.",
    )


def too_slow(name: str, limits: Limits, *, begun: bool) -> TimedOut:
    idle_s, total_s = limits.idle_s, limits.total_s
    seconds = idle_s if total_s is None else min(idle_s, total_s)
    what = "began to answer, but did not finish in time" if begun else f"did not answer within {seconds:g} s"
    return TimedOut(
        f"{name} {what}.",
        cause="timeout",
        hint=remedy("timeout"),
    )


def too_large(name: str, limits: Limits) -> BadAnswer:
    return BadAnswer(
        f"The answer of {name} is larger than {limits.max_bytes} bytes; reading stopped there.",
        cause="too-large",
        hint=remedy("too-large"),
    )


def headers_too_large(name: str) -> BadAnswer:
    return BadAnswer(
        f"The headers of the answer of {name} are larger than 100 KiB; reading stopped there.",
        cause="too-large",
        hint="A LiteLLM proxy does not answer like this. Check the base URL.",
    )


def encoded(name: str, coding: str) -> BadAnswer:
    """Decoding could make gigabytes of a few bytes, and was not asked for."""
    return BadAnswer(
        f"The answer of {name} is compressed ({coding[:40]!r}), though none was asked for; it is not unpacked.",
        cause="bad-answer",
        hint="The server in front of the LiteLLM proxy has to honour `Accept-Encoding: identity`.",
    )


def longer_than_said(name: str) -> BadAnswer:
    return BadAnswer(
        f"The answer of {name} is longer than its Content-Length says.",
        cause="bad-answer",
        hint="A LiteLLM proxy does not answer like this; check the server in front of it.",
    )
