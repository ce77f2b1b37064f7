"""Small servers on 127.0.0.1 that answer as a script tells them: given bytes, pauses, cuts, silence.

A script is what happens on one connection: a list of steps. One request is read before the first step, unless that is
``UNREAD``; behind the last step the connection is closed. The n-th connection gets the n-th script, later ones the last.

    server = fault_server([answer_json(429, {"error": {}}, {"retry-after": "7"})], [STREAM_HEAD, Wait(0.2), b"part", RESET])
    …
    assert b"Authorization: Bearer sk-test-1" in server.requests[0]
"""

from __future__ import annotations

import contextlib
import enum
import json
import re
import secrets
import socket
import ssl
import struct
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol


@dataclass(frozen=True, slots=True)
class Wait:
    """Send nothing for some seconds; ends early when the server is closed."""

    seconds: float


class Step(enum.Enum):
    """The steps without a value."""

    READ = "read one more request"
    UNREAD = "do not read the request before the first step"
    RESET = "end the connection with RST instead of FIN"
    HANG = "keep the connection open, in silence, until the server is closed"


READ, UNREAD, RESET, HANG = Step.READ, Step.UNREAD, Step.RESET, Step.HANG
Script = Sequence[bytes | Wait | Step]


def answer(status: int, body: bytes | str, headers: Mapping[str, str] | None = None) -> bytes:
    """A whole HTTP/1.1 answer; ``content-length`` and ``content-type`` are added where they are missing."""
    data = body.encode() if isinstance(body, str) else body
    fields = {"content-type": "text/plain", "content-length": str(len(data)), **(headers or {})}
    head = f"HTTP/1.1 {status} X\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return head.encode() + b"\r\n" + data


def answer_json(status: int, value: Any, headers: Mapping[str, str] | None = None) -> bytes:
    """A whole HTTP answer with a JSON body."""
    return answer(status, json.dumps(value), {"content-type": "application/json", **(headers or {})})


STREAM_HEAD: Final = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\nconnection: close\r\n\r\n"
"""Begins a stream of events which ends with the connection."""

CHUNKED_HEAD: Final = STREAM_HEAD.replace(b"connection: close", b"transfer-encoding: chunked")
"""Begins a chunked stream; see ``chunk``. Only with it can a client tell a cut from an end."""


def event(value: Any) -> bytes:
    """One server-sent event: JSON of ``value``, or the text itself (``[DONE]``)."""
    return f"data: {value if isinstance(value, str) else json.dumps(value)}\n\n".encode()


def chunk(data: bytes) -> bytes:
    """One chunk of a chunked body; ``chunk(b"")`` ends it."""
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


class FaultServers(Protocol):
    """The type of the fixture ``fault_server``."""

    def __call__(self, *connections: Script | bytes, tls: bool | ssl.SSLContext = False) -> FaultServer: ...


class FaultServer:
    """One server; ``bytes`` instead of a script means one answer to one request.

    Attributes:
        port: the free port which it took.
        url: ``http://127.0.0.1:PORT`` (``https`` with ``tls``, by a certificate that nobody trusts).
        requests: the requests read so far, as they came: head and body.
    """

    def __init__(self, connections: Iterable[Script | bytes], *, tls: bool | ssl.SSLContext = False) -> None:
        self._scripts: list[Script] = [[one] if isinstance(one, bytes) else one for one in connections] or [[]]
        self._context = tls if isinstance(tls, ssl.SSLContext) else _server_context() if tls else None
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._open: set[socket.socket] = set()
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self.port}"
        self.requests: list[bytes] = []
        self.connections = 0
        self._acceptor = threading.Thread(target=self._accept, daemon=True)
        self._acceptor.start()

    def close(self) -> None:
        """Stop listening, cut what is open, and wait for the threads."""
        self._closed.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
        self._acceptor.join(10)
        for thread in self._threads:
            thread.join(10)

    def json_bodies(self) -> list[Any]:
        """The bodies of the requests so far, parsed."""
        return [json.loads(request.partition(b"\r\n\r\n")[2]) for request in self.requests]

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with self._lock:
                script = self._scripts[min(self.connections, len(self._scripts) - 1)]
                self.connections += 1
                self._open.add(connection)
            thread = threading.Thread(target=self._serve, args=(connection, script), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, script: Script) -> None:
        raw = connection
        try:
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            self._play(connection, script)
        except OSError:
            pass  # the client went away: that is for the test to judge
        finally:
            with self._lock:
                self._open.discard(raw)
            connection.close()

    def _play(self, connection: socket.socket, script: Script) -> None:
        if not script or script[0] is not UNREAD:
            self._read(connection)
        for step in script:
            if isinstance(step, bytes):
                connection.sendall(step)
            elif isinstance(step, Wait):
                self._closed.wait(step.seconds)
            elif step is READ:
                self._read(connection)
            elif step is HANG:
                self._closed.wait()
            elif step is RESET:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                return
        if script and script[0] is UNREAD:
            return
        # A close with unread bytes would send RST and could take the answer with it.
        connection.shutdown(socket.SHUT_WR)

    def _read(self, connection: socket.socket) -> None:
        """Read one request: its head, and as much body as ``content-length`` says."""
        data = b""
        while b"\r\n\r\n" not in data:
            part = connection.recv(65536)
            if not part:
                return
            data += part
        head, _, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"(?im)^content-length:\s*(\d+)", head)
        missing = (int(length[1]) if length else 0) - len(body)
        while missing > 0:
            part = connection.recv(65536)
            if not part:
                return
            data, missing = data + part, missing - len(part)
        self.requests.append(data)


def free_port() -> int:
    """A port of 127.0.0.1 on which nothing listens.

    It is none of those which the system gives to whoever asks for any (from 32768 on Linux, 49152 on macOS), so nobody gets it
    meanwhile: a proxy needs ten seconds until it listens, and tests run side by side.
    """
    while True:
        port = 20_000 + secrets.randbelow(12_000)  # `random` gives every test the same numbers
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port


def _server_context() -> ssl.SSLContext:
    import trustme

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1", "localhost").configure_cert(context)
    return context
