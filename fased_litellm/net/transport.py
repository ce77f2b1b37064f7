"""The guarded HTTP transport: every address is vetted, and the connection is pinned to a vetted one.

The only module that speaks HTTP, by httpcore's pools with time limits of our own (``deadline``). httpx, which stands on the same
pools, would add its own requests, responses and URLs to each call, and its command line to the start. A pinned ``https`` connection
still verifies the host name (httpcore's ``sni_hostname``).
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from contextlib import aclosing, asynccontextmanager, closing, contextmanager
from functools import lru_cache, partial
from typing import Any
from urllib.parse import quote

import httpcore

from ..errors import AddressBlocked, CallError
from ..redaction import hide_known_in, may_hold_known
from . import errors, pools, redirects, trust
from .addresses import Address, is_private_name, is_special, normalize_host
from .baseurl import BaseUrl
from .bodylimit import BodyLimit
from .deadline import Deadline
from .dnscache import DnsCache
from .forwardproxy import forward_proxy_for
from .messages import Request, Response
from .streams import AsyncDeadlineBackend, DeadlineBackend

_FAILURES = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError, httpcore.ProxyError)
_NOT_CONNECTED = (httpcore.ConnectError, httpcore.ConnectTimeout)


class _Origin:
    """What both transports share: requests to a pinned address, and failures in our words."""

    def __init__(self, base_url: str, *, allow_private_network: bool, identify: bool) -> None:
        self.url = url = BaseUrl.of(base_url)
        self.identify = identify
        self.pool = partial(pools.options, secure=url.secure, identify=identify)
        self.name = url.origin
        self.dns = DnsCache(url.host, url.port, allow_private=allow_private_network)
        self.proxy = forward_proxy_for(base_url, os.environ)
        self._host = url.netloc.encode("ascii")
        # A client asks few targets.
        self._url_at = lru_cache(maxsize=16)(self._make_url)

    def request(self, request: Request, address: Address | None, deadline: Deadline) -> httpcore.Request:
        """The request to an address; without one, by name, for an HTTP proxy."""
        limits = request.limits
        timeout = {"connect": limits.connect_s, "read": deadline, "write": limits.idle_s, "pool": limits.connect_s}
        extensions: dict[str, Any] = {"timeout": timeout}
        if self.url.secure:
            extensions["sni_hostname"] = normalize_host(self.url.host)
        try:
            headers = [
                (b"host", self._host),
                (b"accept-encoding", b"identity"),
                *((name.encode("ascii"), value.encode()) for name, value in request.headers.items()),
            ]
        except UnicodeEncodeError:
            raise errors.not_sent(self.name) from None
        body = request.body
        if body is not None:
            headers.append((b"content-length", b"%d" % len(body)))
        made = httpcore.Request(
            request.method, self._url_at(address, request.target), content=body, extensions=extensions
        )
        made.headers = headers  # they are bytes already, and would be looked through for others
        return made

    def _make_url(self, address: Address | None, target: str) -> httpcore.URL:
        host = self.url.host if address is None else str(address)
        path = self.url.prefix + quote(target, safe=redirects.LITERAL)
        return httpcore.URL(scheme=self.url.scheme, host=host, port=self.url.given_port, target=path)

    def head(self, request: Request, response: httpcore.Response, deadline: Deadline) -> tuple[int, dict[str, str]]:
        """Status and headers of an answer that may be read.

        Raises:
            BadAnswer: it is compressed, or a redirect led to the wrong place.
        """
        deadline.renew()
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
        # Before anybody reads them: some proxy or error page echoes the key that it was sent.
        if may_hold_known("\n".join([*headers, *headers.values()])):
            headers = hide_known_in(headers)
        coding = headers.get("content-encoding", "identity")
        if coding.lower() not in ("identity", ""):
            raise errors.encoded(self.name, coding)
        if request.came_from:
            redirects.check(request, response.status, headers)
        return response.status, headers

    def hop(self, request: Request, status: int, location: str, started: float) -> redirects.Hop:
        """Where a redirect leads.

        Raises:
            BadAnswer: it is not followed.
        """
        url = self.name + self._url_at(None, request.target).target.decode("ascii")
        return redirects.next_hop(url, request, status, location, allow_private=self.dns.allow_private, since=started)

    def granted(self, hop: redirects.Hop) -> dict[str, bool]:
        """What holds where a redirect leads: the client certificate goes to no other origin."""
        same = self.identify and not hop.request.stripped
        return {"allow_private_network": hop.allow_private_network, "identify": same}

    def by_proxy(self, addresses: list[Address]) -> bool:
        """Whether a request goes through the HTTP proxy: not where the name turned out to be private."""
        return self.proxy is not None and not any(is_special(address) for address in addresses)

    def unresolved(self, error: OSError) -> list[Address]:
        """No addresses, where the HTTP proxy may resolve the name; a private name is not told to it.

        Raises:
            ConnectFailed: it does not resolve.
        """
        if self.proxy is not None and not is_private_name(self.url.host):
            return []
        raise self.dns.unresolved(error) from None

    def failure(self, error: Exception, deadline: Deadline) -> CallError:
        """Our exception for one of httpcore's."""
        text = str(error)
        if isinstance(error, httpcore.NetworkError) and errors.is_tls(text):
            return trust.failure(self.name, text)
        if isinstance(error, (*_NOT_CONNECTED, httpcore.ProxyError)):
            self.dns.forget()
            if self.proxy is not None:
                return errors.forward_proxy_failed(self.name, self.proxy, text)
            if isinstance(error, httpcore.ConnectTimeout):
                return errors.connect_timeout(self.name, deadline.limits)
            return errors.not_connected(self.name, text)
        if isinstance(error, httpcore.TimeoutException):
            return errors.too_slow(self.name, deadline.limits, begun=deadline.begun)
        if isinstance(error, httpcore.LocalProtocolError):
            return errors.not_sent(self.name)  # its text quotes the header
        if isinstance(error, httpcore.RemoteProtocolError) and "buffer too long" in text:
            return errors.headers_too_large(self.name)
        if isinstance(error, httpcore.RemoteProtocolError) and "disconnected" not in text and "closed" not in text:
            return errors.not_http(self.name, text)
        return errors.broken(self.name, text or type(error).__name__)


