from __future__ import annotations

import errno
import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fased_litellm.config.includes import Included
from fased_litellm.config.load import check_texts, load
from fased_litellm.errors import ConfigError, ConfigInvalid, ConfigSyntaxError, Issue
from fased_litellm.paths import Paths

MAIN_PATH = Path(__file__).with_name("data") / "main-path.json5"


class Home:
    """A home folder with a state folder, and how to read its config."""

    def __init__(self, root: Path) -> None:
        self.root, self.config = root, root / ".fased" / "fased.json"
        self.config.parent.mkdir(parents=True)

    def load(self, text: str | bytes | None = None, **env: str):
        if text is not None:
            self.config.write_bytes(text if isinstance(text, bytes) else text.encode())
        env = {"HOME": str(self.root), **env}
        return load(Paths.from_env(env), env, self.root)


@pytest.fixture
def fased(tmp_path):
    return Home(tmp_path / "user")


def test_the_documented_config_works_as_it_stands(fased):
    snapshot = fased.load(MAIN_PATH.read_text(), LITELLM_API_KEY="sk-test-key").require_valid()
    assert (snapshot.exists, snapshot.valid, snapshot.issues, snapshot.warnings) == (True, True, [], [])
    models = snapshot.config.models
    assert models is not None
    provider = (models.providers or {})["litellm"]
    assert provider.base_url == "http://localhost:4000"
    assert provider.api_key == "sk-test-key"
    assert provider.allows_private_network
    assert [(model.id, model.context_window, model.max_tokens) for model in provider.models] == [
        ("default", 200000, 32000),
        ("gpt-5.5", 1000000, 128000),
    ]
    agents = snapshot.config.agents
    assert agents is not None
    assert agents.defaults is not None
    assert agents.defaults.model is not None
    assert agents.defaults.model.primary == "litellm/default"
    assert snapshot.source["models"]["providers"]["litellm"]["apiKey"] == "${LITELLM_API_KEY}"
    assert snapshot.hash == hashlib.sha256(MAIN_PATH.read_bytes()).hexdigest()


@pytest.mark.parametrize("env", [{}, {"LITELLM_API_KEY": ""}])
def test_a_missing_or_empty_variable(fased, env):
    snapshot = fased.load(MAIN_PATH.read_text(), **env)
    place = "models.providers.litellm.apiKey"
    assert snapshot.issues == [Issue(place, f'Missing env var "LITELLM_API_KEY" referenced at config path: {place}')]
    with pytest.raises(ConfigInvalid) as caught:
        snapshot.require_valid()
    assert f"Config invalid at {fased.config}." in caught.value.message
    assert "Set LITELLM_API_KEY in the environment" in (caught.value.hint or "")


def test_no_file_is_an_empty_config(fased):
    snapshot = fased.load(LITELLM_API_KEY="sk-test-key").require_valid()
    assert (snapshot.exists, snapshot.raw, snapshot.document, snapshot.source, snapshot.value) == (
        False,
        None,
        None,
        {},
        {},
    )
    assert snapshot.config.models is None
    assert snapshot.env["LITELLM_API_KEY"] == "sk-test-key"
    assert snapshot.hash == hashlib.sha256(b"").hexdigest()


def test_a_folder_that_is_not_there(tmp_path):
    env = {"FASED_STATE_DIR": str(tmp_path / "absent")}
    assert load(Paths.from_env(env), env, tmp_path).valid


def test_the_env_block_feeds_the_substitution(fased):
    snapshot = fased.load("{ env: { vars: { URL: 'http://h:4000' } }, x: '${URL}', y: '${HOME}' }")
    assert snapshot.value["x"] == "http://h:4000"
    assert snapshot.value["y"] == str(fased.root)
    assert snapshot.env["URL"] == "http://h:4000"
    assert "URL" not in snapshot.outer_env


def test_the_state_folders_dotenv_feeds_the_substitution(fased):
    (fased.config.parent / ".env").write_text("LITELLM_API_KEY=sk-test-dotenv\n")
    snapshot = fased.load(MAIN_PATH.read_text())
    assert snapshot.value["models"]["providers"]["litellm"]["apiKey"] == "sk-test-dotenv"


