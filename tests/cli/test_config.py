from __future__ import annotations

import json
import os

import pytest

from tests.cli.proxied import make

TEXT = """{
  // the proxy
  models: { providers: { litellm: { baseUrl: 'http://localhost:4000', apiKey: 'sk-test-stored', models: [] } } },
  agents: { defaults: { models: { 'litellm/gpt-5.5': { alias: 'big' } } }, list: [{ id: 'main' }, { id: 'ops' }] },
  gateway: { port: 18789, tls: false, bind: '${BIND}' }, // the router
}
"""


@pytest.fixture
def installed(home, capsys, monkeypatch):
    monkeypatch.setenv("BIND", "lan")
    return make(home, capsys, "", TEXT)


@pytest.mark.parametrize(
    ("words", "printed"),
    [
        (["gateway.port"], "18789"),
        (["gateway.tls"], "false"),
        (["gateway.bind"], "lan"),
        (["gateway.bind", "--json"], '"lan"'),
        (["agents.list[1].id"], "ops"),
        (["agents.defaults.models.litellm/gpt-5\\.5"], '{\n  "alias": "big"\n}'),
        (["models.providers.litellm.apiKey"], "__FASED_REDACTED__"),
        (["models.providers.litellm.apiKey", "--unredacted"], "sk-test-stored"),
    ],
)
def test_get(installed, words, printed):
    assert installed.ok("config", "get", *words) == f"{printed}\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["get", "gateway.nothing"], "Config path not found: gateway.nothing\n"),
        (["get", ""], "Path is empty.\n"),
        (["unset", "agents.list[5]"], "Config path not found: agents.list[5]\n"),
        (["set", "a[", "1"], 'Invalid path (missing "]"): a[\n'),
        (["set", "__proto__.a", "1"], "Invalid path segment: __proto__\n"),
        (["set", "a", "{", "--strict-json"], "Failed to parse JSON5 value: "),
        (["set", "a", "{", "--json"], "Failed to parse JSON5 value: "),
        (["set", "agents.list.x", "1"], 'Expected numeric index for array segment "x".\n'),
        (["set", "gateway.port.x", "1"], "gateway.port.x cannot be set"),
        (["set", "agents.list[7]", "{}"], "agents.list[7] cannot be set"),
        (["set", "a.token", "__FASED_REDACTED__"], 'Sentinel value "__FASED_REDACTED__" in key a.token'),
        (["set", "agent.model", "x"], "agent was moved to agents.defaults"),
    ],
)
def test_what_cannot_be_done_is_said_and_nothing_written(installed, words, message):
    status, out, err = installed.run("config", *words)
    assert (status, out) == (1, "")
    assert err.startswith(message)
    assert installed.config.read_text() == TEXT
    assert os.listdir(installed.state) == ["fased.json"]


def test_set_and_unset_keep_comments(installed):
    assert installed.ok("config", "set", "gateway.port", "18790") == (
        "Updated gateway.port. Restart the gateway to apply.\n"
    )
    assert installed.config.read_text() == TEXT.replace("18789", "18790")
    assert installed.ok("config", "unset", "agents.list[0]") == (
        "Removed agents.list[0]. Restart the gateway to apply.\n"
    )
    installed.ok("config", "set", "gateway.port", "-1")
    assert installed.config.read_text() == TEXT.replace("18789", "-1").replace("{ id: 'main' }, ", "")


def test_what_get_printed_can_be_set_again(installed):
    for path in ("models", "gateway", "agents"):
        installed.ok("config", "set", path, installed.ok("config", "get", path))
    assert installed.config.read_text() == TEXT
    assert os.listdir(installed.state) == ["fased.json"]


def test_a_broken_config_may_be_repaired(installed):
    broken = TEXT.replace("models: [] ", "models: [], oops: 1 ")
    installed.config.write_text(broken)
    status, _, err = installed.run("config", "get", "gateway")
    assert (status, err.splitlines()[0]) == (1, f"Config invalid at {installed.config}.")
    assert installed.run("config", "set", "gateway.port", "1")[0] == 1
    assert installed.config.read_text() == broken
    installed.ok("config", "unset", "models.providers.litellm.oops")
    assert installed.config.read_text() == TEXT


def test_old_keys_name_the_doctor(installed):
    text = TEXT.replace("{\n  //", "{ agent: { model: 'x' },\n  //", 1)
    installed.config.write_text(text)
    for words in (["config", "set", "gateway.port", "1"], ["models", "set", "litellm/x", "--force"]):
        status, _, err = installed.run(*words)
        assert status == 1
        assert "agent" in err
        assert "fased doctor --fix" in err
    assert installed.config.read_text() == text


