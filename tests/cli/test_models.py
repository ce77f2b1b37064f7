from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from tests.cli import proxied
from tests.cli.proxied import DISCOVERY, Home
from tests.servers import FaultServers, free_port


@pytest.fixture
def home(
    home: Path, capsys: pytest.CaptureFixture[str], fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch
) -> Home:
    monkeypatch.setenv("LITELLM_API_KEY", "sk-test-models-1234")
    return proxied.make(home, capsys, fault_server(DISCOVERY).url)


def away(home: Home) -> None:
    home.config.write_text(proxied.TEXT.replace("URL", f"http://127.0.0.1:{free_port()}"))


def test_list_shows_what_is_configured(home: Home) -> None:
    found = home.json("models", "list")
    assert found["count"] == 2
    first, second = found["models"]
    assert list(first) == [
        "key", "name", "input", "contextWindow", "features", "local", "available", "tags", "missing",
    ]  # fmt: skip
    assert (first["key"], first["name"], first["contextWindow"]) == ("litellm/default", "Mine", 100000)
    assert first["tags"] == ["default", "configured"]
    assert (first["local"], first["available"], first["features"]) == (True, True, ["private-net"])
    assert (second["key"], second["tags"], second["missing"]) == ("litellm/gone", ["fallback#1"], False)


def test_list_all_asks_the_proxy_once(home: Home) -> None:
    found = {row["key"]: row for row in home.json("models", "list", "--all")["models"]}
    assert list(found) == ["litellm/default", "litellm/gone", "litellm/cheap"]
    assert found["litellm/gone"]["missing"] is True
    assert found["litellm/cheap"]["metadata"]["price"] == {"input": 1, "output": 2}
    away(home)  # another proxy, of which nothing is known
    _, out, err = home.run("models", "list", "--all", "--plain")
    assert out.split() == ["litellm/default", "litellm/gone"]
    assert "not known" in err


def test_list_for_people(home: Home) -> None:
    head, first, *_ = home.ok("models", "list").splitlines()
    assert head.split() == ["Model", "Input", "Features", "Ctx", "Local", "Auth", "Tags"]
    assert first.split() == ["litellm/default", "text", "private-net", "100k", "yes", "yes", "default,configured"]
    assert home.ok("models", "list", "--provider", "openai") == "No models found.\n"
    assert home.ok("models", "list", "--plain", "--local").split() == ["litellm/default", "litellm/gone"]


def test_two_formats_are_wrong_usage(home: Home) -> None:
    assert home.run("models", "list", "--json", "--plain")[0] == 2
    assert home.run("models", "status", "--json", "--plain")[0] == 2


def test_status(home: Home) -> None:
    state = home.json("models")
    assert state == home.json("models", "status")
    assert (state["resolvedDefault"], state["fallbacks"]) == ("litellm/default", ["litellm/gone"])
    assert state["auth"]["providers"][0]["effective"]["kind"] == "env"
    assert state["auth"]["missingProvidersInUse"] == []
    assert home.ok("models", "status", "--plain") == "litellm/default\n"
    text = home.ok("models", "status")
    assert "Fallbacks (1)" in text
    assert "sk-test-models-1234" not in text + json.dumps(state)


