"""HTTP proxies of the environment: for public hosts only, and behind the guard."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from typing import Any

import pytest

from fased_litellm.errors import AddressBlocked, ConnectFailed, UsageError
from fased_litellm.net.forwardproxy import forward_proxy_for
from tests.net.asking import Resolver, both
from tests.servers import FaultServers, answer, free_port

PROXY = "http://proxy.example:3128"


def chosen(url: str, **environ: str) -> str | None:
    found = forward_proxy_for(url, environ)
    return found.shown if found else None


@pytest.mark.parametrize(
    ("url", "environ", "proxy"),
    [
        ("https://a.example", {}, None),
        ("https://a.example", {"HTTPS_PROXY": PROXY}, PROXY),
        ("https://a.example", {"https_proxy": PROXY}, PROXY),
        ("https://a.example", {"https_proxy": "http://small:1", "HTTPS_PROXY": PROXY}, "http://small:1"),
        ("https://a.example", {"ALL_PROXY": PROXY}, PROXY),
        ("https://a.example", {"HTTP_PROXY": PROXY}, None),
        ("http://a.example", {"HTTP_PROXY": PROXY}, PROXY),
        ("http://a.example", {"HTTP_PROXY": PROXY, "REQUEST_METHOD": "GET"}, None),
        ("https://a.example", {"HTTPS_PROXY": "proxy.example:3128"}, PROXY),
        ("https://a.example", {"HTTPS_PROXY": "http://user:secret@proxy.example:3128"}, PROXY),
        ("https://a.example", {"HTTPS_PROXY": "https://proxy.example"}, "https://proxy.example:443"),
        ("https://a.example", {"HTTPS_PROXY": ""}, None),
        # private hosts are asked directly
        ("http://localhost:4000", {"ALL_PROXY": PROXY}, None),
        ("http://127.0.0.1:4000", {"HTTP_PROXY": PROXY}, None),
        ("http://192.168.1.5:4000", {"HTTP_PROXY": PROXY}, None),
        ("http://[::1]:4000", {"HTTP_PROXY": PROXY}, None),
        ("http://litellm.local:4000", {"HTTP_PROXY": PROXY}, None),
        ("http://litellm:4000", {"HTTP_PROXY": PROXY}, None),
        # NO_PROXY
        ("https://a.example", {"HTTPS_PROXY": PROXY, "NO_PROXY": "a.example"}, None),
        ("https://a.example", {"HTTPS_PROXY": PROXY, "NO_PROXY": "x, .example"}, None),
        ("https://a.example", {"HTTPS_PROXY": PROXY, "no_proxy": "*.example"}, None),
        ("https://A.Example.", {"HTTPS_PROXY": PROXY, "NO_PROXY": "a.EXAMPLE"}, None),
        ("https://a.example", {"HTTPS_PROXY": PROXY, "NO_PROXY": "*"}, None),
        ("https://a.example", {"HTTPS_PROXY": PROXY, "NO_PROXY": "a.example:443"}, None),
        ("https://a.example", {"HTTPS_PROXY": PROXY, "NO_PROXY": "a.example:8443"}, PROXY),
        ("https://ba.example", {"HTTPS_PROXY": PROXY, "NO_PROXY": "a.example"}, PROXY),
        ("https://a.example", {"HTTPS_PROXY": PROXY, "NO_PROXY": ", ,"}, PROXY),
    ],
)
def test_which_proxy_is_used(url: str, environ: Mapping[str, str], proxy: str | None) -> None:
    assert chosen(url, **environ) == proxy


@pytest.mark.parametrize("value", ["socks5://p.example:1080", "ftp://p.example", "http://", "http://p.example:port"])
def test_what_is_no_http_proxy_is_said_and_not_passed_over(value: str) -> None:
    with pytest.raises(UsageError, match="ALL_PROXY") as caught:
        chosen("https://a.example", ALL_PROXY=value)
    assert "NO_PROXY" in str(caught.value.hint)


def test_the_password_of_a_proxy_is_not_shown() -> None:
    found = forward_proxy_for("https://a.example", {"HTTPS_PROXY": "http://user:geheim@p.example:1"})
    assert "geheim" not in repr(found)


@both
def test_a_public_host_is_asked_through_the_proxy(
    send: Any, fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = fault_server(answer(200, "by proxy"))
    monkeypatch.setattr(socket, "getaddrinfo", Resolver({"llm.example": [["93.184.216.34"]]}))
    monkeypatch.setenv("HTTP_PROXY", proxy.url.replace("//", "//user:p%40ss@"))
    assert send("http://llm.example", allow_private_network=False).body == b"by proxy"
    got = proxy.requests[0]
    assert got.startswith(b"GET http://llm.example/v1/models HTTP/1.1\r\n")
    assert b"proxy-authorization: basic dxnlcjpwqhnz" in got.lower()  # user:p@ss


@both
def test_the_proxy_resolves_what_does_not_resolve_here(
    send: Any, fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = fault_server(answer(200, "by proxy"))
    monkeypatch.setattr(socket, "getaddrinfo", Resolver({}))
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    assert send("http://llm.example", allow_private_network=False).body == b"by proxy"


@both
@pytest.mark.parametrize("host", ["10.0.0.1", "169.254.169.254", "printer.local", "rebind.example"])
def test_the_proxy_opens_no_address_that_is_refused(
    host: str, send: Any, fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = fault_server(answer(200, "by proxy"))
    monkeypatch.setattr(socket, "getaddrinfo", Resolver({"rebind.example": [["10.0.0.1"]]}))
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    with pytest.raises(AddressBlocked):
        send(f"http://{host}", allow_private_network=False)
    assert proxy.connections == 0


@both
def test_a_name_that_turns_out_to_be_private_is_asked_directly(
    send: Any, fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy, server = fault_server(answer(200, "by proxy")), fault_server(answer(200, "direct"))
    monkeypatch.setattr(socket, "getaddrinfo", Resolver({"llm.example": [["127.0.0.1"]]}))
    monkeypatch.setenv("HTTP_PROXY", proxy.url)
    assert send(f"http://llm.example:{server.port}").body == b"direct"
    assert proxy.connections == 0


@both
def test_https_is_tunnelled(send: Any, fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = fault_server(answer(403, "no"))
    monkeypatch.setattr(socket, "getaddrinfo", Resolver({"llm.example": [["93.184.216.34"]]}))
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    with pytest.raises(ConnectFailed, match="HTTPS_PROXY") as caught:
        send("https://llm.example", allow_private_network=False)
    assert caught.value.cause == "http-proxy"
    assert proxy.requests[0].startswith(b"CONNECT llm.example:443 HTTP/1.1\r\n")
    assert b"sk-test" not in proxy.requests[0]  # the key is only for the other end of the tunnel


@both
def test_a_proxy_that_is_not_there(send: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", Resolver({"llm.example": [["93.184.216.34"]]}))
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(ConnectFailed, match="HTTP_PROXY"):
        send("http://llm.example", allow_private_network=False)
