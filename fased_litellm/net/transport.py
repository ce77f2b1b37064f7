"""The guarded HTTP transport: every address is vetted, and the connection is pinned to a vetted one.

The only module that imports httpx. Redirects are not followed: the key goes to the configured origin and nowhere else.
The transports of httpx are used without its client, which would add cookies, redirects, authentication hooks and
about a third of the time of a call. A pinned ``https`` connection still verifies the host name (httpcore's
``sni_hostname``).
"""

from __future__ import annotations

import socket
import ssl
import sys
import time
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import lru_cache
from typing import Any

from ..errors import BadAnswer, CallError, ConnectFailed, NetworkError, TimedOut, TlsFailed
from .addresses import Address, normalize_host
from .messages import Answer, Limits, Request
from .pins import Pins

# httpx imports click and rich for its own command line where both are installed: 50 ms that no call needs.
_cli_loaded = "httpx._main" in sys.modules
if not _cli_loaded:
    sys.modules["httpx._main"] = None  # type: ignore[assignment]
import httpx  # noqa: E402 - the lines above have to come first

if not _cli_loaded:
    del sys.modules["httpx._main"]

# uvicorn closes an idle connection after 5 s; one that is given up earlier is never closed under a request.
_POOL = httpx.Limits(max_connections=100, max_keepalive_connections=20, keepalive_expiry=4.0)


class _Origin:
    """What both transports share: requests to a pinned address, and failures in our words."""

    def __init__(self, base_url: str, *, allow_private_network: bool) -> None:
        self.url = httpx.URL(base_url)
        self.secure = self.url.scheme == "https"
        self.prefix = self.url.raw_path.rstrip(b"/")
        self.name = f"{self.url.scheme}://{self.url.netloc.decode('ascii')}"
        port = self.url.port or (443 if self.secure else 80)
        self.pins = Pins(self.url.host, port, allow_private=allow_private_network)
        # A client asks few targets, and building a URL takes 6 % of a call.
        self._pinned_url = lru_cache(maxsize=16)(self._make_url)

    def trust(self) -> ssl.SSLContext:
        """The system's trust store, ``SSL_CERT_FILE`` honoured; for plain http an empty one, since loading takes 20 ms."""
        return ssl.create_default_context() if self.secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

    def request(self, request: Request, address: Address) -> httpx.Request:
        limits = request.limits
        read = limits.idle_s if limits.total_s is None else min(limits.idle_s, limits.total_s)
        timeout = {"connect": limits.connect_s, "read": read, "write": limits.idle_s, "pool": limits.connect_s}
        extensions: dict[str, Any] = {"timeout": timeout}
        if self.secure:
            extensions["sni_hostname"] = normalize_host(self.url.host)
        headers = [
            (b"host", self.url.netloc),
            (b"accept-encoding", b"identity"),
            *((name.encode("ascii"), value.encode("utf-8")) for name, value in request.headers.items()),
        ]
        if request.body is not None:
            headers.append((b"content-length", str(len(request.body)).encode("ascii")))
        return httpx.Request(
            request.method,
            self._pinned_url(address, request.target),
            headers=headers,
            # A stream is sent with the headers as they are; for content, httpx would go through them once more.
            stream=httpx.ByteStream(request.body or b""),
            extensions=extensions,
        )

    def _make_url(self, address: Address, target: str) -> httpx.URL:
        return self.url.copy_with(host=str(address), raw_path=self.prefix + target.encode("ascii"))

    def failure(self, error: Exception, limits: Limits) -> CallError:
        """Our exception for one of httpx's."""
        text = str(error)
        if isinstance(error, (httpx.ConnectError, httpx.ReadError, httpx.WriteError)) and _is_tls(text):
            return TlsFailed(f"TLS with {self.name} failed: {text}", cause="tls", hint=_tls_hint(text))
        if isinstance(error, httpx.ConnectError):
            self.pins.forget()
            return ConnectFailed(
                f"Nothing answers at {self.name}: {text or 'connection failed'}",
                cause="connect-refused",
                hint="Start the proxy there (`fased litellm up` starts a local one), or correct the base URL.",
            )
        if isinstance(error, httpx.ConnectTimeout):
            self.pins.forget()
            return TimedOut(
                f"No connection to {self.name} within {limits.connect_s:g} s.",
                cause="connect-timeout",
                hint="Check the address, the network and any firewall between here and the proxy.",
            )
        if isinstance(error, httpx.TimeoutException):
            return self.too_slow(limits)
        if isinstance(error, httpx.RemoteProtocolError) and "disconnected" not in text and "closed" not in text:
            return BadAnswer(
                f"What listens at {self.name} does not speak HTTP: {text}",
                cause="not-http",
                hint="Check scheme, host and port of the base URL: another program listens there, or it wants https.",
            )
        if isinstance(error, httpx.DecodingError):
            return BadAnswer(f"The answer of {self.name} cannot be decoded: {text}", cause="bad-answer")
        return NetworkError(
            f"The connection to {self.name} broke: {text or type(error).__name__}",
            cause="connection-lost",
            hint="See the log of the proxy; the request may have been carried out. If this happens at once, every time, what "
            "listens there does not speak HTTP: correct the base URL.",
        )

    def too_slow(self, limits: Limits) -> TimedOut:
        seconds = limits.idle_s if limits.total_s is None else min(limits.idle_s, limits.total_s)
        return TimedOut(
            f"{self.name} did not answer within {seconds:g} s.",
            cause="timeout",
            hint="The proxy or its provider is slow; the request may have been carried out.",
        )

    def too_large(self, limits: Limits) -> BadAnswer:
        return BadAnswer(
            f"The answer of {self.name} is larger than {limits.max_bytes} bytes; reading stopped there.",
            cause="too-large",
            hint="A LiteLLM proxy does not answer like this. Check the base URL.",
        )


