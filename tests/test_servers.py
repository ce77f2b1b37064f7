"""The fault server itself: a helper that lies would make every test above it worthless."""

from __future__ import annotations

import contextlib
import http.client
import os
import socket
import ssl
from collections.abc import Iterator

import pytest

from tests.servers import CHUNKED_HEAD, RESET, UNREAD, FaultServers, Wait, answer_json, chunk, event


@contextlib.contextmanager
def ask(port: int, body: bytes = b"") -> Iterator[http.client.HTTPResponse]:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        connection.request("POST", "/x", body)
        with connection.getresponse() as reply:
            yield reply


def test_the_nth_connection_gets_the_nth_script(fault_server: FaultServers) -> None:
    server = fault_server(answer_json(429, {"n": 1}, {"retry-after": "7"}), answer_json(200, {"n": 2}))
    with ask(server.port, b'{"a": 1}') as first:
        assert (first.status, first.headers["retry-after"], first.read()) == (429, "7", b'{"n": 1}')
    for _ in range(2):
        with ask(server.port, b'{"a": 2}') as later:
            assert later.read() == b'{"n": 2}'
    assert [body["a"] for body in server.json_bodies()] == [1, 2, 2]


def test_a_cut_shows_as_a_cut(fault_server: FaultServers) -> None:
    server = fault_server([CHUNKED_HEAD, chunk(event({"a": 1})), Wait(0.01), RESET])
    with ask(server.port) as reply, pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        reply.read()


def test_bytes_before_any_request(fault_server: FaultServers) -> None:
    server = fault_server([UNREAD, b"SSH-2.0-x\r\n"])
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as client:
        assert client.recv(100) == b"SSH-2.0-x\r\n"
    assert server.requests == []


def test_tls_by_an_unknown_authority(fault_server: FaultServers) -> None:
    server = fault_server(answer_json(200, {}), tls=True)
    connection = http.client.HTTPSConnection("127.0.0.1", server.port, timeout=5)
    with pytest.raises(ssl.SSLCertVerificationError):
        connection.request("GET", "/")
    connection.close()


def test_the_environment_is_clean(home: object) -> None:
    assert os.environ["HOME"] == str(home) == os.getcwd()
    # The one that is set makes days those of UTC, whatever the clocks of this machine show.
    assert [name for name in os.environ if name.startswith(("FASED_", "LITELLM_"))] == ["FASED_USAGE_TZ"]
