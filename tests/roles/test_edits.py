from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fased_litellm.config.document import Document
from fased_litellm.config.edits import Edit, apply
from fased_litellm.errors import RefError
from fased_litellm.refs import ModelRef
from fased_litellm.roles.edits import agent_model_edits, allow_edits, role_edits, set_primary_edits
from tests.roles.configs import snapshot_of

NEW = ModelRef.parse("litellm/new")


def after(snapshot: Any, edits: Any) -> Any:
    """The agents section after the edits, which must be quiet when made again."""
    document = snapshot.document or Document.empty()
    return apply(document, list(edits)).value.get("agents")


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        (None, {"primary": "litellm/new"}),
        ("litellm/old", {"primary": "litellm/new"}),
        ("litellm/new", "litellm/new"),
        (
            {"primary": "litellm/old", "fallbacks": ["litellm/b"]},
            {"primary": "litellm/new", "fallbacks": ["litellm/b"]},
        ),
        ({"fallbacks": ["litellm/b"]}, {"fallbacks": ["litellm/b"], "primary": "litellm/new"}),
    ],
)
def test_the_primary_is_set_and_fallbacks_stay(tmp_path: Path, model: Any, expected: Any) -> None:
    snapshot = snapshot_of(tmp_path, {"agents": {"defaults": {"model": model} if model else {}}})
    assert after(snapshot, set_primary_edits(snapshot, NEW)) == {"defaults": {"model": expected}}


def test_nothing_is_edited_where_it_is_so_already(tmp_path: Path) -> None:
    snapshot = snapshot_of(tmp_path, {"agents": {"defaults": {"model": {"primary": "litellm/new"}}}})
    assert set_primary_edits(snapshot, NEW) == []


def test_the_allow_list_grows_only_where_there_is_one(tmp_path: Path) -> None:
    empty = snapshot_of(tmp_path, {"agents": {"defaults": {"models": {}}}})
    assert allow_edits(empty, [NEW]) == []
    assert allow_edits(empty, [NEW], always=True) == [Edit(("agents", "defaults", "models", "litellm/new"), {})]
    listed = snapshot_of(tmp_path, {"agents": {"defaults": {"models": {"litellm/a": {}}}}})
    assert allow_edits(listed, [NEW, NEW, ModelRef("litellm", "a", "x")]) == [
        Edit(("agents", "defaults", "models", "litellm/new"), {})
    ]


def test_roles_of_the_defaults(tmp_path: Path) -> None:
    snapshot = snapshot_of(tmp_path, {"agents": {"defaults": {"taskModels": {"coding": "litellm/new"}}}})
    assert role_edits(snapshot, {"coding": NEW}) == []
    assert after(snapshot, role_edits(snapshot, {"cheap-check": NEW}))["defaults"]["taskModels"] == {
        "coding": "litellm/new",
        "cheapCheck": "litellm/new",
    }


def test_an_entry_is_made_for_main_where_there_is_no_list(tmp_path: Path) -> None:
    snapshot = snapshot_of(tmp_path, None)
    result = agent_model_edits(snapshot, "main", primary="litellm/x", task_models={"cheap-check": "litellm/c"})
    assert after(snapshot, result.edits) == {
        "list": [{"id": "main", "model": "litellm/x", "taskModels": {"cheapCheck": "litellm/c"}}]
    }
    assert result.as_dict() == {"agentId": "main", "model": "litellm/x", "taskModels": {"cheapCheck": "litellm/c"}}


def test_another_agent_does_not_become_the_default_one(tmp_path: Path) -> None:
    snapshot = snapshot_of(tmp_path, {"agents": {"list": []}})
    result = agent_model_edits(snapshot, "Dev", primary="litellm/x")
    assert after(snapshot, result.edits) == {"list": [{"id": "main"}, {"id": "dev", "model": "litellm/x"}]}


def test_an_entry_is_added_behind_the_others(tmp_path: Path) -> None:
    snapshot = snapshot_of(tmp_path, {"agents": {"list": [{"id": "main"}]}})
    result = agent_model_edits(snapshot, "dev", primary="litellm/x", fallbacks=["litellm/y"])
    assert after(snapshot, result.edits)["list"][1] == {
        "id": "dev",
        "model": {"primary": "litellm/x", "fallbacks": ["litellm/y"]},
    }


@pytest.mark.parametrize(
    ("entry", "arguments", "expected"),
    [
        (
            {"model": "litellm/a"},
            {"fallbacks": ["litellm/b"]},
            {"model": {"primary": "litellm/a", "fallbacks": ["litellm/b"]}},
        ),
        ({"model": {"primary": "litellm/a", "fallbacks": ["litellm/b"]}}, {"fallbacks": []}, {"model": "litellm/a"}),
        (
            {"model": {"primary": "litellm/a", "fallbacks": []}},
            {"primary": "litellm/x"},
            {"model": {"primary": "litellm/x", "fallbacks": []}},
        ),
        (
            {"taskModels": {"coding": "litellm/a", "strong": "litellm/s"}},
            {"task_models": {"coding": "", "summarizer": "litellm/n"}},
            {"taskModels": {"strong": "litellm/s", "summarizer": "litellm/n"}},
        ),
        (
            {"model": "litellm/a", "taskModels": {"coding": "litellm/a"}},
            {"task_models": {"coding": ""}},
            {"model": "litellm/a"},
        ),
        (
            {"name": "N", "model": "litellm/a", "activeModelProvider": "x", "modelProviders": {}},
            {"primary": "litellm/x"},
            {"name": "N", "model": "litellm/x"},
        ),
        (
            {
                "activeModelProvider": "litellm",
                "modelProviders": {"litellm": {"primary": "litellm/o", "taskModels": {"coding": "litellm/oc"}}},
            },
            {"task_models": {"strong": "litellm/s"}},
            {"model": "litellm/o", "taskModels": {"coding": "litellm/oc", "strong": "litellm/s"}},
        ),
    ],
)
def test_an_entry_is_changed_in_place(
    tmp_path: Path, entry: dict[str, Any], arguments: dict[str, Any], expected: dict[str, Any]
) -> None:
    snapshot = snapshot_of(tmp_path, {"agents": {"list": [{"id": "main", **entry}]}})
    result = agent_model_edits(snapshot, None, **arguments)
    changed = after(snapshot, result.edits)
    assert changed == {"list": [{"id": "main", **expected}]}
    again = agent_model_edits(snapshot_of(tmp_path, {"agents": changed}), "main", **arguments)
    assert again.edits == ()


def test_nothing_to_set_has_the_words_of_fased(tmp_path: Path) -> None:
    with pytest.raises(RefError, match="Set at least one model with --primary, --fallback, or a task-role option"):
        agent_model_edits(snapshot_of(tmp_path, None), "main")


def test_variables_stay_variables(tmp_path: Path) -> None:
    snapshot = snapshot_of(
        tmp_path, {"agents": {"list": [{"id": "main", "model": "${MODEL}"}]}}, MODEL="litellm/from-env"
    )
    result = agent_model_edits(snapshot, "main", task_models={"coding": "litellm/c"})
    assert after(snapshot, result.edits)["list"][0]["model"] == "${MODEL}"
