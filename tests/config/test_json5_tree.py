"""The loss-free reader against the json5 library: the same texts, the same values."""

from __future__ import annotations

import math
import sys
import unicodedata
from collections.abc import Iterator
from typing import Any

import json5
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fased_litellm.config.document import Document
from fased_litellm.config.json5 import tokens
from fased_litellm.config.json5.identifiers import continues
from fased_litellm.config.json5.operations import same
from fased_litellm.errors import ConfigSyntaxError
from tests.json5library import BAD_NAME, agree

BLANKS = [" ", "\t", "\n", "\r\n", "\r", "\v", "\f", "\xa0", "\ufeff", "\u2028", "\u2029", "\u3000"]
COMMENTS = ["// c\n", "//\r\n", "/**/", "/* { */", "/* ' \" */", "// [\u2028", "/* a\n b **/", "// `\r"]
gaps = st.lists(st.sampled_from([*BLANKS, *COMMENTS]), max_size=3).map("".join)

ESCAPES = [
    "\\n",
    "\\'",
    '\\"',
    "\\\\",
    "\\x41",
    "\\u00e9",
    "\\ud83d\\ude00",
    "\\0 ",
    "\\q",
    "\\v",
    "\\/",
    "\\\n",
    "\\\r\n",
    "\\\u2028",
]
characters = st.characters(exclude_characters="\"'\\\n\r", exclude_categories=["Cs"])
inside = st.lists(st.one_of(st.text(characters, max_size=4), st.sampled_from([*ESCAPES, "//", "/*"])), max_size=4).map(
    "".join
)
strings = st.tuples(st.sampled_from("\"'"), inside).map(lambda pair: pair[0] + pair[1] + pair[0])
digits = st.text("0123456789", max_size=4)
whole = st.one_of(st.just("0"), st.integers(1, 10**20).map(str))
decimals = st.one_of(
    whole,
    st.tuples(whole, digits).map(".".join),
    digits.filter(bool).map(".".__add__),
    st.tuples(whole, st.sampled_from(["e", "E", "e+", "E-", ".e", ".5e"]), st.integers(0, 400).map(str)).map("".join),
)
hexes = st.tuples(st.sampled_from(["0x", "0X"]), st.text("0123456789abcdefABCDEF", min_size=1, max_size=9)).map("".join)
numbers = st.tuples(
    st.sampled_from(["", "", "+", "-"]), st.one_of(decimals, hexes, st.sampled_from(["Infinity", "NaN"]))
).map("".join)
words = st.sampled_from(
    [
        "a",
        "b",
        "$",
        "_x1",
        "null",
        "Infinity",
        "été",
        "a\u200cb",
        "\\u0061b",
        "a\\u0062",
        "ⅷ",
        "a\u0301",
        "a٠",
        "x\u203f",
        "𝒳",
    ]
)
keys = st.one_of(words, strings)
plain = st.one_of(strings, numbers, st.sampled_from(["null", "true", "false"]))


def _join(opening, closing, parts, gap, trailing):
    return opening + gap + ",".join(parts) + ("," if parts and trailing else "") + gap + closing


def containers(children):
    padded = st.tuples(gaps, children, gaps).map("".join)
    members = st.tuples(gaps, keys, gaps, st.just(":"), gaps, children, gaps).map("".join)
    arrays = st.tuples(st.lists(padded, max_size=4), gaps, st.booleans()).map(lambda t: _join("[", "]", *t))
    objects = st.tuples(st.lists(members, max_size=4), gaps, st.booleans()).map(lambda t: _join("{", "}", *t))
    return st.one_of(arrays, objects)


values = st.recursive(plain, containers, max_leaves=12)
texts = st.tuples(gaps, values, gaps).map("".join)


def check(text: str, expected: Any) -> None:
    try:
        found = Document.parse(text).value
    except ConfigSyntaxError as error:
        if BAD_NAME not in error.reason:
            raise
    else:
        assert agree(found, expected)


