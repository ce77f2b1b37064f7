"""What a proxy says of itself: is it ready, has it a database, which release is it?

Facts: ``/health/readiness`` needs no key, costs nothing, and answers ``{"status": "healthy", "db": …}`` (``connected`` in place of
``healthy`` in old releases, ``shutting_down`` at the end). ``db`` is ``connected``, ``Not connected`` for a proxy that has none, and
``disconnected`` or ``unknown`` for one that does not answer. Up to 1.83 it has ``litellm_version``. LiteLLM's
``health_endpoints/_health_endpoints.py``. ``/health`` sends real completions, and is never asked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from .client import ProxyClient

PATH = "/health/readiness"


class Readiness(NamedTuple):
    """An answer of ``PATH``; None is what it does not say.

    Attributes:
        status: as the proxy wrote it.
        database: state of the database, in lower case.
        version: LiteLLM's release, as the proxy wrote it.
    """

    status: str | None = None
    database: str | None = None
    version: str | None = None

    @property
    def healthy(self) -> bool:
        """Whether the proxy takes requests, as far as it says."""
        return self.status is None or self.status.lower() in ("healthy", "connected")

    @property
    def has_database(self) -> bool | None:
        """Whether the proxy has a database and reaches it; None if it does not say."""
        return None if self.database is None else self.database == "connected"

    @property
    def without_database(self) -> bool:
        """Whether the proxy says that it has no database at all."""
        return self.database == "not connected"


def read(body: Any) -> Readiness | None:
    """The readiness in a JSON body; None where it is not an object."""
    if not isinstance(body, dict):
        return None
    database, version = body.get("db"), body.get("litellm_version")
    return Readiness(
        None if body.get("status") is None else str(body["status"]),
        None if database is None else str(database).lower(),
        version if isinstance(version, str) else None,
    )


def ask(client: ProxyClient, *, timeout_s: float = 5.0) -> Readiness | None:
    """Ask a proxy for its readiness; None where the answer is no JSON object.

    Args:
        client: of the proxy.
        timeout_s: seconds for the whole exchange.

    Raises:
        ProxyError: it answered with a failure.
        NetworkError: it was not reached, or did not answer as a LiteLLM proxy does.
    """
    return read(client.get_json(PATH, timeout_s=timeout_s).body)
