"""``fased litellm chat`` against servers that answer as told."""

from __future__ import annotations

import io
import json
import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fased_litellm.cli import main
from fased_litellm.schemas import schemas
from tests.servers import READ, STREAM_HEAD, FaultServer, FaultServers, answer, answer_json, event

KEY = "sk-test-chat-0123456789"
HEADERS = {"x-litellm-response-cost": "0.00065", "x-litellm-model-name": "openai/gpt-5.5"}
WHOLE = answer_json(
    200,
    {
        "choices": [{"message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 20},
    },
    HEADERS,
)


def streamed(*texts: str) -> bytes:
    chunks = [event({"choices": [{"index": 0, "delta": {"content": text}}]}) for text in texts]
    usage = {"prompt_tokens": 10, "completion_tokens": 20, "cost": 0.00065}
    end = [event({"choices": [{"index": 0, "delta": {}}], "usage": usage}), event("[DONE]")]
    return STREAM_HEAD + b"".join([*chunks, *end])


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Point the implied provider at a server."""

    def point(server: FaultServer) -> FaultServer:
        monkeypatch.setenv("LITELLM_API_KEY", KEY)
        monkeypatch.setenv("LITELLM_BASE_URL", server.url)
        return server

    return point


def test_a_streamed_reply_and_its_receipt(
    at: Any, fault_server: FaultServers, capsys: pytest.CaptureFixture[str]
) -> None:
    server = at(fault_server(streamed("Hel", "lo")))
    assert main(["litellm", "chat", "hi", "--system", "be brief", "--max-tokens", "5"]) == 0
    shown = capsys.readouterr()
    assert shown.out == "Hello\n"
    assert "30 tokens (10 in, 20 out) · $0.00065" in shown.err
    (body,) = server.json_bodies()
    assert body["messages"] == [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}]
    assert (body["model"], body["stream"], body["max_tokens"]) == ("default", True, 5)


def test_everything_as_json(at: Any, fault_server: FaultServers, capsys: pytest.CaptureFixture[str]) -> None:
    at(fault_server(WHOLE))
    line = "litellm chat hi --no-stream --json --agent main --task digest --channel telegram --session s1"
    assert main(line.split()) == 0
    shown = capsys.readouterr()
    document = json.loads(shown.out)
    assert shown.err == ""
    assert list(document) == ["text", "reasoning", "toolCalls", "finishReason", "context", "receipt"]
    assert document["context"] == {
        "agent": "main",
        "role": None,
        "task": "digest",
        "channel": "telegram",
        "session": "s1",
        "source": "cli",
    }
    receipt = document["receipt"]
    assert (receipt["costUsd"], receipt["costSource"]) == (0.00065, "header")
    assert receipt["attempts"] == [{"model": "litellm/default", "ok": True}]


def test_a_session_key_fills_the_context(
    at: Any, fault_server: FaultServers, capsys: pytest.CaptureFixture[str]
) -> None:
    at(fault_server(WHOLE))
    assert main(["litellm", "chat", "hi", "--no-stream", "--json", "--session", "agent:ops:slack:channel:c1"]) == 0
    context = json.loads(capsys.readouterr().out)["context"]
    assert (context["agent"], context["channel"], context["source"]) == ("ops", "slack", "cli")


def test_a_model_may_speak_of_keys_but_not_of_ours(
    at: Any, fault_server: FaultServers, capsys: pytest.CaptureFixture[str]
) -> None:
    at(fault_server(streamed(f"Write sk-your-key-here, not {KEY}.")))
    assert main(["litellm", "chat", "hi"]) == 0
    assert capsys.readouterr().out == "Write sk-your-key-here, not ***.\n"


def test_a_failed_call(at: Any, fault_server: FaultServers, capsys: pytest.CaptureFixture[str]) -> None:
    message = f"Authentication Error, Invalid proxy server token passed. Received API Key = {KEY}"
    at(fault_server(answer_json(401, {"error": {"message": message, "type": "token_not_found_in_db"}})))
    assert main(["litellm", "chat", "hi", "--json"]) == 1
    shown = capsys.readouterr()
    error = json.loads(shown.out)["error"]
    assert (error["code"], error["cause"], error["origin"], error["status"]) == (
        "proxy",
        "key-unknown",
        "caller-key",
        401,
    )
    assert KEY not in shown.out + shown.err
    assert main(["litellm", "chat", "hi"]) == 1
    assert "Failed on your side: the key (key-unknown)" in capsys.readouterr().err
    assert main(["usage", "--json", "--by", "status"]) == 0
    assert json.loads(capsys.readouterr().out)["groups"][0]["status"] == "error"


def test_what_arrived_of_a_broken_stream_is_shown(
    at: Any, fault_server: FaultServers, capsys: pytest.CaptureFixture[str]
) -> None:
    at(fault_server(STREAM_HEAD + event({"choices": [{"index": 0, "delta": {"content": "part"}}]})))
    assert main(["litellm", "chat", "hi"]) == 1
    shown = capsys.readouterr()
    assert shown.out == "part\n"
    assert shown.err.startswith("The reply above is not whole.\nThe stream was interrupted")
    assert main(["litellm", "chat", "hi", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["error"]["partial"] == {"text": "part", "reasoning": None, "toolCalls": []}
    Draft202012Validator(schemas()["error.schema.json"]).validate(document)


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "text/event-stream"])
def test_a_gateway_that_does_not_stream_answers_all_the_same(
    kind: str, at: Any, fault_server: FaultServers, capsys: pytest.CaptureFixture[str]
) -> None:
    tool = {"id": "a", "function": {"name": "f", "arguments": "{}"}}
    message = {"role": "assistant", "content": "Hello", "reasoning_content": "Hm.", "tool_calls": [tool]}
    body = {
        "choices": [{"message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 20},
    }
    at(fault_server(answer(200, json.dumps(body, indent=1), {"content-type": kind, **HEADERS})))
    assert main(["litellm", "chat", "hi"]) == 0
    shown = capsys.readouterr()
    assert shown.out == "Hello\n[wants f({})]\n"
    assert "30 tokens (10 in, 20 out)" in shown.err


def test_the_message_may_come_from_stdin(
    at: Any, fault_server: FaultServers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server = at(fault_server(streamed("ok")))
    monkeypatch.setattr(sys, "stdin", io.StringIO("from a pipe\n"))
    assert main(["litellm", "chat"]) == 0
    assert server.json_bodies()[0]["messages"][0]["content"] == "from a pipe\n"


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_empty_message_is_wrong_usage(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["litellm", "chat", text]) == 2
    assert "empty" in capsys.readouterr().err


def test_an_image_goes_along(
    at: Any, fault_server: FaultServers, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server = at(fault_server(streamed("ok")))
    (tmp_path / "a.png").write_bytes(b"png")
    assert main(["litellm", "chat", "look", "--image", str(tmp_path / "a.png")]) == 0
    content = server.json_bodies()[0]["messages"][0]["content"]
    assert content[1] == {"type": "image_url", "image_url": {"url": "data:image/png;base64,cG5n"}}
    (tmp_path / "a.txt").write_text("no image")
    for name, word in (("a.txt", "unsupported image extension"), ("none.png", "cannot be read")):
        assert main(["litellm", "chat", "look", "--image", str(tmp_path / name)]) == 2
        assert word in capsys.readouterr().err


def test_an_unknown_role_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["litellm", "chat", "hi", "--role", "codign"]) == 2
    assert "coding" in capsys.readouterr().err


def test_no_key_is_said_and_leaves_no_row(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["litellm", "chat", "hi"]) == 1
    assert "LITELLM_API_KEY" in capsys.readouterr().err
    assert main(["usage", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["totals"]["calls"] == 0


ON_A_TERMINAL = """
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C reaches it
from fased_litellm.cli import main
sys.exit(main(["litellm", "chat"]))
"""


def on_a_terminal(server: FaultServer, keys: list[tuple[str, str]]) -> tuple[str, int]:
    """Run a conversation on a terminal: wait for each text, then type the keys behind it. Gives all output and the status."""
    leader, follower = pty.openpty()
    env = {**os.environ, "LITELLM_API_KEY": KEY, "LITELLM_BASE_URL": server.url, "TERM": "dumb"}
    process = subprocess.Popen(
        [sys.executable, "-c", ON_A_TERMINAL],
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env=env,
        start_new_session=True,
    )
    os.close(follower)
    shown = ""
    deadline = time.monotonic() + 30
    try:
        for awaited, typed in [*keys, ("", "")]:
            seen = len(shown)
            while not awaited or awaited not in shown[seen:]:
                assert select.select([leader], [], [], max(0, deadline - time.monotonic()))[0], shown
                shown += os.read(leader, 4096).decode()
            os.write(leader, typed.encode())
    except OSError:  # the terminal is gone: the program has ended
        pass
    finally:
        os.close(leader)
        if process.poll() is None and time.monotonic() >= deadline:
            process.kill()
        status = process.wait(30)
    return shown, status


def test_a_conversation_remembers_what_was_said(fault_server: FaultServers) -> None:
    server = fault_server([streamed("Hello")], [streamed("Again")])
    shown, status = on_a_terminal(server, [("> ", "one\n"), ("> ", "two\n"), ("> ", "\x04")])
    assert status == 0
    assert "Hello" in shown
    assert "Again" in shown
    assert [message["content"] for message in server.json_bodies()[1]["messages"]] == ["one", "Hello", "two"]


def test_a_failure_does_not_end_a_conversation(fault_server: FaultServers) -> None:
    refusal = answer_json(400, {"error": {"message": "litellm.BadRequestError: no", "type": None}})
    server = fault_server([refusal, READ, streamed("fine")], [streamed("fine")])
    shown, status = on_a_terminal(server, [("> ", "bad\n"), ("> ", "good\n"), ("> ", "/exit\n")])
    assert status == 0
    assert "BadRequestError" in shown
    assert "fine" in shown
    assert [message["content"] for message in server.json_bodies()[1]["messages"]] == ["good"]


def test_ctrl_c_ends_with_130(fault_server: FaultServers) -> None:
    from tests.servers import HANG

    server = fault_server([STREAM_HEAD + event({"choices": [{"index": 0, "delta": {"content": "slow"}}]}), HANG])
    shown, status = on_a_terminal(server, [("> ", "hi\n"), ("slow", "\x03")])
    assert status == 130
    assert "cancelled" in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize("size", [1, 3, 7])
def test_a_key_that_comes_in_pieces_is_hidden(
    size: int, at: Any, fault_server: FaultServers, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"Your key is {KEY}, is it?"
    at(fault_server(streamed(*(text[start : start + size] for start in range(0, len(text), size)))))
    assert main(["litellm", "chat", "hi"]) == 0
    assert capsys.readouterr().out == "Your key is ***, is it?\n"


@pytest.mark.parametrize(
    "header",
    ["x-litellm-model-id", "x-litellm-version", "x-litellm-call-id", "x-litellm-model-group", "x-litellm-model-name"],
)
def test_a_key_that_the_proxy_echoes_is_kept_nowhere(
    header: str,
    at: Any,
    fault_server: FaultServers,
    home: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key = "Zq9customproxytoken55aaWW"
    body = {
        "id": key,
        "model": key,
        "choices": [{"message": {"content": "ok"}}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 2},
    }
    at(fault_server(answer_json(200, body, {header: f"x{key[::-1]}", "x-litellm-response-cost": "0.5"})))
    monkeypatch.setenv("LITELLM_API_KEY", key)
    assert main(["litellm", "chat", "hi", "--no-stream"]) == 0
    assert main(["usage", "calls", "--json"]) == 0
    monkeypatch.delenv("LITELLM_API_KEY")
    kept = b"".join(path.read_bytes() for path in (home / ".fased").rglob("*") if path.is_file())
    said = capsys.readouterr()
    for spelling in (key, key[::-1]):
        assert spelling not in said.out + said.err
        assert spelling.encode() not in kept
