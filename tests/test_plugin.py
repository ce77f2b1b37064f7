"""The registry of provider plug-ins."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fased_litellm import __version__
from fased_litellm.cli.run import run
from fased_litellm.errors import PluginError
from fased_litellm.plugin import AuthMethod, Registry, load_registry
from fased_litellm.provider import LiteLLMProvider
from fased_litellm.schemas import schemas


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
            entry("litellm", "fased_litellm.provider:LiteLLMProvider"),
        ]
    )
    assert list(registry.providers) == ["litellm", "good"]
    reasons = {broken.name: broken.reason for broken in registry.broken}
    assert reasons == {
        "absent": "ModuleNotFoundError: No module named 'no'",
        "nameless": "it has no id",
        "mute": "it has no chat",
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


# ---- who provides what


class Installed:
    """A folder on ``sys.path``, into which distributions with plug-ins are put."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, distribution: str, *plugins: tuple[str, str], version: str = "1.0", **values: str) -> None:
        """A distribution with plug-ins: (name of the entry point, the provider's id)."""
        module = distribution.replace("-", "_")
        info = self.folder / f"{module}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        lines = [f"{name} = {module}:P{number}" for number, (name, _) in enumerate(plugins)]
        (info / "entry_points.txt").write_text("\n".join(["[fased.providers]", *lines, ""]))
        code = [
            "from fased_litellm.plugin import AuthMethod",
            f"open({str(self.folder / module)!r} + '.ran', 'w').close()",
        ]
        for number, (_, provider) in enumerate(plugins):
            choice = values.get("choice", f"{provider}-api-key")
            code += [
                f"class P{number}:",
                f"    id, label, default_model, env_vars = {provider!r}, 'L', 'x/y', ()",
                f"    auth_methods = (AuthMethod({choice!r}, 'L', 'api_key', '--key'),)",
                "    catalog_order = 'simple'",
                "    from_config = classmethod(lambda *_, **__: None)",
                "    catalog = chat = lambda *_, **__: None",
            ]
        (self.folder / f"{module}.py").write_text("\n".join(code) + "\n")

    def ran(self, distribution: str) -> bool:
        """Whether its code was run."""
        return (self.folder / f"{distribution.replace('-', '_')}.ran").exists()


@pytest.fixture(params=["before", "after"])
def installed(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Installed]:
    """Found before or after this package."""
    path = [str(tmp_path), *sys.path] if request.param == "before" else [*sys.path, str(tmp_path)]
    known = set(sys.modules)
    monkeypatch.setattr(sys, "path", path)
    importlib.invalidate_caches()
    yield Installed(tmp_path)
    for name in set(sys.modules) - known:
        if str(getattr(sys.modules[name], "__file__", "")).startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.mark.parametrize(
    ("name", "provider"), [("litellm", "litellm"), ("other", "litellm"), ("x", "LiteLLM"), ("LITELLM", "other")]
)
def test_nobody_takes_the_place_of_the_plugin_of_this_package(
    installed: Installed, caplog: pytest.LogCaptureFixture, name: str, provider: str
) -> None:
    installed.add("acme-litellm", (name, provider), version="2.3")
    registry = load_registry()
    assert registry.get("litellm") is LiteLLMProvider
    assert registry.sources["litellm"].name == "fased-litellm"
    assert list(registry.providers) == ["litellm"]
    (broken,) = registry.broken
    assert str(broken) == (
        f"Provider plug-in {name!r} of acme-litellm 2.3 is not used: the id 'litellm' is that of fased-litellm's own."
    )
    assert str(broken) in caplog.messages
    assert installed.ran("acme-litellm") is (name.lower() != "litellm")


def test_its_way_to_authenticate_stays_its_own(installed: Installed) -> None:
    installed.add("acme", ("acme", "acme"), choice="litellm-api-key")
    found = load_registry().auth_method("litellm-api-key")
    assert found is not None
    assert found[0] is LiteLLMProvider


def test_it_is_there_without_being_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.metadata.entry_points", lambda **_: ())
    registry = load_registry()
    assert registry.get("litellm") is LiteLLMProvider
    assert str(registry.sources["litellm"]) == "fased-litellm"


def test_an_id_that_two_claim_belongs_to_none(installed: Installed, caplog: pytest.LogCaptureFixture) -> None:
    installed.add("acme", ("corp", "corp"))
    installed.add("zenith", ("corp", "Corp"), version="2.0")
    installed.add("third", ("third", "third"))
    registry = load_registry()
    assert list(registry.providers) == ["litellm", "third"]
    assert str(registry.sources["third"]) == "third 1.0"
    with pytest.raises(PluginError) as caught:
        registry.get("corp")
    assert "acme 1.0" in caught.value.message
    assert "zenith 2.0" in caught.value.message
    assert len(registry.broken) == len(caplog.messages) == 2


def test_one_distribution_that_claims_an_id_twice(installed: Installed) -> None:
    installed.add("acme", ("a", "corp"), ("b", "corp"))
    registry = load_registry()
    assert {broken.reason for broken in registry.broken} == {"the id 'corp' is claimed by acme 1.0 twice"}


def test_a_way_to_authenticate_that_two_offer_is_an_error(installed: Installed) -> None:
    installed.add("acme", ("acme", "acme"), choice="the-key")
    installed.add("zenith", ("zenith", "zenith"), choice="the-key")
    registry = load_registry()
    with pytest.raises(PluginError, match=r"acme \(acme 1\.0\) and zenith \(zenith 1\.0\)|zenith .* and acme "):
        registry.auth_method("the-key")
    assert registry.auth_method("no-such") is None


def test_the_doctor_says_who_provides_what(
    installed: Installed, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    installed.add("acme-litellm", ("litellm", "litellm"), version="2.3")
    installed.add("third", ("third", "third"))
    run(["litellm", "doctor", "--no-network"])
    text = capsys.readouterr().out
    assert f"Providers: litellm by fased-litellm {__version__}, third by third 1.0" in text
    assert "! Provider plug-in 'litellm' of acme-litellm 2.3 is not used" in text
    run(["litellm", "doctor", "--no-network", "--json"])
    document = json.loads(capsys.readouterr().out)
    Draft202012Validator(schemas()["examination.schema.json"]).validate(document)
    assert document["providers"] == [
        {"id": "litellm", "label": "LiteLLM", "distribution": "fased-litellm", "version": __version__},
        {"id": "third", "label": "L", "distribution": "third", "version": "1.0"},
    ]
    (finding,) = [one for one in document["findings"] if one["code"] == "plugin-claims-id"]
    assert finding["severity"] == "warning"
    assert finding["command"] == "pip uninstall acme-litellm"
