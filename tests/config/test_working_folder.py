"""A ``.env`` file in the working folder gives keys and nothing else, wherever a config refers to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.config.interpolation.environment import Environment, for_keys
from fased_litellm.config.interpolation.substitution import substitute
from fased_litellm.config.load import ConfigSnapshot, load, reload
from fased_litellm.errors import ConfigInvalid, SecretError
from fased_litellm.paths import Paths
from fased_litellm.secrets import secretref
from fased_litellm.secrets.lookup import resolve_key

EVIL = "sk-test-planted"


class Folders:
    """A home with a state folder, and a working folder."""

    def __init__(self, root: Path) -> None:
        self.state, self.cwd = root / ".fased", root / "cloned"
        self.file = self.cwd / ".env"
        self.process = {"HOME": str(root)}
        self.paths = Paths.from_env(self.process)
        self.state.mkdir()
        self.cwd.mkdir()

    def load(self, config: Any, *, planted: str = "", state: str = "", **process: str) -> ConfigSnapshot:
        (self.state / "fased.json").write_text(json.dumps(config))
        self.file.write_text(planted)
        (self.state / ".env").write_text(state)
        return load(self.paths, {**self.process, **process}, self.cwd)


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path)


def provider(**changes: Any) -> dict[str, Any]:
    entry = {"baseUrl": "http://127.0.0.1:4000", "api": "openai-completions", "models": [], **changes}
    return {"models": {"providers": {"litellm": entry}}}


def exec_provider(**changes: Any) -> dict[str, Any]:
    return {"secrets": {"providers": {"vault": {"source": "exec", "command": "/bin/true", **changes}}}}


MODEL = {"id": "m", "name": "M"}
PLACES: dict[str, Any] = {
    "models.providers.litellm.baseUrl": provider(baseUrl="${X}"),
    "models.providers.litellm.headers.x-team": provider(headers={"x-team": "${X}"}),
    "models.providers.litellm.api": provider(api="${X}"),
    "models.providers.litellm.models[0].id": provider(models=[{**MODEL, "id": "${X}"}]),
    "models.providers.litellm.models[0].headers.h": provider(models=[{**MODEL, "headers": {"h": "${X}"}}]),
    "models.providers.other.baseUrl": {"models": {"providers": {"other": {"baseUrl": "${X}", "models": []}}}},
    "secrets.providers.vault.command": exec_provider(command="${X}"),
    "secrets.providers.vault.args[0]": exec_provider(args=["${X}"]),
    "secrets.providers.vault.env.URL": exec_provider(env={"URL": "${X}"}),
    "secrets.providers.vault.trustedDirs[0]": exec_provider(trustedDirs=["${X}"]),
    "secrets.providers.vault.passEnv[0]": exec_provider(passEnv=["${X}"]),
    "secrets.providers.vault.path": {"secrets": {"providers": {"vault": {"source": "file", "path": "${X}"}}}},
    "secrets.defaults.env": {"secrets": {"defaults": {"env": "${X}"}}},
    "agents.list[0].agentDir": {"agents": {"list": [{"id": "main", "agentDir": "${X}"}]}},
    "agents.defaults.model.primary": {"agents": {"defaults": {"model": {"primary": "litellm/${X}"}}}},
    "auth.order.litellm[0]": {"auth": {"order": {"litellm": ["${X}"]}}},
    "session.store": {"session": {"store": "${X}"}},
    "cron.store": {"cron": {"store": "${X}/jobs.json"}},
    "env.vars.URL": {"env": {"vars": {"URL": "${X}"}}},
}


@pytest.mark.parametrize(("place", "config"), PLACES.items(), ids=PLACES)
def test_no_place_but_that_of_a_key_takes_it_and_the_error_names_variable_and_file(
    folders: Folders, place: str, config: Any
) -> None:
    snapshot = folders.load(config, planted=f"X={EVIL}\n")
    assert EVIL not in json.dumps(snapshot.value)
    (issue,) = [issue for issue in snapshot.issues if "env var" in issue.message]
    assert issue.path == place
    assert issue.message == (
        f'Missing env var "X" referenced at config path: {place} '
        f"({folders.file} sets it, but a .env file in the working folder may give nothing but keys)"
    )
    assert EVIL not in repr(snapshot)


def test_the_hint_says_where_to_set_it(folders: Folders) -> None:
    snapshot = folders.load(PLACES["models.providers.litellm.baseUrl"], planted="X=http://127.0.0.1:9\n")
    with pytest.raises(ConfigInvalid) as caught:
        snapshot.require_valid()
    assert caught.value.hint == (f"Set X in the environment, or in {folders.state / '.env'}. Nothing was changed.")


@pytest.mark.parametrize(("place", "config"), PLACES.items(), ids=PLACES)
@pytest.mark.parametrize("above", ["state", "process", "env block"])
def test_what_the_user_sets_is_taken_in_its_stead(folders: Folders, place: str, config: Any, above: str) -> None:
    """Also where Fased puts the working folder's value before it."""
    value = "http://good.example/v1"
    ways: dict[str, dict[str, Any]] = {"state": {"state": f"X={value}\n"}, "process": {"X": value}, "env block": {}}
    if above == "env block":
        config = {**config, "env": {"vars": {"X": value, **config.get("env", {}).get("vars", {})}}}
    snapshot = folders.load(config, planted=f"X={EVIL}\n", **ways[above])
    assert not [issue for issue in snapshot.issues if "env var" in issue.message]
    assert EVIL not in json.dumps(snapshot.value)
    assert value in json.dumps(snapshot.value)
    told = [warning for warning in snapshot.warnings if str(folders.file) in warning]
    if above == "process":
        assert told == []  # the Node agent does not take it either
    else:
        assert f"{place}: X of {folders.file} is not used" in told[0]
    assert EVIL not in "".join(told)


