"""Is it a LiteLLM proxy, or a server in OpenAI's manner, or a proxy of which only ``/v1`` is let through?"""

from __future__ import annotations

from ...errors import CallError, FasedError
from ...provider import LiteLLMProvider
from ...proxy.client import ProxyClient
from ...proxy.readiness import Readiness, ask
from ...secrets import shadows


def readiness(provider: LiteLLMProvider, plain: ProxyClient) -> tuple[Readiness | None, str | None]:
    """What the proxy says of itself; or None, and what is known where it is not to be had and models are listed.

    Args:
        provider: with the agent's key.
        plain: a client for ``/health/readiness``, which needs none.

    Raises:
        CallError: the proxy is not reached, its key is refused, or neither is answered.
        SecretError: there is no key.
    """
    try:
        return ask(plain), None
    except CallError as error:
        if error.status is None or not _lists_models(provider):
            raise
        return None, (
            f"/health/readiness is unavailable (HTTP {error.status}), but models are listed: a server before the proxy lets"
            " through what is below /v1 alone, or it is another server in OpenAI's manner"
        )


def _lists_models(provider: LiteLLMProvider) -> bool:
    try:
        provider.client().get_json("/v1/models")
    except CallError as error:
        if error.cause in shadows.REFUSED:
            raise provider.enrich(error) from None
        return False
    except FasedError:
        return False
    return True
