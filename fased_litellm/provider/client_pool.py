"""The clients of the proxy that share one key."""

from __future__ import annotations

import threading

from ..errors import CallError
from ..proxy.client import AsyncProxyClient, ProxyClient
from ..secrets.lookup import ResolvedKey
from .keys import Keys
from .settings import Settings


class ClientPool:
    """The blocking and the asyncio client for one key, which is looked up again when it was replaced.

    Args:
        settings: the config.
        agent: whose key it is.
        profile: the auth profile which a reference names (``litellm/default@litellm:team``); None for the key of all calls.
        key: a key that is given and never looked up.
    """

    def __init__(
        self, settings: Settings, agent: str, *, profile: str | None = None, key: ResolvedKey | None = None
    ) -> None:
        self.keys = Keys(settings, agent, profile=profile, key=key)
        self._settings = settings
        self._client: ProxyClient | None = None
        self._async_client: AsyncProxyClient | None = None
        self._lock = threading.Lock()

    def client(self) -> ProxyClient:
        """The blocking client, made with the first call.

        Raises:
            SecretError: there is no key.
            MissingVariable: a header of the config refers to a variable that is not set.
        """
        key = self.keys.current().value
        with self._lock:
            if self._client is None:
                self._client = ProxyClient(self._settings.base_url, key, **self._settings.client_options())
            self._client.api_key = key
            return self._client

    async def async_client(self) -> AsyncProxyClient:
        """The client for asyncio, made with the first call.

        Raises:
            SecretError: there is no key.
            MissingVariable: a header of the config refers to a variable that is not set.
        """
        key = (await self.keys.acurrent()).value
        if self._async_client is None:
            self._async_client = AsyncProxyClient(self._settings.base_url, key, **self._settings.client_options())
        self._async_client.api_key = key
        return self._async_client

    def has_new_key(self, error: CallError, used: str | None) -> bool:
        """Whether a call was refused for a key that has been replaced meanwhile; then the clients have the new one."""
        return self.keys.replaced_since(error, used) and self.client() is not None

    async def ahas_new_key(self, error: CallError, used: str | None) -> bool:
        """As ``has_new_key``, for asyncio."""
        return await self.keys.areplaced_since(error, used) and await self.async_client() is not None

    def close(self) -> None:
        """Close the blocking client."""
        if self._client is not None:
            self._client.close()
            self._client = None

    async def aclose(self) -> None:
        """Close the client for asyncio."""
        if self._async_client is not None:
            await self._async_client.aclose()
            self._async_client = None
