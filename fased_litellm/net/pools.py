"""Pools of connections: how many, for how long, and whom TLS trusts."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

import httpcore

from . import trust
from .forwardproxy import ForwardProxy

# uvicorn closes an idle connection after 5 s; one that is given up earlier is never closed under a request.
_SIZE: dict[str, Any] = {"max_connections": 100, "max_keepalive_connections": 20, "keepalive_expiry": 4.0}


def options(*, secure: bool, identify: bool) -> dict[str, Any]:
    """Options of a pool to one origin; see ``trust.context``.

    Raises:
        TlsFailed: the client certificate cannot be used.
    """
    return {"ssl_context": trust.context(secure=secure, identify=identify), **_SIZE}


def proxy_options(proxy: ForwardProxy, origin: dict[str, Any]) -> dict[str, Any]:
    """Options of a pool to one origin by way of an HTTP proxy; ``origin`` are those of the way without it."""
    parts = urlsplit(proxy.url)
    account = None
    if parts.username is not None:
        account = (unquote(parts.username).encode(), unquote(parts.password or "").encode())
    return {
        "proxy_url": httpcore.URL(proxy.shown),
        "proxy_auth": account,
        "proxy_ssl_context": trust.context(secure=True, identify=False) if parts.scheme == "https" else None,
        **origin,
    }
