"""Connections as httpcore's pools use them: reads end with the deadline of the request, and a request goes out in one piece."""

from __future__ import annotations

import logging
import ssl
from typing import Any, Generic, TypeVar

import httpcore

from ..redaction import guarded
from .deadline import Deadline

# At the level of debugging httpcore logs headers, and the beginning of what is not HTTP.
for _name in ("connection", "http11", "proxy"):
    guarded(logging.getLogger(f"httpcore.{_name}"))


def _left(timeout: float | None) -> float | None:
    return timeout.left() if isinstance(timeout, Deadline) else timeout


_Inner = TypeVar("_Inner", httpcore.NetworkStream, httpcore.AsyncNetworkStream)


class _Exchanges(Generic[_Inner]):
    """What both kinds of streams know of the exchanges on them.

    Attributes:
        last: what was read last.
        unusable: whether no further request may be sent on it.
    """

    def __init__(self, inner: _Inner) -> None:
        self._inner: _Inner = inner
        self.last, self.unusable = b"", False
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
            if self.unusable or not looked:
                return self.unusable
        return self._inner.get_extra_info(info)


class DeadlineStream(_Exchanges[httpcore.NetworkStream], httpcore.NetworkStream):
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

    def start_tls(self, *args: Any, **options: Any) -> httpcore.NetworkStream:
        return DeadlineStream(self._inner.start_tls(*args, **options))


class DeadlineBackend(httpcore.NetworkBackend):
    """Makes such streams."""

    def __init__(self) -> None:
        self._inner = httpcore.SyncBackend()

    def connect_tcp(self, *args: Any, **options: Any) -> httpcore.NetworkStream:
        return DeadlineStream(self._inner.connect_tcp(*args, **options))


class AsyncDeadlineStream(_Exchanges[httpcore.AsyncNetworkStream], httpcore.AsyncNetworkStream):
    """As ``DeadlineStream``."""

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

    async def start_tls(self, *args: Any, **options: Any) -> httpcore.AsyncNetworkStream:
        return AsyncDeadlineStream(await self._inner.start_tls(*args, **options))


class AsyncDeadlineBackend(httpcore.AsyncNetworkBackend):
    """As ``DeadlineBackend``."""

    def __init__(self) -> None:
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(self, *args: Any, **options: Any) -> httpcore.AsyncNetworkStream:
        return AsyncDeadlineStream(await self._inner.connect_tcp(*args, **options))
