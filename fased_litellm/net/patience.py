"""Time limits for whole phases of an answer, where httpcore only knows one for each read.

A server that sends one byte a second never exceeds a limit for each read, neither within its headers nor behind them.
So the read timeout that httpcore hands through to the network is an object of ours, which knows when the phase ends.
"""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Iterable
from typing import Any, Generic, Self, TypeVar

import httpcore

from ..redaction import guarded
from . import complaints
from .messages import Limits

# At the level of debugging httpcore logs headers, and the beginning of what is not HTTP.
for _name in ("connection", "http11", "proxy"):
    guarded(logging.getLogger(f"httpcore.{_name}"))


class Patience(float):
    """The read timeout of one request, in seconds as httpcore wants it, with the end of the present phase.

    The headers have to be whole within ``idle_s``. Behind them, each line of the body has to be whole within ``idle_s``
    (a body without line breaks is one line), or what the reader of the body takes for a sign of life (``Limits.grant``), and
    everything within ``total_s``.

    Args:
        limits: of the request.

    Attributes:
        begun: whether the headers were whole.
        granted: seconds of the phase that begins with the next read, None if the present one goes on.
    """

    __slots__ = ("_end", "_until", "begun", "granted", "limits")

    def __new__(cls, limits: Limits) -> Self:
        return super().__new__(cls, limits.idle_s)

    def __init__(self, limits: Limits) -> None:
        now = time.monotonic()
        self.limits = limits
        self._end = now + limits.total_s if limits.total_s is not None else float("inf")
        self._until = min(now + limits.idle_s, self._end)
        self.granted: float | None = None
        self.begun = False

    def renew(self) -> None:
        """The headers are whole: the next phase begins with the next read."""
        self.begun = True
        self.granted = self.limits.idle_s

    def left(self) -> float:
        """Seconds that are left in this phase.

        Raises:
            httpcore.ReadTimeout: none are.
        """
        now = time.monotonic()
        if self.granted is not None:
            self._until = min(now + self.granted, self._end)
            self.granted = None
        left = self._until - now
        if left <= 0:
            raise httpcore.ReadTimeout("out of patience")
        return left


class Meter:
    """Holds the size of a body within its limit, and grants time for its next line.

    Args:
        name: of the origin, for messages.
        patience: with the limits.
        counted: where the body comes from, if its length was given, else None.
    """

    __slots__ = ("counted", "last", "most", "name", "patience", "taken")

    def __init__(self, name: str, patience: Patience, counted: PatientStream | AsyncPatientStream | None) -> None:
        self.name, self.patience, self.counted = name, patience, counted
        self.taken, self.last = 0, b""
        self.most = float("inf") if patience.limits.max_bytes is None else patience.limits.max_bytes

    def take(self, chunk: bytes) -> None:
        """Take the next bytes.

        Raises:
            BadAnswer: the body is larger than allowed.
        """
        self.last = chunk
        self.taken += len(chunk)
        if self.taken > self.most:
            raise complaints.too_large(self.name, self.patience.limits)
        if self.patience.limits.grant is None and b"\n" in chunk:
            self.patience.granted = self.patience.limits.idle_s

    def worked(self) -> None:
        """The chunk that was taken last was worked through."""
        grant = self.patience.limits.grant
        if grant is not None and (seconds := grant()) is not None:
            self.patience.granted = seconds

    def finish(self) -> None:
        """Take the end of the body.

        Raises:
            BadAnswer: more than the given length was sent. That would be read as the beginning of the next answer.
        """
        if self.counted is not None and not self.counted.last.endswith(self.last):
            self.counted.spoilt = True
            raise complaints.longer_than_said(self.name)


def _left(timeout: float | None) -> float | None:
    return timeout.left() if isinstance(timeout, Patience) else timeout


_Inner = TypeVar("_Inner", httpcore.NetworkStream, httpcore.AsyncNetworkStream)


class _Exchanges(Generic[_Inner]):
    """What both kinds of streams know of the exchanges on them.

    Attributes:
        last: what was read last.
        spoilt: whether no further request may be sent on it.
    """

    def __init__(self, inner: _Inner) -> None:
        self._inner: _Inner = inner
        self.last, self.spoilt = b"", False
        self._held: bytes | None = None
        self._begins, self._looked = True, True

    def _read(self, data: bytes) -> bytes:
        self.last = data
        self._begins, self._looked = True, False
        return data

    def _ready(self, buffer: bytes) -> bytes:
        """What is to be sent now. The head of a request waits for what comes next, its body mostly, so that both go at once."""
        if self._begins:
            self._begins, self._held = False, buffer
            return b""
        held, self._held = self._held, None
        return held + buffer if held else buffer

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            # httpcore takes no idle connection on which something waits to be read. It also looks once an answer has ended, which
            # tells nothing yet: the look before the next request does.
            looked, self._looked = self._looked, True
            if self.spoilt or not looked:
                return self.spoilt
        return self._inner.get_extra_info(info)


class PatientStream(_Exchanges[httpcore.NetworkStream], httpcore.NetworkStream):
    """A network stream whose reads end with the phase."""

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._held is not None:
            self.write(b"")
        return self._read(self._inner.read(max_bytes, _left(timeout)))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if ready := self._ready(buffer):
            self._inner.write(ready, timeout)

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        return PatientStream(self._inner.start_tls(ssl_context, server_hostname, timeout))


class PatientBackend(httpcore.NetworkBackend):
    """Makes such streams."""

    def __init__(self) -> None:
        self._inner = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        return PatientStream(self._inner.connect_tcp(host, port, timeout, local_address, socket_options))


class AsyncPatientStream(_Exchanges[httpcore.AsyncNetworkStream], httpcore.AsyncNetworkStream):
    """As ``PatientStream``."""

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109 - httpcore's signature
        if self._held is not None:
            await self.write(b"")
        try:
            return self._read(await self._inner.read(max_bytes, _left(timeout)))
        except ssl.SSLError as error:
            # Fact: httpcore's stream of anyio lets through what its blocking one makes a ReadError of. With TLS 1.3 a server
            # refuses a client certificate only after the handshake.
            raise httpcore.ReadError(str(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109 - httpcore's signature
        if ready := self._ready(buffer):
            try:
                await self._inner.write(ready, timeout)
            except ssl.SSLError as error:
                raise httpcore.WriteError(str(error)) from error

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
    ) -> httpcore.AsyncNetworkStream:
        return AsyncPatientStream(await self._inner.start_tls(ssl_context, server_hostname, timeout))


class AsyncPatientBackend(httpcore.AsyncNetworkBackend):
    """As ``PatientBackend``."""

    def __init__(self) -> None:
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        return AsyncPatientStream(await self._inner.connect_tcp(host, port, timeout, local_address, socket_options))
