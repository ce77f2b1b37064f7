"""Edits of values that are written in included files."""

from __future__ import annotations

import copy
import json
import os
import stat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fased_litellm.config import load, save
from fased_litellm.config.edits import DELETE, Edit, intended
from fased_litellm.config.json5.operations import same
from fased_litellm.errors import ConfigConflict, ConfigError, ConfigInvalid
from fased_litellm.paths import Paths

PROVIDERS = """\
// the team's proxies
{
  litellm: {
    baseUrl: 'http://localhost:4000', // here
    models: [
      { id: 'one', name: 'One', contextWindow: 1000, maxTokens: 10 }, // the first
    ],
  },
}
"""
AGENTS = "{ agents: { defaults: { model: { primary: 'litellm/one' } /* ours */ } }, x: { a: 1, b: 2 } }\n"
TEXT = "// mine\n{\n  $include: './agents.json5',\n  models: { providers: { $include: './team/providers.json5' } },\n  x: { b: 3 },\n}\n"
PRIMARY = ("agents", "defaults", "model", "primary")
LITELLM = ("models", "providers", "litellm")


class Installation:
    def __init__(self, state):
        self.state = state
        self.paths = Paths(state=state, config=state / "fased.json", home=state.parent)
        (state / "team").mkdir(parents=True)
        self.write("fased.json", TEXT)
        self.write("agents.json5", AGENTS)
        self.write("team/providers.json5", PROVIDERS)

    def write(self, name, text):
        (self.state / name).write_text(text)
        (self.state / name).chmod(0o600)

    def read(self, name):
        return (self.state / name).read_text()

    def load(self):
        return load.load(self.paths, {})

    def edit(self, *edits):
        change = save.plan(self.load(), edits)
        save.commit(change)
        return change

    def files(self):
        return sorted(
            os.path.relpath(os.path.join(folder, name), self.state)
            for folder, _, names in os.walk(self.state)
            for name in names
            if not folder.endswith("logs")
        )


@pytest.fixture
def installed(tmp_path):
    return Installation(tmp_path / "state")


NAMES = ["agents.json5", "fased.json", "team/providers.json5"]


@pytest.mark.parametrize(
    ("edit", "name", "old", "new"),
    [
        (Edit(PRIMARY, "litellm/two"), "agents.json5", "litellm/one", "litellm/two"),
        (Edit((*LITELLM, "baseUrl"), "http://h:1"), "team/providers.json5", "http://localhost:4000", "http://h:1"),
        (Edit((*LITELLM, "models", 0, "name"), "Uno"), "team/providers.json5", "'One'", "'Uno'"),
        (Edit(("x", "b"), 4), "fased.json", "b: 3", "b: 4"),
        (Edit(("x", "a"), 4), "agents.json5", "a: 1", "a: 4"),
        (Edit(("x", "a"), DELETE), "agents.json5", "a: 1, ", ""),
        # What is new goes where the object is written; of one that is merged, into the last file.
        (Edit((*LITELLM, "authHeader"), True), "team/providers.json5", "  ],\n", "  ],\n    authHeader: true,\n"),
        (Edit(("x", "c"), 5), "fased.json", "b: 3", "b: 3, c: 5"),
        (Edit(("agents", "list"), []), "agents.json5", "} /* ours */ }", "} /* ours */ }, list: []"),
    ],
)
def test_a_value_is_edited_in_the_file_where_it_is_written(installed, edit, name, old, new):
    before = {file: installed.read(file) for file in NAMES}
    wanted = intended(installed.load().source, [edit])
    change = installed.edit(edit)
    assert installed.read(name) == before[name].replace(old, new)
    assert {file: installed.read(file) for file in NAMES if file != name} == {
        file: text for file, text in before.items() if file != name
    }
    assert installed.files() == sorted([*NAMES, f"{name}.bak"])
    assert installed.read(f"{name}.bak") == before[name]
    assert stat.S_IMODE(os.stat(installed.state / f"{name}.bak").st_mode) == 0o600
    assert installed.load().source == wanted
    assert str(installed.state / name) in change.diff()
    (line,) = [json.loads(line) for line in installed.paths.config_audit.read_text().splitlines()]
    assert line["configPath"] == str(installed.state / name)


def test_one_change_of_several_files_is_written_together(installed):
    change = installed.edit(
        Edit(PRIMARY, "litellm/two"), Edit((*LITELLM, "models", 0, "id"), "two"), Edit(("gateway",), {"port": 1})
    )
    assert [file.path.name for file in change.files] == ["fased.json", "agents.json5", "providers.json5"]
    assert "litellm/two" in installed.read("agents.json5")
    assert "id: 'two'" in installed.read("team/providers.json5")
    assert "gateway" in installed.read("fased.json")
    stamps = {os.stat(installed.state / f"{name}.bak").st_mtime_ns for name in NAMES}
    assert len(stamps) == 1  # by which `undo` knows that they belong together