class Transport:
    """Blocking requests to one origin. Safe to share between threads; close it after use.

    Args:
        base_url: the proxy's root, as ``proxy.urls.normalize_base_url`` gives it.
        allow_private_network: whether private and loopback addresses may be asked.
        identify: whether a client certificate may be shown: to the configured proxy, and to nobody else.
    """

    def __init__(self, base_url: str, *, allow_private_network: bool, identify: bool = True) -> None:
        self._origin = origin = _Origin(base_url, allow_private_network=allow_private_network, identify=identify)
        backend = DeadlineBackend()
        self._pool = httpcore.ConnectionPool(**origin.pool(), network_backend=backend)
        self._proxied = self._pool
        if origin.proxy is not None:
            options = pools.proxy_options(origin.proxy, origin.pool())
            self._proxied = httpcore.HTTPProxy(**options, network_backend=backend)

    def close(self) -> None:
        self._pool.close()
        self._proxied.close()

    @contextmanager
    def open(self, request: Request) -> Iterator[tuple[int, dict[str, str], Iterator[bytes]]]:
        """Send a request and give status, headers and the chunks of the body as they come.

        Raises:
            CallError: one of the network classes; see ``errors``.
        """
        started, deadline = time.monotonic(), Deadline(request.limits)
        try:
            response = self._send(request, deadline)
        except _FAILURES as error:
            raise self._origin.failure(error, deadline) from None
        try:
            status, headers = self._origin.head(request, response, deadline)
            if status not in redirects.STATUSES:
                yield status, headers, self._chunks(response, headers, deadline)
                return
        finally:
            response.close()
        hop = self._origin.hop(request, status, headers.get("location", ""), started)
        try:
            there = Transport(hop.origin, **self._origin.granted(hop))
            with closing(there), there.open(hop.request) as answer:
                yield answer
        except AddressBlocked as error:
            raise redirects.blocked(self._origin.name, hop, error) from None

    def send(self, request: Request) -> Response:
        """Send a request and read the whole answer.

        Raises:
            CallError: one of the network classes; see ``errors``.
        """
        started = time.monotonic()
        with self.open(request) as (status, headers, chunks):
            first_byte_ms = (time.monotonic() - started) * 1000
            return Response(status, headers, b"".join(chunks), first_byte_ms)

    def _send(self, request: Request, deadline: Deadline) -> httpcore.Response:
        addresses = self._addresses()
        if self._origin.by_proxy(addresses):
            return self._proxied.handle_request(self._origin.request(request, None, deadline))
        *others, last = addresses
        for address in others:
            try:
                return self._pool.handle_request(self._origin.request(request, address, deadline))
            except _NOT_CONNECTED:
                continue  # nothing was sent, and the name has another address
        return self._pool.handle_request(self._origin.request(request, last, deadline))

    def _addresses(self) -> list[Address]:
        dns = self._origin.dns
        try:
            return dns.cached() or dns.accept(socket.getaddrinfo(**dns.query()))
        except OSError as error:
            return self._origin.unresolved(error)

    def _chunks(self, response: httpcore.Response, headers: dict[str, str], deadline: Deadline) -> Iterator[bytes]:
        counted = response.extensions["network_stream"] if "content-length" in headers else None
        limit = BodyLimit(self._origin.name, deadline, counted)
        assert isinstance(response.stream, Iterable)
        try:
            for chunk in response.stream:
                limit.add(chunk)
                yield chunk
                limit.processed()
        except _FAILURES as error:
            raise self._origin.failure(error, deadline) from None
        limit.finish()


