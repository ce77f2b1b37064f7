"""The guarded HTTP transport: every address is vetted, and the connection is pinned to a vetted one.

The only module that imports httpx. Its transports are used without its client, which would add cookies, redirects,
authentication hooks and about a third of the time of a call; the pool below them is httpcore's, with time limits of our own
(``patience``). A pinned ``https`` connection still verifies the host name (httpcore's ``sni_hostname``).
"""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, asynccontextmanager, closing, contextmanager
from functools import lru_cache, partial
from typing import Any

import httpcore

from ..errors import AddressBlocked, CallError
from ..redaction import hide_known_in
from . import complaints, pools, redirects, trust
from .addresses import Address, is_private_name, is_special, normalize_host
from .egress import egress_for
from .messages import Answer, Request
from .patience import AsyncPatientBackend, Meter, Patience, PatientBackend
from .pins import Pins

# httpx imports click and rich for its own command line where both are installed: 50 ms that no call needs.
_cli_loaded = "httpx._main" in sys.modules
if not _cli_loaded:
    sys.modules["httpx._main"] = None  # type: ignore[assignment]
import httpx  # noqa: E402 - the lines above have to come first

if not _cli_loaded:
    del sys.modules["httpx._main"]


class _Origin:
    """What both transports share: requests to a pinned address, and failures in our words."""

    def __init__(self, base_url: str, *, allow_private_network: bool, identify: bool) -> None:
        try:
            self.url = httpx.URL(base_url)
        except httpx.InvalidURL as error:
            raise AddressBlocked(
                f"{base_url} is not a URL: {error}", cause="bad-host", hint="Correct the base URL."
            ) from None
        self.secure = self.url.scheme == "https"
        self.identify = identify
        self.pool = partial(pools.options, secure=self.secure, identify=identify)
        self.prefix = self.url.raw_path.rstrip(b"/")
        self.name = f"{self.url.scheme}://{self.url.netloc.decode('ascii')}"
        port = self.url.port or (443 if self.secure else 80)
        # As it is sent, not decoded and encoded again: there are two ways to encode a name, and they differ in `ß`.
        self.host = self.url.raw_host.decode("ascii")
        self.pins = Pins(self.host, port, allow_private=allow_private_network)
        self.egress = egress_for(base_url, os.environ)
        # A client asks few targets, and building a URL takes 6 % of a call.
        self._url_at = lru_cache(maxsize=16)(self._make_url)

    def request(self, request: Request, address: Address | None, patience: Patience) -> httpx.Request:
        """The request to an address; without one, by name, for an HTTP proxy."""
        limits = request.limits
        timeout = {"connect": limits.connect_s, "read": patience, "write": limits.idle_s, "pool": limits.connect_s}
        extensions: dict[str, Any] = {"timeout": timeout}
        if self.secure:
            extensions["sni_hostname"] = normalize_host(self.host)
        try:
            headers = [
                (b"host", self.url.netloc),
                (b"accept-encoding", b"identity"),
                *((name.encode("ascii"), value.encode("utf-8")) for name, value in request.headers.items()),
            ]
        except UnicodeEncodeError:
            raise complaints.not_sent(self.name) from None
        if request.body is not None:
            headers.append((b"content-length", str(len(request.body)).encode("ascii")))
        return httpx.Request(
            request.method,
            self._url_at(address, request.target),
            headers=headers,
            # A stream is sent with the headers as they are; for content, httpx would go through them once more.
            stream=httpx.ByteStream(request.body or b""),
            extensions=extensions,
        )

    def _make_url(self, address: Address | None, target: str) -> httpx.URL:
        host = self.url.host if address is None else str(address)
        return self.url.copy_with(host=host, raw_path=self.prefix + target.encode("ascii"))

    def head(self, request: Request, response: httpx.Response, patience: Patience) -> tuple[int, dict[str, str]]:
        """Status and headers of an answer that may be read.

        Raises:
            BadAnswer: it is compressed, or a redirect led to the wrong place.
        """
        patience.renew()
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers.raw}
        # Before anybody reads them: some proxy or error page echoes the key that it was sent.
        headers = hide_known_in(headers)
        coding = headers.get("content-encoding", "identity")
        if coding.lower() not in ("identity", ""):
            raise complaints.encoded(self.name, coding)
        if request.came_from:
            redirects.check(request, response.status_code, headers)
        return response.status_code, headers

    def hop(self, request: Request, status: int, location: str, started: float) -> redirects.Hop:
        """Where a redirect leads.

        Raises:
            BadAnswer: it is not followed.
        """
        url = str(self._url_at(None, request.target))
        return redirects.next_hop(url, request, status, location, allow_private=self.pins.allow_private, since=started)

    def granted(self, hop: redirects.Hop) -> dict[str, bool]:
        """What holds where a redirect leads: the client certificate goes to no other origin."""
        same = self.identify and not hop.request.stripped
        return {"allow_private_network": hop.allow_private_network, "identify": same}

    def by_relay(self, addresses: list[Address]) -> bool:
        """Whether a request goes through the HTTP proxy: not where the name turned out to be private."""
        return self.egress is not None and not any(is_special(address) for address in addresses)

    def unresolved(self, error: OSError) -> list[Address]:
        """No addresses, where the HTTP proxy may resolve the name; a private name is not told to it.

        Raises:
            ConnectFailed: it does not resolve.
        """
        if self.egress is not None and not is_private_name(self.host):
            return []
        raise self.pins.unresolved(error) from None

    def failure(self, error: Exception, patience: Patience) -> CallError:
        """Our exception for one of httpx's."""
        text = str(error)
        if isinstance(error, (httpx.ConnectError, httpx.ReadError, httpx.WriteError)) and complaints.is_tls(text):
            return trust.failure(self.name, text)
        if isinstance(error, (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError)):
            self.pins.forget()
            if self.egress is not None:
                return complaints.egress_failed(self.name, self.egress, text)
            if isinstance(error, httpx.ConnectTimeout):
                return complaints.connect_timeout(self.name, patience.limits)
            return complaints.not_connected(self.name, text)
        if isinstance(error, httpx.TimeoutException):
            return complaints.too_slow(self.name, patience.limits, begun=patience.begun)
        if isinstance(error, httpx.LocalProtocolError):
            return complaints.not_sent(self.name)  # its text quotes the header
        if isinstance(error, httpx.RemoteProtocolError) and "buffer too long" in text:
            return complaints.headers_too_large(self.name)
        if isinstance(error, httpx.RemoteProtocolError) and "disconnected" not in text and "closed" not in text:
            return complaints.not_http(self.name, text)
        return complaints.broken(self.name, text or type(error).__name__)


