"""Edits: what they change, what they leave, and how the new text looks."""

from __future__ import annotations

import copy
import textwrap

import json5
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fased_litellm.config.document import Document
from fased_litellm.config.edits import DELETE, Edit, apply, intended
from fased_litellm.config.json5.operations import same
from fased_litellm.errors import ConfigError, ConfigWriteError
from tests.json5library import agree

# ---- properties

COMMENTS = ["", "", " ", "\n", "\n    ", "\r\n\t", " // it's {\n", "/* ] */", " /* a\n b */ "]
gaps = st.sampled_from(COMMENTS)
names = st.sampled_from(["a", "b", "id", "'c'", '"d"'])
plain = st.sampled_from(["1", "-0", ".5", "0x1f", "null", "true", "NaN", "'it\\'s // no'", '"x"', "'y'"])


def _containers(children):
    element = st.tuples(gaps, children, gaps).map("".join)
    member = st.tuples(gaps, names, gaps, st.just(":"), gaps, children, gaps).map("".join)
    tail = st.tuples(gaps, st.booleans(), gaps)

    def array(parts, tail):
        return "[" + ",".join(parts) + ("," if parts and tail[1] else "") + tail[0] + "]"

    def an_object(parts, tail):
        return "{" + ",".join(parts) + ("," if parts and tail[1] else "") + tail[0] + "}"

    return st.one_of(
        st.builds(array, st.lists(element, max_size=4), tail), st.builds(an_object, st.lists(member, max_size=4), tail)
    )


trees = _containers(st.recursive(plain, _containers, max_leaves=10))
texts = st.tuples(gaps, trees, gaps).map("".join)
new_values = st.recursive(
    st.sampled_from([None, True, 1, 1.0, -2.5, "", "it's", 'a "b"\n', "\u2028", "\ud83d", "€", float("inf")]),
    lambda children: st.one_of(
        st.lists(children, max_size=3),
        st.dictionaries(st.sampled_from(["a", "id", "new key", "é"]), children, max_size=3),
    ),
    max_leaves=6,
)


def _places(value, path=()):
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in items:
        yield from _places(child, (*path, key))


@st.composite
def documents_and_edits(draw):
    text = draw(texts)
    tree = Document.parse(text).value
    edits = []
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(_places(tree))))
        kind = draw(st.sampled_from(["set", "add", "delete"]))
        target = tree
        for part in path:
            target = target[part]
        if kind == "delete" and path:
            edit = Edit(path, DELETE)
        elif kind == "add" and isinstance(target, dict):
            edit = Edit((*path, draw(st.sampled_from(["new", "a", "two words"]))), draw(new_values))
        elif kind == "add" and isinstance(target, list):
            edit = Edit((*path, len(target)), draw(new_values))
        else:
            edit = Edit(path, draw(new_values))
        edits.append(edit)
        tree = intended(tree, [edit])
    return text, edits


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(documents_and_edits())
def test_edits_give_the_intended_tree_and_json5_agrees(case):
    text, edits = case
    before = Document.parse(text)
    kept = copy.deepcopy(before.value)
    after = apply(before, edits)
    wanted = intended(kept, edits)
    assert same(after.value, wanted)
    assert agree(json5.loads(after.text), wanted)
    assert before.text == text
    assert same(before.value, kept)
    if same(kept, wanted):
        assert apply(before, [Edit((), wanted)]) is before
    assert apply(after, [Edit((), wanted)]) is after  # a second time, nothing is left to do


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(texts, st.data())
def test_a_replaced_value_changes_its_span_and_nothing_else(text, data):
    document = Document.parse(text)
    path = data.draw(st.sampled_from(list(_places(document.value))))
    start = _offset(document, path)
    old = document.get(path)
    if isinstance(old, (dict, list)):
        return
    end = next(end for end in range(start + 1, len(text) + 1) if _reads_as(text[start:end], text[end : end + 1], old))
    changed = document.set(path, [old, "new"])
    assert changed.text.startswith(text[:start])
    assert changed.text.endswith(text[end:])
    assert agree(json5.loads(changed.text[start : len(changed.text) - len(text) + end]), [old, "new"])


