"""Streams as LiteLLM really sends them, cut into pieces in any way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.proxy.reply import Delta
from fased_litellm.proxy.stream import StreamReader
from fased_litellm.proxy.tokens import token_usage


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


def data(event: Any) -> str:
    return f"data: {json.dumps(event)}\n\n"


def test_a_characters_halves_may_come_in_two_chunks() -> None:
    reader, deltas = read(
        (chunk({"content": "x\ud83d"}) + chunk({"content": "\ude00y"}) + chunk(finish_reason="stop") + DONE).encode()
    )
    assert [delta.text for delta in deltas] == ["x", "😀y"]
    assert reader.content().text == "x😀y"
    assert json.dumps(reader.content().message(), ensure_ascii=False).encode()


def test_of_several_choices_the_first_is_the_reply() -> None:
    parts = [(0, "The sky "), (1, "Grass "), (0, "is blue."), (1, "is green.")]
    text = "".join(data({"choices": [{"index": index, "delta": {"content": text}}]}) for index, text in parts)
    text += data({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    text += data({"choices": [{"index": 1, "delta": {}, "finish_reason": "length"}]})
    reader, deltas = read((text + data({"choices": [], "usage": USAGE}) + DONE).encode())
    assert [delta.text for delta in deltas] == ["The sky ", "is blue."]
    assert (reader.content().text, reader.content().finish_reason) == ("The sky is blue.", "stop")
    assert reader.usage == USAGE


def test_without_a_first_choice_the_lowest_is_the_reply() -> None:
    parts = [(2, "b"), (1, "a"), (2, "b")]
    text = "".join(data({"choices": [{"index": index, "delta": {"content": text}}]}) for index, text in parts)
    reader, deltas = read((text + DONE).encode())
    assert [delta.text for delta in deltas] == ["a"]
    assert reader.content().text == "a"


FULL = {
    "prompt_tokens": 120,
    "completion_tokens": 8,
    "total_tokens": 128,
    "prompt_tokens_details": {"cached_tokens": 100},
}
ZEROS = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0, "prompt_tokens_details": None}


@pytest.mark.parametrize(
    ("told", "cost"),
    [
        ([FULL], None),
        ([None, None, FULL], None),
        ([ZEROS, FULL], None),
        ([FULL, ZEROS], None),
        ([{**FULL, "completion_tokens": 1, "total_tokens": 121}, {**FULL, "completion_tokens": 5}, FULL], None),
        ([FULL, None], None),
        ([{**FULL, "completion_tokens": 0, "total_tokens": 120}, {"completion_tokens": 8}], None),
        ([{**FULL, "cost": 0.0000153}, FULL], 0.0000153),
        ([{**FULL, "cost": 0.0000153}, {**ZEROS, "cost": 0}], 0.0000153),
        ([FULL, {"cost": 0.0000153}], 0.0000153),
    ],
)
@pytest.mark.parametrize("where", ["chunk", "choice", "bare", "after"])
def test_usage_that_was_told_is_kept(told: list[Any], cost: float | None, where: str) -> None:
    def event(usage: Any) -> str:
        if where == "choice":
            return data({"choices": [{"index": 0, "delta": {}, "usage": usage}]})
        return data({"usage": usage} if where != "chunk" else {"choices": [], "usage": usage})

    usages = "".join(map(event, told))
    text = chunk({"content": "Hi"}) + chunk(finish_reason="stop")
    reader, _ = read((text + (DONE + usages if where == "after" else usages + DONE)).encode())
    usage = token_usage(reader.usage)
    assert usage is not None
    assert (usage.input_tokens, usage.output_tokens, usage.cache_read_tokens) == (20, 8, 100)
    assert (reader.usage or {}).get("cost") == cost
    assert reader.content().text == "Hi"


MESSAGE = {
    "role": "assistant",
    "content": "Hi 😀",
    "reasoning_content": "Hm.",
    "tool_calls": [{"id": "a", "function": {"name": "f", "arguments": {"x": 1}}}],
}
DOCUMENT = {
    "id": "chatcmpl-1",
    "choices": [{"index": 0, "message": MESSAGE, "finish_reason": "tool_calls"}],
    "usage": FULL,
}


@pytest.mark.parametrize(
    "text", [json.dumps(DOCUMENT), json.dumps(DOCUMENT, indent=2), data(DOCUMENT), data(DOCUMENT) + DONE]
)
def test_one_document_in_place_of_a_stream(text: str) -> None:
    encoded = text.encode()
    for cuts in ([], [3, 70], list(range(len(encoded)))):
        reader, deltas = read(encoded, cuts)
        assert deltas == [Delta("reasoning", "Hm."), Delta("text", "Hi 😀"), Delta("tool-call", '{"x":1}', 0, "a", "f")]
        assert reader.failure() is None
        assert (reader.content().finish_reason, reader.response_id, reader.usage) == ("tool_calls", "chatcmpl-1", FULL)


def test_a_message_at_the_end_repeats_nothing_and_adds_what_was_missing() -> None:
    text = chunk({"content": "Hi 😀"}) + data({"choices": [{"index": 0, "message": MESSAGE, "finish_reason": "stop"}]})
    reader, deltas = read((text + DONE).encode())
    assert reader.content().text == "Hi 😀"
    assert [delta.kind for delta in deltas] == ["text", "reasoning", "tool-call"]


def test_a_gateway_may_leave_the_end_mark_out() -> None:
    assert read((chunk({"content": "Hi"}) + chunk(finish_reason="stop")).encode())[0].failure() is None


def test_what_follows_the_end_mark_is_not_read() -> None:
    reader, deltas = read(
        (WHOLE.decode() + chunk({"content": "more"}) + "data: rubbish\n\n" + data({"error": "x"})).encode()
    )
    assert reader.content().text == "Grüße, Welt 🌍"
    assert reader.failure() is None
    assert "more" not in {delta.text for delta in deltas}


@pytest.mark.parametrize("code", ["²", "5" * 5000, True, None, "500", 500, 7, [], "abc"])
def test_a_code_of_any_kind_is_no_crash(code: Any) -> None:
    reader, _ = read((chunk({"content": "Hi"}) + data({"error": {"message": "oh", "code": code}})).encode())
    failure = reader.failure()
    assert failure is not None
    assert failure.status == 500
    assert reader.content().text == "Hi"


@pytest.mark.parametrize(
    ("text", "alive"),
    [
        (": ping\n\n", False), ("data:\n\n", False), ("data: {}\n\n", False), ("event: ping\ndata: {}\n\n", False),
        (data({"choices": []}), False), (chunk({"role": "assistant", "content": ""}), False), (data({"choices": [], "usage": None}), False),
        (chunk({"content": "x"}), True), (chunk({"reasoning_content": "x"}), True), (chunk({"content": "\ud83d"}), True),
        (chunk({"tool_calls": [{"index": 0, "function": {"arguments": "x"}}]}), True), (chunk(finish_reason="stop"), True),
        (data({"usage": USAGE}), True), (data({"choices": [{"index": 1, "delta": {"content": "x"}}]}), True),
    ],
)  # fmt: skip
def test_only_content_and_usage_are_signs_of_life(text: str, alive: bool) -> None:
    reader = StreamReader()
    reader.feed(text.encode())
    assert (reader.alive(), reader.alive()) == (alive, False)
