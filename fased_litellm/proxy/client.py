"""The two thin shells around the pure parts: a blocking client and one for asyncio."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self
from urllib.parse import urlencode

from ..errors import CallError, ProxyError
from ..net.messages import MIB, Limits, Request, Response
from ..net.transport import AsyncTransport, Transport
from ..redaction import Secret, hide_known_in
from ..version import __version__
from .answers import json_of
from .exchange import Exchange
from .reply import Delta, Reply
from .urls import normalize_base_url
from .wire import base_headers, json_bytes


@dataclass(frozen=True, slots=True)
class JsonResponse:
    """A successful answer whose body is JSON."""

    status: int
    headers: Mapping[str, str]
    body: Any


def headers_with_key(headers: Mapping[str, str], olds: Iterable[str | None], new: str | None) -> dict[str, str]:
    """Headers in which another key stands wherever one of the old ones stood; those that would have none are left out."""
    known = [str(old) for old in olds if old]
    changed: dict[str, str] = {}
    for name, value in headers.items():
        old = next((old for old in known if old in value), None)
        if old is None:
            changed[name] = value
        elif new is not None:
            changed[name] = value.replace(old, new)
    return changed


class _Core:
    """What both clients share.

    Args:
        base_url: the proxy's root in any form (``proxy.urls``).
        api_key: the key, None for none. Assign a new one at any time: calls under way keep the old one.
        allow_private_network: whether private and loopback addresses may be asked.
        headers: further headers of every request, such as those which a service before the proxy wants; ours win, whatever
            the case of the names.
        user_agent: what the proxy's spend rows show.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str | None,
        *,
        allow_private_network: bool,
        headers: Mapping[str, str] | None = None,
        user_agent: str = f"fased-litellm/{__version__}",
    ) -> None:
        self.base_url = normalize_base_url(base_url)
        self.api_key: str | None = Secret(api_key) if api_key else None
        self.allow_private_network = allow_private_network
        self.headers = {name.lower(): value for name, value in (headers or {}).items()}
        self.user_agent = user_agent

    def with_key(self, api_key: str | None) -> ProxyClient:
        """Another blocking client of the same proxy, asked in the same way, with another key; to be closed.

        A header which holds the old key, as with LiteLLM's ``litellm_key_header_name``, has the other one.
        """
        return ProxyClient(
            self.base_url,
            api_key,
            allow_private_network=self.allow_private_network,
            headers=headers_with_key(self.headers, [self.api_key], api_key),
            user_agent=self.user_agent,
        )

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_url!r})"

    def _headers(self) -> dict[str, str]:
        return {**self.headers, **base_headers(self.api_key, self.user_agent)}

    def _chat(self, exchange: Exchange) -> Request:
        request = exchange.request(base_headers(self.api_key, self.user_agent))
        # What the model's own entry says of a header is in there already, and wins.
        return replace(request, headers={**self.headers, **request.headers}) if self.headers else request

    def _get(
        self, path: str, params: Mapping[str, str] | None, timeout_s: float, max_bytes: int, idle_s: float | None = None
    ) -> Request:
        target = f"{path}?{urlencode(params)}" if params else path
        limits = Limits(min(5.0, timeout_s), timeout_s if idle_s is None else idle_s, timeout_s, max_bytes)
        return Request("GET", target, self._headers(), None, limits)

    def _post(self, path: str, body: Any, timeout_s: float, max_bytes: int) -> Request:
        headers = {**self._headers(), "content-type": "application/json"}
        limits = Limits(connect_s=min(5.0, timeout_s), idle_s=timeout_s, total_s=timeout_s, max_bytes=max_bytes)
        return Request("POST", path, headers, json_bytes(body), limits)

    def _json(self, path: str, answer: Response) -> JsonResponse:
        if not 200 <= answer.status < 300:
            raise self._refused(answer)
        body = hide_known_in(json_of(answer, where=self.base_url + path))
        return JsonResponse(answer.status, answer.headers, body)

    def _refused(self, answer: Response) -> ProxyError:
        from .failures import classify  # the table of failures is loaded where something fails

        return classify(answer.status, answer.headers, answer.body, key_sent=bool(self.api_key)).as_error()


