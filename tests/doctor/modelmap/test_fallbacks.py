from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fased_litellm.doctor.findings import Finding
from fased_litellm.doctor.modelmap.gatewayfile import read
from fased_litellm.doctor.modelmap.parts import ModelMap
from fased_litellm.doctor.modelmap.reading import MapEnvironment, model_map
from fased_litellm.doctor.modelmap.rules import judge
from tests.doctor.modelmap.samples import SAMPLES, Fate


def mapped(folder: Path, **sections: Any) -> tuple[ModelMap, list[Finding]]:
    models = [{"model_name": name, "litellm_params": {"model": "openai/gpt-4o"}} for name in "abc"]
    path = folder / "config.yaml"
    path.write_text(json.dumps({"model_list": models, **sections}, indent=1))
    file = read(path)
    found, problems = model_map(file, MapEnvironment(here={"LITELLM_MASTER_KEY": "sk-test-0123456789-0123456789"}))
    return found, [*problems, *judge(found, file.root)]


def shapes(findings: list[Finding]) -> list[Finding]:
    return [finding for finding in findings if finding.code.startswith("fallback") and finding.severity == "error"]


@pytest.mark.parametrize("section", ["router_settings", "litellm_settings"])
@pytest.mark.parametrize(("setting", "value", "fate"), SAMPLES)
def test_what_litellm_does_not_take_or_never_uses_is_an_error(
    tmp_path: Path, section: str, setting: str, value: Any, fate: Fate
) -> None:
    _, findings = mapped(tmp_path, **{section: {setting: value}})
    errors = shapes(findings)
    assert bool(errors) == (fate in ("refused", "dead")), errors
    for error in errors:
        assert error.line is not None
        assert error.remedy
    if fate == "refused":
        assert any("does not start" in error.message for error in errors)
    elif fate == "dead":
        assert not any("does not start" in error.message for error in errors)


def test_the_lists_of_the_router_go_before_the_others(tmp_path: Path) -> None:
    found, findings = mapped(
        tmp_path, litellm_settings={"fallbacks": {"a": ["b"]}}, router_settings={"fallbacks": [{"a": ["c"]}]}
    )
    assert [(each.source, each.targets) for each in found.fallbacks] == [("a", ("c",))]
    assert shapes(findings) == []
    assert [finding.code for finding in findings if finding.code.startswith("fallback")] == ["fallbacks-not-read"]
    found, findings = mapped(
        tmp_path, litellm_settings={"fallbacks": [{"a": ["b"]}]}, router_settings={"fallbacks": []}
    )
    assert [each.targets for each in found.fallbacks] == [("b",)]
    assert shapes(findings) == []


def test_the_remedy_has_the_names(tmp_path: Path) -> None:
    _, findings = mapped(tmp_path, litellm_settings={"fallbacks": {"a": ["b"], "b": "c"}})
    [error] = shapes(findings)
    assert "`- a: [b]`, `- b: [c]`" in error.remedy
    _, findings = mapped(tmp_path, router_settings={"fallbacks": [{"a": "b"}]})
    [error] = shapes(findings)
    assert error.remedy == "Write `- a: [b]`."


def test_what_is_refused_is_not_shown_as_a_fallback(tmp_path: Path) -> None:
    found, _ = mapped(tmp_path, router_settings={"fallbacks": [{"a": "b"}, {"b": ["c"]}]})
    assert [(each.source, each.targets) for each in found.fallbacks] == [("b", ("c",))]


def test_one_that_stands_in_for_all(tmp_path: Path) -> None:
    found, _ = mapped(tmp_path, router_settings={"fallbacks": [{"model": "b"}]})
    assert [(each.source, each.targets) for each in found.fallbacks] == [("*", ("b",))]
    assert [each.targets for each in found.stands_in("a")] == [("b",)]
