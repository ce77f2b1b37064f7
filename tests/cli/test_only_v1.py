"""A proxy of which only what is below ``/v1`` is let through: the glance, verify and doctor agree that it is reached."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from fased_litellm.cli import main
from tests.cli.test_headers import REPLY

KEY = "sk-test-right-0001"
REFUSED = {"error": {"message": "Unauthorized", "type": "invalid_request_error"}}


@pytest.fixture(params=[401, 403, 404], ids=str)
def proxy(request: pytest.FixtureRequest) -> Iterator[str]:
    hidden: int = request.param

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
            self._answer(stream=body.get("stream") is True)

        def _answer(self, *, stream: bool = False) -> None:
            if not self.path.startswith("/v1/"):
                page = "<html><center><h1>nginx</h1></center></html>" if hidden != 401 else json.dumps(REFUSED)
                return self._send(hidden, page, "text/html" if hidden != 401 else "application/json")
            if self.headers.get("authorization") != f"Bearer {KEY}":
                return self._send(401, json.dumps(REFUSED), "application/json")
            if self.path.startswith("/v1/models"):
                listed = {"object": "list", "data": [{"id": "gpt-4o", "object": "model"}]}
                return self._send(200, json.dumps(listed), "application/json")
            if stream:
                delta = {
                    "choices": [{"index": 0, "delta": {"role": "assistant", "content": "hi"}, "finish_reason": "stop"}]
                }
                events = [delta, {"choices": [], "usage": REPLY["usage"]}]
                text = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
                return self._send(200, text, "text/event-stream")
            return self._send(200, json.dumps(REPLY), "application/json")

        def _send(self, status: int, text: str, kind: str) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: Any) -> None:
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    server.shutdown()
    thread.join()
    server.server_close()


def test_all_agree_that_it_is_reached(
    home: Path, capsys: pytest.CaptureFixture[str], proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LITELLM_API_KEY", KEY)
    monkeypatch.setenv("PATH", "/nonexistent")

    def run(*words: str) -> tuple[int, Any]:
        capsys.readouterr()
        status = main([*words, "--json"])
        return status, json.loads(capsys.readouterr().out)

    flags = ["--auth-choice", "litellm-api-key", "--non-interactive", "--accept-risk", "--key-storage", "profile"]
    assert run("onboard", *flags, "--custom-base-url", proxy, "--model", "gpt-4o")[0] == 0
    assert run()[1]["proxy"] == {"reachable": True, "problem": None}
    status, examined = run("litellm", "doctor")
    assert (status, examined["proxy"]["ready"]) == (0, True)
    codes = {finding["code"] for finding in examined["findings"]}
    assert "only-v1-exposed" in codes
    assert not {"proxy-unreachable", "key-refused"} & codes
    status, verified = run("litellm", "verify")
    assert (status, verified["ok"]) == (0, True)
    results = {step["name"]: step["result"] for step in verified["aliases"][0]["steps"]}
    assert results["proxy"] == "skipped"
    assert results["spend"] == "skipped"
    assert {results[name] for name in ("key", "models", "request", "stream", "refusal")} == {"passed"}
    (home / ".fased/agents/main/agent/auth-profiles.json").unlink()
    monkeypatch.setenv("LITELLM_API_KEY", "sk-test-wrong-0002")
    status, examined = run("litellm", "doctor")
    codes = {finding["code"] for finding in examined["findings"]}
    assert (status, "key-refused" in codes, "proxy-unreachable" in codes) == (1, True, False)
    status, verified = run("litellm", "verify")
    assert verified["aliases"][0]["steps"][-1]["cause"] == "unauthorized"
