"""Changes of two programs, put together."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.config.edits import DELETE, Edit, intended
from fased_litellm.config.json5.operations import same
from fased_litellm.config.merge import merge
from fased_litellm.errors import ConfigConflict

plain: st.SearchStrategy[Any] = st.sampled_from([None, True, 1, 1.0, "a", "b", [], [1], {}])
trees = st.recursive(
    plain,
    lambda inner: st.one_of(st.dictionaries(st.sampled_from("abcd"), inner, max_size=4), st.lists(inner, max_size=3)),
)
objects = st.dictionaries(st.sampled_from("abcd"), trees, max_size=4)


@given(objects, objects)
def test_a_change_of_one_side_alone_is_that_change(base, changed):
    before = copy.deepcopy([base, changed])
    assert same(merge(base, changed, base), changed)
    assert same(merge(base, base, changed), changed)
    assert same(merge(base, changed, changed), changed)
    assert same([base, changed], before)  # nothing is changed in place


@given(objects, st.permutations("abcd"), trees, trees)
def test_changes_of_different_keys_are_both_there_in_either_order(base, keys, ours, theirs):
    mine, other = (keys[0],), (keys[1],)
    one, two = intended(base, [Edit(mine, ours)]), intended(base, [Edit(other, theirs)])
    both = intended(base, [Edit(mine, ours), Edit(other, theirs)])
    assert same(merge(base, one, two), both)
    assert same(merge(base, two, one), both)


@given(objects, objects, objects)
def test_where_both_changed_one_value_nothing_is_merged(base, ours, theirs):
    try:
        merged = merge(base, ours, theirs)
    except ConfigConflict:
        assert not same(ours, base)
        assert not same(theirs, base)
        return
    for key in {*base, *ours, *theirs}:
        change = [tree.get(key, DELETE) for tree in (base, ours, theirs, merged)]
        if same(change[0], change[1]):
            assert same(change[3], change[2])  # theirs is kept whole
        elif same(change[0], change[2]):
            assert same(change[3], change[1])


def test_elements_with_an_id_are_told_apart():
    base = {"list": [{"id": "a", "n": 1}, {"id": "b", "n": 1}, {"id": "c"}]}
    ours = {"list": [{"id": "a", "n": 2}, {"id": "b", "n": 1}, {"id": "new"}]}
    theirs = {"list": [{"id": "other"}, {"id": "b", "n": 3}, {"id": "a", "n": 1}, {"id": "c"}]}
    assert merge(base, ours, theirs) == {
        "list": [{"id": "other"}, {"id": "b", "n": 3}, {"id": "a", "n": 2}, {"id": "new"}]
    }


def test_an_object_that_both_made_has_what_each_put_in():
    ours, theirs = {"p": {"q": {"a": 1}}, "l": [{"id": "a"}]}, {"p": {"q": {"b": 2}, "c": 3}, "l": [{"id": "b"}]}
    assert merge({}, ours, theirs) == {"p": {"q": {"a": 1, "b": 2}, "c": 3}, "l": [{"id": "b"}, {"id": "a"}]}
    with pytest.raises(ConfigConflict, match=r"^p\.q was changed"):
        merge({}, {"p": {"q": 1}}, {"p": {"q": 2}})


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "path"),
    [
        ({"a": {"b": 1}}, {"a": {"b": 2}}, {"a": {"b": 3}}, "a.b"),
        ({"a": {"b": 1}}, {"a": {"b": 1.0}}, {"a": {}}, "a.b"),
        ({"a": {"b": 1}}, {}, {"a": {"b": 3}}, "a"),
        ({}, {"a": 1}, {"a": 2}, "a"),
        ({"a": [1]}, {"a": [1, 2]}, {"a": [1, 3]}, "a"),
        ({"a": [{"id": "x"}]}, {"a": [{"id": "x", "n": 1}]}, {"a": [{"id": "x", "n": 2}]}, "a.x.n"),
        # An order that we changed would be lost among theirs.
        ({"a": [{"id": "x"}, {"id": "y"}]}, {"a": [{"id": "y"}, {"id": "x"}]}, {"a": [{"id": "x"}]}, "a"),
        # Two elements of one name cannot be told apart.
        ({"a": [{"id": "x"}, {"id": "x"}]}, {"a": [{"id": "x"}]}, {"a": []}, "a"),
    ],
)
def test_a_conflict_names_the_place(base, ours, theirs, path):
    with pytest.raises(ConfigConflict) as caught:
        merge(base, ours, theirs)
    assert caught.value.message.startswith(f"{path} was changed by another program too")