def _offset(document, path):
    node = document._root
    for part in path:
        assert node.entries is not None
        found = [
            entry
            for index, entry in enumerate(node.entries)
            if part in (entry.key, index if entry.key is None else None)
        ]
        node = found[-1].node
    return node.start


def _reads_as(text, following, value):
    try:
        return agree(json5.loads(text), value) and (following == "" or following in " \t\r\n,]}/")
    except ValueError:
        return False


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(texts, st.data())
def test_an_added_entry_takes_no_byte_away(text, data):
    document = Document.parse(text)
    boxes = [path for path in _places(document.value) if isinstance(document.get(path), (dict, list))]
    path = data.draw(st.sampled_from(boxes))
    box = document.get(path)
    key = "added" if isinstance(box, dict) else len(box)
    after = document.set((*path, key), data.draw(new_values)).text
    if box:
        remaining = iter(after)
        assert all(char in remaining for char in text)  # the old text is a subsequence of the new
    else:
        assert after.count("//") >= text.count("//")


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(texts, st.data())
def test_a_deletion_adds_nothing(text, data):
    document = Document.parse(text)
    places = [path for path in _places(document.value) if path]
    if not places:
        return
    path = data.draw(st.sampled_from(places))
    after = document.delete(path).text
    remaining = iter(text)
    assert all(char in remaining for char in after)  # the new text is a subsequence of the old


# ---- examples


def _doc(text):
    return Document.parse(textwrap.dedent(text).lstrip("\n"), path="fased.json")


def _check(text, edits, expected):
    changed = apply(_doc(text), [Edit(path, value) for path, value in edits])
    assert changed.text == textwrap.dedent(expected).lstrip("\n")


def test_new_text_follows_single_quotes_bare_keys_and_trailing_commas():
    _check(
        """
        {
            // the proxy
            models: {
                mode: 'merge', // default
            },
        }
        """,
        [(("models", "providers", "litellm"), {"baseUrl": "http://x", "a-b": "it's", "input": ["text", "image"]})],
        """
        {
            // the proxy
            models: {
                mode: 'merge', // default
                providers: {
                    litellm: {
                        baseUrl: 'http://x',
                        'a-b': 'it\\'s',
                        input: ['text', 'image'],
                    },
                },
            },
        }
        """,
    )


def test_new_text_follows_plain_json():
    _check(
        """
        {
          "a": {
            "b": 1
          }
        }
        """,
        [(("a", "c"), ["x"]), (("d",), {"e": {}})],
        """
        {
          "a": {
            "b": 1,
            "c": ["x"]
          },
          "d": {
            "e": {}
          }
        }
        """,
    )


def test_windows_line_ends_and_tabs():
    document = Document.parse('{\r\n\t"a": 1\r\n}\r\n')
    assert document.set(("b", "c"), 2).text == '{\r\n\t"a": 1,\r\n\t"b": {\r\n\t\t"c": 2\r\n\t}\r\n}\r\n'


def test_one_line_elements_get_one_line_siblings():
    _check(
        """
        {
          models: [
            { id: "a", n: 1 }, // cheap
            { id: "b", n: 2 } // strong
            // more to come
          ]
        }
        """,
        [(("models", 2), {"id": "c", "input": ["text"]})],
        """
        {
          models: [
            { id: "a", n: 1 }, // cheap
            { id: "b", n: 2 }, // strong
            { id: "c", input: ["text"] }
            // more to come
          ]
        }
        """,
    )


