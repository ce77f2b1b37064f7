"""The guarded transport for httpx's clients, so that other libraries reach the proxy the way this package does.

The only module that imports httpx. The package's own calls go through ``transport`` itself: httpx's client would add its requests,
responses and URLs to each call, and its command line (click and rich) to each start.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack

import httpx

from ..errors import AddressBlocked, BadAnswer, CallError, ConnectFailed, TimedOut, TlsFailed
from .messages import Limits, Request
from .transport import AsyncTransport, Transport

_FOREVER_S = 86_400.0
_OURS = frozenset(["accept-encoding", "connection", "content-length", "host", "transfer-encoding"])
"""Headers which the transport writes itself."""


class _Guard:
    """What both transports share.

    Args:
        base_url: the proxy's root, as ``proxy.urls.normalize_base_url`` gives it.
        allow_private_network: whether private and loopback addresses may be asked.
        headers: sent with each request that does not have them.
    """

    def __init__(
        self, base_url: str, *, allow_private_network: bool = False, headers: Mapping[str, str] | None = None
    ) -> None:
        url = httpx.URL(base_url)
        self._name = f"{url.scheme}://{url.netloc.decode('ascii')}"
        self._origin = (url.scheme, url.host, url.port)
        self._allow_private_network = allow_private_network
        self._headers = dict(headers or {})

    def _request(self, request: httpx.Request, body: bytes) -> Request:
        url = request.url
        if (url.scheme, url.host, url.port) != self._origin:
            raise httpx.UnsupportedProtocol(f"This client asks {self._name} alone, not {url.host}.", request=request)
        headers = {name.lower(): value for name, value in request.headers.items() if name.lower() not in _OURS}
        times = request.extensions.get("timeout", {})
        limits = Limits(
            connect_s=times.get("connect") or _FOREVER_S, idle_s=times.get("read") or _FOREVER_S, max_bytes=None
        )
        target = url.raw_path.decode("ascii")
        return Request(request.method, target, {**self._headers, **headers}, body or None, limits)


class GuardedTransport(_Guard, httpx.BaseTransport):
    """Blocking requests of an ``httpx.Client`` to one origin: every address is vetted, and the connection pinned to it.

    A failure is httpx's exception with our message; the cause is our own (``__cause__``), with its hint.
    """

    def __init__(
        self, base_url: str, *, allow_private_network: bool = False, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(base_url, allow_private_network=allow_private_network, headers=headers)
        self._transport = Transport(self._name, allow_private_network=allow_private_network)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """As httpx asks it."""
        asked = self._request(request, request.read())
        with ExitStack() as stack:
            try:
                status, headers, chunks = stack.enter_context(self._transport.open(asked))
            except CallError as error:
                raise _as_httpx(error, request) from error
            return httpx.Response(status, headers=headers, stream=_Body(chunks, stack.pop_all(), request))
        raise AssertionError  # an exit stack suppresses nothing here

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()


class AsyncGuardedTransport(_Guard, httpx.AsyncBaseTransport):
    """The same for an ``httpx.AsyncClient``, within one event loop."""

    def __init__(
        self, base_url: str, *, allow_private_network: bool = False, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(base_url, allow_private_network=allow_private_network, headers=headers)
        self._transport = AsyncTransport(self._name, allow_private_network=allow_private_network)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """As httpx asks it."""
        asked = self._request(request, await request.aread())
        async with AsyncExitStack() as stack:
            try:
                status, headers, chunks = await stack.enter_async_context(self._transport.open(asked))
            except CallError as error:
                raise _as_httpx(error, request) from error
            return httpx.Response(status, headers=headers, stream=_AsyncBody(chunks, stack.pop_all(), request))
        raise AssertionError  # an exit stack suppresses nothing here

    async def aclose(self) -> None:
        """Close the connections."""
        await self._transport.aclose()


class _Body(httpx.SyncByteStream):
    def __init__(self, chunks: Iterator[bytes], exchange: ExitStack, request: httpx.Request) -> None:
        self._chunks, self._exchange, self._request = chunks, exchange, request

    def __iter__(self) -> Iterator[bytes]:
        try:
            yield from self._chunks
        except CallError as error:
            raise _as_httpx(error, self._request, httpx.ReadError) from error

    def close(self) -> None:
        self._exchange.close()


class _AsyncBody(httpx.AsyncByteStream):
    def __init__(self, chunks: AsyncIterator[bytes], exchange: AsyncExitStack, request: httpx.Request) -> None:
        self._chunks, self._exchange, self._request = chunks, exchange, request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._chunks:
                yield chunk
        except CallError as error:
            raise _as_httpx(error, self._request, httpx.ReadError) from error

    async def aclose(self) -> None:
        await self._exchange.aclose()


def _as_httpx(
    error: CallError, request: httpx.Request, other: type[httpx.NetworkError] = httpx.NetworkError
) -> httpx.TransportError:
    kind: type[httpx.TransportError] = other
    if isinstance(error, (AddressBlocked, ConnectFailed, TlsFailed)):
        kind = httpx.ConnectError
    elif isinstance(error, TimedOut):
        kind = httpx.ConnectTimeout if error.cause == "connect-timeout" else httpx.ReadTimeout
    elif isinstance(error, BadAnswer):
        kind = httpx.RemoteProtocolError
    return kind(error.message, request=request)