def test_status_check(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    assert home.run("models", "status", "--check")[0] == 0
    monkeypatch.delenv("LITELLM_API_KEY")
    status, out, _ = home.run("models", "--check", "--json")
    assert status == 1
    assert json.loads(out)["auth"]["missingProvidersInUse"] == ["litellm"]


@pytest.mark.parametrize(("left_s", "status"), [(-60, 1), (3600, 2), (7 * 86400, 0)])
def test_status_check_of_a_token(home: Home, left_s: float, status: int) -> None:
    folder = home.state / "agents" / "main" / "agent"
    folder.mkdir(parents=True)
    token = {"type": "token", "provider": "litellm", "token": "sk-test-token", "expires": (time.time() + left_s) * 1000}
    (folder / "auth-profiles.json").write_text(json.dumps({"version": 1, "profiles": {"litellm:team": token}}))
    assert home.run("models", "status", "--check")[0] == status


def test_set(home: Home) -> None:
    assert "Default model: litellm/cheap" in home.ok("models", "set", "litellm/cheap")
    text = home.config.read_text()
    assert 'primary: "litellm/cheap", fallbacks: ["litellm/gone"]' in text
    assert "// the proxy, with a comment" in text
    assert "agents.defaults.models" not in text
    assert "litellm/default" in home.ok("models", "set", "default")  # a bare id is one of the proxy


def test_set_adds_to_an_allow_list(home: Home) -> None:
    home.config.write_text(
        home.config.read_text().replace("defaults: {", 'defaults: { models: { "litellm/default": {} },')
    )
    home.ok("models", "set", "litellm/cheap")
    assert home.json("models", "status")["allowed"] == ["litellm/default", "litellm/cheap"]


def test_set_refuses_what_the_proxy_does_not_have(home: Home) -> None:
    before = home.config.read_text()
    status, _, err = home.run("models", "set", "litellm/chaep")
    assert status == 1
    assert "litellm/cheap" in err
    status, _, err = home.run("models", "set", "litellm/embed")
    assert (status, "not a chat model" in err) == (1, True)
    assert home.config.read_text() == before
    home.ok("models", "set", "litellm/chaep", "--force")


def test_set_without_a_proxy_says_that_nothing_was_checked(home: Home) -> None:
    away(home)
    status, _, err = home.run("models", "set", "litellm/anything")
    assert (status, "was not checked" in err) == (0, True)
    home.ok("models", "set", "openai/gpt-5")  # another provider is not ours to check


def test_the_last_good_list_counts_while_the_proxy_is_away(home: Home, fault_server: FaultServers) -> None:
    once = fault_server(DISCOVERY, b"")
    home.config.write_text(proxied.TEXT.replace("URL", once.url))
    home.ok("providers", "refresh")
    status, _, err = home.run("models", "set", "litellm/nope")
    assert (status, "old" in err) == (1, True)


def test_aliases(home: Home) -> None:
    status, _, err = home.run("models", "aliases", "add", "quick", "litellm/cheap")
    assert (status, "allow-list" in err) == (0, True)
    assert home.json("models", "aliases", "list") == {"aliases": {"quick": "litellm/cheap"}}
    assert "Default model: litellm/cheap" in home.ok("models", "set", "QUICK")
    assert home.run("models", "aliases", "add", "quick", "litellm/default")[0] == 1
    assert home.run("models", "aliases", "add", "a b", "litellm/default")[0] == 1
    home.ok("models", "aliases", "remove", "quick")
    assert "- none" in home.ok("models", "aliases", "list")
    assert home.run("models", "aliases", "remove", "quick")[0] == 1


def test_fallbacks(home: Home) -> None:
    status, _, err = home.run("models", "fallbacks", "add", "litellm/cheap")
    assert (status, "There is a fallback already, litellm/gone, and Fased takes one alone." in err) == (1, True)
    assert home.json("models", "fallbacks", "list") == {"fallbacks": ["litellm/gone"]}
    home.ok("models", "fallbacks", "remove", "litellm/gone")
    home.ok("models", "fallbacks", "add", "cheap")
    home.ok("models", "fallbacks", "add", "litellm/cheap")  # there already
    assert home.ok("models", "fallbacks", "list", "--plain") == "litellm/cheap\n"
    assert home.run("models", "fallbacks", "remove", "litellm/gone")[0] == 1
    home.ok("models", "fallbacks", "clear")
    assert home.json("models", "fallbacks", "list") == {"fallbacks": []}
    assert 'primary: "litellm/default"' in home.config.read_text()


def test_a_fallback_beside_a_bare_primary(home: Home) -> None:
    text = home.config.read_text().replace(
        '{ primary: "litellm/default", fallbacks: ["litellm/gone"] }', '"litellm/default"'
    )
    home.config.write_text(text)
    home.ok("models", "fallbacks", "add", "litellm/cheap")
    assert home.json("models", "status")["fallbacks"] == ["litellm/cheap"]
    assert home.json("models", "status")["resolvedDefault"] == "litellm/default"


def test_commands_of_the_node_agent(home: Home) -> None:
    status, _, err = home.run("models", "scan")
    assert (status, "Node agent" in err) == (2, True)


def test_without_config_the_implied_default_is_listed(home: Home) -> None:
    home.config.unlink()
    found = home.json("models", "list")["models"]
    assert [(row["key"], row["tags"]) for row in found] == [("litellm/default", ["default"])]
    assert home.json("models", "status")["modelConfig"]["defaultSource"] == "implied"