class _Pooled(httpx.HTTPTransport):
    """httpx's transport over a pool that was made here: httpx itself has no way to hand in time limits."""

    def __init__(self, pool: httpcore.ConnectionPool) -> None:
        self._pool = pool


class _AsyncPooled(httpx.AsyncHTTPTransport):
    """The same for asyncio."""

    def __init__(self, pool: httpcore.AsyncConnectionPool) -> None:
        self._pool = pool


class Transport:
    """Blocking requests to one origin. Safe to share between threads; close it after use.

    Args:
        base_url: the proxy's root, as ``proxy.urls.normalize_base_url`` gives it.
        allow_private_network: whether private and loopback addresses may be asked.
        identify: whether a client certificate may be shown: to the configured proxy, and to nobody else.
    """

    def __init__(self, base_url: str, *, allow_private_network: bool, identify: bool = True) -> None:
        self._origin = origin = _Origin(base_url, allow_private_network=allow_private_network, identify=identify)
        backend = PatientBackend()
        self._http = _Pooled(httpcore.ConnectionPool(**origin.pool(), network_backend=backend))
        self._relay = self._http
        if origin.egress is not None:
            relay = pools.relay_options(origin.egress, origin.pool())
            self._relay = _Pooled(httpcore.HTTPProxy(**relay, network_backend=backend))

    def close(self) -> None:
        self._http.close()
        self._relay.close()

    @contextmanager
    def open(self, request: Request) -> Iterator[tuple[int, dict[str, str], Iterator[bytes]]]:
        """Send a request and give status, headers and the chunks of the body as they come.

        Raises:
            CallError: one of the network classes; see ``errors``.
        """
        started, patience = time.monotonic(), Patience(request.limits)
        try:
            response = self._send(request, patience)
        except httpx.HTTPError as error:
            raise self._origin.failure(error, patience) from None
        try:
            status, headers = self._origin.head(request, response, patience)
            if status not in redirects.STATUSES:
                yield status, headers, self._chunks(response, headers, patience)
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

    def send(self, request: Request) -> Answer:
        """Send a request and read the whole answer.

        Raises:
            CallError: one of the network classes; see ``errors``.
        """
        started = time.monotonic()
        with self.open(request) as (status, headers, chunks):
            first_byte_ms = (time.monotonic() - started) * 1000
            return Answer(status, headers, b"".join(chunks), first_byte_ms)

    def _send(self, request: Request, patience: Patience) -> httpx.Response:
        addresses = self._addresses()
        if self._origin.by_relay(addresses):
            return self._relay.handle_request(self._origin.request(request, None, patience))
        *others, last = addresses
        for address in others:
            try:
                return self._http.handle_request(self._origin.request(request, address, patience))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue  # nothing was sent, and the name has another address
        return self._http.handle_request(self._origin.request(request, last, patience))

    def _addresses(self) -> list[Address]:
        pins = self._origin.pins
        try:
            return pins.known() or pins.accept(socket.getaddrinfo(**pins.question()))
        except OSError as error:
            return self._origin.unresolved(error)

    def _chunks(self, response: httpx.Response, headers: dict[str, str], patience: Patience) -> Iterator[bytes]:
        counted = response.extensions["network_stream"] if "content-length" in headers else None
        meter = Meter(self._origin.name, patience, counted)
        assert isinstance(response.stream, httpx.SyncByteStream)
        try:
            # Nothing is decoded here, so httpx's way of doing so is left out: that is 5 % of a call.
            for chunk in response.stream:
                meter.take(chunk)
                yield chunk
                meter.worked()
        except httpx.HTTPError as error:
            raise self._origin.failure(error, patience) from None
        meter.finish()


