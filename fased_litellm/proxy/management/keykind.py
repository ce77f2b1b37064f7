"""Is a key the proxy's master key, or a virtual one?

Facts, seen on LiteLLM 1.106: a virtual key is told about itself by ``/key/info`` (or refused with 403 where it may only call
models), the master key is not in the database and gets 404, and may list all keys. Without a database both routes answer 500 in one way or another,
there are no virtual keys, and all but the master key is refused for that reason, unless the proxy has none and takes anything.
"""

from __future__ import annotations

from typing import Literal

from ...errors import BadAnswer, CallError, NetworkError
from ..client import ProxyClient

KeyKind = Literal["master", "virtual", "only-master", "unknown"]
"""``only-master``: the master key of a proxy without a database, which has no other."""

_TIMEOUT_S = 3.0
_NO_KEY = "sk-not-a-key"


def kind_of_key(client: ProxyClient, *, timeout_s: float = _TIMEOUT_S, reached: bool = False) -> KeyKind:
    """What the client's key is; ``unknown`` where the proxy does not say. Asks at most twice, and costs nothing.

    Args:
        client: with the key.
        timeout_s: seconds for each question.
        reached: whether it is an error that the proxy is not reached, and not just unknown.

    Raises:
        NetworkError: with ``reached``, it is not.
    """
    told = _ask(client, "/key/info", timeout_s)
    if reached and isinstance(told, NetworkError) and not isinstance(told, BadAnswer):
        raise told
    if told is None or told.status == 403:
        return "virtual"
    if told.status == 404 and "key not found" in told.message.lower():
        return "master" if _ask(client, "/key/list", timeout_s) is None else "unknown"
    if told.status == 500:
        with ProxyClient(client.base_url, _NO_KEY, allow_private_network=client.allow_private_network) as other:
            refused = _ask(other, "/v1/models", timeout_s)
        return "only-master" if refused is not None and refused.cause == "key-no-database" else "unknown"
    return "unknown"


def _ask(client: ProxyClient, path: str, timeout_s: float) -> CallError | None:
    """Why the proxy did not answer; None if it did."""
    try:
        client.get_json(path, timeout_s=timeout_s)
    except CallError as error:
        return error
    return None


def warning(kind: KeyKind) -> str | None:
    """What the user of such a key should know; None for a key that is as it should be."""
    if kind == "master":
        return (
            "This is the proxy's master key. Whoever has it can make and delete keys, see everybody's spend and change the"
            " proxy, and no budget limits it. Give the agent a virtual key of its own instead:"
            " LITELLM_MASTER_KEY=… fased litellm keys create --use"
        )
    if kind == "only-master":
        return (
            "This is the proxy's master key, which opens everything on it, and no budget limits it. Without a database"
            " LiteLLM knows no other; with one, `fased litellm keys create --use` makes a virtual key for the agent."
        )
    return None