def test_a_key_that_several_files_have_goes_from_all(installed):
    installed.edit(Edit(("x", "b"), DELETE))
    assert installed.load().source["x"] == {"a": 1}
    assert "b: 2" not in installed.read("agents.json5")


def test_a_change_of_an_included_file_by_another_program_is_a_conflict(installed):
    change = save.plan(installed.load(), [Edit(PRIMARY, "litellm/two"), Edit(("x", "b"), 4)])
    installed.write("agents.json5", AGENTS + "// theirs")
    with pytest.raises(ConfigConflict, match=r"agents\.json5 was changed"):
        save.commit(change)
    assert installed.read("fased.json") == TEXT
    assert installed.files() == NAMES


def test_an_invalid_value_is_not_written_into_an_included_file(installed):
    with pytest.raises(ConfigInvalid, match="baseUrl"):
        save.plan(installed.load(), [Edit((*LITELLM, "baseUrl"), 5)])


def test_elements_of_arrays_of_several_files(installed):
    installed.write("agents.json5", "{ y: [1, 2] }")
    installed.write("fased.json", "{ $include: './agents.json5', y: [3, 4] }")
    installed.edit(Edit(("y",), [1, 5, 2, 6, 4, 7]))
    assert installed.load().source["y"] == [1, 5, 2, 6, 4, 7]
    assert installed.read("agents.json5") == "{ y: [1, 5, 2] }"
    assert installed.read("fased.json") == "{ $include: './agents.json5', y: [6, 4, 7] }"


def test_a_file_that_is_included_twice_is_refused_where_one_place_is_meant(installed):
    installed.write("agents.json5", "{ n: 1 }")
    installed.write("fased.json", "{ a: { $include: './agents.json5' }, b: { $include: './agents.json5' } }")
    with pytest.raises(ConfigError, match=r"agents\.json5"):
        save.plan(installed.load(), [Edit(("a", "n"), 2)])
    installed.edit(Edit(("a", "n"), 2), Edit(("b", "n"), 2))
    assert installed.read("agents.json5") == "{ n: 2 }"


def test_an_include_itself_is_edited_in_the_config_file_alone(installed):
    installed.write("more.json5", "{ c: 1 }")
    installed.edit(Edit(("y",), {"$include": "./more.json5"}))
    assert installed.load().source["y"] == {"c": 1}
    with pytest.raises(ConfigError, match=r"providers\.json5"):
        save.plan(installed.load(), [Edit((*LITELLM, "compat"), {"$include": "./more.json5"})])


def test_an_element_that_is_a_file_is_not_deleted_by_emptying_the_file(installed):
    installed.write("agents.json5", "{ n: 1 }")
    installed.write("fased.json", "{ list: [{ n: 0 }, { $include: './agents.json5' }] }")
    with pytest.raises(ConfigError, match=r"list\[1\]"):
        save.plan(installed.load(), [Edit(("list", 1), DELETE)])
    installed.edit(Edit(("list", 1, "n"), 2))
    assert installed.read("agents.json5") == "{ n: 2 }"


# ---- any tree, in any number of files: what comes out is what was wanted, or nothing is written

values = st.recursive(
    st.integers(0, 3),
    lambda inner: st.one_of(st.dictionaries(st.sampled_from("abc"), inner, max_size=3), st.lists(inner, max_size=3)),
    max_leaves=8,
)
objects = st.dictionaries(st.sampled_from("abc"), values, max_size=3)


@settings(max_examples=150)
@given(own=objects, files=st.lists(objects, min_size=1, max_size=3), wanted=objects)
def test_the_files_together_make_what_is_wanted(tmp_path_factory, own, files, wanted):
    installed = Installation(tmp_path_factory.mktemp("any") / "state")
    names = [f"./part{number}.json5" for number in range(len(files))]
    for name, value in zip(names, files, strict=True):
        installed.write(name, json.dumps(value))
    installed.write("fased.json", json.dumps({"$include": names, **own}))
    snapshot = installed.load()
    source = copy.deepcopy(snapshot.source)
    try:
        change = save.plan(snapshot, [Edit((key,), value) for key, value in wanted.items()])
    except ConfigError:
        assert installed.load().source == source
        return
    save.commit(change)
    assert same(installed.load().source, intended(source, [Edit((key,), value) for key, value in wanted.items()]))
