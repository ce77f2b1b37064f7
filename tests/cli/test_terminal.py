"""Every command on a terminal, before a proxy, a config and a history that try to steer it: nothing but our own styling gets there."""

from __future__ import annotations

import io
import json
import os
import pty
import re
import sys
import threading
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from fased_litellm.cli import main
from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.visible import MARK
from tests.cli.sample_arguments import SAMPLES
from tests.usage.samples import sample

HOSTILE = (
    "a\x1b]52;c;aGk=\x07b\x1b]0;title\x07\x1b[2J\x1b[H\x9b2Jc\x9d0;t\x9cd\u202ee\u2066f\u2028g\u2029\rh\bi\x7fj\x1b[31mk\u200bl"
    "\nFORGED: yes\r\nFORGED: yes\x0bFORGED\x85FORGED\x00"
)
IN_A_HEADER = "a\x9b2Jb\x9d0;t\x9cc\x85d\xad"
"""Control characters of C1; HTTP lets no others into a header."""

OURS = re.compile(
    r"\x1b\[(0|1|2|31|33|36)m|\r\x1b\[K|\x1b\[\?25[lh]|\x1b\[2K|\x1b\[1A|\x1b\[1;36m|\x1b\[32m|\x1b\[35m|\r(?=\x1b|$)"
)
"""What this program and rich's spinner write."""

RICH = re.compile(r"\r?\x1b\[[0-9;]*[mAK]")
"""What rich's bar of progress writes besides."""

CONFIG: dict[str, Any] = {
    "models": {
        "providers": {
            "litellm": {
                "baseUrl": "URL",
                "api": "openai-completions",
                "request": {"allowPrivateNetwork": True},
                "models": [{"id": HOSTILE, "name": HOSTILE}, {"id": "default", "name": HOSTILE}],
            }
        }
    },
    "agents": {
        "defaults": {"model": {"primary": "litellm/default", "fallbacks": [f"litellm/{HOSTILE}"]}},
        "list": [{"id": "main", "name": HOSTILE, "workspace": HOSTILE, "taskModels": {"strong": f"litellm/{HOSTILE}"}}],
    },
}
PLAIN = {
    "models": {"providers": {"litellm": {**CONFIG["models"]["providers"]["litellm"], "models": []}}},
    "agents": {"defaults": {"model": "litellm/default"}},
}
FIELDS = [
    "id",
    "model_name",
    "model_group",
    "key_alias",
    "key_name",
    "user_id",
    "team_id",
    "team_alias",
    "token",
    "error_str",
    "status",
    "litellm_version",
    "mode",
    "request_id",
    "model",
    "api_base",
    "end_user",
    "session_id",
    "call_type",
    "custom_llm_provider",
    "cache_key",
    "budget_duration",
    "organization_id",
]


def hostile_row(**more: Any) -> dict[str, Any]:
    row: dict[str, Any] = dict.fromkeys(FIELDS, HOSTILE)
    return {
        **row,
        "models": [HOSTILE, "default"],
        "providers": [HOSTILE],
        "metadata": {HOSTILE: HOSTILE, "tags": [HOSTILE]},
        "request_tags": [HOSTILE],
        "litellm_params": {"model": HOSTILE, "api_base": HOSTILE},
        "model_info": {"id": HOSTILE, "mode": HOSTILE, "key": HOSTILE},
        "spend": 1.5,
        "max_budget": 2.0,
        "startTime": "2026-11-21T00:00:00Z",
        "prompt_tokens": 1,
        "completion_tokens": 2,
        "total_tokens": 3,
        **more,
    }


def whole_answer(path: str) -> Any:
    row = hostile_row()
    if path.startswith("/v1/models"):
        return {"data": [{"id": "default"}, {"id": HOSTILE}, {"id": "cheap", "mode": HOSTILE}, hostile_row(id="x")]}
    if path.startswith(("/key/info", "/key/list", "/spend", "/global")):
        return {"info": row, "keys": [row], "data": [row], "total_pages": 1, "total_count": 1, **row}
    if path.endswith("/chat/completions"):
        tool = {"id": HOSTILE, "function": {"name": HOSTILE, "arguments": HOSTILE}}
        message = {"role": "assistant", "content": HOSTILE.replace("\n", " "), "tool_calls": [tool]}
        return {**row, "choices": [{"message": message, "finish_reason": HOSTILE}], "usage": {"prompt_tokens": 1}}
    return {"data": [row], **row}


def refusal(path: str) -> Any:
    return {"error": {"message": HOSTILE, "type": HOSTILE, "code": HOSTILE, "param": HOSTILE}}


ANSWERS: dict[str, tuple[int, Any]] = {
    "answers": (200, whole_answer),
    **{f"refuses with {status}": (status, refusal) for status in (400, 401, 429, 500)},
    "refuses in plain text": (500, lambda path: HOSTILE),
    "validates": (422, lambda path: {"detail": [{"loc": [HOSTILE], "msg": HOSTILE}]}),
}


