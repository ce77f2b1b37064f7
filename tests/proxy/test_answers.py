"""Bodies are read as JSON only where they say that they are, and nonsense ends in a clear error."""

from __future__ import annotations

import json

import pytest

from fased_litellm.errors import BadAnswer, StreamInterrupted
from fased_litellm.net.messages import Response
from fased_litellm.proxy.answers import error_of, json_of
from fased_litellm.proxy.client import ProxyClient
from fased_litellm.proxy.eventstream import MAX_LINE
from fased_litellm.proxy.exchange import Exchange
from fased_litellm.proxy.stream import StreamReader
from fased_litellm.proxy.wire import Attribution, ChatRequest
from tests.servers import FaultServers, answer

DEEP = b"[" * 100_000
COMPLETION = json.dumps({"choices": [{"message": {"content": "hello"}}]}).encode()


def of_type(kind: str | None, body: bytes = b"{}") -> Response:
    return Response(200, {} if kind is None else {"content-type": kind}, body)


def exchange() -> Exchange:
    return Exchange(ChatRequest("a", [], Attribution("call-1")), model="litellm/a")


@pytest.mark.parametrize(
    "kind",
    ["application/json", "application/json; charset=utf-8", "Application/JSON", "application/problem+json"],
)
def test_what_says_that_it_is_json_is_read(kind: str) -> None:
    assert json_of(of_type(kind), where="x") == {}


@pytest.mark.parametrize(
    "kind", [None, "", "text/html", "text/plain", "text/json+x", "application/jsonp", "image/json"]
)
def test_what_does_not_is_not_read(kind: str | None) -> None:
    with pytest.raises(BadAnswer) as caught:
        json_of(of_type(kind), where="x")
    assert caught.value.cause == "not-litellm"


@pytest.mark.parametrize("kind", [None, "", "text/plain", "application/json", "text/json+x"])
def test_a_completion_is_paid_for_and_read_whatever_it_calls_itself(kind: str | None) -> None:
    assert exchange().whole(of_type(kind, COMPLETION)).text == "hello"
    with pytest.raises(BadAnswer, match="not a chat completion"):
        exchange().whole(of_type(kind, b"{}"))


def test_a_stream_that_nobody_asked_for_is_a_whole_reply() -> None:
    event = json.dumps({"choices": [{"delta": {"content": "hello"}, "finish_reason": "stop"}]}).encode()
    assert exchange().whole(of_type("text/event-stream", b"data: " + event + b"\n\ndata: [DONE]\n\n")).text == "hello"
    with pytest.raises(StreamInterrupted):
        exchange().whole(of_type("text/event-stream", b'data: {"choices": [{"delta": {"content": "hel"}}]}\n\n'))


@pytest.mark.parametrize("body", [DEEP, b'{"a":' * 100_000, b"9" * 10_000, b"\xff", b"", b"{}{}", b"nul"])
def test_nonsense_is_no_answer(body: bytes) -> None:
    with pytest.raises(BadAnswer):
        json_of(of_type("application/json", body), where="x")
    with pytest.raises(BadAnswer):
        exchange().whole(of_type("application/json", body))


def test_nonsense_in_an_error_or_in_a_stream_is_no_crash() -> None:
    assert error_of(DEEP)[0].startswith("[")
    reader = StreamReader()
    assert reader.feed(b"data: " + DEEP + b"\n\n") == []
    failure = reader.failure()
    assert failure is not None
    assert "not JSON" in failure.message


@pytest.mark.parametrize("size", [1000, 1 << 20])
def test_a_line_without_end_is_given_up(size: int) -> None:
    reader, piece = StreamReader(), b"x" * size
    event = b'data: {"choices": [{"delta": {"content": "hi"}}]}\n\n'
    assert [delta.text for delta in reader.feed(event + piece)] == ["hi"]
    for _ in range(MAX_LINE // size):
        assert reader.feed(piece) == []
    with pytest.raises(BadAnswer) as caught:
        reader.feed(piece)
    assert caught.value.cause == "too-large"


def test_what_came_in_one_chunk_with_a_line_without_end_is_kept() -> None:
    reader = StreamReader()
    event = b'data: {"choices": [{"delta": {"content": "hi"}}]}\n\n'
    assert [delta.text for delta in reader.feed(event + b"x" * (MAX_LINE + 1))] == ["hi"]
    failure = reader.failure()
    assert failure is not None
    assert "more than 8388608 bytes" in failure.message
    with pytest.raises(BadAnswer):
        reader.feed(b"x")
    assert reader.content().text == "hi"


def test_the_largest_line_is_read() -> None:
    reader = StreamReader()
    event = json.dumps({"choices": [{"delta": {"content": "x" * (MAX_LINE - 100)}}]}).encode()
    for start in range(0, len(event), 1 << 16):
        reader.feed((b"data: " if start == 0 else b"") + event[start : start + (1 << 16)])
    [delta] = reader.feed(b"\n\n")
    assert len(delta.text) == MAX_LINE - 100


def test_discovery_takes_four_mebibytes(fault_server: FaultServers) -> None:
    large = answer(200, b'{"a": "' + b"x" * (4 << 20) + b'"}', {"content-type": "application/json"})
    with (
        ProxyClient(fault_server(large).url, None, allow_private_network=True) as client,
        pytest.raises(BadAnswer) as caught,
    ):
        client.get_json("/v1/models")
    assert caught.value.cause == "too-large"
