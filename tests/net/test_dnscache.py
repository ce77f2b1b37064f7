"""A name is resolved, vetted and kept; who answers differently later gets nowhere."""

from __future__ import annotations

import asyncio
import socket

import pytest

from fased_litellm.errors import AddressBlocked, ConnectFailed
from fased_litellm.net import dnscache
from fased_litellm.net.messages import Limits, Request
from fased_litellm.net.transport import AsyncTransport, Transport
from tests.net.asking import GET, Resolver, ask, both
from tests.servers import READ, FaultServers, answer

PUBLIC, PRIVATE = "93.184.216.34", "10.0.0.1"
QUICK = Request("GET", "/", limits=Limits(connect_s=0.2))


class Clock:
    """``time`` as the cache sees it."""

    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(dnscache, "time", clock)
    return clock


def resolve(held: dnscache.DnsCache, resolver: Resolver) -> list[str]:
    return [str(address) for address in held.cached() or held.accept(resolver(**held.query()))]


def test_public_first_and_private_second_does_not_get_through(clock: Clock) -> None:
    resolver = Resolver({"rebind.example": [[PUBLIC], [PRIVATE]]})
    held = dnscache.DnsCache("rebind.example", 443, allow_private=False)
    assert resolve(held, resolver) == [PUBLIC]
    clock.now += dnscache.CACHE_SECONDS - 1
    assert resolve(held, resolver) == [PUBLIC]  # not asked again
    assert resolver.asked == ["rebind.example"]
    clock.now += 2
    with pytest.raises(AddressBlocked, match=PRIVATE):
        resolve(held, resolver)
    assert held.cached() is None  # and what was refused is not kept


def test_link_local_later_does_not_get_through_either_where_private_is_allowed(clock: Clock) -> None:
    resolver = Resolver({"rebind.example": [[PRIVATE], ["169.254.169.254"]]})
    held = dnscache.DnsCache("rebind.example", 443, allow_private=True)
    assert resolve(held, resolver) == [PRIVATE]
    held.forget()
    with pytest.raises(AddressBlocked, match="metadata"):
        resolve(held, resolver)


@pytest.mark.parametrize(
    "answers", [[PUBLIC, PRIVATE], [PRIVATE, PUBLIC], ["::1", PUBLIC], [PUBLIC, "::ffff:7f00:1"], ["fe80::1%eth0"]]
)
@both
def test_one_refused_address_refuses_the_name(
    answers: list[str], send: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", Resolver({"mixed.example": [answers]}))
    assert callable(send)
    with pytest.raises(AddressBlocked):
        send("http://mixed.example", allow_private_network=False)


def test_the_connection_goes_to_the_vetted_address_not_to_the_name(
    fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = fault_server([answer(200, "one"), READ, answer(200, "two")])
    resolver = Resolver({"llm.example": [["127.0.0.1"], ["127.0.0.2"]]})
    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    transport = Transport(f"http://llm.example:{server.port}", allow_private_network=True)
    bodies = [transport.send(GET).body for _ in range(2)]
    transport.close()
    assert bodies == [b"one", b"two"]
    assert resolver.asked == ["llm.example"]  # once: had the connection asked again, it would be twice
    assert f"host: llm.example:{server.port}".encode() in server.requests[0].lower()


def test_the_same_for_asyncio(fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch) -> None:
    server = fault_server([answer(200, "one"), READ, answer(200, "two")])
    resolver = Resolver({"llm.example": [["127.0.0.1"], ["127.0.0.2"]]})
    monkeypatch.setattr(socket, "getaddrinfo", resolver)

    async def run() -> list[bytes]:
        transport = AsyncTransport(f"http://llm.example:{server.port}", allow_private_network=True)
        bodies = [(await transport.send(GET)).body for _ in range(2)]
        await transport.aclose()
        return bodies

    assert asyncio.run(run()) == [b"one", b"two"]
    assert resolver.asked == ["llm.example"]


def test_the_next_address_is_tried_where_one_does_not_answer(
    fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = fault_server(answer(200, "second"))
    monkeypatch.setattr(socket, "getaddrinfo", Resolver({"llm.example": [["127.0.0.9", "127.0.0.1"]]}))
    assert ask(f"http://llm.example:{server.port}", QUICK).body == b"second"


def test_an_address_that_does_not_answer_is_asked_for_again(
    fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = fault_server(answer(200, "moved"))
    resolver = Resolver({"llm.example": [["127.0.0.9"], ["127.0.0.1"]]})
    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    transport = Transport(f"http://llm.example:{server.port}", allow_private_network=True)
    with pytest.raises(ConnectFailed):
        transport.send(QUICK)
    assert transport.send(QUICK).body == b"moved"
    transport.close()
    assert len(resolver.asked) == 2