class Transport:
    """Blocking requests to one origin. Safe to share between threads; close it after use.

    Args:
        base_url: the proxy's root, as ``proxy.urls.normalize_base_url`` gives it.
        allow_private_network: whether private and loopback addresses may be asked.
    """

    def __init__(self, base_url: str, *, allow_private_network: bool) -> None:
        self._origin = _Origin(base_url, allow_private_network=allow_private_network)
        self._http = httpx.HTTPTransport(verify=self._origin.trust(), limits=_POOL, trust_env=False)

    def close(self) -> None:
        self._http.close()

    @contextmanager
    def open(self, request: Request) -> Iterator[tuple[int, dict[str, str], Iterator[bytes]]]:
        """Send a request and give status, headers and the chunks of the body as they come.

        Raises:
            CallError: one of the network classes; see ``errors``.
        """
        started = time.monotonic()
        try:
            response = self._send(request)
        except httpx.HTTPError as error:
            raise self._origin.failure(error, request.limits) from None
        try:
            yield response.status_code, _headers(response), self._chunks(response, request.limits, started)
        finally:
            response.close()

    def send(self, request: Request) -> Answer:
        """Send a request and read the whole answer.

        Raises:
            CallError: one of the network classes; see ``errors``.
        """
        started = time.monotonic()
        with self.open(request) as (status, headers, chunks):
            first_byte_ms = (time.monotonic() - started) * 1000
            return Answer(status, headers, b"".join(chunks), first_byte_ms)

    def _send(self, request: Request) -> httpx.Response:
        *others, last = self._addresses()
        for address in others:
            try:
                return self._http.handle_request(self._origin.request(request, address))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue  # nothing was sent, and the name has another address
        return self._http.handle_request(self._origin.request(request, last))

    def _addresses(self) -> list[Address]:
        pins = self._origin.pins
        try:
            return pins.known() or pins.accept(socket.getaddrinfo(**pins.question()))
        except OSError as error:
            raise pins.unresolved(error) from None

    def _chunks(self, response: httpx.Response, limits: Limits, started: float) -> Iterator[bytes]:
        meter = _Meter(self._origin, limits, started)
        try:
            for chunk in _body(response):
                meter.take(chunk)
                yield chunk
        except httpx.HTTPError as error:
            raise self._origin.failure(error, limits) from None


