"""What is done for a short start, and that nothing of it is left behind."""

from __future__ import annotations

import os

import pytest

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
