from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from fased_litellm.proxy.client import ProxyClient
from fased_litellm.proxy.management.keykind import KeyKind, kind_of_key, warning
from fased_litellm.redaction import redact
from tests.servers import READ, FaultServers, answer_json

KEY = "sk-test-kind-0001"


def error(message: str) -> dict[str, Any]:
    return {"error": {"message": message, "type": "x", "code": "x"}}


NOT_FOUND = (404, error("Key not found in database"))
NO_DATABASE = (500, error("Database not connected. Connect a database to your proxy"))


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        ([(200, {"key": "hash", "info": {}})], "virtual"),
        ([(403, {"detail": "Virtual key is not allowed to call this route."})], "virtual"),
        ([NOT_FOUND, (200, {"keys": [], "total_count": 0})], "master"),
        ([NOT_FOUND, (403, {"detail": "no"})], "unknown"),
        (
            [NO_DATABASE, (400, {"error": {**error("No connected db.")["error"], "type": "no_db_connection"}})],
            "only-master",
        ),
        ([NO_DATABASE, (401, error("Authentication Error"))], "unknown"),
        ([NO_DATABASE, (200, {"data": []})], "unknown"),
        ([(404, {"detail": "Not Found"})], "unknown"),
        ([(401, error("Authentication Error"))], "unknown"),
    ],
)
def test_the_proxy_s_answers_tell(
    fault_server: FaultServers, answers: list[tuple[int, Mapping[str, Any]]], kind: KeyKind
) -> None:
    first, *rest = [answer_json(status, body) for status, body in answers]
    # What a proxy without a database says to another key is asked on a connection of its own.
    other_key = answers[0] is NO_DATABASE
    server = (
        fault_server([first], *rest)
        if other_key
        else fault_server([first, *(part for one in rest for part in (READ, one))])
    )
    with ProxyClient(server.url, KEY, allow_private_network=True) as client:
        assert kind_of_key(client) == kind
    sent = [KEY.encode() in request for request in server.requests]
    assert sent == [True, not other_key][: len(answers)]


def test_a_proxy_that_is_gone_is_no_reason_to_fail() -> None:
    with ProxyClient("http://127.0.0.1:1", KEY, allow_private_network=True) as client:
        assert kind_of_key(client) == "unknown"


@pytest.mark.parametrize("kind", ["master", "only-master"])
def test_the_warning_survives_redaction(kind: KeyKind) -> None:
    text = warning(kind)
    assert text is not None
    assert redact(text) == text
    assert "fased litellm keys create --use" in text


@pytest.mark.parametrize("kind", ["virtual", "unknown"])
def test_other_keys_are_not_warned_of(kind: KeyKind) -> None:
    assert warning(kind) is None