def _keys(value: Any) -> Iterator[str]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    yield from value if isinstance(value, dict) else ()
    for one in inner:
        yield from _keys(one)


slow = settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow], deadline=None)


@slow
@given(texts)
def test_text_and_values_of_whatever_json5_takes(text):
    expected = json5.loads(text)
    document = Document.parse(text)
    assert document.text == text
    assert agree(document.value, expected)
    assert list(_keys(document.value)) == list(_keys(expected))


NOISE = [
    "{",
    "}",
    "[",
    "]",
    ",",
    ":",
    "a",
    "1",
    "0",
    ".",
    "e",
    "-",
    "+",
    "x",
    "'",
    '"',
    "\\",
    "/",
    "*",
    "\n",
    " ",
    "u0061",
    "true",
    "NaN",
    "٠",
    "\u2028",
]


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(NOISE), max_size=9).map("".join))
@example("1.5.5")
@example("0x")
@example("1e")
@example(".")
@example("-.e5")
@example("5e+")
@example("truefalse")
@example("'\\u12'")
@example("'\\8'")
@example("{tru\\u0065:1}")
@example("tru\\u0065")
@example("{1a:1}")
@example("1" * 5000)
@example("-" + "1" * 5000)
@example("0x" + "f" * 5000)
def test_the_same_texts_are_refused(text):
    try:
        expected = json5.loads(text)
    except ValueError:
        with pytest.raises(ConfigSyntaxError):
            Document.parse(text)
    else:
        check(text, expected)


@slow
@given(texts, st.data())
def test_a_broken_text_is_refused_where_json5_refuses_it(text, data):
    at = data.draw(st.integers(0, len(text)))
    broken = text[:at] + data.draw(st.sampled_from(NOISE)) + text[at + data.draw(st.integers(0, 2)) :]
    try:
        expected = json5.loads(broken)
    except ValueError:
        with pytest.raises(ConfigSyntaxError):
            Document.parse(broken)
    else:
        check(broken, expected)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0x1F", 31),
        ("-0X1f", -31),
        ("+1", 1),
        ("-0.0", -0.0),
        ("1.", 1.0),
        (".5e1", 5.0),
        ("1e400", math.inf),
        ("-Infinity", -math.inf),
        ("{a:1,b:2,a:3}", {"a": 3, "b": 2}),
        ("'a\\\r\nb'", "ab"),
        ("'\u2028'", "\u2028"),
        ("\ufeff{}\ufeff", {}),
    ],
)
def test_corners(text, value):
    assert same(Document.parse(text).value, value)
    assert same(json5.loads(text), value)


@pytest.mark.parametrize("text", ["-0", "-0x0", "-0.0", "-.0e5", "[-0]", "{a:-0}"])
def test_minus_zero_is_that_as_in_node(text):
    found = Document.parse(text).value
    number = found[0] if isinstance(found, list) else found["a"] if isinstance(found, dict) else found
    assert isinstance(number, float)
    assert math.copysign(1, number) < 0


# Each was held against Node's json5 2.2.3: in names, it has the letters and marks of Unicode 10, escaped or not.
@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("\\u00e9t\\u0065", "éte"), ("$\\u0030", "$0"), ("a\\u200c", "a\u200c"), ("\U00010400", "\U00010400"), ("a\u0300", "a\u0300"),
        ("\\u005f1", "_1"), ("a\u1cf2", "a\u1cf2"), ("\u2160", "\u2160"),
    ],
)  # fmt: skip
def test_names_that_node_takes(key, name):
    assert Document.parse(f"{{{key}: 1}}").value == {name: 1}


