from __future__ import annotations

import pytest

from fased_litellm.config import legacy
from fased_litellm.errors import Issue


@pytest.mark.parametrize(
    ("config", "paths"),
    [
        ({}, []),
        ({"agents": {"defaults": {}}, "gateway": {"auth": {"token": "x"}}, "channels": {"telegram": {}}}, []),
        ({"agent": {"model": "a/b"}}, ["agent", "agent.model"]),
        ({"agent": {"model": {"primary": "a/b"}}}, ["agent"]),
        ({"agent": {"imageModel": "a/b", "modelFallbacks": []}}, ["agent", "agent.imageModel", "agent.modelFallbacks"]),
        ({"routing": {"agents": {}, "defaultAgentId": "x"}}, ["routing.agents", "routing.defaultAgentId"]),
        ({"routing": None}, []),
        ({"gateway": {"token": "x"}}, ["gateway.token"]),
        ({"telegram": {}, "slack": {}}, ["slack", "telegram"]),
        ({"memorySearch": {}, "identity": {}, "tools": {"bash": {}}}, ["identity", "memorySearch", "tools.bash"]),
    ],
)
def test_old_keys(config, paths):
    assert [issue.path for issue in legacy.find(config)] == paths


def test_says_where_a_key_has_gone():
    assert legacy.find({"gateway": {"token": "x"}}) == [
        Issue("gateway.token", "gateway.token was moved to gateway.auth.token")
    ]
