from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.doctor.modelmap.samples import ENTRIES
from tests.doctor.modelmap.test_map import found_in


@pytest.mark.parametrize(("entry", "fate"), ENTRIES)
def test_an_entry_that_litellm_does_not_take_is_an_error(tmp_path: Path, entry: Any, fate: str) -> None:
    good = {"model_name": "good", "litellm_params": {"model": "openai/gpt-4o-mini", "api_key": "none"}}
    mapped, findings = found_in(tmp_path, json.dumps({"model_list": [good, entry]}))
    assert ("bad-entry" in findings) == (fate != "works"), findings
    assert len(mapped.aliases) == (2 if fate == "works" else 1)
    if fate == "left-out" and entry["litellm_params"]["model"]:
        assert "does not exist" in findings["bad-entry"][2]


@pytest.mark.parametrize(
    ("value", "wrong"), [(None, False), ([], False), ({}, False), ("x", True), ({"a": 1}, True), (5, True)]
)
def test_the_list_itself(tmp_path: Path, value: Any, wrong: bool) -> None:
    _, findings = found_in(tmp_path, json.dumps({"model_list": value}))
    assert ("bad-entry" in findings) == wrong
