from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from fased_litellm.config.schema.secretref import SecretRef
from fased_litellm.config.schema.secrets import ExecSecrets
from fased_litellm.paths import Paths
from fased_litellm.secrets import ownprogram, placement
from fased_litellm.secrets.placement import place
from fased_litellm.secrets.profiles import ProfileStore, parse

KEY = "sk-test-placed-001"
PROGRAM = "/opt/fased/bin/fased-litellm"


@pytest.fixture
def paths(home: Path) -> Paths:
    return Paths.from_env({"HOME": str(home)})


def kept(paths: Paths, config: dict[str, Any] | None = None, store: ProfileStore | None = None, **options: Any) -> Any:
    store = store or ProfileStore(paths.auth_profiles("main"))
    defaults: dict[str, Any] = {"agent": "main", "key": KEY, "storage": "keyring", "program": PROGRAM}
    return place(config or {}, paths, store, **{**defaults, **options})


def profile(placed: Any) -> Any:
    return json.loads(placed.profile.after)["profiles"]["litellm:default"]


def test_what_is_written_for_the_keyring_is_what_fased_allows(paths: Paths) -> None:
    placed = kept(paths)
    (entry,) = [edit.value for edit in placed.edits if edit.path[:2] == ("secrets", "providers")]
    assert ExecSecrets.model_validate(entry).command == PROGRAM
    assert SecretRef.model_validate(profile(placed)["keyRef"]).id == placed.keyring_user == "main/litellm:default"
    assert KEY.encode() not in placed.profile.after


@pytest.mark.parametrize(("storage", "field"), [("env", "keyRef"), ("profile", "key")])
def test_the_other_places_need_no_provider(paths: Paths, storage: str, field: str) -> None:
    placed = kept(paths, storage=storage, program=None)
    assert field in profile(placed)
    assert [edit.path[0] for edit in placed.edits] == ["auth"]
    assert (placed.keyring_user, placed.abandoned) == (None, None)


def test_a_provider_that_is_there_is_used_again_and_follows_the_program(paths: Paths) -> None:
    entry = {
        "source": "exec",
        "command": "/old/bin/fased-litellm",
        "args": ["litellm", "secrets", "exec"],
        "jsonOnly": True,
    }
    placed = kept(paths, {"secrets": {"providers": {"mine": entry}}})
    assert profile(placed)["keyRef"]["provider"] == "mine"
    (edit,) = [edit for edit in placed.edits if edit.path[0] == "secrets"]
    assert (edit.path, edit.value) == (("secrets", "providers", "mine", "command"), PROGRAM)
    entry["command"] = PROGRAM
    assert [edit.path[0] for edit in kept(paths, {"secrets": {"providers": {"mine": entry}}}).edits] == ["auth"]


def test_a_provider_of_the_same_name_and_another_purpose_stays(paths: Paths) -> None:
    placed = kept(paths, {"secrets": {"providers": {"litellm-keyring": {"source": "env"}}}})
    assert profile(placed)["keyRef"]["provider"] == "litellm-keyring-2"


@pytest.mark.parametrize("storage", ["env", "profile"])
def test_a_key_that_leaves_the_keyring_is_named(paths: Paths, storage: str) -> None:
    first = kept(paths)
    config = {"secrets": {"providers": {edit.path[2]: edit.value for edit in first.edits if edit.path[0] == "secrets"}}}
    store = parse(first.profile.path, first.profile.after)
    assert kept(paths, config, store, storage=storage, program=None).abandoned == "main/litellm:default"
    again = kept(paths, config, store)
    assert (again.abandoned, again.profile.changed) == (None, False)


def test_ids_tell_agents_profiles_and_installations_apart(home: Path) -> None:
    usual, other = Paths.from_env({"HOME": str(home)}), Paths.from_env({"HOME": str(home), "FASED_PROFILE": "dev"})
    ids = {
        placement.keyring_user(paths, agent, profile_id)
        for paths in (usual, other)
        for agent in ("main", "ops")
        for profile_id in ("litellm:default", "litellm:my team")
    }
    assert len(ids) == 8
    for one in ids:
        SecretRef.model_validate({"source": "exec", "provider": "x", "id": one})


# ---- whether a command is this program


def test_this_program_is_found_beside_python() -> None:
    found = ownprogram.find()
    assert found is not None
    assert ownprogram.is_own(entry(found))
    assert ownprogram.is_own(entry(str(Path(sys.executable).parent / "fased")))


def entry(command: str, **changed: Any) -> dict[str, Any]:
    return {"source": "exec", "command": command, "args": ["litellm", "secrets", "exec"], **changed}


@pytest.mark.parametrize(
    "changed",
    [{"args": ["litellm", "secrets"]}, {"args": None}, {"env": {"PYTHON_KEYRING_BACKEND": "x"}}, {"source": "file"}],
)
def test_this_program_with_something_else_around_it_is_run(changed: dict[str, Any]) -> None:
    assert not ownprogram.is_own(entry(str(ownprogram.find()), **changed))


def test_a_program_of_the_same_name_elsewhere_is_run(tmp_path: Path) -> None:
    other = tmp_path / "fased-litellm"
    other.write_text("")
    assert not ownprogram.is_own(entry(str(other)))
    assert ownprogram.answers_from_keyring(entry(str(other)))
    assert not ownprogram.is_own(entry(str(tmp_path / "gone" / "fased-litellm")))


def test_a_link_to_this_program_is_this_program(tmp_path: Path) -> None:
    link = tmp_path / "fased-litellm"
    link.symlink_to(str(ownprogram.find()))
    assert ownprogram.is_own(entry(str(link)))