def test_os_environ_is_the_default_and_stays_as_it_is(fased, monkeypatch):
    monkeypatch.setenv("LITELLM_API_KEY", "sk-test-process")
    fased.config.write_text("{ env: { NEW_ONE: 'x' }, k: '${LITELLM_API_KEY}' }")
    before = dict(os.environ)
    snapshot = load(Paths.from_env({"HOME": str(fased.root)}))
    assert snapshot.value["k"] == "sk-test-process"
    assert snapshot.env["NEW_ONE"] == "x"
    assert dict(os.environ) == before


def test_all_problems_at_once(fased):
    text = """{
      env: { vars: { A: 1 } },
      models: { providers: { litellm: { baseURL: "u", apiKey: "${MISSING}", models: [{ id: "x" }] } } },
      agents: { list: [{ id: "main", "$include": "absent.json5" }] },
    }"""
    snapshot = fased.load(text)
    assert [issue.path for issue in snapshot.issues] == [
        "agents.list[0].$include",
        "env.vars.A",
        "models.providers.litellm.apiKey",
        "models.providers.litellm.baseURL",
        "models.providers.litellm.baseUrl",
        "models.providers.litellm.models[0].name",
    ]
    with pytest.raises(ConfigInvalid) as caught:
        snapshot.require_valid()
    assert len(caught.value.message.splitlines()) == 7
    with pytest.raises(ConfigInvalid):
        _ = snapshot.config


def test_a_failed_include_is_told_once(fased):
    snapshot = fased.load("{ models: { providers: { litellm: { $include: 'absent.json5' } } } }")
    assert [issue.path for issue in snapshot.issues] == ["models.providers.litellm.$include"]


def test_a_failed_include_at_the_root(fased):
    snapshot = fased.load("{ $include: 'absent.json5', models: { providers: { litellm: {} } } }")
    assert [issue.path for issue in snapshot.issues] == ["$include"]


@pytest.mark.parametrize(
    ("text", "kind"), [("[]", "an array"), ("'x'", "a string"), ("5", "a number"), ("null", "null")]
)
def test_the_root_must_be_an_object(fased, text, kind):
    snapshot = fased.load(text)
    assert snapshot.issues == [Issue("", f"Expected an object, got {kind}")]
    assert snapshot.source == {}


def test_a_syntax_error_names_file_line_and_column(fased):
    with pytest.raises(ConfigSyntaxError) as caught:
        fased.load('{\n  models: {\n    mode: "merge"\n    providers: {}\n  }\n}')
    assert (caught.value.path, caught.value.line, caught.value.column) == (str(fased.config), 4, 5)
    assert "    providers: {}" in caught.value.message


def test_not_utf8(fased):
    with pytest.raises(ConfigError, match=r"fased\.json:2:7: byte 0xfc is not UTF-8"):
        fased.load("{\n é: 'M".encode() + b"\xfcnchen' }")


def test_a_folder_in_place_of_the_file(fased):
    fased.config.mkdir()
    with pytest.raises(ConfigError, match="is a folder"):
        fased.load()


def test_a_named_pipe_in_place_of_the_file(fased):
    os.mkfifo(fased.config)
    with pytest.raises(ConfigError, match="not a regular file"):
        fased.load()


def test_an_unreadable_file(fased, monkeypatch):
    fased.config.write_text("{}")
    monkeypatch.setattr("fased_litellm.config.files.readfile.os.open", refuse)
    with pytest.raises(ConfigError, match="cannot be read: Permission denied") as caught:
        fased.load()
    assert "permission" in (caught.value.hint or "")


def refuse(*args: object, **kwargs: object) -> int:
    # Permission bits would not keep root out.
    raise PermissionError(errno.EACCES, "Permission denied")


def test_a_file_that_is_far_too_large(fased, monkeypatch):
    monkeypatch.setattr("fased_litellm.config.load.read_bytes.__kwdefaults__", {"max_bytes": 10, "max_names": None})
    with pytest.raises(ConfigError, match="has 20 bytes; at most 10 are read"):
        fased.load("{}".ljust(20))


def test_a_byte_order_mark(fased):
    assert fased.load("\ufeff{ x: 1 }").value == {"x": 1}


