"""The parts of a base URL as they are sent."""

from __future__ import annotations

import pytest

from fased_litellm.errors import AddressBlocked
from fased_litellm.net.baseurl import BaseUrl
from tests.net.asking import GET, Resolver, both
from tests.servers import FaultServers, answer


@pytest.mark.parametrize(
    ("text", "origin", "port", "prefix"),
    [
        ("http://llm.example", "http://llm.example", 80, ""),
        ("http://llm.example:80", "http://llm.example", 80, ""),  # as browsers write it, in `Host` too
        ("https://llm.example:443/", "https://llm.example", 443, ""),
        ("https://llm.example:80/llm/", "https://llm.example:80", 80, "/llm"),
        ("http://[::1]:4000", "http://[::1]:4000", 4000, ""),
        ("http://LLM.Example/A/b", "http://llm.example", 80, "/A/b"),
        ("https://bücher.example/straße", "https://xn--bcher-kva.example", 443, "/stra%C3%9Fe"),
        ("https://faß.example", "https://xn--fa-hia.example", 443, ""),
        ("http://llm.example/a%2Fb", "http://llm.example", 80, "/a%2Fb"),
        ("http://llm.example/a/../b/./c", "http://llm.example", 80, "/b/c"),
    ],
)
def test_parts(text: str, origin: str, port: int, prefix: str) -> None:
    url = BaseUrl.of(text)
    assert (url.origin, url.port, url.prefix) == (origin, port, prefix)


@pytest.mark.parametrize(
    "text",
    ["ftp://llm.example", "http://", "llm.example", "http://llm.example:0x50", "http://[::1", "http://\u2063.example"],
)
def test_what_is_none(text: str) -> None:
    with pytest.raises(AddressBlocked, match="is not a URL") as caught:
        BaseUrl.of(text)
    assert caught.value.cause == "bad-host"


@both
def test_what_a_server_sees(send: object, fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.getaddrinfo", Resolver({"xn--bcher-kva.example": [["127.0.0.1"]]}))
    server = fault_server(answer(200, b"{}"))
    port = server.url.rpartition(":")[2]
    assert send(f"http://bücher.example:{port}/größe", GET).status == 200  # type: ignore[operator]
    assert server.requests[0].startswith(b"GET /gr%C3%B6%C3%9Fe/v1/models HTTP/1.1\r\n")
    assert f"host: xn--bcher-kva.example:{port}\r\n".encode() in server.requests[0].lower()
