"""Framing of server-sent events, by the standard and as servers really do it, cut anywhere."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.errors import BadAnswer
from fased_litellm.proxy.answers import UNREADABLE
from fased_litellm.proxy.eventstream import DONE, EventDecoder

A, B = {"a": "Grüße 🎉"}, {"b": [1, 2]}
A_TEXT, B_TEXT = (json.dumps(value, ensure_ascii=False) for value in (A, B))


def decode(data: bytes, cuts: list[int] | None = None) -> list[Any]:
    decoder, found, start = EventDecoder(), [], 0
    for cut in [*sorted({min(cut, len(data)) for cut in cuts or ()}), len(data)]:
        found += decoder.feed(data[start:cut])
        start = cut
    return found + decoder.end()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"data: {A_TEXT}\n\ndata: {B_TEXT}\n\ndata: [DONE]\n\n", [A, B, DONE]),
        (f"data:{A_TEXT}\n\n", [A]),
        (f"data:  {A_TEXT} \n\n", [A]),
        (f"\ufeffdata: {A_TEXT}\n\n", [A]),
        (f": OPENROUTER PROCESSING\n\ndata: {A_TEXT}\n\n: ping\n\n", [A]),
        (f"event: message\nid: 7\nretry: 10\ndata: {A_TEXT}\n\n", [A]),
        (f"data: {A_TEXT}\nevent: late\n\n", [A]),
        ("event: ping\ndata: {}\n\n", [{}]),
        # Empty data keeps a connection open and is no event.
        (f"data:\n\ndata\n\ndata: \n\ndata: {A_TEXT}\n\n", [A]),
        (f"data:\ndata: {A_TEXT}\n\n", [A]),
        # One event in several lines, as json.dumps(indent=1) would give it.
        ('data: {\ndata: "a":\ndata:   [1,\ndata: {"x": 2}\ndata: ]}\n\n', [{"a": [1, {"x": 2}]}]),
        # No blank lines between events.
        (f"data: {A_TEXT}\ndata: {B_TEXT}\ndata: [DONE]\n", [A, B, DONE]),
        # The end of the stream comes without a line break, or without a blank line.
        (f"data: {A_TEXT}\n\ndata: [DONE]", [A, DONE]),
        (f"data: {A_TEXT}", [A]),
        ('data: {\ndata: "a": 1}', [{"a": 1}]),
        # What is no JSON is told, and holds up nothing.
        (f"data: ping\n\ndata: {A_TEXT}\n\n", [UNREADABLE, A]),
        (f"data: ping\ndata: {A_TEXT}\n\n", [UNREADABLE, A]),
        ('data: {"a": \n\n', [UNREADABLE]),
        ('data: "a\ndata: b"\n\n', [UNREADABLE, UNREADABLE]),
        ("data: [1]\n\ndata: null\n\n", [[1], None]),
        # Fields of other names, and lines that are none.
        (f"dataset: 1\nfoo\n data: {B_TEXT}\ndata: {A_TEXT}\n\n", [A]),
        ("", []),
        # One JSON document in place of a stream.
        (json.dumps(A), [A]),
        (json.dumps(A, indent=2), [A]),
        (f"\ufeff\n\n {json.dumps(A)}\n\n", [A]),
        ("[1, 2]", []),
        ("<!doctype html><p>hi", []),
        ('{"a": ', []),
        (f"{A_TEXT}\n\ndata: {B_TEXT}\n\n", [B]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("line_break", ["\n", "\r\n", "\r"])
def test_events(text: str, expected: list[Any], line_break: str) -> None:
    data = text.replace("\n", line_break).encode()
    assert decode(data) == expected
    assert decode(data, list(range(len(data)))) == expected
    assert decode(data, list(range(0, len(data), 3))) == expected


pieces = st.lists(
    st.sampled_from(
        ["data: ", "data:", "data", ": c", "event: x", "id:1", "\n", "\r", "\r\n", "\n\n", A_TEXT, B_TEXT, "{", "}", "[DONE]", "\ufeff", "ü", "🎉", " ", '"a": 1']
    ),
    max_size=14,
).map("".join)  # fmt: skip


@given(pieces | st.binary(max_size=60), st.lists(st.integers(0, 200), max_size=8))
def test_where_it_is_cut_makes_no_difference(text: str | bytes, cuts: list[int]) -> None:
    data = text if isinstance(text, bytes) else text.encode()
    assert decode(data, cuts) == decode(data)


@pytest.mark.parametrize(
    "data",
    [
        b"data: {\r\n\r\n", b"data: {\r\r", b"data: {\n\r", b"data: {\r\n\r"
    ],
)  # fmt: skip
def test_an_event_is_there_with_its_blank_line(data: bytes) -> None:
    decoder = EventDecoder()
    assert decoder.feed(data) == [UNREADABLE]


def test_a_whole_object_is_there_with_its_line() -> None:
    decoder = EventDecoder()
    assert decoder.feed(f"data: {A_TEXT}\r".encode()) == [A]
    assert decoder.feed(b"\n\r\n") == []
    assert decoder.feed(b"data: [DONE]\n") == [DONE]


@pytest.mark.parametrize(
    ("line", "ends"),
    [(b"x" * 1000, True), (b"data: {\n" * 1000, True), (b"{" * 1000 + b"\n", True), (b"data: x\n" * 1000, False), (b"data\n" * 1000, False)],
)  # fmt: skip
def test_nothing_is_kept_without_bound(line: bytes, ends: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    most = 100_000
    monkeypatch.setattr("fased_litellm.proxy.eventstream.MAX_LINE", most)
    decoder = EventDecoder()

    def feed() -> None:
        for _ in range(most // 1000 + 2):
            decoder.feed(line)
            assert max(decoder._rest.size, decoder._data.size, decoder._document.size) <= most + len(line)

    if ends:
        with pytest.raises(BadAnswer) as caught:
            feed()
        assert caught.value.cause == "too-large"
    else:
        feed()
