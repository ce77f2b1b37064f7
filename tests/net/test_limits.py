"""Answers that never end, drip, are too large or lie about themselves: each ends in a clear error."""

from __future__ import annotations

import asyncio
import gzip
from typing import Any

import pytest

from fased_litellm.errors import BadAnswer, CallError, NetworkError, TimedOut
from fased_litellm.net.messages import Limits, Request
from fased_litellm.net.transport import AsyncTransport, Transport
from tests.net.asking import both
from tests.servers import CHUNKED_HEAD, READ, STREAM_HEAD, FaultServers, Wait, answer, chunk

BOMB = gzip.compress(b"0" * 10_000_000)
"""Ten kilobytes that would be ten megabytes: more than is taken."""
OK = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n"


def get(**limits: Any) -> Request:
    return Request("GET", "/", limits=Limits(**limits))


def drip(piece: bytes) -> list[Any]:
    """One piece again and again, far longer than any test waits."""
    return [step for _ in range(2000) for step in (piece, Wait(0.02))]


SLOW = {
    "a status line that drips": drip(b"H"),
    "headers that drip": [b"HTTP/1.1 200 OK\r\n", *drip(b"x")],
    "headers without end": [b"HTTP/1.1 200 OK\r\n", *drip(b"x-a: b\r\n")],
    "endless early hints": drip(b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "a body that drips": [OK + b"content-length: 100000\r\n\r\n", *drip(b"x")],
    "a chunk size that drips": [OK + b"transfer-encoding: chunked\r\n\r\n", *drip(b"1")],
    "a line of a stream that drips": [STREAM_HEAD + b"data: ", *drip(b"x")],
    "a promised byte that never comes": [OK + b"content-length: 3\r\n\r\nok", *drip(b"")],
}


@both
@pytest.mark.parametrize("script", SLOW.values(), ids=SLOW.keys())
def test_a_server_that_drips_is_given_up(script: Any, send: Any, fault_server: FaultServers) -> None:
    with pytest.raises(TimedOut) as caught:
        send(fault_server(script).url, get(idle_s=0.2))
    assert caught.value.cause == "timeout"


@both
@pytest.mark.parametrize("piece", [b": ping\n\n", b"data: {}\n\n", b"\n"])
def test_a_stream_that_goes_on_for_ever_ends_with_the_total_time(
    piece: bytes, send: Any, fault_server: FaultServers
) -> None:
    with pytest.raises(TimedOut, match="did not finish"):
        send(fault_server([STREAM_HEAD, *drip(piece)]).url, get(idle_s=5, total_s=0.3))


@both
def test_a_stream_may_last_longer_than_one_line_of_it(send: Any, fault_server: FaultServers) -> None:
    lines = [step for _ in range(6) for step in (chunk(b"data: {}\n\n"), Wait(0.1))]
    server = fault_server([CHUNKED_HEAD, *lines, chunk(b"")])
    assert send(server.url, get(idle_s=0.4)).body == b"data: {}\n\n" * 6


@both
@pytest.mark.parametrize(
    "script",
    [
        answer(200, "x" * 2000),
        [STREAM_HEAD, *[b"data: {}\n\n" * 50] * 10],
        [CHUNKED_HEAD, *[chunk(b"x" * 100)] * 100],
    ],
    ids=["whole", "stream", "chunked"],
)
def test_a_body_that_is_too_large(script: Any, send: Any, fault_server: FaultServers) -> None:
    with pytest.raises(BadAnswer, match="larger than 1000 bytes") as caught:
        send(fault_server(script).url, get(max_bytes=1000))
    assert caught.value.cause == "too-large"


@both
@pytest.mark.parametrize(
    "script",
    [
        [OK + b"x-large: " + b"x" * 200_000 + b"\r\ncontent-length: 0\r\n\r\n"],
        [OK + b"x-many: x\r\n" * 20_000 + b"content-length: 0\r\n\r\n"],
        [CHUNKED_HEAD + chunk(b"x") + b"0\r\n" + b"x-trailer: x\r\n" * 20_000 + b"\r\n"],
    ],
    ids=["one large", "many", "behind the body"],
)
def test_headers_that_are_too_large(script: Any, send: Any, fault_server: FaultServers) -> None:
    with pytest.raises(BadAnswer, match="headers of the answer") as caught:
        send(fault_server(script).url, get())
    assert caught.value.cause == "too-large"


@both
@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br", "deflate", "zstd", "x-unknown", "gzip, identity"])
def test_a_compressed_answer_is_not_unpacked(coding: str, send: Any, fault_server: FaultServers) -> None:
    with pytest.raises(BadAnswer, match="compressed") as caught:
        send(fault_server(answer(200, BOMB, {"content-encoding": coding})).url, get())
    assert caught.value.cause == "bad-answer"


@both
def test_an_answer_may_say_that_it_is_not_compressed(send: Any, fault_server: FaultServers) -> None:
    assert send(fault_server(answer(200, "ok", {"content-encoding": "identity"})).url, get()).body == b"ok"


LIES = {
    "content-length too large": (b"content-length: 100\r\n\r\n{}", "connection-lost"),
    "no number": (b"content-length: many\r\n\r\n{}", "not-http"),
    "negative": (b"content-length: -1\r\n\r\n{}", "not-http"),
    "two that differ": (b"content-length: 2\r\ncontent-length: 3\r\n\r\n{}", "not-http"),
    "a huge number": (b"content-length: " + b"9" * 40 + b"\r\n\r\n{}", "not-http"),
    "a chunk that is cut": (b"transfer-encoding: chunked\r\n\r\n9\r\nshort", "connection-lost"),
    "a chunk without a size": (b"transfer-encoding: chunked\r\n\r\nzz\r\n{}", "not-http"),
    "an unknown transfer encoding": (b"transfer-encoding: gzip\r\n\r\n{}", "not-http"),
}


@both
@pytest.mark.parametrize(("rest", "cause"), LIES.values(), ids=LIES.keys())
def test_a_length_that_is_a_lie(rest: bytes, cause: str, send: Any, fault_server: FaultServers) -> None:
    with pytest.raises(NetworkError) as caught:
        send(fault_server([OK + rest]).url, get())
    assert caught.value.cause == cause


@both
@pytest.mark.parametrize("key", ["sk-test-geheim\nx: y", "sk-test-geheim\x00", "sk-test-geheim\ud800"])
def test_a_key_that_fits_no_header_is_not_quoted(key: str, send: Any, fault_server: FaultServers) -> None:
    server = fault_server(answer(200, "ok"))
    with pytest.raises(CallError) as caught:
        send(server.url, Request("GET", "/", {"authorization": f"Bearer {key}"}))
    assert "geheim" not in str(caught.value)
    assert caught.value.__suppress_context__
    assert caught.value.cause == "bad-header"
    assert server.requests == []


TOO_LONG = OK + b'content-length: 5\r\n\r\n{"a": "the rest"}'
SMUGGLED = answer(200, "one") + answer(200, "smuggled")


@both
@pytest.mark.parametrize("script", [TOO_LONG, SMUGGLED])
def test_an_answer_longer_than_it_says(script: bytes, send: Any, fault_server: FaultServers) -> None:
    with pytest.raises(BadAnswer, match="longer than its Content-Length"):
        send(fault_server([script, READ]).url, get())


def test_what_is_behind_an_answer_is_not_taken_for_the_next_one(fault_server: FaultServers) -> None:
    server = fault_server([SMUGGLED, READ, answer(200, "never")], answer(200, "two"))
    transport = Transport(server.url, allow_private_network=True)
    with pytest.raises(BadAnswer):
        transport.send(get())
    assert transport.send(get()).body == b"two"
    transport.close()
    assert server.connections == 2


def test_the_same_for_asyncio(fault_server: FaultServers) -> None:
    server = fault_server([SMUGGLED, READ, answer(200, "never")], answer(200, "two"))

    async def run() -> bytes:
        transport = AsyncTransport(server.url, allow_private_network=True)
        try:
            with pytest.raises(BadAnswer):
                await transport.send(get())
            return (await transport.send(get())).body
        finally:
            await transport.aclose()

    assert asyncio.run(run()) == b"two"
