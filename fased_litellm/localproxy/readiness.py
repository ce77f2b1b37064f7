"""Ask the local proxy two questions: is it ready, and which models has it.

By the standard library's client: it is loopback, and the answers are small. ``GET /health`` is never asked: it sends paid
requests to every provider.
"""

from __future__ import annotations

import contextlib
import http.client
from typing import Any

from .. import jsontext
from ..proxy import readiness

_TIMEOUT_S = 5.0
_MAX_BYTES = 4 * 1024 * 1024


def ready(port: int) -> bool:
    """Whether the proxy on this port of 127.0.0.1 takes requests."""
    answer = _get(port, readiness.PATH)
    found = readiness.read(answer[1]) if answer is not None and answer[0] == 200 else None
    return found is not None and found.status is not None


def models(port: int, key: str) -> tuple[str, ...] | None:
    """The ids which the proxy lists for this key; None if it refuses the key, or does not answer."""
    answer = _get(port, "/v1/models", key=key)
    if answer is None or answer[0] != 200 or not isinstance(answer[1], dict):
        return None
    entries = answer[1].get("data")
    if not isinstance(entries, list):
        return None
    return tuple(str(entry["id"]) for entry in entries if isinstance(entry, dict) and "id" in entry)


def _get(port: int, path: str, *, key: str | None = None) -> tuple[int, Any] | None:
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_S)) as connection:
        try:
            connection.request("GET", path, headers=headers)
            with connection.getresponse() as reply:
                text = reply.read(_MAX_BYTES)
        except (OSError, http.client.HTTPException):
            return None
    try:
        return reply.status, jsontext.loads(text, lenient=True)
    except jsontext.NotJson:
        return reply.status, None
