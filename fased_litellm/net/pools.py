"""Pools of connections: how many, for how long, and whom TLS trusts."""

from __future__ import annotations

import ssl
from typing import Any
from urllib.parse import unquote, urlsplit

import httpcore

from .egress import Egress

# uvicorn closes an idle connection after 5 s; one that is given up earlier is never closed under a request.
_SIZE: dict[str, Any] = {"max_connections": 100, "max_keepalive_connections": 20, "keepalive_expiry": 4.0}


def options(*, secure: bool) -> dict[str, Any]:
    """Options of a pool to one origin.

    TLS always verifies: by the system's trust store, ``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` honoured. Plain http has an empty
    store, since loading takes 20 ms.
    """
    trust = ssl.create_default_context() if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return {"ssl_context": trust, **_SIZE}


def relay_options(egress: Egress, *, secure: bool) -> dict[str, Any]:
    """Options of a pool to one origin by way of an HTTP proxy."""
    parts = urlsplit(egress.url)
    account = None
    if parts.username is not None:
        account = (unquote(parts.username).encode(), unquote(parts.password or "").encode())
    return {
        "proxy_url": httpcore.URL(egress.shown),
        "proxy_auth": account,
        "proxy_ssl_context": ssl.create_default_context() if parts.scheme == "https" else None,
        **options(secure=secure),
    }
