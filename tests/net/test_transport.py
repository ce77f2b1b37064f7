"""The transport against servers that misbehave as told."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from fased_litellm.errors import (
    AddressBlocked,
    BadAnswer,
    CallError,
    ConnectFailed,
    NetworkError,
    TimedOut,
    TlsFailed,
)
from fased_litellm.net.messages import Limits, Request
from fased_litellm.net.transport import Transport
from tests.net.asking import GET, ask, ask_async
from tests.servers import HANG, RESET, STREAM_HEAD, UNREAD, FaultServers, Wait, answer, answer_json, free_port


@pytest.mark.parametrize("send", [ask, ask_async])
def test_a_whole_answer(send: Any, fault_server: FaultServers) -> None:
    server = fault_server(answer_json(200, {"ok": True}, {"X-Litellm-Version": "1.106.2"}))
    got = send(server.url)
    assert (got.status, got.body, got.headers["x-litellm-version"]) == (200, b'{"ok": true}', "1.106.2")
    head = server.requests[0].decode()
    assert head.startswith("GET /v1/models HTTP/1.1\r\n")
    assert f"host: 127.0.0.1:{server.port}" in head.lower()
    assert "accept-encoding: identity" in head.lower()
    assert "authorization: bearer sk-test-1" in head.lower()


@pytest.mark.parametrize("send", [ask, ask_async])
def test_a_body_is_sent_whole_and_with_its_length(send: Any, fault_server: FaultServers) -> None:
    server = fault_server(answer(200, "ok"))
    send(server.url, Request("POST", "/v1/chat/completions", {"content-type": "application/json"}, b'{"a": 1}'))
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert body == b'{"a": 1}'
    assert head.lower().count(b"content-length: 8") == 1
    assert b"transfer-encoding" not in head.lower()


def test_a_path_prefix_of_the_base_url_is_kept(fault_server: FaultServers) -> None:
    server = fault_server(answer(200, "ok"))
    ask(f"{server.url}/llm")
    assert server.requests[0].startswith(b"GET /llm/v1/models HTTP/1.1\r\n")


def test_a_name_is_resolved_once_and_its_connection_reused(
    fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.servers import READ

    server = fault_server([answer(200, "one"), READ, answer(200, "two")])
    questions: list[str] = []
    real = socket.getaddrinfo

    def counting(host: Any, *rest: Any, **more: Any) -> Any:
        questions.append(host)
        return real("127.0.0.1", *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", counting)
    transport = Transport(f"http://proxy.local:{server.port}", allow_private_network=True)
    assert [transport.send(GET).body, transport.send(GET).body] == [b"one", b"two"]
    transport.close()
    assert questions.count("proxy.local") == 1
    assert server.connections == 1
    assert f"host: proxy.local:{server.port}".encode() in server.requests[0].lower()


def test_one_private_address_refuses_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = [(2, 1, 6, "", ("93.184.216.34", 80)), (2, 1, 6, "", ("10.0.0.1", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda **_: answers)
    with pytest.raises(AddressBlocked, match=r"10\.0\.0\.1"):
        ask("http://rebind.example", allow_private_network=False)


def test_a_private_address_is_refused_before_anything_is_sent(fault_server: FaultServers) -> None:
    server = fault_server(answer(200, "secret"))
    with pytest.raises(AddressBlocked):
        ask(server.url, allow_private_network=False)
    assert server.connections == 0


@pytest.mark.parametrize("send", [ask, ask_async])
def test_nothing_listens(send: Any) -> None:
    with pytest.raises(ConnectFailed) as caught:
        send(f"http://127.0.0.1:{free_port()}")
    assert (caught.value.cause, caught.value.origin) == ("connect-refused", "network")
    assert "fased litellm up" in str(caught.value.hint)


def test_a_name_that_does_not_resolve() -> None:
    with pytest.raises(ConnectFailed, match="does not resolve") as caught:
        ask("http://nowhere.invalid")
    assert caught.value.cause == "dns"


def test_not_http(fault_server: FaultServers) -> None:
    server = fault_server([UNREAD, b"+OK POP3 ready\r\n\r\n", Wait(0.2)])
    with pytest.raises(BadAnswer) as caught:
        ask(server.url)
    assert caught.value.cause == "not-http"


def test_a_banner_and_a_closed_door_may_be_another_protocol(fault_server: FaultServers) -> None:
    server = fault_server([UNREAD, b"SSH-2.0-OpenSSH_9.2\r\n", Wait(0.2)])
    with pytest.raises(NetworkError) as caught:
        ask(server.url)
    assert "does not speak HTTP" in str(caught.value.hint)


def test_https_where_plain_http_is_spoken(fault_server: FaultServers) -> None:
    server = fault_server([UNREAD, b"HTTP/1.1 400 Bad Request\r\n\r\n", Wait(0.2)])
    with pytest.raises(TlsFailed) as caught:
        ask(server.url.replace("http", "https"))
    assert "http://" in str(caught.value.hint)


@pytest.mark.parametrize("send", [ask, ask_async])
def test_a_certificate_that_nobody_trusts(send: Any, fault_server: FaultServers) -> None:
    server = fault_server(answer(200, "secret"), tls=True)
    with pytest.raises(TlsFailed) as caught:
        send(server.url)
    assert "SSL_CERT_FILE" in str(caught.value.hint)
    assert server.requests == []


def test_a_trusted_certificate_is_checked_against_the_name_though_the_address_is_pinned(
    fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    import ssl

    import trustme

    from tests import servers

    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    monkeypatch.setattr(servers, "_server_context", lambda: context)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    server = fault_server(answer(200, "ok"), tls=True)
    assert ask(f"https://localhost:{server.port}").body == b"ok"
    with pytest.raises(TlsFailed):  # the certificate is not for the address
        ask(server.url)


@pytest.mark.parametrize("send", [ask, ask_async])
def test_silence(send: Any, fault_server: FaultServers) -> None:
    server = fault_server([HANG])
    with pytest.raises(TimedOut) as caught:
        send(server.url, Request("GET", "/", limits=Limits(idle_s=0.1)))
    assert caught.value.cause == "timeout"


@pytest.mark.parametrize("send", [ask, ask_async])
@pytest.mark.parametrize(
    "script",
    [
        [b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort"],
        [STREAM_HEAD + b"data: {}\n\n", RESET],
        [RESET],
        [],
    ],
    ids=["short body", "reset within the body", "reset at once", "closed at once"],
)
def test_a_connection_that_breaks(send: Any, script: Any, fault_server: FaultServers) -> None:
    server = fault_server(script)
    with pytest.raises(NetworkError) as caught:
        send(server.url)
    assert caught.value.cause == "connection-lost"
    assert isinstance(caught.value, CallError)
