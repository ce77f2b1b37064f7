"""Names that LiteLLM before 1.110 cannot put into headers; each was seen to fail, or to work, on 1.108.7."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fased_litellm.doctor.modelmap import latin1
from fased_litellm.doctor.modelmap.gatewayfile import read
from tests.doctor.modelmap.test_map import found_in

CODE = "name-outside-latin-1"
PARAMS = "model: openai/gpt-4o, api_key: os.environ/OPENAI_API_KEY"


def findings(folder: Path, text: str) -> list[Any]:
    path = folder / "config.yaml"
    path.write_text(text)
    return list(latin1.findings(read(path).root))


@pytest.mark.parametrize(
    ("entry", "setting"),
    [
        (f"{{model_name: \u6a21\u578b, litellm_params: {{{PARAMS}}}}}", "model_name"),
        (f"{{model_name: 'smart \u2019', litellm_params: {{{PARAMS}}}}}", "model_name"),
        (f"{{model_name: '\U0001f680', litellm_params: {{{PARAMS}}}}}", "model_name"),
        (f"{{model_name: '\u56e2\u961f/*', litellm_params: {{{PARAMS}}}}}", "model_name"),
        ("{model_name: a, litellm_params: {model: openai/\u6a21}}", "model"),
        (f"{{model_name: a, litellm_params: {{{PARAMS}, api_base: 'http://h/\u6a21/v1'}}}}", "api_base"),
        (f"{{model_name: a, model_info: {{id: \u6a21}}, litellm_params: {{{PARAMS}}}}}", "model_info.id"),
    ],
)
def test_each_part_that_goes_into_a_header_is_told(tmp_path: Path, entry: str, setting: str) -> None:
    (finding,) = findings(tmp_path, f"model_list:\n  - {entry}\n")
    assert (finding.code, finding.severity, finding.line) == (CODE, "warning", 2)
    assert finding.message.startswith(f"`{setting}` of ")
    assert "1.110" in finding.remedy


@pytest.mark.parametrize("alias", ["\u5225\u540d: a", "\u96a0: {model: a, hidden: true}"])
def test_an_alias_of_the_router_is_one(tmp_path: Path, alias: str) -> None:
    (finding,) = findings(tmp_path, f"router_settings:\n  model_group_alias:\n    {alias}\n")
    assert (finding.code, finding.line) == (CODE, 3)


@pytest.mark.parametrize("name", ["a", "caf\xe9", "\xff", "a b", "a@b/c:d"])
def test_what_latin_1_has_is_right(tmp_path: Path, name: str) -> None:
    assert findings(tmp_path, f"model_list:\n  - {{model_name: '{name}', litellm_params: {{{PARAMS}}}}}\n") == []


def test_the_map_has_it(tmp_path: Path) -> None:
    _, found = found_in(tmp_path, f"model_list:\n  - {{model_name: \u6a21, litellm_params: {{{PARAMS}}}}}\n")
    assert found[CODE][0] == "warning"


def test_odd_configs_are_no_trouble(tmp_path: Path) -> None:
    for text in (
        "model_list: 5",
        "model_list: [5, null, {model_name: [x]}]",
        "router_settings: {model_group_alias: 5}",
    ):
        assert findings(tmp_path, text) == []
