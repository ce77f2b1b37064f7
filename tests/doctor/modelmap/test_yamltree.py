from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.doctor.modelmap.yamltree import YamlNode, parse
from fased_litellm.errors import ConfigSyntaxError

scalars = st.none() | st.booleans() | st.integers(-(10**6), 10**6) | st.text(st.characters(codec="utf-8"), max_size=8)
trees = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab/_", min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(trees)
def test_it_reads_what_yaml_reads(value: Any) -> None:
    text = yaml.safe_dump(value)
    assert parse(text, "f").root.plain() == value


@given(st.text(max_size=60) | st.text("[]{}:-,&*!|>\"'#%@` \n\ta<?", max_size=60))
def test_any_text_is_read_or_refused_with_its_place(text: str) -> None:
    try:
        found: YamlNode | ConfigSyntaxError = parse(text, "f").root
    except ConfigSyntaxError as error:
        found = error
    assert (found.path if isinstance(found, ConfigSyntaxError) else found.file) == "f"
    assert found.line >= 1


def test_a_node_knows_the_line_of_its_key() -> None:
    root = parse("a: 1\nb:\n  - c: 2\n    d:\n      e\n", "f").root
    [element] = root.value["b"].elements()
    assert (root.value["b"].line, element.line, element.value["d"].line) == (2, 3, 4)


def test_merged_keys_may_be_overridden_and_repeated_ones_are_told() -> None:
    tree = parse("x: &x {a: 1, b: 2}\ny:\n  <<: *x\n  a: 3\nz:\n  c: 1\n  c: 2\n", "f")
    assert tree.root.value["y"].plain() == {"a": 3, "b": 2}
    assert [(name, node.line) for name, node in tree.repeated] == [("c", 7)]


def test_aliases_cannot_grow_without_bound() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    with pytest.raises(ConfigSyntaxError, match="aliases"):
        parse("\n".join(lines), "f")


@pytest.mark.parametrize("text", ["a: &a [*a]", "[" * 5000])
def test_what_never_ends_is_refused(text: str) -> None:
    with pytest.raises(ConfigSyntaxError):
        parse(text, "f")


def test_nothing_is_executed() -> None:
    with pytest.raises(ConfigSyntaxError):
        parse("a: !!python/object/apply:os.system ['true']", "f")
