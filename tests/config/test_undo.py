"""The last backup, brought back."""

from __future__ import annotations

import os

import pytest

from fased_litellm.config import load, save, undo
from fased_litellm.config.edits import Edit
from fased_litellm.errors import ConfigConflict, ConfigError, ConfigInvalid, ConfigSyntaxError
from fased_litellm.paths import Paths

TEXT = "// mine\n{\n  a: 1,\n  $include: './part.json5',\n}\n"
PART = "{ b: 1 } // part\n"


@pytest.fixture
def paths(tmp_path):
    found = Paths(state=tmp_path, config=tmp_path / "fased.json", home=tmp_path)
    found.config.write_text(TEXT)
    (tmp_path / "part.json5").write_text(PART)
    return found


def _edit(paths, **values):
    save.commit(save.plan(load.load(paths, {}), [Edit((key,), value) for key, value in values.items()]))


def _texts(paths):
    return [paths.config.read_text(), (paths.state / "part.json5").read_text()]


def _undo(paths):
    change = undo.plan(paths, {})
    save.commit(change)
    return change


def test_an_undo_and_its_undo(paths):
    _edit(paths, a=2)
    _edit(paths, a=3)
    newest = _texts(paths)
    change = _undo(paths)
    assert _texts(paths) == [TEXT.replace("a: 1", "a: 2"), PART]
    assert "-  a: 3,\n+  a: 2,\n" in change.diff()
    _undo(paths)
    assert _texts(paths) == newest


def test_the_files_of_one_write_go_back_together(paths):
    _edit(paths, a=2)
    _edit(paths, a=3, b=3)
    newest = _texts(paths)
    assert [file.path.name for file in _undo(paths).files] == ["fased.json", "part.json5"]
    assert _texts(paths) == [TEXT.replace("a: 1", "a: 2"), PART]
    _undo(paths)
    assert _texts(paths) == newest


def test_a_write_of_an_included_file_alone_leaves_the_config_file_alone(paths):
    _edit(paths, a=2)
    _edit(paths, b=2)
    assert [file.path.name for file in _undo(paths).files] == ["part.json5"]
    assert _texts(paths) == [TEXT.replace("a: 1", "a: 2"), PART]


def test_a_config_that_somebody_broke_or_deleted_is_brought_back(paths):
    _edit(paths, a=2)
    paths.config.write_text("{ token: 'sk-test-1', ")
    change = undo.plan(paths, {})
    assert change.diff() == f"{paths.config} is not JSON5; it is replaced as a whole.\n"
    save.commit(change)
    assert paths.config.read_text() == TEXT
    paths.config.unlink()
    assert "sk-test-1" in (paths.state / "fased.json.bak").read_text()
    with pytest.raises(ConfigSyntaxError, match=r"fased\.json\.bak"):
        undo.plan(paths, {})
    os.replace(paths.state / "fased.json.bak.1", paths.state / "fased.json.bak")
    _undo(paths)
    assert paths.config.read_text() == TEXT


def test_without_a_backup_there_is_nothing_to_bring_back(paths):
    with pytest.raises(ConfigError, match="No backup found for"):
        undo.plan(paths, {})


def test_what_is_there_already_is_not_written(paths):
    _edit(paths, a=2)
    paths.config.write_text(TEXT)
    change = undo.plan(paths, {})
    assert not change.changed
    assert save.commit(change) == []


def test_a_backup_that_does_not_hold_is_not_brought_back(paths):
    _edit(paths, a=2)
    (paths.state / "fased.json.bak").write_text("{ models: 5 }")
    before = _texts(paths)
    with pytest.raises(ConfigInvalid):
        undo.plan(paths, {})
    assert _texts(paths) == before


def test_a_change_by_another_program_meanwhile_is_a_conflict(paths):
    _edit(paths, a=2)
    change = undo.plan(paths, {})
    paths.config.write_text(TEXT + "// theirs")
    with pytest.raises(ConfigConflict):
        save.commit(change)
    assert paths.config.read_text() == TEXT + "// theirs"


def test_nix_mode_refuses(paths):
    _edit(paths, a=2)
    with pytest.raises(ConfigError, match="FASED_NIX_MODE"):
        save.commit(undo.plan(paths, {"FASED_NIX_MODE": "1"}))