@pytest.mark.parametrize(
    ("text", "path", "value", "expected"),
    [
        ("{}", ("a",), 1, '{\n  "a": 1\n}'),
        ("{a:1}", ("b",), {"c": [1, 2]}, "{a:1, b:{c:[1, 2]}}"),
        ("{a:1,b:2}", ("c",), 3, "{a:1,b:2,c:3}"),
        ("{ a: 1, }", ("b",), 2, "{ a: 1, b: 2, }"),
        ("{ 'a': {} }", ("a", "b"), 1, "{ 'a': { 'b': 1 } }"),
        ("[]", (0,), 1, "[1]"),
        ("[1, 2 // two\n]", (2,), 3, "[1, 2, // two\n  3\n]"),
        ("{/* none */}", ("a",), 1, '{/* none */\n  "a": 1\n}'),
        ("{\n  // none yet\n}", ("a",), 1, '{\n  // none yet\n  "a": 1\n}'),
        ("{a: 'x'}", ("a",), "y", "{a: 'y'}"),
        ("{a: 1, a: 2}", ("a",), 3, "{a: 1, a: 3}"),
        ("{a: 0x10}", ("a",), 16, "{a: 0x10}"),
        ("{a: 1.0}", ("a",), 1, "{a: 1}"),
        ("{a: true}", ("a",), 1, "{a: 1}"),
        ("{a: NaN}", ("a",), float("nan"), "{a: NaN}"),
        ("{a: [1, 2, 3]}", ("a",), [0, 1, 2, 3], "{a: [0, 1, 2, 3]}"),
        ("// c\n{a: 1} // d", (), {"a": 2}, "// c\n{a: 2} // d"),
        ("1 // one", (), {"a": 2}, '{\n  "a": 2\n} // one'),
    ],
)
def test_set(text, path, value, expected):
    assert Document.parse(text).set(path, value).text == expected


@pytest.mark.parametrize(
    ("text", "path", "expected"),
    [
        ("{ a: 1, b: 2, c: 3 }", ("a",), "{ b: 2, c: 3 }"),
        ("{ a: 1, b: 2, c: 3 }", ("b",), "{ a: 1, c: 3 }"),
        ("{ a: 1, b: 2, c: 3 }", ("c",), "{ a: 1, b: 2 }"),
        ("{ a: 1, b: 2, }", ("b",), "{ a: 1, }"),
        ("{ a: 1 }", ("a",), "{}"),
        ("[[1]]", (0, 0), "[[]]"),
        ("{ a: 1, /* b */ }", ("a",), "{ /* b */ }"),
        ("{a: 1, b: 2, a: 3}", ("a",), "{b: 2}"),
        ("{\n  a: 1,\n  b: 2\n}", ("b",), "{\n  a: 1\n}"),
        ("{\n  a: 1,\n  b: 2,\n}", ("b",), "{\n  a: 1,\n}"),
        ("{\n  a: 1, // one\n  // two\n  b: 2, // also two\n}", ("b",), "{\n  a: 1, // one\n  // two\n}"),
        ("{\n  a: 1, // one\n  b: 2 // two\n}", ("b",), "{\n  a: 1 // one\n}"),
        ("{\n  a: 1, // one\n  b: 2\n}", ("a",), "{\n  b: 2\n}"),
        ("{\n  a: 1, // one\n}", ("a",), "{}"),
        ("{\n  // about a\n  a: 1,\n}", ("a",), "{\n  // about a\n}"),
        ("{ a: 1,\n  b: 2 }", ("a",), "{\n  b: 2 }"),
        ("{ a: 1,\n  b: 2 }", ("b",), "{ a: 1 }"),
        ("{\n  a: 1\n  , b: 2\n  , c: 3\n}", ("b",), "{\n  a: 1\n  , c: 3\n}"),
        ("[1, // one\n 2]", (1,), "[1 // one\n ]"),
        ("{a: {b: 1}}", ("x", "b"), "{a: {b: 1}}"),
        ("[1]", (1,), "[1]"),
    ],
)
def test_delete(text, path, expected):
    assert Document.parse(text).delete(path).text == expected


def test_a_container_in_place_of_one_keeps_what_stays_the_same():
    _check(
        """
        {
          models: [
            // the cheap one
            { id: 'a', n: 0x10 }, // a
            /* the good one */
            { id: 'b', n: 2 }, // b
            { id: 'old' },
          ],
        }
        """,
        [(("models",), [{"id": "new"}, {"id": "a", "n": 16}, {"id": "b", "n": 3}, {"id": "c"}])],
        """
        {
          models: [
            { id: 'new' },
            // the cheap one
            { id: 'a', n: 0x10 }, // a
            /* the good one */
            { id: 'b', n: 3 }, // b
            { id: 'c' },
          ],
        }
        """,
    )


