"""What is done for a short start, and that nothing of it is left behind."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

import fased_litellm
from fased_litellm.cli import main
from fased_litellm.cli.commands import SETTINGS
from fased_litellm.cli.startup import without_plugins_of_pydantic

NAME = "PYDANTIC_DISABLE_PLUGINS"


@pytest.mark.parametrize("before", [None, "logfire-plugin"])
def test_the_search_for_plugins_is_off_within_and_as_before_after_it(
    before: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(NAME, raising=False)
    if before is not None:
        monkeypatch.setenv(NAME, before)
    with without_plugins_of_pydantic():
        assert os.environ[NAME] == "1"
    assert os.environ.get(NAME) == before


def test_a_crash_leaves_no_image_of_the_memory(capsys: pytest.CaptureFixture[str]) -> None:
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_CORE)
    try:
        resource.setrlimit(resource.RLIMIT_CORE, (before[1], before[1]))
        assert main(["config", "path"]) == 0
        assert resource.getrlimit(resource.RLIMIT_CORE) == (0, before[1])
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)


def test_no_traceback_with_local_variables() -> None:
    # Typer would have rich print them, keys and all.
    assert SETTINGS["pretty_exceptions_enable"] is False
    package = Path(fased_litellm.__file__).parent
    made = [
        text for file in package.rglob("*.py") for text in re.findall(r"typer\.Typer\([^)]*\)", file.read_text("utf-8"))
    ]
    assert len(made) > 5
    assert all("**SETTINGS" in text for text in made)
    assert not any("rich.traceback" in file.read_text("utf-8") for file in package.rglob("*.py"))