class AsyncTransport:
    """The same for asyncio, within one event loop."""

    def __init__(self, base_url: str, *, allow_private_network: bool) -> None:
        self._origin = _Origin(base_url, allow_private_network=allow_private_network)
        self._http = httpx.AsyncHTTPTransport(verify=self._origin.trust(), limits=_POOL, trust_env=False)

    async def aclose(self) -> None:
        await self._http.aclose()

    @asynccontextmanager
    async def open(self, request: Request) -> AsyncIterator[tuple[int, dict[str, str], AsyncIterator[bytes]]]:
        """As ``Transport.open``."""
        started = time.monotonic()
        try:
            response = await self._send(request)
        except httpx.HTTPError as error:
            raise self._origin.failure(error, request.limits) from None
        try:
            yield response.status_code, _headers(response), self._chunks(response, request.limits, started)
        finally:
            await response.aclose()

    async def send(self, request: Request) -> Answer:
        """As ``Transport.send``."""
        started = time.monotonic()
        async with self.open(request) as (status, headers, chunks):
            first_byte_ms = (time.monotonic() - started) * 1000
            return Answer(status, headers, b"".join([chunk async for chunk in chunks]), first_byte_ms)

    async def _send(self, request: Request) -> httpx.Response:
        *others, last = await self._addresses()
        for address in others:
            try:
                return await self._http.handle_async_request(self._origin.request(request, address))
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue  # nothing was sent, and the name has another address
        return await self._http.handle_async_request(self._origin.request(request, last))

    async def _addresses(self) -> list[Address]:
        import asyncio  # here, since it takes 14 ms and the blocking half does not need it

        pins = self._origin.pins
        try:
            return pins.known() or pins.accept(await asyncio.get_running_loop().getaddrinfo(**pins.question()))
        except OSError as error:
            raise pins.unresolved(error) from None

    async def _chunks(self, response: httpx.Response, limits: Limits, started: float) -> AsyncIterator[bytes]:
        meter = _Meter(self._origin, limits, started)
        try:
            async for chunk in _async_body(response):
                meter.take(chunk)
                yield chunk
        except httpx.HTTPError as error:
            raise self._origin.failure(error, limits) from None


class _Meter:
    """Holds the size and the total time of an answer within its limits."""

    __slots__ = ("deadline", "limits", "origin", "taken")

    def __init__(self, origin: _Origin, limits: Limits, started: float) -> None:
        self.origin, self.limits, self.taken = origin, limits, 0
        self.deadline = None if limits.total_s is None else started + limits.total_s

    def take(self, chunk: bytes) -> None:
        self.taken += len(chunk)
        if self.limits.max_bytes is not None and self.taken > self.limits.max_bytes:
            raise self.origin.too_large(self.limits)
        if self.deadline is not None and time.monotonic() > self.deadline:
            raise self.origin.too_slow(self.limits)


def _headers(response: httpx.Response) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers.raw}


def _body(response: httpx.Response) -> Iterable[bytes]:
    """The body, decoded. Where nothing is to be decoded, without httpx's way of doing so: that is 5 % of a call."""
    if "content-encoding" in response.headers:
        return response.iter_bytes()
    assert isinstance(response.stream, httpx.SyncByteStream)
    return response.stream


def _async_body(response: httpx.Response) -> AsyncIterable[bytes]:
    """The same for asyncio."""
    if "content-encoding" in response.headers:
        return response.aiter_bytes()
    assert isinstance(response.stream, httpx.AsyncByteStream)
    return response.stream


def _is_tls(text: str) -> bool:
    return "SSL" in text or "TLS" in text or "certificate" in text.lower()


def _tls_hint(text: str) -> str:
    if "WRONG_VERSION_NUMBER" in text or "RECORD_LAYER" in text:
        return "What listens there speaks plain http: write http:// in the base URL."
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return "The certificate is not trusted. Add its authority to the system's trust store, or name it in SSL_CERT_FILE."
    return "Check the certificate and the TLS settings of the proxy."
