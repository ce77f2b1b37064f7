"""A variable that is not set: reading and editing go on, and only who needs that very value fails."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fased_litellm.cli import main
from tests.keys.standin import KEY, StandIn

PLACE = "models.providers.litellm.apiKey"


@pytest.fixture
def proxy() -> Iterator[StandIn]:
    with StandIn(["default", "gpt-5.5"]) as standin:
        yield standin


class Agent:
    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.config, self._capsys = home / ".fased" / "fased.json", capsys
        self.config.parent.mkdir()

    def write(self, url: str, *, more: str = "", root: str = "", key: str = "apiKey: '${LITELLM_API_KEY}',") -> None:
        entry = f"baseUrl: '{url}', {key} {more} request: {{ allowPrivateNetwork: true }}, models: []"
        self.config.write_text(f"{{ // mine\n  models: {{ providers: {{ litellm: {{ {entry} }}, {root} }} }},\n}}\n")

    def run(self, *words: str) -> tuple[int, str, str]:
        self._capsys.readouterr()
        status = main(list(words))
        printed = self._capsys.readouterr()
        return status, printed.out, printed.err

    def ok(self, *words: str) -> str:
        status, out, err = self.run(*words)
        assert status == 0, (words, out, err)
        return out + err


@pytest.fixture
def agent(home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Agent:
    monkeypatch.delenv("LITELLM_API_KEY", raising=False)
    monkeypatch.setenv("PATH", "/nonexistent")
    return Agent(home, capsys)


def test_reading_and_editing_need_no_value(agent: Agent, proxy: StandIn) -> None:
    agent.write(proxy.url)
    assert agent.ok("config", "get", PLACE).strip() == "${LITELLM_API_KEY}"
    agent.ok("config", "set", "models.providers.litellm.authHeader", "true")
    agent.ok("agents", "models", "set", "--agent", "main", "--primary", "litellm/gpt-5.5")
    agent.ok("providers", "models", "add", "--provider", "litellm", "--model", "mine", "--name", "Mine")
    for words in (["models", "list"], ["agents", "list"], ["models", "status"], ["litellm", "doctor", "--offline"]):
        _, out, err = agent.run(*words)
        assert "Config invalid" not in out + err
    text = agent.config.read_text()
    assert "'${LITELLM_API_KEY}'" in text
    assert "// mine" in text
    assert "litellm/gpt-5.5" in text
    glance = agent.ok()
    assert "The Node agent refuses the whole config while LITELLM_API_KEY is not set." in glance
    assert proxy.asked == []


@pytest.mark.parametrize("value", [None, ""])
def test_only_its_use_fails_and_says_which_command_sets_it(
    agent: Agent, proxy: StandIn, monkeypatch: pytest.MonkeyPatch, value: str | None
) -> None:
    if value is not None:
        monkeypatch.setenv("LITELLM_API_KEY", value)
    agent.write(proxy.url)
    status, _, err = agent.run("litellm", "chat", "hi")
    assert status == 1
    assert f"{PLACE} refers to LITELLM_API_KEY, which is not" in err
    assert "fased litellm key set" in err
    assert "fased onboard --auth-choice litellm-api-key" in err
    assert f"Set LITELLM_API_KEY in the environment, or in {agent.config.parent / '.env'}" in err
    status, out, _ = agent.run("config", "validate", "--json")
    assert (status, [issue["path"] for issue in json.loads(out)["issues"]]) == (1, [PLACE])


@pytest.mark.parametrize("way", ["key set", "onboard"])
def test_a_key_that_is_stored_is_used_and_the_doctor_tells_of_the_node_agent(
    agent: Agent, proxy: StandIn, way: str
) -> None:
    agent.write(proxy.url)
    onboard = [
        "onboard",
        "--non-interactive",
        "--accept-risk",
        "--auth-choice",
        "litellm-api-key",
        "--litellm-api-key",
        KEY,
    ]
    words = ["litellm", "key", "set", "--key", KEY] if way == "key set" else onboard
    said = agent.ok(*words, "--key-storage", "profile")
    assert f"{PLACE} still refers to LITELLM_API_KEY, which is not set" in said
    assert f"fased config unset {PLACE}" in said
    agent.ok("providers", "refresh")
    _, out, _ = agent.run("litellm", "doctor", "--json")
    (finding,) = [one for one in json.loads(out)["findings"] if one["code"] == "variable-missing"]
    assert finding["severity"] == "error"
    assert finding["command"] == f"fased config unset {PLACE}"
    agent.ok(*finding["command"].split()[1:])  # the remedy is one
    _, out, _ = agent.run("litellm", "doctor", "--json")
    assert "variable-missing" not in {one["code"] for one in json.loads(out)["findings"]}
    agent.ok("config", "validate")
    agent.ok("providers", "refresh")


def test_a_variable_of_another_provider_does_not_stop_ours(
    agent: Agent, proxy: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LITELLM_API_KEY", KEY)
    agent.write(
        proxy.url, root="other: { baseUrl: '${OTHER_URL}', apiKey: '${OTHER_KEY}', api: '${OTHER_API}', models: [] }"
    )
    agent.ok("providers", "refresh")
    agent.ok("litellm", "key", "show")
    _, out, _ = agent.run("litellm", "doctor", "--json")
    found = [one["message"] for one in json.loads(out)["findings"] if one["code"] == "variable-missing"]
    assert len(found) == 3
    assert "models.providers.other.api." in "".join(found)


def test_a_variable_in_the_address(agent: Agent, proxy: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LITELLM_API_KEY", KEY)
    agent.write("http://${PROXY_HOST}/v1")
    place = "models.providers.litellm.baseUrl"
    for words in (
        ["litellm", "chat", "hi"],
        ["providers", "refresh"],
        ["litellm", "verify"],
        ["litellm", "keys", "info"],
    ):
        status, _, err = agent.run(*words)
        assert status == 1
        assert f'Missing env var "PROXY_HOST" referenced at config path: {place}.' in err
        assert f"fased config set {place} VALUE" in err
    status, _, err = agent.run("onboard", "--non-interactive", "--accept-risk", "--auth-choice", "litellm-api-key")
    assert (status, "PROXY_HOST" in err) == (1, True)
    assert "${PROXY_HOST}" in agent.config.read_text()
    said = agent.ok("litellm", "key", "set", "--key", KEY, "--key-storage", "profile")
    assert "The proxy was not asked about the key" in said
    assert "PROXY_HOST" in agent.ok()
    agent.ok("agents", "models", "set", "--agent", "main", "--primary", "litellm/gpt-5.5")
    monkeypatch.setenv("PROXY_HOST", proxy.url.removeprefix("http://"))
    agent.ok("providers", "refresh")
    agent.ok("config", "validate")


def test_a_variable_in_an_included_file(agent: Agent, proxy: StandIn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LITELLM_API_KEY", KEY)
    part = agent.config.parent / "part.json5"
    part.write_text("{ primary: 'litellm/${MODEL}' }")
    agent.write(proxy.url)
    agent.config.write_text(
        agent.config.read_text().replace(
            "// mine", "// mine\n agents: { defaults: { model: { $include: './part.json5' } } },"
        )
    )
    agent.ok("providers", "refresh")
    status, _, err = agent.run("litellm", "chat", "hi")
    assert status == 1
    assert 'Missing env var "MODEL" referenced at config path: agents.defaults.model.primary' in err
    _, out, _ = agent.run("litellm", "doctor", "--json")
    (finding,) = [one for one in json.loads(out)["findings"] if one["code"] == "variable-missing"]
    assert finding["file"] == str(part)


def test_an_edit_that_refers_to_one_is_written_with_a_word(agent: Agent, proxy: StandIn) -> None:
    agent.write(proxy.url, key="")
    said = agent.ok("config", "set", PLACE, "${TEAM_KEY}")
    assert "The Node agent refuses the whole config while TEAM_KEY is not set." in said
    assert "${TEAM_KEY}" in agent.config.read_text()
    assert "TEAM_KEY" not in agent.ok("config", "set", "models.providers.litellm.authHeader", "true")


@pytest.mark.parametrize("broken", ["modelss: 1", "baseURL: 'x'", "auth: 'none'"])
def test_what_is_wrong_besides_is_still_an_error(agent: Agent, broken: str) -> None:
    agent.write("http://127.0.0.1:9", more=f"{broken},")
    before = agent.config.read_text()
    status, _, err = agent.run("litellm", "chat", "hi")
    assert status == 1
    assert "Config invalid" in err
    assert agent.run("config", "set", "models.providers.litellm.authHeader", "true")[0] == 1
    assert agent.config.read_text() == before


def test_an_agents_folder_with_one_is_not_made(agent: Agent, proxy: StandIn, monkeypatch: Any, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    agent.write(proxy.url)
    text = agent.config.read_text()
    agents = "agents: { list: [{ id: 'main', agentDir: 'x/${DIR}' }, { id: 'ops' }] },"
    agent.config.write_text(text.replace("// mine", f"// mine\n{agents}"))
    status, _, err = agent.run("litellm", "key", "set", "--agent", "main", "--key", KEY, "--key-storage", "profile")
    assert status == 1
    assert 'Missing env var "DIR" referenced at config path: agents.list[0].agentDir' in err
    assert list(tmp_path.iterdir()) == []
    assert "${DIR}" in agent.ok("agents", "list")


def test_with_a_variable_in_every_place_all_that_needs_none_works(agent: Agent) -> None:
    agent.config.write_text(
        "{ models: { providers: { litellm: { baseUrl: '${PROXY}', apiKey: '${K}', headers: { 'X-Door': '${DOOR}' },"
        " models: [{ id: '${MID}', name: 'x' }] } } }, agents: { defaults: { model: { primary: 'litellm/${MODEL}',"
        " fallbacks: ['${FB}'] } }, list: [{ id: 'main', workspace: '${WS}' }] } }"
    )
    before = agent.config.read_text()
    for words in (
        [],
        ["models", "list"],
        ["models", "list", "--all"],
        ["models", "status"],
        ["models", "aliases", "list"],
        ["models", "fallbacks", "list"],
        ["agents", "list"],
        ["providers", "models", "list"],
        ["usage"],
        ["config", "get", "models"],
    ):
        agent.ok(*words)
    assert agent.config.read_text() == before
    agent.ok("models", "set", "litellm/x")
    assert agent.config.read_text() == before.replace("litellm/${MODEL}", "litellm/x")


@pytest.mark.parametrize("url", ["${PROXY}", "http://${PROXY}:4000/v1"])
def test_who_asks_no_proxy_needs_no_address(agent: Agent, url: str, tmp_path: Path) -> None:
    file = tmp_path / "models.json"
    file.write_text('{"providers": {"litellm": {"models": ["one", "two"]}}}')
    agent.write(url, more="headers: { 'X-Door': '${DOOR}' },")
    before = agent.config.read_text()
    assert agent.run("providers", "refresh")[0] == 1
    assert "1 current" in agent.ok("providers", "refresh", "--no-network")
    report = json.loads(agent.ok("providers", "refresh", "--from-file", str(file), "--json"))
    assert report["baseUrl"] == url
    assert report["routes"][0]["additions"] == ["one", "two"]
    agent.ok("providers", "refresh", "--from-file", str(file), "--apply", "--dry-run")
    assert agent.config.read_text() == before
    agent.ok("providers", "refresh", "--from-file", str(file), "--apply")
    text = agent.config.read_text()
    assert url in text
    assert agent.ok("providers", "models", "list").split() == ["litellm/one", "litellm/two"]


@pytest.mark.parametrize(
    "words",
    [
        ["models", "set", "x"],
        ["agents", "models", "set", "--agent", "main", "--strong", "x"],
        ["models", "fallbacks", "add", "x"],
        ["models", "aliases", "add", "short", "x"],
        ["models", "list", "--all"],
        ["models", "list", "--refresh"],
    ],
)
def test_that_the_models_are_not_known_is_said_once(agent: Agent, words: list[str]) -> None:
    agent.write("${PROXY}")
    said = agent.ok(*words)
    assert said.count("The proxy's models are not known") == 1
    assert "private-net" not in said  # nobody can say where the address leads
    if words[-1] == "x":
        assert "not known" not in agent.ok(*words, "--force")