class ProxyClient(_Core):
    """A LiteLLM proxy, asked in a blocking way. May be shared between threads; close it, or use it in ``with``."""

    def __init__(self, base_url: str, api_key: str | None, **options: Any) -> None:
        super().__init__(base_url, api_key, **options)
        self._transport = Transport(self.base_url, allow_private_network=self.allow_private_network)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._transport.close()

    def get_json(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        timeout_s: float = 5.0,
        idle_s: float | None = None,
        max_bytes: int = 4 * MIB,
    ) -> JsonResponse:
        """Ask for a JSON document.

        Args:
            path: below the base URL, beginning with a slash.
            params: the query.
            timeout_s: seconds for the whole exchange.
            idle_s: seconds until its headers are whole, and then for its body; None for no other bound.
            max_bytes: largest answer in bytes.

        Raises:
            ProxyError: the proxy answered with a failure.
            NetworkError: it was not reached, or did not answer as a LiteLLM proxy does.
        """
        return self._json(path, self._transport.send(self._get(path, params, timeout_s, max_bytes, idle_s)))

    def post_json(
        self, path: str, body: Mapping[str, Any], *, timeout_s: float = 15.0, max_bytes: int = 4 * MIB
    ) -> JsonResponse:
        """Have something done that is answered with a JSON document. It is never repeated: it may have been done.

        Args:
            path: below the base URL, beginning with a slash.
            body: sent as JSON.
            timeout_s: seconds for the whole exchange.
            max_bytes: largest answer in bytes.

        Raises:
            UsageError: the body cannot be written as JSON.
            ProxyError: the proxy answered with a failure.
            NetworkError: it was not reached, or did not answer as a LiteLLM proxy does.
        """
        return self._json(path, self._transport.send(self._post(path, body, timeout_s, max_bytes)))

    def chat(self, exchange: Exchange) -> Reply:
        """Carry a chat completion out.

        Raises:
            CallError: it failed; ``receipt`` says how far it came.
        """
        try:
            return exchange.whole(self._transport.send(self._chat(exchange)))
        except CallError as error:
            raise error if error.receipt else exchange.with_receipt(error) from None

    def stream(self, exchange: Exchange) -> Generator[Delta, None, Reply]:
        """Carry a streamed chat completion out; the generator's value is the reply.

        Raises:
            StreamInterrupted: it broke off; ``partial`` has what arrived.
            CallError: it failed before it began.
        """
        begun = False
        try:
            with self._transport.open(self._chat(exchange)) as (status, headers, chunks):
                if not exchange.opened(status, headers):
                    raise exchange.refused(status, b"".join(chunks))
                begun = True
                for chunk in chunks:
                    yield from exchange.feed(chunk)
        except CallError as error:
            if not (begun and exchange.complete()):
                raise _failed(exchange, error, begun=begun) from None
        yield from exchange.end()
        return exchange.finish()


class AsyncProxyClient(_Core):
    """A LiteLLM proxy, asked from one event loop; close it with ``aclose()``, or use it in ``async with``."""

    def __init__(self, base_url: str, api_key: str | None, **options: Any) -> None:
        super().__init__(base_url, api_key, **options)
        self._transport = AsyncTransport(self.base_url, allow_private_network=self.allow_private_network)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def get_json(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        *,
        timeout_s: float = 5.0,
        max_bytes: int = 4 * MIB,
    ) -> JsonResponse:
        """As ``ProxyClient.get_json``."""
        return self._json(path, await self._transport.send(self._get(path, params, timeout_s, max_bytes)))

    async def chat(self, exchange: Exchange) -> Reply:
        """As ``ProxyClient.chat``."""
        try:
            return exchange.whole(await self._transport.send(self._chat(exchange)))
        except CallError as error:
            raise error if error.receipt else exchange.with_receipt(error) from None

    async def stream(self, exchange: Exchange) -> AsyncGenerator[Delta | Reply, None]:
        """As ``ProxyClient.stream``; the last item is the reply, since an async generator has no value."""
        begun = False
        try:
            async with self._transport.open(self._chat(exchange)) as (status, headers, chunks):
                if not exchange.opened(status, headers):
                    raise exchange.refused(status, b"".join([chunk async for chunk in chunks]))
                begun = True
                async for chunk in chunks:
                    for delta in exchange.feed(chunk):
                        yield delta
        except CallError as error:
            if not (begun and exchange.complete()):
                raise _failed(exchange, error, begun=begun) from None
        for delta in exchange.end():
            yield delta
        yield exchange.finish()


def _failed(exchange: Exchange, error: CallError, *, begun: bool) -> CallError:
    if error.receipt is not None:
        return error
    return exchange.interrupted(error) if begun else exchange.with_receipt(error)


__all__ = ["AsyncProxyClient", "JsonResponse", "ProxyClient"]
