"""Tool calls, whole or in pieces, however they are numbered: each comes out once, with its own name and arguments."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fased_litellm.proxy.reply import Delta, ToolCall
from fased_litellm.proxy.toolcalls import ToolCalls

Piece = dict[str, Any]


def piece(name: str | None = None, arguments: Any = None, **more: Any) -> Piece:
    function = {key: value for key, value in (("name", name), ("arguments", arguments)) if value is not None}
    return {**more, "type": "function", "function": function}


def read(chunks: Iterable[list[Piece]]) -> tuple[list[ToolCall], list[Delta]]:
    calls, deltas = ToolCalls(), []
    for pieces in chunks:
        deltas += calls.feed(pieces)
    deltas += calls.end()
    return list(calls.calls()), deltas


CASES: dict[str, tuple[list[list[Piece]], list[tuple[str | None, str, str]]]] = {
    "as OpenAI does": (
        [[piece("f", "", index=0, id="a")], [piece(None, '{"x"', index=0)], [piece("g", "", index=1, id="b")], [piece(None, ":1}", index=0)], [piece(None, "{}", index=1)]],
        [("a", "f", '{"x":1}'), ("b", "g", "{}")],
    ),
    "whole, in one chunk, without an index": (
        [[piece("f", '{"x":1}', id="a"), piece("f", '{"x":2}', id="b")]],
        [("a", "f", '{"x":1}'), ("b", "f", '{"x":2}')],
    ),
    "whole, in one chunk, with the same index": (
        [[piece("f", '{"x":1}', index=0, id="a"), piece("g", '{"x":2}', index=0, id="b")]],
        [("a", "f", '{"x":1}'), ("b", "g", '{"x":2}')],
    ),
    "whole, in one chunk, with neither index nor id": (
        [[piece("f", '{"x":1}'), piece("f", '{"x":1}'), piece("g", "")]],
        [(None, "f", '{"x":1}'), (None, "f", '{"x":1}'), (None, "g", "")],
    ),
    "whole, each in a chunk, with the same index and ids": (
        [[piece("f", '{"x":1}', index=0, id="a")], [piece("f", '{"x":1}', index=0, id="b")]],
        [("a", "f", '{"x":1}'), ("b", "f", '{"x":1}')],
    ),
    "whole, each in a chunk, with the same index and no ids": (
        [[piece("f", '{"x":1}', index=0)], [piece("f", '{"x":2}', index=0)], [piece("g", "{}", index=0)]],
        [(None, "f", '{"x":1}'), (None, "f", '{"x":2}'), (None, "g", "{}")],
    ),
    "whole, each in a chunk, with nothing": (
        [[piece("f", "{}")], [piece("f", "{}")], [piece("g", "")], [piece("h", "")]],
        [(None, "f", "{}"), (None, "f", "{}"), (None, "g", ""), (None, "h", "")],
    ),
    "an index that begins at 1, and one with gaps": (
        [[piece("f", "", index=1, id="a")], [piece("g", "", index=5, id="b")], [piece(None, "{}", index=1)], [piece(None, "{}", index=5)]],
        [("a", "f", "{}"), ("b", "g", "{}")],
    ),
    "an index that is a text, or null": (
        [[piece("f", "{", index="0", id="a")], [piece(None, "}", index="0")], [piece("g", "{", index=None, id="b")], [piece(None, "}", index=None)]],
        [("a", "f", "{}"), ("b", "g", "{}")],
    ),
    "the id and the name in each piece": (
        [[piece("f", '{"x', index=0, id="a")], [piece("f", '":1}', index=0, id="a")], [piece("f", '{"y', index=1, id="b")], [piece("f", '":1}', index=1, id="b")]],
        [("a", "f", '{"x":1}'), ("b", "f", '{"y":1}')],
    ),
    "interleaved by id alone": (
        [[piece("f", '{"x', id="a")], [piece("g", '{"y', id="b")], [piece(None, '":1}', id="a")], [piece(None, '":2}', id="b")]],
        [("a", "f", '{"x":1}'), ("b", "g", '{"y":2}')],
    ),
    "a new id in each piece": (
        [[piece("f", '{"x', index=0, id="a")], [piece(None, '":', index=0, id="b")], [piece(None, "1}", index=0, id="c")]],
        [("a", "f", '{"x":1}')],
    ),
    "the same id for all": (
        [[piece("f", "{}", index=0, id="same"), piece("g", "{}", index=1, id="same")], [piece("h", "{}", index=2, id="same")]],
        [("same", "f", "{}"), ("same", "g", "{}"), ("same", "h", "{}")],
    ),
    "the same id for all, without an index": (
        [[piece("f", "{}", id="same"), piece("g", "{}", id="same")]],
        [("same", "f", "{}"), ("same", "g", "{}")],
    ),
    "an id that comes later": (
        [[piece("f", "", index=0)], [piece(None, "{}", index=0, id="a")]],
        [("a", "f", "{}")],
    ),
    "the index in the first piece alone": (
        [[piece("f", "{", index=0, id="a")], [piece(None, "}")]],
        [("a", "f", "{}")],
    ),
    "the index from the second piece on": (
        [[piece("f", "{", id="a")], [piece(None, '"x":1', index=0)], [piece(None, "}", index=0)]],
        [("a", "f", '{"x":1}')],
    ),
    "arguments that are an object": (
        [[piece("f", {"city": "Zürich"}, index=0, id="a")]],
        [("a", "f", '{"city":"Zürich"}')],
    ),
    "the whole call once more at the end": (
        [[piece("f", "", index=0, id="a")], [piece(None, '{"x":', index=0)], [piece(None, "1}", index=0)], [piece("f", '{"x": 1}', index=0, id="a")]],
        [("a", "f", '{"x":1}')],
    ),
    "the arguments once more at the end": (
        [[piece("f", '{"x":1}', index=0, id="a")], [piece(None, '{"x":1}', index=0)]],
        [("a", "f", '{"x":1}')],
    ),
    "a placeholder before the arguments": (
        [[piece("f", "{}", index=0, id="a")], [piece(None, '{"x":', index=0)], [piece(None, "1}", index=0)]],
        [("a", "f", '{"x":1}')],
    ),
    "a name in pieces": (
        [[piece("get_", "", index=0, id="a")], [piece("weather", "", index=0)], [piece(None, "{}", index=0)]],
        [("a", "get_weather", "{}")],
    ),
    "an object within the arguments that comes in a piece of its own": (
        [[piece("f", '{"x":', index=0, id="a")], [piece(None, '{"y":1}', index=0)], [piece(None, "}", index=0)]],
        [("a", "f", '{"x":{"y":1}}')],
    ),
    "an id that is a number": ([[piece("f", "{}", index=0, id=7)]], [("7", "f", "{}")]),
    "a character cut in two": (
        [[piece("f", '{"x":"\ud83d', index=0, id="a")], [piece(None, '\ude00"}', index=0)]],
        [("a", "f", '{"x":"😀"}')],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("chunks", "expected"), CASES.values(), ids=CASES)
def test_calls(chunks: list[list[Piece]], expected: list[tuple[str | None, str, str]]) -> None:
    calls, deltas = read(chunks)
    assert [(call.id, call.name, call.arguments) for call in calls] == expected
    assert len({delta.index for delta in deltas}) == len(calls)


names = st.sampled_from(["f", "g", "get_weather"])
values = st.dictionaries(st.sampled_from(["x", "city", "deep"]), st.text('aé😀{}"[]', max_size=4) | st.integers() | st.just({"y": [1]}), max_size=2)  # fmt: skip
Call = tuple[str, str]  # name, arguments
wanted = st.lists(st.tuples(names, values.map(lambda value: json.dumps(value, ensure_ascii=False))), min_size=1, max_size=4)  # fmt: skip

Style = tuple[str, str, str]
"""How calls are numbered: index, id, and in which pieces the name stands."""
STYLES: list[Style] = [
    ("own", "first", "first"), ("own", "each", "first"), ("own", "each", "each"), ("own", "none", "first"), ("own", "none", "each"),
    ("own", "new", "first"), ("own", "same", "first"), ("from-1", "first", "first"), ("text", "first", "first"), ("gaps", "none", "first"),
    ("none", "each", "first"), ("none", "each", "each"), ("zero", "each", "first"), ("zero", "each", "each"),
    # Nothing but the order tells these apart, so their pieces do not interleave.
    ("none", "first", "first"), ("zero", "first", "first"), ("none", "none", "first"), ("zero", "none", "first"),
]  # fmt: skip
_ORDERED = {("none", "first"), ("zero", "first"), ("none", "none"), ("zero", "none")}


def numbered(number: int, part: int, style: Style) -> Piece:
    index, id_, _ = style
    indexes: dict[str, Any] = {
        "own": number,
        "from-1": number + 1,
        "text": str(number),
        "gaps": number * 3 + 2,
        "zero": 0,
    }
    ids = {
        "first": f"call_{number}" if part == 0 else None,
        "each": f"call_{number}",
        "new": f"made_up_{number}_{part}",
        "same": "same",
    }
    found = {"index": indexes.get(index), "id": ids.get(id_)}
    return {key: value for key, value in found.items() if value is not None}


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[Call], list[list[Piece]]]:
    calls: list[Call] = draw(wanted)
    style = draw(st.sampled_from(STYLES))
    if style[:2] in _ORDERED and style[1] == "none":
        calls = [(name, arguments if arguments != "{}" else '{"x": 0}') for name, arguments in calls]
    queues: dict[int, list[Piece]] = {}
    for number, (name, arguments) in enumerate(calls):
        cuts = sorted(draw(st.lists(st.integers(0, len(arguments)), max_size=3)))
        parts = [arguments[a:b] for a, b in zip([0, *cuts], [*cuts, len(arguments)], strict=True)]
        if draw(st.booleans()):
            parts.insert(0, "")
        # A call that is not numbered is whole or not begun where the next one begins; blank pieces tell nothing.
        if style[1] == "none" or style[2] == "each":
            parts = [parts[0], *filter(None, parts[1:])]
        queues[number] = [
            piece(name if part == 0 or style[2] == "each" else None, text, **numbered(number, part, style))
            for part, text in enumerate(parts)
        ]
    order: list[Piece] = []
    if style[:2] in _ORDERED:
        order = [part for queue in queues.values() for part in queue]
    else:
        # Calls begin in their order; their pieces come in any.
        begun = 0
        while any(queues.values()):
            open_ = [number for number, queue in queues.items() if queue and number <= begun]
            number = draw(st.sampled_from(open_))
            order.append(queues[number].pop(0))
            begun = max(begun, number + 1)
    chunks: list[list[Piece]] = []
    for one in order:
        # Pieces of different calls may share a chunk.
        together = bool(chunks) and draw(st.booleans()) and _differ(chunks[-1], one)
        if together:
            chunks[-1].append(one)
        else:
            chunks.append([one])
    return calls, chunks


def _differ(pieces: list[Piece], one: Piece) -> bool:
    name = one["function"].get("name")
    by_id = one.get("id") is not None and all(part.get("id") not in (None, one["id"]) for part in pieces)
    by_index = one.get("index") is not None and all(part.get("index") not in (None, one["index"]) for part in pieces)
    return bool(name) and (by_id or by_index)


@given(streams())
@example(([("f", "{}"), ("f", "{}")], [[piece("f", "{}", id="a")], [piece("f", "{}", id="b")]]))
def test_any_calls_in_any_pieces_give_the_same_reply(stream: tuple[list[Call], list[list[Piece]]]) -> None:
    calls, chunks = stream
    found, deltas = read(chunks)
    assert [(call.name, call.arguments) for call in found] == calls
    told: dict[int, list[str]] = defaultdict(list)
    for delta in deltas:
        told[delta.index].append(delta.text)
    assert ["".join(told[number]) for number in sorted(told)] == [arguments for _, arguments in calls]


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=2), inner, max_size=2),
    max_leaves=4,
)
anything = st.fixed_dictionaries(
    {},
    optional={
        "index": json_values,
        "id": json_values,
        "function": json_values | st.fixed_dictionaries({}, optional={"name": json_values, "arguments": json_values}),
    },
)


@given(st.lists(st.lists(anything, max_size=3), max_size=5))
def test_garbage_is_read_without_an_exception(chunks: list[list[Piece]]) -> None:
    calls, _ = read(chunks)
    for call in calls:
        f"{call.id}{call.name}{call.arguments}".encode()