class AsyncTransport:
    """The same for asyncio, within one event loop."""

    def __init__(self, base_url: str, *, allow_private_network: bool, identify: bool = True) -> None:
        self._origin = origin = _Origin(base_url, allow_private_network=allow_private_network, identify=identify)
        backend = AsyncPatientBackend()
        self._http = _AsyncPooled(httpcore.AsyncConnectionPool(**origin.pool(), network_backend=backend))
        self._relay = self._http
        if origin.egress is not None:
            relay = pools.relay_options(origin.egress, origin.pool())
            self._relay = _AsyncPooled(httpcore.AsyncHTTPProxy(**relay, network_backend=backend))

    async def aclose(self) -> None:
        await self._http.aclose()
        await self._relay.aclose()

    @asynccontextmanager
    async def open(self, request: Request) -> AsyncIterator[tuple[int, dict[str, str], AsyncIterator[bytes]]]:
        """As ``Transport.open``."""
        started, patience = time.monotonic(), Patience(request.limits)
        try:
            response = await self._send(request, patience)
        except httpx.HTTPError as error:
            raise self._origin.failure(error, patience) from None
        try:
            status, headers = self._origin.head(request, response, patience)
            if status not in redirects.STATUSES:
                yield status, headers, self._chunks(response, headers, patience)
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

    async def send(self, request: Request) -> Answer:
        """As ``Transport.send``."""
        started = time.monotonic()
        async with self.open(request) as (status, headers, chunks):
            first_byte_ms = (time.monotonic() - started) * 1000
            return Answer(status, headers, b"".join([chunk async for chunk in chunks]), first_byte_ms)

    async def _send(self, request: Request, patience: Patience) -> httpx.Response:
        addresses = await self._addresses()
        if self._origin.by_relay(addresses):
            return await self._relay.handle_async_request(self._origin.request(request, None, patience))
        *others, last = addresses
        for address in others:
            try:
                return await self._http.handle_async_request(self._origin.request(request, address, patience))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue  # nothing was sent, and the name has another address
        return await self._http.handle_async_request(self._origin.request(request, last, patience))

    async def _addresses(self) -> list[Address]:
        import asyncio  # here, since it takes 14 ms and the blocking half does not need it

        pins = self._origin.pins
        try:
            return pins.known() or pins.accept(await asyncio.get_running_loop().getaddrinfo(**pins.question()))
        except OSError as error:
            return self._origin.unresolved(error)

    async def _chunks(
        self, response: httpx.Response, headers: dict[str, str], patience: Patience
    ) -> AsyncIterator[bytes]:
        counted = response.extensions["network_stream"] if "content-length" in headers else None
        meter = Meter(self._origin.name, patience, counted)
        assert isinstance(response.stream, httpx.AsyncByteStream)
        try:
            async for chunk in response.stream:
                meter.take(chunk)
                yield chunk
                meter.worked()
        except httpx.HTTPError as error:
            raise self._origin.failure(error, patience) from None
        meter.finish()