@pytest.mark.parametrize(
    "key",
    [
        "\ua7f2", "\\ua7f2", "a\ua7f2", "\\u0030", "\\u0020", "a\\u0020", "a\\u002d", "a\\u2028", "\\u200c", "\u200c", "\u0300", "\\u0300", "\u1cf2",
        "\u0560", "\U00030000", "a\\ud83d\\ude00", "a\u2118", "a\u00b7", "\\u0022", "a\u212e",
    ],
)  # fmt: skip
def test_names_that_node_refuses(key):
    with pytest.raises(ConfigSyntaxError, match=r"unquoted key|unexpected|expected"):
        Document.parse(f"{{{key}: 1}}")


def test_every_character_of_a_name_is_a_letter_a_mark_a_digit_or_a_connector():
    kinds = {"Ll", "Lm", "Lo", "Lt", "Lu", "Nl", "Mn", "Mc", "Nd", "Pc"}
    found = [chr(code) for code in range(sys.maxunicode + 1) if continues(chr(code))]
    assert len(found) == 128_096
    assert {char for char in found if unicodedata.category(char) not in kinds} == {"$", "\u200c", "\u200d"}


@pytest.mark.parametrize(
    ("text", "line", "column", "reason"),
    [
        ("", 1, 1, "expected a value, the file ends"),
        ("// only a comment\n", 2, 1, "expected a value, the file ends"),
        ("{\n  a: 1\n  b: 2\n}", 3, 3, "expected ',' or '}', found 'b'"),
        ("{\r\n  a: 1,\r\n  b 2\r\n}", 3, 5, "expected ':' after the key, found '2'"),
        ("{\r  a: 'x\r}", 2, 8, "the string that starts with ' does not end on this line"),
        ("[1, 2", 1, 6, "expected ',' or ']', the file ends"),
        ("{} {}", 1, 4, "expected the end of the file, found '{'"),
        ("{a: /* b }", 1, 5, "this comment does not end"),
        ("{a: '\\u12'}", 1, 6, "\\u is not a JSON5 escape here"),
        ("{a: 5e+}", 1, 5, "this is not a number"),
        ("{a: #}", 1, 5, "unexpected '#'"),
        ("{a\u2118: 1}", 1, 3, "'\u2118' cannot stand in an unquoted key"),
        ("[,]", 1, 2, "expected a value or ']', found ','"),
        ("{,}", 1, 2, "expected a key or '}', found ','"),
    ],
)
def test_an_error_names_the_place_and_shows_the_line(text, line, column, reason):
    with pytest.raises(ConfigSyntaxError) as caught:
        Document.parse(text, path="fased.json")
    error = caught.value
    assert (error.path, error.line, error.column, error.reason) == ("fased.json", line, column, reason)
    assert error.source_line == text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[line - 1]
    assert f"fased.json:{line}:{column}: {reason}" in str(error)


@pytest.mark.parametrize("opening", ["[", "{a:"])
def test_a_deep_text_is_refused_and_breaks_nothing(opening):
    with pytest.raises(ConfigSyntaxError, match="nested deeper than 64 levels"):
        Document.parse(opening * 10_000)
    closing = "]" if opening == "[" else "}"
    inner = "" if opening == "[" else "1"
    assert Document.parse(opening * 64 + inner + closing * 64).value
    with pytest.raises(ConfigSyntaxError):
        Document.parse(opening * 65 + inner + closing * 65)


def test_much_comment_is_no_trouble():
    text = "// " + "x" * 200_000 + "\n" + "/*" + " * /" * 50_000 + "*/" + "//\n" * 50_000 + "{a: 1}"
    assert Document.parse(text).value == {"a": 1}


def test_the_blanks_are_those_of_unicode():
    spaces = {chr(code) for code in range(sys.maxunicode + 1) if unicodedata.category(chr(code)) == "Zs"}
    assert {char for char in spaces if tokens.skip(char, 0) != 1} == set()
    assert [char for char in map(chr, range(0x10000)) if tokens.skip(char, 0) == 1 and char not in spaces] == sorted(
        "\t\n\v\f\r\u2028\u2029\ufeff"
    )
