from __future__ import annotations

import errno
import os

import pytest

from fased_litellm.config.interpolation import environment
from fased_litellm.config.interpolation.environment import Environment
from fased_litellm.config.interpolation.hostenv import is_blocked_in_working_folder, is_dangerous
from fased_litellm.paths import Paths


@pytest.fixture
def place(tmp_path):
    """A home with a default state folder and a working folder, and a function that writes the files."""

    class Place:
        home, cwd = tmp_path / "home", tmp_path / "work"
        state = home / ".fased"
        gateway = home / ".config" / "fased" / "gateway.env"

        def write(self, path, text):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

        def env(self, process=None, **variables):
            process = {"HOME": str(self.home), **(process or {}), **variables}
            return environment.with_dotenv(process, Paths.from_env(process), self.cwd)

    return Place()


def test_process_then_working_folder_then_state_then_gateway(place):
    place.write(place.cwd / ".env", "B=cwd\nA=cwd\n")
    place.write(place.state / ".env", "C=state\nB=state\nA=state\n")
    place.write(place.gateway, "D=gateway\nC=gateway\nB=gateway\nA=gateway\n")
    env, warnings = place.env(A="process")
    assert {name: env.for_keys[name] for name in "ABCD"} == {"A": "process", "B": "cwd", "C": "state", "D": "gateway"}
    assert {name: env[name] for name in "ABCD"} == {"A": "process", "B": "state", "C": "state", "D": "gateway"}
    assert warnings == []


def test_an_empty_variable_is_set_for_dotenv_files(place):
    place.write(place.state / ".env", "LITELLM_API_KEY=sk-test-state")
    env, _ = place.env(LITELLM_API_KEY="")
    assert env["LITELLM_API_KEY"] == ""


def test_the_process_is_not_changed(place, monkeypatch):
    place.write(place.state / ".env", "NEW=1")
    before = dict(os.environ)
    env, _ = environment.with_dotenv(os.environ, Paths.from_env({"HOME": str(place.home)}), place.cwd)
    assert env["NEW"] == "1"
    assert dict(os.environ) == before


@pytest.mark.parametrize(
    "name",
    [
        "LITELLM_BASE_URL",
        "litellm_base_url",
        "ANY_BASE_URL",
        "FASED_STATE_DIR",
        "FASED_CONFIG_PATH",
        "FASED_GATEWAY_TOKEN",
        "OPENAI_API_KEY",
        "OPENAI_API_KEY_2",
        "ANTHROPIC_API_KEY",
        "HTTPS_PROXY",
        "https_proxy",
        "NODE_TLS_REJECT_UNAUTHORIZED",
        "NODE_OPTIONS",
        "SSL_CERT_FILE",
        "LD_PRELOAD",
        "PYTHONPATH",
    ],
)
def test_names_that_a_working_folder_may_not_set(place, name):
    place.write(place.cwd / ".env", f"{name}=planted\nLITELLM_API_KEY=sk-test-project")
    env, _ = place.env()
    assert name not in env.for_keys
    assert env.for_keys["LITELLM_API_KEY"] == "sk-test-project"
    assert is_blocked_in_working_folder(name)


def test_ignored_names_that_concern_us_are_told(place):
    place.write(place.cwd / ".env", "LITELLM_BASE_URL=http://evil\nOPENAI_API_KEY=x")
    _, warnings = place.env()
    (warning,) = warnings
    assert "LITELLM_BASE_URL is ignored" in warning
    assert "evil" not in warning


def test_the_users_own_file_may_set_the_base_url(place):
    place.write(place.state / ".env", "LITELLM_BASE_URL=http://proxy:4000")
    env, warnings = place.env()
    assert env["LITELLM_BASE_URL"] == "http://proxy:4000"
    assert warnings == []


@pytest.mark.parametrize(
    ("variables", "read"),
    [
        ({}, True),
        ({"FASED_STATE_DIR": "~/.fased"}, True),
        ({"FASED_STATE_DIR": "~/other"}, False),
        ({"FASED_PROFILE": "dev"}, False),
    ],
)
def test_gateway_env_belongs_to_the_default_state_folder(place, variables, read):
    place.write(place.gateway, "D=gateway")
    env, _ = place.env(variables)
    assert ("D" in env) == read