class AsyncTransport:
    """The same for asyncio, within one event loop."""

    def __init__(self, base_url: str, *, allow_private_network: bool, identify: bool = True) -> None:
        self._origin = origin = _Origin(base_url, allow_private_network=allow_private_network, identify=identify)
        backend = AsyncDeadlineBackend()
        self._pool = httpcore.AsyncConnectionPool(**origin.pool(), network_backend=backend)
        self._proxied = self._pool
        if origin.proxy is not None:
            options = pools.proxy_options(origin.proxy, origin.pool())
            self._proxied = httpcore.AsyncHTTPProxy(**options, network_backend=backend)

    async def aclose(self) -> None:
        await self._pool.aclose()
        await self._proxied.aclose()

    @asynccontextmanager
    async def open(self, request: Request) -> AsyncIterator[tuple[int, dict[str, str], AsyncIterator[bytes]]]:
        """As ``Transport.open``."""
        started, deadline = time.monotonic(), Deadline(request.limits)
        try:
            response = await self._send(request, deadline)
        except _FAILURES as error:
            raise self._origin.failure(error, deadline) from None
        try:
            status, headers = self._origin.head(request, response, deadline)
            if status not in redirects.STATUSES:
                yield status, headers, self._chunks(response, headers, deadline)
                return
        finally:
            await response.aclose()
        hop = self._origin.hop(request, status, headers.get("location", ""), started)
        try:
            there = AsyncTransport(hop.origin, **self._origin.granted(hop))
            async with aclosing(there), there.open(hop.request) as answer:
                yield answer
        except AddressBlocked as error:
            raise redirects.blocked(self._origin.name, hop, error) from None

    async def send(self, request: Request) -> Response:
        """As ``Transport.send``."""
        started = time.monotonic()
        async with self.open(request) as (status, headers, chunks):
            first_byte_ms = (time.monotonic() - started) * 1000
            return Response(status, headers, b"".join([chunk async for chunk in chunks]), first_byte_ms)

    async def _send(self, request: Request, deadline: Deadline) -> httpcore.Response:
        addresses = await self._addresses()
        if self._origin.by_proxy(addresses):
            return await self._proxied.handle_async_request(self._origin.request(request, None, deadline))
        *others, last = addresses
        for address in others:
            try:
                return await self._pool.handle_async_request(self._origin.request(request, address, deadline))
            except _NOT_CONNECTED:
                continue  # nothing was sent, and the name has another address
        return await self._pool.handle_async_request(self._origin.request(request, last, deadline))

    async def _addresses(self) -> list[Address]:
        import asyncio  # here, since it takes 14 ms and the blocking half does not need it

        dns = self._origin.dns
        try:
            return dns.cached() or dns.accept(await asyncio.get_running_loop().getaddrinfo(**dns.query()))
        except OSError as error:
            return self._origin.unresolved(error)

    async def _chunks(
        self, response: httpcore.Response, headers: dict[str, str], deadline: Deadline
    ) -> AsyncIterator[bytes]:
        counted = response.extensions["network_stream"] if "content-length" in headers else None
        limit = BodyLimit(self._origin.name, deadline, counted)
        assert isinstance(response.stream, AsyncIterable)
        try:
            async for chunk in response.stream:
                limit.add(chunk)
                yield chunk
                limit.processed()
        except _FAILURES as error:
            raise self._origin.failure(error, deadline) from None
        limit.finish()