@contextmanager
def hostile_proxy(status: int, make: Any) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            found = make(self.path)
            body = (found if isinstance(found, str) else json.dumps(found)).encode()
            self.send_response(status)
            self.send_header("content-type", "text/plain" if isinstance(found, str) else "application/json")
            self.send_header("content-length", str(len(body)))
            for name in ("model-id", "model-name", "model-group", "version", "call-id", "response-cost", "key-spend"):
                self.send_header(f"x-litellm-{name}", IN_A_HEADER)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - its name is that of the library

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


class Screen:
    """A terminal of its own for one stream: what is written there is read by a thread."""

    def __init__(self) -> None:
        self._master, slave = pty.openpty()
        tty.setraw(slave)  # else line ends would be changed on the way
        self.stream = io.TextIOWrapper(io.FileIO(slave, "w"), encoding="utf-8", write_through=True)
        self._read: list[bytes] = []
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def _drain(self) -> None:
        while True:
            try:
                part = os.read(self._master, 1 << 16)
            except OSError:  # Linux's way to say that the other side was closed
                return
            if not part:
                return
            self._read.append(part)

    def close(self) -> str:
        self.stream.close()
        self._thread.join()
        os.close(self._master)
        return b"".join(self._read).decode("utf-8", "replace")


def on_a_terminal(monkeypatch: pytest.MonkeyPatch, arguments: list[str]) -> tuple[str, str]:
    out, err = Screen(), Screen()
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stdout", out.stream)
        patch.setattr(sys, "stderr", err.stream)
        patch.setattr(sys, "stdin", io.StringIO(""))
        try:
            status = main(arguments)
        except SystemExit as stop:
            status = stop.code if isinstance(stop.code, int) else 1
    assert status in (0, 1, 2, 130), arguments
    return out.close(), err.close()


def wrong_in(text: str, *, indented: bool = True) -> list[str]:
    """What this program does not write: control characters, and lines that begin with somebody else's words.

    Args:
        text: what came.
        indented: whether such lines are wrong behind blanks, too; ``debug`` shows the whole of an error below its label.
    """
    rest = OURS.sub("", text)
    found = sorted({repr(char) for char in rest if not char.isprintable() and char not in "\n\t\u200e"})
    return found + [
        line[:60] for line in rest.splitlines() if (line.lstrip() if indented else line).startswith("FORGED")
    ]


def prepare(home: Path, url: str, config: Any) -> None:
    state = home / ".fased"
    (state / "agents" / "main" / "sessions").mkdir(parents=True, exist_ok=True)
    (state / "fased.json").write_text(json.dumps(config).replace("URL", url))
    (home / "catalog.json").write_text(json.dumps(whole_answer("/v1/models")))
    reply = {
        "type": "message",
        "id": HOSTILE,
        "timestamp": "2026-11-21T00:00:00.000Z",
        "message": {
            "role": "assistant",
            "provider": HOSTILE,
            "model": HOSTILE,
            "stopReason": "error",
            "errorMessage": HOSTILE,
            "usage": {"input": 1, "output": 2},
        },
    }
    header = {"type": "session", "id": "s1", "timestamp": "2026-11-21T00:00:00.000Z"}
    lines = [json.dumps(header), json.dumps(reply), json.dumps({**reply, "id": "a1"}), "{\x1b[2J oops"]
    (state / "agents" / "main" / "sessions" / "s1.jsonl").write_text("\n".join([*lines, ""]))
    with Ledger(state / "litellm" / "usage.sqlite3") as ledger:
        names = dict.fromkeys(
            ("model", "agent", "task", "channel", "session", "served_model", "deployment_id", "cause"), HOSTILE
        )
        ledger.record(sample("hostile", 1_795_219_200_000, status="error", **names))


def commands() -> Iterator[list[str]]:
    """Each command line of the tree, but those which start a proxy."""
    for path, samples in SAMPLES.items():
        if path not in ("litellm up", "litellm quickstart"):
            for arguments in samples:
                yield [*path.split(), *arguments]


@pytest.mark.parametrize("config", ["hostile", "plain"])
@pytest.mark.parametrize("proxy", ANSWERS)
def test_nothing_from_outside_steers_the_terminal(
    proxy: str, config: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LITELLM_API_KEY", "sk-test-terminal-0123456789")
    monkeypatch.setenv("LITELLM_MASTER_KEY", "sk-test-master-0123456789")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "160")
    wrong: dict[str, Any] = {}
    replaced = 0
    with hostile_proxy(*ANSWERS[proxy]) as url:
        for arguments in commands():
            prepare(home, url, CONFIG if config == "hostile" else PLAIN)
            for name, text in zip(("stdout", "stderr"), on_a_terminal(monkeypatch, arguments), strict=True):
                replaced += text.count(MARK)
                shown = RICH.sub("", text) if arguments[:2] == ["usage", "push"] else text
                if found := wrong_in(shown, indented=arguments[:2] != ["litellm", "debug"]):
                    wrong[f"{' '.join(arguments)}: {name}"] = found
    assert wrong == {}
    assert replaced > 100  # what was sent did come to be printed


def test_the_search_finds_what_it_looks_for() -> None:
    assert wrong_in("\x1b[1mTitle\x1b[0m\nplain\tgrüße\n") == []
    assert wrong_in("a\x1b[2Jb\n  FORGED: yes") == ["'\\x1b'", "  FORGED: yes"]