def test_a_folder_named_dotenv_is_no_file(place):
    (place.cwd / ".env").mkdir(parents=True)
    _, warnings = place.env()
    assert warnings == []


def test_a_named_pipe_does_not_stop_the_program(place):
    place.cwd.mkdir(parents=True)
    os.mkfifo(place.cwd / ".env")
    _, warnings = place.env()
    what = "it is a named pipe, not a regular file; move it away"
    assert warnings == [f"{place.cwd / '.env'} cannot be read: {what}."]


def test_an_unreadable_file_is_told(place, monkeypatch):
    place.write(place.state / ".env", "A=1")

    def refuse(*args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("fased_litellm.config.files.readfile.os.open", refuse)
    env, warnings = place.env()
    assert "A" not in env
    assert warnings == [f"{place.state / '.env'} cannot be read: Permission denied."]


def test_a_huge_file_is_told(place):
    place.write(place.state / ".env", "A=" + "x" * environment.MAX_DOTENV_BYTES)
    env, warnings = place.env()
    assert "A" not in env
    assert "at most 1048576 are read" in warnings[0]


def test_no_working_folder(place):
    env, _ = environment.with_dotenv({"A": "1"}, Paths.from_env({"HOME": str(place.home)}), None)
    assert env == {"A": "1"}


@pytest.mark.parametrize(
    ("process", "block", "expected"),
    [
        ({}, {"vars": {"A": "vars"}}, "vars"),
        ({}, {"A": "flat"}, "flat"),
        ({}, {"A": "flat", "vars": {"A": "vars"}}, "flat"),
        ({"A": "process"}, {"A": "flat"}, "process"),
        ({"A": " "}, {"A": "flat"}, "flat"),
        ({}, {"A": " "}, None),
        ({}, {"A": 5}, None),
        ({}, {"vars": ["A"]}, None),
        ({}, "A", None),
        ({}, {" A ": "trimmed"}, "trimmed"),
    ],
)
def test_block(process, block, expected):
    env, warnings = environment.with_block(Environment(process), {"env": block})
    assert env.get("A") == expected
    assert warnings == []


def test_block_keys_of_its_own_are_no_variables():
    env, _ = environment.with_block(Environment({}), {"env": {"shellEnv": {"enabled": True}, "vars": {}}})
    assert env == {}


@pytest.mark.parametrize("name", ["NODE_OPTIONS", "LD_PRELOAD", "HOME", "https_proxy", "GIT_CONFIG_COUNT"])
def test_block_refuses_dangerous_names(name):
    env, warnings = environment.with_block(Environment({}), {"env": {name: "x", "vars": {"OK": "1"}}})
    assert env == {"OK": "1"}
    assert warnings == [f"env.{name}: {name} is refused; a config may not change this variable."]
    assert is_dangerous(name)


def test_block_may_set_the_base_url():
    env, _ = environment.with_block(Environment({}), {"env": {"LITELLM_BASE_URL": "http://h:4000"}})
    assert env == {"LITELLM_BASE_URL": "http://h:4000"}


def test_block_values_are_not_expanded():
    env, warnings = environment.with_block(Environment({"B": "2"}), {"env": {"vars": {"A": "${B}", "C": "$${B}"}}})
    assert env["A"] == "${B}"
    assert warnings == ["env.vars.A: ${…} is not expanded in the env block; A gets the text as it stands."]


@pytest.mark.parametrize(
    ("block", "places"),
    [
        ({"A": "x", "vars": {"B": "y"}, "shellEnv": {"enabled": True}}, []),
        ({"A": 1, "vars": {"B": None}}, ["env.A", "env.vars.B"]),
        ({"vars": "x", "shellEnv": True}, ["env.shellEnv", "env.vars"]),
        ([], ["env"]),
    ],
)
def test_block_issues(block, places):
    assert sorted(issue.path for issue in environment.block_issues({"env": block})) == places
