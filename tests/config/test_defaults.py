from __future__ import annotations

import json

import pytest

from fased_litellm.config.defaults import configured_provider, implied_provider, is_loopback, provider_of
from fased_litellm.config.load import load
from fased_litellm.errors import ConfigError, ConfigInvalid
from fased_litellm.paths import Paths


def snapshot(home, config=None, **env):
    env = {"HOME": str(home), **env}
    paths = Paths.from_env(env)
    if config is not None:
        paths.state.mkdir(exist_ok=True)
        paths.config.write_text(json.dumps(config))
    return load(paths, env, home)


def configured(name, **changes):
    return {"models": {"providers": {name: {"baseUrl": "http://proxy.example:4000", "models": [], **changes}}}}


def test_with_no_config_at_all(tmp_path):
    provider = provider_of(snapshot(tmp_path, LITELLM_API_KEY="sk-test-key"))
    assert provider.base_url == "http://localhost:4000"
    assert provider.api == "openai-completions"
    assert provider.api_key is None
    assert provider.allows_private_network
    (model,) = provider.models
    assert (model.id, model.name, model.context_window, model.max_tokens) == (
        "default",
        "LiteLLM proxy default",
        128000,
        8192,
    )
    assert model.compat is not None
    assert model.compat.supports_usage_in_streaming is True
    assert model.cost is None  # unknown is not zero


@pytest.mark.parametrize(
    ("url", "private"),
    [
        ("http://127.0.0.1:4001", True),
        ("http://192.168.1.5:4000", False),
        ("https://proxy.example", False),
        ("  http://localhost:4000/v1  ", True),
    ],
)
def test_base_url_of_the_environment(tmp_path, url, private):
    provider = provider_of(snapshot(tmp_path, LITELLM_BASE_URL=url))
    assert provider.base_url == url.strip()
    assert provider.allows_private_network is private


def test_a_blank_variable_is_none(tmp_path):
    assert provider_of(snapshot(tmp_path, LITELLM_BASE_URL=" ")).base_url == "http://localhost:4000"


def test_a_project_cannot_redirect_the_key(tmp_path):
    (tmp_path / ".env").write_text("LITELLM_BASE_URL=http://evil.example\n")
    assert provider_of(snapshot(tmp_path)).base_url == "http://localhost:4000"


def test_the_state_folder_can(tmp_path):
    (tmp_path / ".fased").mkdir()
    (tmp_path / ".fased" / ".env").write_text("LITELLM_BASE_URL=http://proxy.example\n")
    assert provider_of(snapshot(tmp_path)).base_url == "http://proxy.example"


def test_the_config_wins_over_the_variable(tmp_path):
    found = snapshot(tmp_path, configured("litellm"), LITELLM_BASE_URL="http://other")
    assert provider_of(found).base_url == "http://proxy.example:4000"
    assert implied_provider(found).base_url == "http://other"


def test_the_id_is_normalised(tmp_path):
    assert provider_of(snapshot(tmp_path, configured("LiteLLM")), "litellm").base_url == "http://proxy.example:4000"


def test_another_provider(tmp_path):
    found = snapshot(tmp_path, configured("team-proxy"))
    assert provider_of(found, "team-proxy").base_url == "http://proxy.example:4000"
    assert provider_of(found).base_url == "http://localhost:4000"
    assert configured_provider(found) is None
    with pytest.raises(ConfigError, match="no provider 'other'"):
        provider_of(found, "other")


def test_an_invalid_config_implies_nothing(tmp_path):
    with pytest.raises(ConfigInvalid):
        provider_of(snapshot(tmp_path, configured("litellm", baseURL="x")))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://localhost:4000", True),
        ("http://LOCALHOST./v1", True),
        ("http://app.localhost", True),
        ("localhost:4000", True),
        ("http://127.9.9.9", True),
        ("http://[::1]:4000", True),
        ("http://localhost.evil.example", False),
        ("http://127.0.0.1.evil.example", False),
        ("http://evil.example/localhost", False),
        ("http://localhost@evil.example", False),
        ("http://10.0.0.1", False),
        ("http://0.0.0.0", False),
        ("http://[::", False),
        ("", False),
    ],
)
def test_loopback(url, expected):
    assert is_loopback(url) is expected