def test_a_key_is_taken_as_in_fased(folders: Folders) -> None:
    planted = f"LITELLM_API_KEY={EVIL}\nTEAM_KEY=sk-test-team\n"
    state = "LITELLM_API_KEY=sk-test-state\n"

    def key(config: Any, **process: str) -> tuple[str, str]:
        found = resolve_key(folders.load(config, planted=planted, state=state, **process), folders.paths)
        return found.value, found.kind

    assert key({}) == (EVIL, "env")
    assert key({}, LITELLM_API_KEY="sk-test-process") == ("sk-test-process", "env")
    planted = "TEAM_KEY=sk-test-team\n"
    state = ""
    assert key(provider(apiKey="${TEAM_KEY}")) == ("sk-test-team", "models.json")
    assert key(provider(apiKey="TEAM_KEY")) == ("sk-test-team", "models.json")
    ref = {"source": "env", "provider": "default", "id": "TEAM_KEY"}
    assert key(provider(apiKey=ref)) == ("sk-test-team", "models.json")


def test_the_order_of_fased_holds_for_keys(folders: Folders) -> None:
    block = {"env": {"vars": {"A": "block", "B": "block"}}}
    snapshot = folders.load(block, planted="A=\nC=cwd\nD=cwd\n", state="A=state\nC=state\n", D="process")
    assert dict(snapshot.env).items() >= {"A": "state", "B": "block", "C": "state", "D": "process"}.items()
    keys = for_keys(snapshot.env)
    assert [keys.get(name) for name in "ABCD"] == ["block", "block", "cwd", "process"]


def test_the_provenance_stays_when_the_config_is_read_again(folders: Folders) -> None:
    config = provider(baseUrl="${X}")
    snapshot = folders.load(
        config, planted=f"X={EVIL}\nLITELLM_API_KEY={EVIL}\n", state="LITELLM_API_KEY=sk-test-state\n"
    )
    for again in (reload(snapshot), load(folders.paths, snapshot.outer_env, folders.cwd)):
        assert "X" not in again.env
        assert [issue.path for issue in again.issues] == ["models.providers.litellm.baseUrl"]
        assert for_keys(again.env)["LITELLM_API_KEY"] == EVIL
    folders.file.write_text("NEW=1\n")
    again = load(folders.paths, snapshot.outer_env, folders.cwd)
    assert "NEW" not in again.env
    assert for_keys(again.env)["NEW"] == "1"


