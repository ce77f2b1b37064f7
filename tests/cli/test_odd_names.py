"""Every name that a proxy lists can be onboarded, set, aliased, given to an agent and chatted with, as it is listed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from fased_litellm.catalog.facts import INHERITED
from fased_litellm.cli import main
from tests.keys.standin import KEY, StandIn

ODD = [
    "claude@20250101",
    "gpt@litellm:default",
    "a@b@c",
    "@cf/meta/llama",
    "team:model:1",
    "a/b/c",
    "with space in it",
    "UPPER-Case",
    "modèle-é",
    "模型",
    "no\u00a0break \u3000and wide",
    "\U0001f469\u200d\U0001f4bb-coder",
    "litellm/inner",
    "litellm/litellm/x",
    "LiteLLM/Inner",
    "openai/gpt-4o",
    "x" * 200,
    "${LITELLM_API_KEY}",
    "$${HOME}",
    "quote\"d 'and' \\slash",
    "123",
    "true",
    "-dash",
]


class Chatting(StandIn):
    """A stand-in that also answers chats; ``models_asked`` are the names that were asked for."""

    def __init__(self, *ids: str) -> None:
        super().__init__(ids)
        self.models_asked: list[str] = []
        standin = self

        def do_POST(handler: BaseHTTPRequestHandler) -> None:
            body = json.loads(handler.rfile.read(int(handler.headers["content-length"])))
            standin.models_asked.append(body["model"])
            reply = {"id": "c", "object": "chat.completion", "model": body["model"]}
            reply["choices"] = [
                {"index": 0, "message": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}
            ]
            data = json.dumps(reply).encode()
            handler.send_response(200)
            handler.send_header("content-type", "application/json")
            handler.send_header("content-length", str(len(data)))
            handler.end_headers()
            handler.wfile.write(data)

        self._server.RequestHandlerClass.do_POST = do_POST  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _set_up(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    del home
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setenv("LITELLM_API_KEY", KEY)


def ok(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    status = main(list(arguments))
    captured = capsys.readouterr()
    assert status == 0, (arguments, captured.out, captured.err)
    return captured.out


@pytest.fixture
def proxy(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Chatting]:
    with Chatting(*request.param) as standin:
        monkeypatch.setenv("LITELLM_BASE_URL", standin.url)
        yield standin


@pytest.mark.parametrize(("proxy", "name"), [((name, "other"), name) for name in ODD], indirect=["proxy"])
def test_a_name_is_used_as_it_is_listed(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, proxy: Chatting, name: str
) -> None:
    chat = ("litellm", "chat", "hi", "--no-stream")
    ok(capsys, *chat, f"--model=litellm/{name}" if name[:8].lower() == "litellm/" else f"--model={name}")
    ok(capsys, "onboard", "--auth-choice", "litellm-api-key", "--non-interactive", "--accept-risk", f"--model={name}")
    ok(capsys, *chat)
    ok(capsys, *chat, f"--model={name}")
    ok(capsys, *chat, f"--model=litellm/{name}")
    ok(capsys, "models", "aliases", "add", "odd", f"litellm/{name}")
    ok(capsys, *chat, "--model", "odd")
    ok(capsys, "models", "set", "litellm/other")
    ok(capsys, "models", "set", f"litellm/{name}")
    ok(capsys, *chat)
    ok(capsys, "agents", "models", "set", "--agent", "main", f"--primary=litellm/{name}", f"--coding=litellm/{name}")
    ok(capsys, *chat)
    ok(capsys, *chat, "--role", "coding")
    assert proxy.models_asked == [name] * 8
    # Once more by what the proxy says now: nothing is new, and nothing has vanished.
    report = json.loads(ok(capsys, "providers", "refresh", "--apply", "--model", name, "--json"))
    assert report["vanishedRefs"] == []
    assert name in report["routes"][0]["currentModels"]
    listed = json.loads(ok(capsys, "models", "list", "--json"))["models"]
    assert [row["key"] for row in listed if row["missing"]] == []
    monkeypatch.delenv("LITELLM_API_KEY")
    assert main(["models", "status", "--json"]) == 0  # and the config needs no variable because of a name


@pytest.mark.parametrize("proxy", [("gpt@work", "gpt")], indirect=True)
def test_a_profile_of_the_same_name_does_not_hide_a_model(capsys: pytest.CaptureFixture[str], proxy: Chatting) -> None:
    ok(
        capsys,
        "onboard",
        "--auth-choice",
        "litellm-api-key",
        "--non-interactive",
        "--accept-risk",
        "--model",
        "gpt@work",
    )
    ok(capsys, "config", "set", "auth.profiles.work", '{"provider": "litellm", "mode": "api_key"}')
    ok(capsys, "litellm", "chat", "hi", "--no-stream")
    ok(capsys, "litellm", "chat", "hi", "--no-stream", "--model", "litellm/gpt@work")
    assert proxy.models_asked == ["gpt@work"] * 2
    assert main(["litellm", "chat", "hi", "--model", "litellm/other@work"]) == 1
    assert 'profile "work"' in capsys.readouterr().err


@pytest.mark.parametrize("proxy", [(name,) for name in INHERITED], indirect=True)
def test_a_key_that_inherits_its_models_needs_a_name(capsys: pytest.CaptureFixture[str], proxy: Chatting) -> None:
    quiet = ["onboard", "--auth-choice", "litellm-api-key", "--non-interactive", "--accept-risk"]
    assert main(quiet) == 1
    said = capsys.readouterr().err
    assert "in place of models: the key may use" in said
    assert "--model NAME" in said
    (sentinel,) = (name for name, _ in proxy.rows)
    assert main([*quiet, "--model", sentinel]) == 1
    assert "is not a model" in capsys.readouterr().err
    assert main([*quiet, "--model", "gpt-4o"]) == 0
    assert "Primary model: litellm/gpt-4o" in capsys.readouterr().out
    ok(capsys, "models", "set", "litellm/gpt-4o-mini")
    ok(capsys, "litellm", "chat", "hi", "--no-stream")
    assert proxy.models_asked == ["gpt-4o-mini"]
    assert sentinel not in ok(capsys, "models", "list", "--all", "--plain")