def test_nothing_changes_where_the_values_are_equal():
    document = _doc("{ b: [1, .5], a: {x: 'y', /* c */}, }")
    same_again = {"a": {"x": "y"}, "b": [1, 0.5]}
    assert document.set((), same_again) is document
    assert apply(document, [Edit(("a",), {"x": "y"}), Edit(("none", "such"), DELETE)]) is document


def test_several_edits_see_each_other():
    _check(
        "{ list: [1, 2, 3] }",
        [(("list", 0), DELETE), (("list", 0), 20), (("list", 2), 4), (("x", "y", 0), True), (("x", "z"), None)],
        "{ list: [20, 3, 4], x: { y: [true], z: null } }",
    )


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (("a", "b"), "a.b cannot be set: a in fased.json (line 2) is not an object."),
        (("n", "b"), "n.b cannot be set: n in fased.json (line 3) is not an object."),
        (("l", "b"), "l.b cannot be set: l in fased.json (line 4) is not an object."),
        (("o", 0), "o[0] cannot be set: o in fased.json (line 5) is not an array."),
        (("l", 3), "l[3] cannot be set: l in fased.json (line 4) has 1 elements."),
        (("l", -1), "l[-1] cannot be set: l in fased.json (line 4) has 1 elements."),
        (("new", 1), "new[1] cannot be set: the array is not there yet."),
    ],
)
def test_an_edit_that_leads_nowhere_is_refused(path, message):
    document = _doc(
        """
        {
          a: 1,
          n: null,
          l: [0],
          o: {},
        }
        """
    )
    with pytest.raises(ConfigError) as caught:
        document.set(path, "x")
    assert message in str(caught.value)
    with pytest.raises(ConfigError):
        apply(document, [Edit(path, "x")])


def test_values_that_json5_has_not():
    with pytest.raises(TypeError):
        Document.empty().set(("a",), {1: 2})
    with pytest.raises(TypeError):
        Document.empty().set(("a",), {1, 2})


def test_the_whole_document_is_not_deleted():
    with pytest.raises(ConfigError, match="whole document"):
        apply(Document.empty(), [Edit((), DELETE)])


def test_get_has_and_location():
    document = _doc(
        """
        {
          a: { 'b': [
            10, 20 ] },
        }
        """
    )
    assert document.get(("a", "b", 1)) == 20
    assert document.get(("a", "x"), "none") == "none"
    assert document.has(("a", "b"))
    assert not document.has(("a", "b", 2))
    assert not document.has(("a", "b", "c"))
    assert document.location(()) == (1, 1)
    assert document.location(("a", "b")) == (2, 8)
    assert document.location(("a", "b", 1)) == (3, 9)
    assert document.location(("a", "none", "such")) == (2, 3)


def test_an_empty_document_is_the_start_of_a_file():
    document = Document.empty(path="fased.json").set(("a", "b"), "x")
    assert document.text == '{\n  "a": {\n    "b": "x"\n  }\n}\n'


def test_a_new_key_may_be_too_deep():
    document = Document.parse("[" * 60 + "]" * 60)
    with pytest.raises(ConfigWriteError, match="nested deeper"):
        apply(document, [Edit((*(0,) * 59, 0), [[[[[[[]]]]]]])])


def test_a_result_that_json5_reads_otherwise_is_refused(monkeypatch):
    monkeypatch.setattr("json5.loads", lambda text: {"a": 3})
    with pytest.raises(ConfigWriteError, match="reads other values"):
        apply(Document.parse("{a: 1}"), [Edit(("a",), 2)])


def test_a_result_that_json5_does_not_read_is_refused(monkeypatch):
    def refuse(text):
        raise ValueError("no")

    monkeypatch.setattr("json5.loads", refuse)
    with pytest.raises(ConfigWriteError, match="does not read"):
        apply(Document.parse("{a: 1}"), [Edit(("a",), 2)])