def test_an_include_is_not_moved(folders: Folders) -> None:
    (folders.cwd / "evil.json").write_text("{}")
    snapshot = folders.load({"$include": "${X}"}, planted=f"X={folders.cwd}/evil.json\n")
    (issue,) = snapshot.issues
    assert issue.path == "$include"
    assert "evil" not in issue.message


def test_what_only_the_node_agent_reads_is_no_problem_of_this_package(folders: Folders) -> None:
    config = {"channels": {"telegram": {"botToken": "${BOT}"}}, **provider()}
    snapshot = folders.load(config, planted=f"BOT={EVIL}\n").require_valid()
    assert snapshot.value["channels"]["telegram"]["botToken"] == "${BOT}"
    assert folders.load(config).issues[0].path == "channels.telegram.botToken"


def test_a_secret_program_gets_nothing_of_it(folders: Folders, tmp_path: Path) -> None:
    program = tmp_path / "tell"
    program.write_text('#!/bin/sh\necho "{\\"protocolVersion\\":1,\\"values\\":{\\"k\\":\\"<$X><$HOME>\\"}}"\n')
    program.chmod(0o700)
    config = exec_provider(command=str(program), passEnv=["X", "HOME", "PYTHON_KEYRING_BACKEND"])
    ref = {"source": "exec", "provider": "vault", "id": "k"}
    snapshot = folders.load(config, planted=f"X={EVIL}\nHOME={EVIL}\nPYTHON_KEYRING_BACKEND=evil.Keyring\n")
    assert secretref.resolve(ref, snapshot.value, snapshot.env) == f"<><{folders.paths.home}>"
    snapshot = folders.load(config, planted=f"X={EVIL}\n", state="X=good\n")
    assert secretref.resolve(ref, snapshot.value, snapshot.env) == f"<good><{folders.paths.home}>"


def test_a_secret_file_is_not_moved(folders: Folders) -> None:
    (folders.cwd / "secret").write_text(EVIL)
    config = {"secrets": {"providers": {"file": {"source": "file", "path": "${X}", "mode": "singleValue"}}}}
    snapshot = folders.load(config, planted=f"X={folders.cwd}/secret\n")
    with pytest.raises(SecretError):
        secretref.resolve({"source": "file", "provider": "file", "id": "value"}, snapshot.value, snapshot.env)


def leaves(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    if isinstance(tree, dict | list):
        for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from leaves(value, (*path, key))
    else:
        yield path, tree


NAMES = st.sampled_from(["models", "providers", "litellm", "apiKey", "baseUrl", "headers", "secrets", "env", "x"])
TREES = st.recursive(
    st.sampled_from(["${X}", "a ${X} b", "$${X}", "${X}${Y}", "text"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=20,
)


@given(TREES, st.booleans())
def test_in_any_config_it_is_found_at_keys_alone(tree: Any, good: bool) -> None:
    env = Environment({"X": "good"} if good else {}, {"X": EVIL, "Y": EVIL}, Path("/cloned/.env"))
    value, _, _ = substitute(tree, env)
    for path, text in leaves(value):
        if EVIL in text:
            assert path[:2] == ("models", "providers")
            assert path[3:] == ("apiKey",)


def test_a_copy_of_the_environment_is_without_it() -> None:
    """So a new place where variables are used is safe, unless it asks for keys."""
    env = Environment({"A": "1"}, {"X": EVIL})
    for copy in (dict(env), {**env}, env.copy(), env | {}):
        assert copy == {"A": "1"}
    assert for_keys(env) == {"A": "1", "X": EVIL}
    assert for_keys({"A": "1"}) == {"A": "1"}
    assert EVIL not in repr(env)
