"""Streams as LiteLLM really sends them, cut into pieces in any way."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.proxy.reply import Delta
from fased_litellm.proxy.stream import StreamReader


def chunk(delta: dict[str, Any] | None = None, **more: Any) -> str:
    choice: dict[str, Any] = {"index": 0, "delta": delta or {}}
    if "finish_reason" in more:
        choice["finish_reason"] = more.pop("finish_reason")
    return f"data: {json.dumps({'object': 'chat.completion.chunk', 'choices': [choice], **more})}\n\n"


USAGE = {"prompt_tokens": 120, "completion_tokens": 8, "total_tokens": 128, "cost": 0.0000153}
DONE = "data: [DONE]\n\n"
WHOLE = (
    ": a comment\n\n"
    + chunk({"role": "assistant", "content": ""})
    + chunk({"reasoning_content": "Hm. "})
    + chunk({"content": "Grüße, "})
    + chunk({"content": "Welt 🌍"})
    + chunk(finish_reason="stop")
    + chunk(usage=USAGE)
    + DONE
).encode()


def read(data: bytes, cuts: list[int] | None = None) -> tuple[StreamReader, list[Delta]]:
    reader, deltas, start = StreamReader(), [], 0
    for cut in sorted({min(cut, len(data)) for cut in cuts or ()}):
        deltas += reader.feed(data[start:cut])
        start = cut
    deltas += reader.feed(data[start:])
    return reader, deltas + reader.end()


@given(st.lists(st.integers(0, len(WHOLE)), max_size=12))
def test_however_it_is_cut_the_reply_is_the_same(cuts: list[int]) -> None:
    reader, deltas = read(WHOLE, cuts)
    assert deltas == [Delta("reasoning", "Hm. "), Delta("text", "Grüße, "), Delta("text", "Welt 🌍")]
    content = reader.content()
    assert (content.text, content.reasoning, content.finish_reason) == ("Grüße, Welt 🌍", "Hm. ", "stop")
    assert reader.usage == USAGE
    assert reader.failure() is None


def test_line_breaks_may_be_crlf() -> None:
    reader, _ = read(WHOLE.replace(b"\n", b"\r\n"), [7, 100, 101, 102])
    assert reader.content().text == "Grüße, Welt 🌍"
    assert reader.failure() is None


def test_tool_calls_are_put_together_by_their_index() -> None:
    first = {"index": 0, "id": "call_1", "type": "function", "function": {"name": "weather", "arguments": ""}}
    other = {"index": 1, "id": "call_2", "type": "function", "function": {"name": "time", "arguments": "{}"}}
    pieces = [{"index": 0, "type": "function", "function": {"arguments": text}} for text in ('{"city"', ':"Paris"}')]
    text = "".join(chunk({"tool_calls": [piece]}) for piece in (first, other, *pieces))
    reader, deltas = read((text + chunk(finish_reason="tool_calls") + DONE).encode())
    assert [(call.id, call.name, call.arguments) for call in reader.content().tool_calls] == [
        ("call_1", "weather", '{"city":"Paris"}'),
        ("call_2", "time", "{}"),
    ]
    assert deltas[0] == Delta("tool-call", "", 0, "call_1", "weather")
    assert reader.failure() is None


def test_an_error_event_is_a_failure_with_its_cause() -> None:
    error = {
        "message": "litellm.APIConnectionError: APIConnectionError: OpenAIException - The server had an error mid stream",
        "type": None,
        "param": None,
        "code": "500",
    }
    reader, _ = read((chunk({"content": "partial "}) + f"data: {json.dumps({'error': error})}\n\n").encode())
    failure = reader.failure()
    assert failure is not None
    assert (failure.rule.cause, failure.rule.origin, failure.status) == ("provider-stream-broke", "provider", 500)
    assert reader.content().text == "partial "


def test_an_end_without_its_mark_is_a_cut() -> None:
    reader, _ = read(chunk({"content": "partial"}).encode())
    failure = reader.failure()
    assert failure is not None
    assert failure.rule.cause == "stream-cut"


def test_cut_tool_arguments_are_a_cut_even_if_the_stream_looks_complete() -> None:
    # LiteLLM 1.72 to 1.91 make a cut stream look complete.
    piece = {"index": 0, "id": "c", "function": {"name": "f", "arguments": '{"city":"Pa'}}
    looks_whole = chunk({"tool_calls": [piece]}) + chunk(finish_reason="stop") + DONE
    assert read(looks_whole.encode())[0].failure() is not None
    at_the_limit = chunk({"tool_calls": [piece]}) + chunk(finish_reason="length") + DONE
    assert read(at_the_limit.encode())[0].failure() is None


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=4,
)
call_pieces = st.fixed_dictionaries(
    {},
    optional={
        "index": json_values,
        "id": json_values,
        "function": json_values | st.dictionaries(st.sampled_from(["name", "arguments"]), json_values),
    },
)
deltas = st.fixed_dictionaries(
    {},
    optional={
        "content": json_values,
        "reasoning_content": json_values,
        "tool_calls": json_values | st.lists(call_pieces),
    },
)
choices = st.fixed_dictionaries({}, optional={"delta": json_values | deltas, "finish_reason": json_values})
events = st.fixed_dictionaries(
    {}, optional={"choices": json_values | st.lists(choices), "usage": json_values, "error": json_values}
)


@given(st.lists(events | json_values, max_size=4), st.binary(max_size=30))
def test_garbage_is_read_without_an_exception(found: list[Any], tail: bytes) -> None:
    data = b"".join(f"data: {json.dumps(value)}\n\n".encode() for value in found) + tail
    reader, _ = read(data)
    reader.content()
    reader.failure()
