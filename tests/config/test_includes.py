from __future__ import annotations

import json
import os

import pytest

from fased_litellm.config import includes
from fased_litellm.config.document import Document
from fased_litellm.config.includes import Included
from fased_litellm.errors import ConfigSyntaxError


@pytest.fixture
def folder(tmp_path):
    """Write files into a config folder, and resolve one of them as the top-level config."""

    class Folder:
        root = tmp_path / "config"
        main = root / "fased.json"

        def write(self, name, value):
            file = self.root / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(value if isinstance(value, str) else json.dumps(value))
            return file

        def resolve(self, tree):
            self.root.mkdir(exist_ok=True)
            return includes.resolve(tree, self.main, lambda text, file: Document.parse(text, path=str(file)).value)

        def value(self, tree):
            result = self.resolve(tree)
            assert result.issues == []
            return result.value

        def issue(self, tree):
            (issue,) = self.resolve(tree).issues
            return issue

    return Folder()


def test_without_an_include_the_tree_is_returned_as_it_is(folder):
    tree = {"a": [1, {"b": 2}]}
    result = folder.resolve(tree)
    assert result.value is tree
    assert result.origins == {}


def test_a_file_in_place_of_an_object(folder):
    folder.write("models.json5", "{ mode: 'merge', /* why */ providers: {}, }")
    assert folder.value({"models": {"$include": "./models.json5"}}) == {"models": {"mode": "merge", "providers": {}}}


def test_a_file_may_hold_an_array_or_a_text(folder):
    folder.write("list.json", [1, 2])
    assert folder.value({"a": {"$include": "list.json"}, "b": [{"$include": "list.json"}]}) == {
        "a": [1, 2],
        "b": [[1, 2]],
    }


def test_an_array_of_files_merges_deeply_and_the_later_wins(folder):
    folder.write("a.json", {"x": {"one": 1, "list": [1], "same": "a"}, "y": [1]})
    folder.write("b.json", {"x": {"two": 2, "list": [2], "same": "b"}, "y": {"z": 1}})
    assert folder.value({"$include": ["a.json", "b.json"]}) == {
        "x": {"one": 1, "list": [1, 2], "same": "b", "two": 2},
        "y": {"z": 1},
    }


def test_keys_beside_an_include_win(folder):
    folder.write("a.json", {"x": 1, "deep": {"y": 1, "z": 1}, "list": ["a"]})
    tree = {"$include": "a.json", "x": 2, "deep": {"z": 2}, "list": ["b"]}
    assert folder.value(tree) == {"x": 2, "deep": {"y": 1, "z": 2}, "list": ["a", "b"]}


def test_relative_to_the_including_file(folder):
    folder.write("sub/a.json", {"$include": "./b.json"})
    folder.write("sub/b.json", {"here": True})
    assert folder.value({"$include": "sub/a.json"}) == {"here": True}


def test_an_absolute_path_in_the_folder(folder):
    file = folder.write("a.json", {"x": 1})
    assert folder.value({"$include": str(file)}) == {"x": 1}


@pytest.mark.parametrize("key", ["__proto__", "prototype", "constructor"])
def test_keys_that_are_never_merged(folder, key):
    folder.write("a.json", {"x": 1})
    folder.write("b.json", {key: {"polluted": True}, "y": 1})
    assert folder.value({"$include": ["a.json", "b.json"]}) == {"x": 1, "y": 1}


def test_the_same_file_twice_is_no_cycle(folder):
    folder.write("a.json", {"x": 1})
    assert folder.value({"one": {"$include": "a.json"}, "two": {"$include": "a.json"}}) == {
        "one": {"x": 1},
        "two": {"x": 1},
    }


def test_a_cycle(folder):
    folder.write("a.json", {"deep": {"$include": "b.json"}})
    folder.write("b.json", {"$include": "./a.json"})
    issue = folder.issue({"models": {"$include": "a.json"}})
    assert issue.path == "models.deep.$include"
    assert "Circular include detected: " in issue.message
    assert issue.message.endswith("a.json")


def test_the_config_itself_is_part_of_a_cycle(folder):
    folder.write("fased.json", {"$include": "fased.json"})
    assert "Circular include" in folder.issue({"$include": "fased.json"}).message


@pytest.mark.parametrize(("levels", "good"), [(10, True), (11, False)])
def test_ten_levels(folder, levels, good):
    for level in range(1, levels):
        folder.write(f"{level}.json", {"$include": f"{level + 1}.json"})
    folder.write(f"{levels}.json", {"bottom": True})
    result = folder.resolve({"$include": "1.json"})
    assert (result.value == {"bottom": True}) == good
    assert [issue.message for issue in result.issues] == (
        [] if good else ["Maximum include depth (10) exceeded at: 11.json"]
    )


@pytest.mark.parametrize("name", ["../outside.json", "sub/../../outside.json", "/etc/hostname"])
def test_outside_the_folder(folder, name):
    folder.write("../outside.json", {"x": 1})
    assert "Include path escapes config directory" in folder.issue({"$include": name}).message


@pytest.mark.parametrize("name", ["a\0b.json", "\ud800.json"])
def test_what_cannot_be_a_file_name(folder, name):
    assert "cannot be a file name" in folder.issue({"$include": name}).message


@pytest.mark.parametrize("name", ["", ".", "x" * 5000])
def test_what_is_no_file(folder, name):
    assert folder.issue({"$include": name}).path == "$include"