def test_validate(installed):
    assert installed.ok("config", "validate") == f"Config valid: {installed.config}\n"
    assert installed.json("config", "validate") == {
        "valid": True,
        "path": str(installed.config),
        "issues": [],
        "warnings": [],
        "includedFiles": [],
    }
    installed.config.write_text("{ models: 5, agent: {} }")
    status, out, err = installed.run("config", "validate")
    assert (status, out) == (1, "")
    assert "- models: " in err
    status, out, _ = installed.run("config", "validate", "--json")
    document = json.loads(out)
    assert (status, document["valid"], document["issues"][0]["path"]) == (1, False, "models")
    installed.config.write_text("{")
    status, out, _ = installed.run("config", "validate", "--json")
    assert (status, json.loads(out)["valid"]) == (1, False)
    assert installed.run("config", "validate")[0] == 1
    installed.config.unlink()
    assert "no file" in installed.ok("config", "validate")


def test_path(installed):
    assert installed.ok("config", "path") == f"{installed.config}\n"
    assert installed.json("config", "path") == {
        "path": str(installed.config),
        "exists": True,
        "stateDir": str(installed.state),
    }


@pytest.mark.parametrize("words", [[], ["--section", "models"], ["schema"]])
def test_the_rest_is_the_node_agent_s(installed, words):
    status, _, err = installed.run("config", *words)
    assert status == 2
    assert "Node agent" in err


def test_retry_puts_changes_together(installed, monkeypatch):
    from fased_litellm.config import save

    real = save.plan

    def plan(snapshot, edits, **options):
        planned = real(snapshot, edits, **options)
        monkeypatch.setattr(save, "plan", real)
        installed.config.write_text(TEXT.replace("18789", "1"))
        return planned

    monkeypatch.setattr(save, "plan", plan)
    status, _, err = installed.run("config", "set", "gateway.tls", "true")
    assert status == 1
    assert "--retry" in err
    monkeypatch.setattr(save, "plan", plan)
    installed.ok("config", "set", "gateway.tls", "true", "--retry")
    assert installed.config.read_text() == TEXT.replace("18789", "1").replace("false", "true")


# ---- undo


def test_undo_shows_asks_and_writes(installed):
    installed.ok("config", "set", "gateway.port", "1")
    changed = installed.config.read_text()
    status, out, err = installed.run("litellm", "undo")
    assert (status, out) == (2, "")
    assert "--yes" in err
    shown = installed.ok("litellm", "undo", "--dry-run")
    assert "-  gateway: { port: 1, " in shown
    assert installed.config.read_text() == changed
    out = installed.ok("litellm", "undo", "--yes")
    assert out.startswith(shown)
    assert installed.config.read_text() == TEXT
    document = installed.json("litellm", "undo", "--yes")
    assert document["written"] is True
    assert document["files"] == [{"path": str(installed.config), "backup": f"{installed.config}.bak"}]
    assert "+  gateway: { port: 1, " in document["diff"]
    assert installed.config.read_text() == changed


def test_undo_shows_no_key(installed):
    installed.ok("config", "set", "models.providers.litellm.apiKey", "sk-test-new")
    shown = installed.ok("litellm", "undo", "--dry-run")
    assert "sk-test" not in shown
    assert "__FASED_REDACTED__" in shown


def test_undo_without_a_backup(installed):
    status, _, err = installed.run("litellm", "undo", "--yes")
    assert status == 1
    assert err.startswith(f"No backup found for {installed.config}.")


@pytest.mark.parametrize(("answer", "status"), [("y", 0), ("n", 130)])
def test_undo_on_a_terminal(installed, monkeypatch, answer, status):
    installed.ok("config", "set", "gateway.port", "1")
    changed = installed.config.read_text()
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", lambda *words, **options: answer == "y")
    assert installed.run("litellm", "undo")[0] == status
    assert installed.config.read_text() == (TEXT if answer == "y" else changed)


def test_a_change_of_an_included_file_is_named(installed):
    (installed.state / "part.json5").write_text("{ gateway: { port: 1 } } // theirs")
    installed.config.write_text("{ $include: './part.json5' }")
    assert installed.ok("config", "set", "gateway.port", "2") == "Updated gateway.port. Restart the gateway to apply.\n"
    assert (installed.state / "part.json5").read_text() == "{ gateway: { port: 2 } } // theirs"
    out = installed.ok("litellm", "undo", "--yes")
    assert f"Brought back {installed.state / 'part.json5'}." in out
    assert (installed.state / "part.json5").read_text() == "{ gateway: { port: 1 } } // theirs"
