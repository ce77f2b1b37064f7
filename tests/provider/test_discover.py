"""Discovery through the provider, and what it registers."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from fased_litellm.paths import Paths
from fased_litellm.provider import LiteLLMProvider
from tests.servers import READ, FaultServers, answer_json

MODELS = {"data": [{"id": "GPT-5.5", "mode": "chat"}, {"id": "embed", "mode": "embedding"}]}
GROUPS = {"data": [{"model_group": "GPT-5.5", "mode": "chat", "max_input_tokens": 1000.0, "supports_vision": True}]}
INFO = {"data": [{"model_name": "GPT-5.5", "model_info": {"mode": "chat", "max_input_tokens": 1000}}]}


@pytest.fixture
def provider(fault_server: FaultServers, home: Path) -> LiteLLMProvider:
    server = fault_server([answer_json(200, MODELS), READ, answer_json(200, GROUPS), READ, answer_json(200, INFO)])
    env = {"HOME": str(home), "LITELLM_API_KEY": "sk-test-1", "LITELLM_BASE_URL": server.url}
    return LiteLLMProvider.from_config(Paths.from_env(env), env)


def test_default_is_registered_before_and_after_discovery(provider: LiteLLMProvider) -> None:
    with provider:
        assert provider.model_ids() == ["default"]
        provider.discover()
        assert provider.model_ids() == ["default", "GPT-5.5"]


def test_the_catalog_is_an_entry_for_the_config(provider: LiteLLMProvider) -> None:
    with provider:
        entry = provider.catalog()
    assert entry is not None
    assert entry["baseUrl"].endswith("/v1")
    assert (entry["api"], entry["request"]) == ("openai-completions", {"allowPrivateNetwork": True})
    models = {model["id"]: model for model in entry["models"]}
    assert set(models) == {"default", "GPT-5.5"}
    assert (models["GPT-5.5"]["contextWindow"], models["GPT-5.5"]["compat"]["supportsUsageInStreaming"]) == (1000, True)


def test_a_list_that_cannot_be_kept_is_used_all_the_same(
    provider: LiteLLMProvider, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with provider, caplog.at_level(logging.WARNING):
        assert [facts.id for facts in provider.discover().chat_models] == ["GPT-5.5"]
    assert "No space left" in caplog.text
