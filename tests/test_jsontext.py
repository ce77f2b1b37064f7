from __future__ import annotations

import ast
import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import fased_litellm
from fased_litellm import jsontext
from fased_litellm.jsontext import DEPTH, NotJson

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


@given(VALUES, st.booleans())
def test_json_is_read_as_python_reads_it(value: Any, lenient: bool) -> None:
    text = json.dumps(value)
    assert jsontext.loads(text, lenient=lenient) == value
    assert jsontext.loads(b"\xef\xbb\xbf" + text.encode(), lenient=lenient) == value


@given(st.binary() | st.text().map(str.encode) | VALUES.map(lambda value: json.dumps(value).encode()[:-1]))
def test_bytes_are_read_or_refused_by_one_exception(data: bytes) -> None:
    for lenient in (False, True):
        with contextlib.suppress(NotJson):
            jsontext.loads(data, lenient=lenient)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "not valid JSON: Expecting value (line 1, column 1)"),
        (b'{\n "a": sk-test-1}', "not valid JSON: Expecting value (line 2, column 7)"),
        (b'{"a": "\xff"}', "not valid UTF-8 (line 1)"),
        (b'{"a": NaN}', "not valid JSON: NaN"),
        (b"[-Infinity]", "not valid JSON: -Infinity"),
        (b"1" * 5000, "not valid JSON: a number has thousands of digits"),
        (b"[" * 200_000, "not valid JSON: nested deeper than 100 levels"),
        (b'{"a":' * 200_000 + b"1" + b"}" * 200_000, "not valid JSON: nested deeper than 100 levels"),
        (b"[" * 500 + b"]" * 500, "not valid JSON: nested deeper than 100 levels"),
    ],
)
def test_what_is_wrong_is_said_without_a_word_of_the_text(text: bytes, why: str) -> None:
    with pytest.raises(NotJson) as caught:
        jsontext.loads(text)
    assert str(caught.value) == why


def test_how_deep_is_too_deep() -> None:
    for begin, end in ((b"[", b"]"), (b'{"a":', b"}")):
        for inner in (b"", b"1", b"1,2,[]") if begin == b"[" else (b"1",):
            extra = inner.count(b"[")
            fits = DEPTH - extra
            jsontext.loads(begin * fits + inner + end * fits)
            with pytest.raises(NotJson):
                jsontext.loads(begin * (fits + 1) + inner + end * (fits + 1))
    assert jsontext.loads("[" + "[]," * 5000 + '"{{{"]')[0] == []


def test_a_depth_that_is_read_can_be_printed_and_copied() -> None:
    import copy

    deep = jsontext.loads(b"[" * DEPTH + b"]" * DEPTH)
    assert json.loads(json.dumps(deep, indent=2)) == copy.deepcopy(deep)


def test_an_answer_that_was_paid_for_is_read_with_what_it_lacks_unknown() -> None:
    data = b'{"a": NaN, "b": -Infinity, "c": "caf\xe9", "d": ' + b"9" * 5000 + b', "e": 12}'
    assert jsontext.loads(data, lenient=True) == {"a": None, "b": None, "c": "caf\ufffd", "d": None, "e": 12}
    with pytest.raises(NotJson):
        jsontext.loads(b"9" * 5000 + b"[" * 200_000, lenient=True)


@dataclass
class Point:
    x: int
    name: str
    more: dict[str, list[str]]

    def __post_init__(self) -> None:
        if self.x < 2:
            raise ValueError("x is too small")


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"x": "3", "name": "a", "more": {}}', "x: expected int, got str"),
        ('{"x": 3, "name": null, "more": {}}', "name: expected str, got null"),
        ('{"x": 3, "name": "a", "more": {"b": ["c", 4]}}', "more[...][1]: expected str, got int"),
        ('{"x": 3, "name": "a"}', "object missing required field more"),
        ('{"x": 1, "name": "a", "more": {}}', "x is too small"),
        ("[]", "expected object, got array"),
        ("{", "not valid JSON: Expecting property name enclosed in double quotes (line 1, column 2)"),
    ],
)
def test_a_shape_is_required_and_the_place_is_named(text: str, why: str) -> None:
    with pytest.raises(NotJson) as caught:
        jsontext.decode(text.encode(), Point)
    assert str(caught.value) == why


def test_a_shape_is_made() -> None:
    assert jsontext.decode(b'{"x": 2, "name": "\\ud800", "more": {"b": ["c"]}, "z": [[1]]}', Point) == Point(
        2, "\ud800", {"b": ["c"]}
    )


READS_BY_ITSELF = {
    "jsontext.py",
    "usage/imports/transcripts/jsonlines.py",  # the fast way, with guards of its own
    "doctor/debug/views.py",  # what this program has sent
    "doctor/explain/objects.py",  # what it has just written
    "usage/postgres/batches.py",  # the same
    "usage/reconcile/tempdb.py",  # the same
    "proxy/stream.py",  # each event of a stream, guarded there
}


def test_no_other_module_reads_json_of_others_by_itself() -> None:
    package = Path(fased_litellm.__file__).parent
    found = set()
    for file in package.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and ast.unparse(node) in ("json.load", "json.loads"):
                found.add(str(file.relative_to(package)))
    assert found <= READS_BY_ITSELF


_HALVES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters()), inner, max_size=3),
)


@given(_HALVES)
def test_what_is_written_is_read_as_the_same(tree: Any) -> None:
    data = jsontext.indented({"a": tree})
    assert json.loads(data) == {"a": tree}
    assert data.endswith(b"\n")


def test_half_of_a_character_is_written_as_json_spells_it() -> None:
    assert jsontext.indented({"a": "\ud800x"}) == b'{\n  "a": "\\ud800x"\n}\n'