def test_a_folder_whose_name_begins_alike_is_outside(folder):
    folder.write("../config-evil/a.json", {"x": 1})
    assert "escapes" in folder.issue({"$include": "../config-evil/a.json"}).message


def test_a_link_that_leads_outside(folder):
    outside = folder.write("../outside.json", {"x": 1})
    folder.root.mkdir(exist_ok=True)
    (folder.root / "link.json").symlink_to(outside)
    assert "resolves outside config directory (symlink)" in folder.issue({"$include": "link.json"}).message


def test_a_link_that_stays_inside(folder):
    file = folder.write("real.json", {"x": 1})
    (folder.root / "link.json").symlink_to(file)
    assert folder.value({"$include": "link.json"}) == {"x": 1}


def test_a_hard_link(folder):
    file = folder.write("real.json", {"x": 1})
    os.link(file, folder.root / "other.json")
    assert "hard links" in folder.issue({"$include": "other.json"}).message


def test_no_regular_file(folder):
    folder.root.mkdir()
    os.mkfifo(folder.root / "pipe")
    (folder.root / "dir").mkdir()
    result = folder.resolve({"a": {"$include": "pipe"}, "b": {"$include": "dir"}, "c": {"$include": "absent.json"}})
    assert [issue.path for issue in result.issues] == ["a.$include", "b.$include", "c.$include"]
    assert "not a regular file" in result.issues[0].message
    assert "is a folder" in result.issues[1].message
    assert "no such file" in result.issues[2].message
    assert result.failed == [("a",), ("b",), ("c",)]
    assert result.value == {"a": {}, "b": {}, "c": {}}


@pytest.mark.parametrize(("size", "good"), [(includes.MAX_BYTES, True), (includes.MAX_BYTES + 1, False)])
def test_two_mebibytes(folder, size, good):
    folder.write("big.json", "{}".ljust(size))
    assert (folder.resolve({"$include": "big.json"}).issues == []) == good


def test_not_utf8(folder):
    folder.write("a.json", "")
    (folder.root / "a.json").write_bytes(b'{"a": "\xff"}')
    assert "a.json:1:8: byte 0xff is not UTF-8" in folder.issue({"$include": "a.json"}).message


def test_a_syntax_error_names_the_included_file(folder):
    folder.write("a.json5", "{\n  a: ]\n}")
    with pytest.raises(ConfigSyntaxError) as caught:
        folder.resolve({"$include": "a.json5"})
    assert (caught.value.path, caught.value.line) == (str(folder.root / "a.json5"), 2)


@pytest.mark.parametrize(
    ("tree", "message"),
    [
        ({"$include": 5}, "Invalid $include value: expected string or array of strings"),
        ({"$include": {"a": 1}}, "Invalid $include value: expected string or array of strings"),
        ({"$include": ["a.json", 5]}, "Invalid $include array item: expected string"),
        ({"$include": "list.json", "x": 1}, "Sibling keys require included content to be an object"),
    ],
)
def test_wrong_forms(folder, tree, message):
    folder.write("a.json", {})
    folder.write("list.json", [])
    assert folder.issue(tree).message == message


def test_an_avalanche_of_files_ends(folder, monkeypatch):
    monkeypatch.setattr(includes, "MAX_FILES", 50)
    for level in range(1, 6):
        folder.write(f"{level}.json", {"$include": [f"{level + 1}.json"] * 10})
    folder.write("6.json", {"list": [1]})
    result = folder.resolve({"$include": "1.json"})
    assert len(result.files) == 50
    assert "More than 50 includes" in result.issues[0].message


def test_nesting_has_an_end(folder):
    # Fifty levels in each of ten files.
    for level in range(1, 10):
        inner: object = {"$include": f"{level + 1}.json"}
        for _ in range(50):
            inner = {"x": inner}
        folder.write(f"{level}.json", inner)
    folder.write("10.json", {})
    (issue,) = folder.resolve({"$include": "1.json"}).issues
    assert issue.message == "Nested deeper than 128 levels"


def test_where_each_value_is_written(folder):
    a = folder.write("a.json", {"providers": {"x": {"baseUrl": "u"}}, "list": [1]})
    b = folder.write("b.json", {"providers": {"y": {}}, "list": [2]})
    main = folder.main
    result = folder.resolve({"models": {"$include": ["a.json", "b.json"], "mode": "merge", "list": [3]}, "own": 1})
    assert result.value["models"]["list"] == [1, 2, 3]
    expected = {
        (): Included(main, ()),
        ("own",): Included(main, ("own",)),
        ("models",): Included(main, ("models",)),
        ("models", "mode"): Included(main, ("models", "mode")),
        ("models", "providers", "x", "baseUrl"): Included(a, ("providers", "x", "baseUrl")),
        ("models", "providers", "y"): Included(b, ("providers", "y")),
        ("models", "list", 0): Included(a, ("list", 0)),
        ("models", "list", 1): Included(b, ("list", 0)),
        ("models", "list", 2): Included(main, ("models", "list", 0)),
    }
    assert {path: result.origins[path] for path in expected} == expected
    assert result.files == [a, b]


def test_an_object_which_is_an_include_alone_is_written_there(folder):
    a = folder.write("a.json", {"x": 1})
    result = folder.resolve({"models": {"$include": "a.json"}, "list": {"$include": ["a.json"]}})
    assert result.origins[("models",)] == Included(a, ())
    assert result.origins[("list",)] == Included(a, ())