def test_a_linked_config_is_read(fased, tmp_path):
    real = tmp_path / "dotfiles" / "fased.json"
    real.parent.mkdir()
    real.write_text("{ x: 1 }")
    fased.config.symlink_to(real)
    snapshot = fased.load()
    assert (snapshot.path, snapshot.value) == (fased.config, {"x": 1})


def test_old_keys_are_reported_and_do_no_harm(fased):
    snapshot = fased.load("{ agent: { model: 'a/b' }, gateway: { token: 'x' } }").require_valid()
    assert [issue.path for issue in snapshot.legacy] == ["agent", "agent.model", "gateway.token"]
    assert len(snapshot.warnings) == 3
    assert "`fased doctor --fix` moves it" in snapshot.warnings[0]


def test_where_a_value_is_written(fased):
    models = fased.config.with_name("models.json5")
    models.write_text("{ providers: { litellm: { baseUrl: 'u', models: [] } } }")
    snapshot = fased.load("{ models: { $include: './models.json5', mode: 'merge' }, agents: {} }").require_valid()
    assert snapshot.origin_of(("agents",)) == fased.config
    assert snapshot.origin_of(("models", "mode")) == fased.config
    assert snapshot.origin_of(("models", "providers", "litellm", "baseUrl")) == models
    # Not there yet: its parent says where it would go.
    assert snapshot.written_at(("models", "providers", "litellm", "apiKey")) == Included(
        models, ("providers", "litellm", "apiKey")
    )
    assert snapshot.written_at(("auth", "order")) == Included(fased.config, ("auth", "order"))
    assert snapshot.files == [models]


def test_without_includes_everything_is_written_in_the_config(fased):
    snapshot = fased.load("{ a: { b: 1 } }")
    assert snapshot.written_at(("a", "b")) == Included(fased.config, ("a", "b"))
    assert snapshot.included == {}


def test_what_is_not_ours_passes(fased):
    text = "{ $schema: 's', channels: { telegram: { botToken: '${T}' } }, plugins: {}, auth: { order: {} } }"
    snapshot = fased.load(text, T="123").require_valid()
    assert snapshot.config.rest == {"$schema": "s", "channels": {"telegram": {"botToken": "123"}}, "plugins": {}}
    assert snapshot.config.auth is not None


def test_other_texts_are_checked_in_the_same_environment(fased):
    snapshot = fased.load(MAIN_PATH.read_text(), LITELLM_API_KEY="sk-test-key")

    def check(text):
        wrong, unset = check_texts({snapshot.path: text}, snapshot)
        return [issue.path for issue in wrong], [issue.path for issue in unset]

    assert check(MAIN_PATH.read_text()) == ([], [])
    assert check("{ models: { modes: 1 }, x: '${NOPE}' }") == (["models.modes"], ["x"])
    assert check("{ env: { NOPE: 'set' }, x: '${NOPE}' }") == ([], [])
    with pytest.raises(ConfigSyntaxError):
        check("{")


def test_secrets_do_not_show(fased):
    snapshot = fased.load("{ k: '${LITELLM_API_KEY}' }", LITELLM_API_KEY="sk-test-hidden")
    shown = repr(snapshot).replace(repr(snapshot.value), "")
    assert "sk-test-hidden" not in shown


json_trees = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=6)
    | st.sampled_from(["${HOME}", "${MISSING}", "$include"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["models", "agents", "auth", "secrets", "env", "vars", "$include", "providers", "list", "agent"]
            )
            | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tree=json_trees)
def test_any_json_is_a_snapshot_with_issues(fased, tree):
    snapshot = fased.load(json.dumps(tree))
    assert snapshot.valid == (snapshot.issues == [])
    assert isinstance(snapshot.value, dict)
    if snapshot.valid:
        assert snapshot.config is not None


def test_without_a_config_nothing_heavy_is_imported(fased):
    program = (
        "import sys; from fased_litellm.config.load import load; from fased_litellm.paths import Paths\n"
        f"load(Paths.from_env({{'HOME': {str(fased.root)!r}}}), {{}})\n"
        "print(sorted({'pydantic', 'json5', 'hashlib', 'httpx'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
