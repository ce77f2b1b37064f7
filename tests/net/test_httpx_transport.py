"""The guarded transport under httpx's own clients."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from fased_litellm.errors import AddressBlocked
from fased_litellm.net.httpx_transport import AsyncGuardedTransport, GuardedTransport
from tests.servers import HANG, RESET, STREAM_HEAD, FaultServers, answer, answer_json, free_port

HEADERS = {"Authorization": "Bearer sk-test-1", "X-Team": "a"}


def client(url: str, *, private: bool = True, timeout: float = 5.0) -> httpx.Client:
    transport = GuardedTransport(url, allow_private_network=private, headers={"authorization": "Bearer sk-test-1"})
    return httpx.Client(transport=transport, base_url=f"{url}/v1", timeout=timeout)


def test_a_request_goes_out_whole_and_its_answer_comes_back(fault_server: FaultServers) -> None:
    server = fault_server(answer_json(200, {"ok": True}, {"X-Litellm-Version": "1.108.7"}))
    with client(server.url) as http:
        response = http.post("/chat/completions", json={"model": "a"}, params={"x": "1 2"}, headers={"X-Team": "a"})
    assert (response.status_code, response.json()) == (200, {"ok": True})
    assert response.headers["x-litellm-version"] == "1.108.7"
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    lines = head.decode().lower().split("\r\n")
    assert lines[0] == "post /v1/chat/completions?x=1+2 http/1.1"
    assert body == b'{"model":"a"}'
    assert {"authorization: bearer sk-test-1", "x-team: a", "content-length: 13"} <= set(lines)
    assert len([line for line in lines if line.startswith(("host:", "content-length:", "accept-encoding:"))]) == 3


def test_asyncio(fault_server: FaultServers) -> None:
    server = fault_server(answer_json(200, {"ok": True}))
    breaking = fault_server([STREAM_HEAD, b"data: 1\n\n", RESET])

    def client(url: str) -> httpx.AsyncClient:
        transport = AsyncGuardedTransport(url, allow_private_network=True, headers=HEADERS)
        return httpx.AsyncClient(transport=transport, base_url=url)

    async def ask() -> None:
        async with client(server.url) as http:
            assert (await http.get("/v1/models")).json() == {"ok": True}
        async with client(breaking.url) as http:
            with pytest.raises(httpx.ReadError):
                await http.get("/v1/models")

    asyncio.run(ask())
    assert b"Bearer sk-test-1" in server.requests[0]


def test_an_answer_is_streamed(fault_server: FaultServers) -> None:
    server = fault_server([STREAM_HEAD, b"data: 1\n\n", b"data: 2\n\n"])
    with client(server.url) as http, http.stream("GET", "/models") as response:
        assert [line for line in response.iter_lines() if line] == ["data: 1", "data: 2"]


def test_a_private_address_is_refused_with_our_reason(fault_server: FaultServers) -> None:
    server = fault_server(answer(200, "ok"))
    with client(server.url, private=False) as http, pytest.raises(httpx.ConnectError) as caught:
        http.get("/models")
    assert isinstance(caught.value.__cause__, AddressBlocked)
    assert caught.value.request.url.path == "/v1/models"
    assert server.requests == []


def test_another_origin_is_not_asked(fault_server: FaultServers) -> None:
    server = fault_server(answer(200, "ok"))
    with client(server.url) as http, pytest.raises(httpx.UnsupportedProtocol, match="alone"):
        http.get(f"http://127.0.0.1:{free_port()}/v1/models")
    assert server.requests == []


def test_failures_are_those_that_users_of_httpx_catch(fault_server: FaultServers) -> None:
    with client(f"http://127.0.0.1:{free_port()}") as http, pytest.raises(httpx.ConnectError):
        http.get("/models")
    with client(fault_server([HANG]).url, timeout=0.2) as http, pytest.raises(httpx.ReadTimeout):
        http.get("/models")
    with client(fault_server([b"not http\r\n\r\n"]).url) as http, pytest.raises(httpx.RemoteProtocolError):
        http.get("/models")
    with client(fault_server([RESET]).url) as http, pytest.raises(httpx.NetworkError):
        http.get("/models")
