"""Values by their path as typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.config import get_set, load
from fased_litellm.config.keypath import find_path, parse_path
from fased_litellm.config.redacted import SENTINEL, redacted, restored
from fased_litellm.errors import ConfigError
from fased_litellm.paths import Paths


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("a", ["a"]),
        ("agents.list[0].id", ["agents", "list", "0", "id"]),
        ("agents.list.0.id", ["agents", "list", "0", "id"]),
        (r"agents.defaults.models.litellm/gpt-5\.5", ["agents", "defaults", "models", "litellm/gpt-5.5"]),
        ("agents.defaults.models[litellm/gpt-5.5]", ["agents", "defaults", "models", "litellm/gpt-5.5"]),
        (" a . b [ c ] d", ["a", "b", "c", "d"]),
        ("a..b.", ["a", "b"]),
        ("a[0][1]", ["a", "0", "1"]),
        (r"a\[0\]", ["a[0]"]),
        ("a\\", ["a"]),
        (r"a\\b", [r"a\b"]),
    ],
)
def test_paths(text, parts):
    assert parse_path(text) == parts


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Path is empty."),
        (" . ", "Path is empty."),
        ("a[0", 'Invalid path (missing "]"): a[0'),
        ("a[ ]", 'Invalid path (empty "[]"): a[ ]'),
        ("a.__proto__.b", "Invalid path segment: __proto__"),
        ("a[constructor]", "Invalid path segment: constructor"),
        (r"proto\type", "Invalid path segment: prototype"),
    ],
)
def test_wrong_paths(text, message):
    with pytest.raises(ConfigError) as caught:
        parse_path(text)
    assert caught.value.message == message


@given(st.lists(st.text("ab.[]\\ 0_", min_size=1), min_size=1, max_size=4))
def test_any_key_can_be_typed(keys):
    keys = [key.strip() for key in keys if key.strip()]
    text = ".".join("".join("\\" + char if char in ".[]\\" else char for char in key) for key in keys)
    if keys:
        assert parse_path(text) == keys


def test_digits_are_an_index_where_there_is_an_array_or_nothing():
    tree = {"list": [{"0": 1}], "map": {"0": {}}}
    assert find_path(tree, ["list", "0", "0"]) == ("list", 0, "0")
    assert find_path(tree, ["map", "0", "0"]) == ("map", "0", "0")
    assert find_path(tree, ["new", "0"]) == ("new", 0)
    with pytest.raises(ConfigError, match='Expected numeric index for array segment "x"'):
        find_path(tree, ["list", "x"])


TREE = {
    "models": {
        "providers": {
            "litellm": {
                "apiKey": "sk-test-1",
                "headers": {"X-Api-Key": "sk-test-2", "Cookie": "sk-test-3", "X-Team": "blue"},
                "models": [{"id": "m", "maxTokens": 5, "contextTokens": "6"}],
            },
            "other": {"apiKey": {"source": "env", "provider": "default", "id": "KEY"}},
            "third": {"apiKey": "${KEY}"},
        }
    },
    "secrets": {"providers": {"default": {"source": "env", "token": "sk-test-4"}}},
    "channels": {"telegram": {"botToken": "sk-test-5"}, "x": {"secrets": ["sk-test-6", {"a": "sk-test-7"}]}},
    "g": {"serviceAccount": {"id": "sk-test-8", "more": "sk-test-9"}},
}


def test_secrets_are_known_by_their_keys():
    shown = repr(redacted(TREE))
    assert "sk-test" not in shown
    assert shown.count(SENTINEL) == 9
    assert "'${KEY}'" in shown
    assert "{'source': 'env', 'provider': 'default', 'id': 'KEY'}" in shown
    assert "'contextTokens': '6'" in shown
    assert "'X-Team': 'blue'" in shown
    assert restored(redacted(TREE), TREE, ()) == TREE


def test_a_sentinel_with_nothing_to_stand_for_is_no_value():
    for stored in (None, 5, {"apiKey": 1}, SENTINEL):
        with pytest.raises(ConfigError, match=r'"__FASED_REDACTED__" in key a\.apiKey is not valid as real data'):
            restored({"apiKey": SENTINEL}, {"apiKey": stored}, ("a",))
    with pytest.raises(ConfigError, match=r"in key a\[1\]"):
        restored(["x", SENTINEL], ["y"], ("a",))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5", 5),
        ("'5'", "5"),
        ("{a: 1,}", {"a": 1}),
        ("null", None),
        ("litellm/default", "litellm/default"),
        ("", ""),
        ("  two words ", "  two words "),
        ("{", "{"),
        ("${KEY}", "${KEY}"),
    ],
)
def test_a_value_is_json5_or_text(text, value):
    assert get_set.parse_value(text, strict=False) == value


def test_strictly_it_is_json5():
    assert get_set.parse_value(" [1, ] ", strict=True) == [1]
    with pytest.raises(ConfigError, match="Failed to parse JSON5 value: "):
        get_set.parse_value("{", strict=True)


@pytest.mark.parametrize("text", ["{ __proto__: 1 }", "[{ a: { 'constructor': 1 } }]"])
def test_a_value_has_no_key_that_none_may_have(text):
    with pytest.raises(ConfigError, match="Invalid path segment"):
        get_set.parse_value(text, strict=False)


@pytest.fixture
def snapshot(tmp_path):
    paths = Paths(state=tmp_path, config=tmp_path / "fased.json", home=tmp_path)
    paths.config.write_text("{ a: { token: '${KEY}', x: ['p${N}', 'q'] }, port: '${N}', n: null }")
    return load.load(paths, {"KEY": "sk-test-1", "N": "5"})


def test_get(snapshot):
    assert get_set.get(snapshot, "a.x") == ["p5", "q"]
    assert get_set.get(snapshot, "a.token") == SENTINEL
    assert get_set.get(snapshot, "a.token", unredacted=True) == "sk-test-1"
    assert get_set.get(snapshot, "n") is None
    for text in ("b", "a.x[2]", "a.x.y", "port.x"):
        with pytest.raises(ConfigError) as caught:
            get_set.get(snapshot, text)
        assert caught.value.message == f"Config path not found: {text}"


def test_a_variable_stays_where_its_value_is_written_back(snapshot):
    (edit,) = get_set.set_edits(snapshot, "a", {"token": SENTINEL, "x": ["p5", "r", "p5"], "y": "5"})
    assert edit.value == {"token": "${KEY}", "x": ["p${N}", "r", "p5"], "y": "5"}
    (edit,) = get_set.set_edits(snapshot, "port", "6")
    assert edit.value == "6"


def test_unset(snapshot):
    (edit,) = get_set.unset_edits(snapshot, "a.x[0]")
    assert edit.path == ("a", "x", 0)
    with pytest.raises(ConfigError, match=r"^Config path not found: a\.x\[2\]$"):
        get_set.unset_edits(snapshot, "a.x[2]")
