from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.config.interpolation.placeholders import literal, names_in, sole_name, without_escapes
from fased_litellm.config.interpolation.substitution import substitute, templates
from fased_litellm.errors import Issue

ENV = {"LITELLM_API_KEY": "sk-test-key", "A": "1", "B": "${A}", "_X9": "under", "EMPTY": ""}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${LITELLM_API_KEY}", "sk-test-key"),
        ("pre-${A}-${_X9}-post", "pre-1-under-post"),
        ("${A}${A}", "11"),
        ("${B}", "${A}"),
        ("$A", "$A"),
        ("${lower}", "${lower}"),
        ("${Mixed}", "${Mixed}"),
        ("${1X}", "${1X}"),
        ("${}", "${}"),
        ("${A", "${A"),
        ("${A }", "${A }"),
        ("$ {A}", "$ {A}"),
        ("$${A}", "${A}"),
        ("$${MISSING}", "${MISSING}"),
        ("$${A}${A}", "${A}1"),
        ("$$${A}", "$${A}"),
        ("$${lower}", "$${lower}"),
        ("costs $5", "costs $5"),
        ("", ""),
    ],
)
def test_grammar(text, expected):
    assert substitute(text, ENV) == (expected, [], [])


@pytest.mark.parametrize("name", ["MISSING", "EMPTY"])
def test_missing_and_empty_in_the_words_of_fased(name):
    tree = {"models": {"providers": {"litellm": {"apiKey": f"${{{name}}}", "models": [{}, {"id": f"x-${{{name}}}"}]}}}}
    value, issues, _ = substitute(tree, ENV)
    message = f'Missing env var "{name}" referenced at config path: '
    first, second = "models.providers.litellm.apiKey", "models.providers.litellm.models[1].id"
    assert issues == [Issue(first, message + first), Issue(second, message + second)]
    assert value == tree


def test_all_missing_ones_at_once():
    _, issues, _ = substitute({"a": "${X}-${Y}-${X}", "b": ["${Z}"]}, {})
    assert [(issue.path, re.findall(r'"(.)"', issue.message)) for issue in issues] == [
        ("a", ["X"]),
        ("a", ["Y"]),
        ("b[0]", ["Z"]),
    ]


def test_every_text_of_the_tree_and_no_key():
    tree = {"${A}": ["${A}", {"deep": "${A}"}], "n": 1, "t": True, "z": None}
    value, issues, _ = substitute(tree, ENV)
    assert value == {"${A}": ["1", {"deep": "1"}], "n": 1, "t": True, "z": None}
    assert issues == []
    assert tree["${A}"] == ["${A}", {"deep": "${A}"}]


def test_templates():
    tree = {"a": ["x", "${A}-${B}-${A}"], "b": "$${A}", "c": {"d": "${MISSING}"}}
    assert [(t.path, t.text, t.names) for t in templates(tree)] == [
        (("a", 1), "${A}-${B}-${A}", ("A", "B")),
        (("c", "d"), "${MISSING}", ("MISSING",)),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [("${A}", "A"), (" ${A} ", "A"), ("$${A}", None), ("x${A}", None), ("${a}", None), ("A", None)],
)
def test_sole_name(text, expected):
    assert sole_name(text) == expected


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(alphabet="${}AB_a1 "),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=12,
)


@given(st.text(alphabet=st.characters() | st.sampled_from("${}ABC_01")))
def test_a_text_without_a_name_in_braces_is_never_touched(text):
    value, issues, _ = substitute(text, ENV)
    if not re.search(r"\$\{[A-Z_][A-Z0-9_]*\}", text):
        assert value == text
        assert issues == []


@given(json_values)
def test_shape_is_kept_and_an_issue_names_a_template(tree):
    value, issues, _ = substitute(tree, {"A": "1"})
    assert type(value) is type(tree)
    found = templates(tree)
    assert len(issues) == sum(len([name for name in template.names if name != "A"]) for template in found)
    assert all(names_in(template.text) == template.names for template in found)


@given(
    st.lists(st.sampled_from(["$", "{", "}", "A", "b", "${A}", "$${A}", "${MISSING}", " "]), max_size=12).map("".join)
)
def test_a_literal_text_is_read_back_as_it_is(text: str) -> None:
    assert substitute({"x": literal(text)}, ENV) == ({"x": text}, [], [])
    assert without_escapes(literal(text)) == text
