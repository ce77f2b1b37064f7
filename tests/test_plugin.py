"""The registry of provider plug-ins."""

from __future__ import annotations

from importlib.metadata import EntryPoint
from typing import Any

import pytest

from fased_litellm.errors import PluginError
from fased_litellm.plugin import AuthMethod, Registry, load_registry
from fased_litellm.provider import LiteLLMProvider


class Good:
    id = "good"
    label = "Good"
    env_vars = ("GOOD_API_KEY",)
    auth_methods = (AuthMethod("good-api-key", "Good key", "api_key", "--good-api-key"),)
    default_model = "good/default"
    catalog_order = "simple"

    @classmethod
    def from_config(cls, *_: Any, **__: Any) -> Good:
        return cls()

    def catalog(self) -> None:
        return None

    def chat(self, *_: Any, **__: Any) -> None:
        return None


class Nameless(Good):
    id = ""


class Mute(Good):
    id = "mute"
    chat = None  # type: ignore[assignment]


def entry(name: str, value: str) -> EntryPoint:
    return EntryPoint(name, value, "fased.providers")


HERE = __name__


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "test_plugins_here", sys.modules[HERE])


def test_the_own_plugin_is_installed() -> None:
    registry = load_registry()
    assert registry.get("litellm") is LiteLLMProvider
    found = registry.auth_method("litellm-api-key")
    assert found is not None
    assert found[1].flag == "--litellm-api-key"
    assert LiteLLMProvider.default_model == "litellm/default"
    assert LiteLLMProvider.env_vars == ("LITELLM_API_KEY",)


def test_broken_plugins_are_named_and_take_nobody_down() -> None:
    registry = load_registry(
        [
            entry("absent", "no.such.module:X"),
            entry("nameless", "test_plugins_here:Nameless"),
            entry("good", "test_plugins_here:Good"),
            entry("mute", "test_plugins_here:Mute"),
            entry("again", "test_plugins_here:Good"),
            entry("litellm", "fased_litellm.provider:LiteLLMProvider"),
        ]
    )
    assert list(registry.providers) == ["good", "litellm"]
    reasons = {broken.name: broken.reason for broken in registry.broken}
    assert reasons == {
        "absent": "ModuleNotFoundError: No module named 'no'",
        "nameless": "it has no id",
        "mute": "it has no chat",
        "again": "the id 'good' is taken by another plug-in",
    }
    with pytest.raises(PluginError, match=r"'absent'.*No module named"):
        registry.get("absent")


def test_catalogs_are_asked_in_their_order() -> None:
    registry = load_registry(
        [entry("litellm", "fased_litellm.provider:LiteLLMProvider"), entry("g", "test_plugins_here:Good")]
    )
    assert [provider.id for provider in registry.in_catalog_order()] == ["good", "litellm"]


def test_an_unknown_provider() -> None:
    with pytest.raises(PluginError, match="'x'"):
        Registry().get("x")
