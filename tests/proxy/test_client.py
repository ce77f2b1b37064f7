from __future__ import annotations

import json

import pytest

from fased_litellm.errors import BadAnswer, NetworkError, ProxyError, UsageError
from fased_litellm.proxy.client import ProxyClient
from tests.servers import RESET, FaultServers, answer_json

KEY = "sk-test-admin"


def test_a_post_sends_its_body_and_the_key(fault_server: FaultServers) -> None:
    server = fault_server([answer_json(200, {"key": "made"})])
    with ProxyClient(server.url, KEY, allow_private_network=True) as client:
        answer = client.post_json("/key/generate", {"key_alias": "früh"})
    assert answer.body == {"key": "made"}
    head, _, body = server.requests[0].partition(b"\r\n\r\n")
    assert head.startswith(b"POST /key/generate HTTP/1.1\r\n")
    assert f"authorization: bearer {KEY}" in head.decode().lower()
    assert json.loads(body) == {"key_alias": "früh"}


def test_a_refused_post_says_why(fault_server: FaultServers) -> None:
    refusal = {"error": {"message": "Authentication Error, Malformed", "type": "auth_error", "code": "401"}}
    server = fault_server([answer_json(401, refusal)])
    with ProxyClient(server.url, KEY, allow_private_network=True) as client, pytest.raises(ProxyError) as caught:
        client.post_json("/key/block", {"key": "x"})
    assert caught.value.status == 401


def test_a_post_that_was_cut_is_not_repeated(fault_server: FaultServers) -> None:
    server = fault_server([RESET], [answer_json(200, {})])
    with ProxyClient(server.url, KEY, allow_private_network=True) as client, pytest.raises((NetworkError, BadAnswer)):
        client.post_json("/key/delete", {"keys": ["x"]})
    assert len(server.requests) == 1


def test_what_is_no_json_is_not_sent(fault_server: FaultServers) -> None:
    server = fault_server([answer_json(200, {})])
    with ProxyClient(server.url, KEY, allow_private_network=True) as client, pytest.raises(UsageError):
        client.post_json("/key/update", {"max_budget": float("nan")})
    assert server.requests == []
