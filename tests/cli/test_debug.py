"""``fased litellm debug``: what is printed, and how it ends."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from fased_litellm.cli import main
from tests.servers import FaultServer, FaultServers, answer_json

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "debug-result.schema.json").read_text(encoding="utf-8"))
KEY = "sk-test-debug-0123456789"
PROVIDERS = "sk-test-provider-0123456789"
REPLY = {"choices": [{"message": {"role": "assistant", "content": "ok then"}, "finish_reason": "stop"}]}
OK = answer_json(200, REPLY)
WRONG = answer_json(401, {"error": {"message": "litellm.AuthenticationError: OpenAIException - no", "type": None}})


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Point the implied provider at a server. The first connections are the question for prices, then come the calls."""

    def point(server: FaultServer) -> FaultServer:
        monkeypatch.setenv("LITELLM_API_KEY", KEY)
        monkeypatch.setenv("LITELLM_BASE_URL", server.url)
        monkeypatch.setenv("PROVIDER_KEY", PROVIDERS)
        return server

    return point


def direct(server: FaultServer) -> list[str]:
    words = f"--direct --provider-base-url {server.url}/v1 --provider-key-env PROVIDER_KEY --provider-model m"
    return [*words.split(), "--provider-allow-private-network"]


def test_a_failure_for_people(at: Any, fault_server: FaultServers, capsys: pytest.CaptureFixture[str]) -> None:
    server = at(fault_server(WRONG))
    assert main(["litellm", "debug", "default"]) == 1
    shown = capsys.readouterr()
    assert "Calling litellm/default: one request" in shown.err
    assert "price not known" in shown.err
    lines = shown.out.splitlines()
    assert lines[0] == f"Request   POST {server.url}/v1/chat/completions"
    assert any("authorization: Bearer ***" in line and "LITELLM_API_KEY" in line for line in lines)
    assert any(line.startswith("Answer    HTTP 401") for line in lines)
    assert "Cause     provider-key" in lines
    assert "Failed    the proxy's key at the provider" in lines
    assert any(line.startswith("Do        The provider refused the key") for line in lines)
    assert KEY not in shown.out + shown.err


def test_a_failure_as_json(at: Any, fault_server: FaultServers, capsys: pytest.CaptureFixture[str]) -> None:
    at(fault_server(WRONG))
    assert main(["litellm", "debug", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, SCHEMA)
    assert list(document) == ["ok", "alias", "cause", "origin", "remedy", "request", "response", "attempts"]
    assert (document["ok"], document["cause"], document["response"]["status"]) == (False, "provider-key", 401)


def test_success(at: Any, fault_server: FaultServers, capsys: pytest.CaptureFixture[str]) -> None:
    at(fault_server(OK))
    assert main(["litellm", "debug"]) == 0
    shown = capsys.readouterr().out
    assert "Verdict   default works." in shown
    assert "ok then" in shown
    at(fault_server(OK))
    assert main(["litellm", "debug", "--json"]) == 0
    jsonschema.validate(json.loads(capsys.readouterr().out), SCHEMA)


def test_side_by_side(at: Any, fault_server: FaultServers, capsys: pytest.CaptureFixture[str]) -> None:
    at(fault_server(WRONG))
    provider = fault_server(OK)
    assert main(["litellm", "debug", *direct(provider)]) == 1
    shown = capsys.readouterr()
    assert "one request to the proxy and one to the provider" in shown.err
    assert "through the proxy" in shown.out
    assert "≠ key" in shown.out
    assert "  max_tokens" in shown.out
    assert "Means     The provider answers m with $PROVIDER_KEY" in shown.out
    assert main(["litellm", "debug", "--json", *direct(provider)]) == 1
    shown = capsys.readouterr()
    document = json.loads(shown.out)
    jsonschema.validate(document, SCHEMA)
    assert document["direct"]["verdict"] == "only-proxy-fails"
    assert PROVIDERS not in shown.out + shown.err
    assert len(provider.requests) == 2


def test_the_message_may_come_from_stdin(
    at: Any, fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server = at(fault_server(OK))
    monkeypatch.setattr(sys, "stdin", io.StringIO("what failed\n"))
    assert main(["litellm", "debug", "--message", "-", "--max-tokens", "99", "--stream"]) == 0
    body = json.loads(server.requests[-1].partition(b"\r\n\r\n")[2])
    assert (body["messages"][0]["content"], body["max_tokens"], body["stream"]) == ("what failed\n", 99, True)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["a", "--model", "b"], "two models"),
        (["--provider-key-env", "X"], "for --direct"),
        (["--provider-allow-private-network"], "for --direct"),
        (["--direct"], "needs the provider's address"),
        (["--direct", "--provider-base-url", "https://x/v1"], "needs the provider's address"),
        (["--direct", "--provider-base-url", "nowhere", "--provider-key-env", "PROVIDER_KEY"], "http"),
        (["--message", " "], "empty"),
        (["--role", "codign"], "coding"),
        (["--max-tokens", "0"], "max-tokens"),
    ],
)
def test_wrong_usage(
    words: list[str], complaint: str, at: Any, fault_server: FaultServers, capsys: pytest.CaptureFixture[str]
) -> None:
    server = at(fault_server(OK))
    assert main(["litellm", "debug", *words]) == 2
    assert complaint in capsys.readouterr().err
    assert server.requests == []


def test_without_a_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["litellm", "debug", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "missing-key"


def test_a_private_provider_is_refused_before_anything_is_sent(
    at: Any, fault_server: FaultServers, capsys: pytest.CaptureFixture[str]
) -> None:
    server = at(fault_server(OK))
    assert main(["litellm", "debug", *direct(server)[:-1]]) == 1
    assert "--provider-allow-private-network" in capsys.readouterr().err
    assert server.requests == []
