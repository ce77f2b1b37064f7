"""Whether the proxy takes the name of a model that it does not list. Nothing is called for that, and nothing costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from ...errors import CallError

if TYPE_CHECKING:
    from ..client import JsonResponse

_ROUTE = "/utils/token_counter"


class JsonClient(Protocol):
    """What is needed of a client."""

    def post_json(self, path: str, body: Mapping[str, Any]) -> JsonResponse: ...


def takes(client: JsonClient, model: str) -> bool:
    """Whether a name leads to a deployment: that of a hidden alias, or one that only a pattern takes.

    Fact: LiteLLM's token counter, which counts by itself, says for which of its deployments' models it did; for a name that leads
    nowhere it repeats the name (seen on 1.108.7). It refuses what the key may not use.

    Returns:
        False also where that cannot be said: the route is unavailable, or the deployment's model has that very name.
    """
    try:
        body = client.post_json(_ROUTE, {"model": model, "messages": [{"role": "user", "content": "hi"}]}).body
    except CallError:
        return False
    used = body.get("model_used") if isinstance(body, dict) else None
    return isinstance(used, str) and bool(used) and used != model
