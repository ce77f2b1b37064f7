"""Headers of the config: they go with every request to the proxy, never to another origin, and are never shown."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from fased_litellm.cli import main
from fased_litellm.errors import UsageError
from fased_litellm.onboarding.headers import parse_headers

KEY = "sk-test-right-0001"
SECRET = "s3cret-of-the-door-0001"
QUIET = ["onboard", "--auth-choice", "litellm-api-key", "--non-interactive", "--accept-risk"]
DOOR = ["--header", "CF-Access-Client-Id=abc.access", "--header", "CF-Access-Client-Secret=${DOOR_SECRET}"]
LOGIN = "https://team.cloudflareaccess.com/cdn-cgi/access/login/llm.example.com?kid=1&redirect_url=%2Fv1%2Fmodels"
REPLY = {
    "id": "c",
    "object": "chat.completion",
    "created": 1,
    "model": "default",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "hi"}}],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}


class Door:
    """A proxy behind a login, as Cloudflare Access makes one: whoever lacks its headers is sent to a page of another host."""

    def __init__(self) -> None:
        self.let_in: list[str] = []
        self.sent_away: list[str] = []
        self.redirect_to = LOGIN
        self.answers = dict[str, Any]()
        door = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer()

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers.get("content-length") or 0))
                self._answer()

            def _answer(self) -> None:
                status, body, headers = door.answer(self.path.partition("?")[0], dict(self.headers))
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                del format, args

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, path: str, headers: dict[str, str]) -> tuple[int, bytes, dict[str, str]]:
        given = {name.lower(): value for name, value in headers.items()}
        if (given.get("cf-access-client-id"), given.get("cf-access-client-secret")) != ("abc.access", SECRET):
            self.sent_away.append(path)
            return 302, b"<html>302</html>", {"content-type": "text/html", "location": self.redirect_to}
        self.let_in.append(path)
        bodies = {
            "/v1/models": {"object": "list", "data": [{"id": "default", "object": "model"}]},
            "/health/readiness": {"status": "healthy"},
            "/health/liveliness": "I'm alive!",
            "/v1/chat/completions": REPLY,
            "/key/info": {"key": "x", "info": {"key_alias": "mine", "spend": 0.0, "token": "t"}},
        }
        found = bodies.get(path)
        body = {"detail": "Not Found"} if found is None else found
        return 404 if found is None else 200, json.dumps(body).encode(), {"content-type": "application/json"}

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def door() -> Iterator[Door]:
    found = Door()
    yield found
    found.close()


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LITELLM_API_KEY", KEY)
    monkeypatch.setenv("DOOR_SECRET", SECRET)
    monkeypatch.setenv("PATH", "/nonexistent")


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str]:
    status = main(list(words))
    printed = capsys.readouterr()
    text = printed.out + printed.err
    assert SECRET not in text
    assert KEY not in text
    return status, text


def test_a_login_is_named_and_headers_open_it_for_every_command(
    home: Path, capsys: pytest.CaptureFixture[str], door: Door
) -> None:
    flags = [*QUIET, "--custom-base-url", door.url, "--key-storage", "profile"]
    status, text = run(capsys, *flags)
    assert status == 1
    assert "https://team.cloudflareaccess.com/cdn-cgi/access/login/llm.example.com, where somebody is to log in" in text
    assert "--header NAME=VALUE" in text
    assert "name server" not in text
    assert "final address" not in text

    assert run(capsys, *flags, *DOOR)[0] == 0
    written = (home / ".fased" / "fased.json").read_text()
    assert '"CF-Access-Client-Secret": "${DOOR_SECRET}"' in written
    assert SECRET not in written
    door.sent_away.clear()
    commands: tuple[list[str], ...] = (
        [],
        ["providers", "refresh"],
        ["models", "list", "--refresh"],
        ["litellm", "chat", "hi", "--no-stream"],
        ["litellm", "doctor"],
        ["litellm", "debug", "default"],
        ["litellm", "verify"],
        ["litellm", "keys", "info"],
        ["litellm", "spend"],
        ["usage", "reconcile"],
        ["litellm", "key", "set", "--from-env", "LITELLM_API_KEY"],
        [*QUIET],
    )
    for words in commands:
        door.let_in.clear()
        _, text = run(capsys, *words)
        assert door.sent_away == [], words
        assert door.let_in, (words, text)
        assert "log in" not in text


def test_a_post_to_a_login_is_named_as_well(home: Path, capsys: pytest.CaptureFixture[str], door: Door) -> None:
    configured(home, door.url)
    for words in (["litellm", "chat", "hi"], ["litellm", "debug"], ["litellm", "verify"], ["providers", "refresh"], []):
        _, text = run(capsys, *words)
        assert "where somebody is to log in" in text, words
        assert "--header NAME=VALUE" in text, words


def test_no_header_goes_to_another_origin(home: Path, capsys: pytest.CaptureFixture[str], door: Door) -> None:
    seen: list[dict[str, str]] = []
    other = Door()
    try:
        answer = other.answer

        def watched(path: str, headers: dict[str, str]) -> tuple[int, bytes, dict[str, str]]:
            seen.append(headers)
            return answer(path, headers)

        other.answer = watched  # type: ignore[method-assign]
        door.redirect_to = f"{other.url}/v1/models"
        configured(home, door.url, headers={"X-Door": SECRET, "X-Team": "research"})
        run(capsys, "providers", "refresh")
    finally:
        other.close()
    names = {name.lower() for headers in seen for name in headers}
    assert not names & {"x-door", "x-team", "authorization"}
    assert SECRET not in json.dumps(seen)


def test_a_header_whose_variable_is_not_set(
    home: Path, capsys: pytest.CaptureFixture[str], door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured(
        home, door.url, headers={"CF-Access-Client-Id": "abc.access", "CF-Access-Client-Secret": "${DOOR_SECRET}"}
    )
    monkeypatch.delenv("DOOR_SECRET")
    place = "models.providers.litellm.headers.CF-Access-Client-Secret"
    for words in (["litellm", "chat", "hi"], ["providers", "refresh"], ["litellm", "key", "set", "--key", KEY]):
        status, text = run(capsys, *words)
        assert status == 1, words
        assert place in text
    assert (door.let_in, door.sent_away) == ([], [])
    assert run(capsys, "models", "list")[0] == 0
    assert run(capsys, "config", "get", "models.providers.litellm.baseUrl")[0] == 0
    status, text = run(capsys, *QUIET, *DOOR)
    assert (status, "DOOR_SECRET" in text) == (1, True)
    assert run(capsys, *QUIET, "--header", f"cf-access-client-secret={SECRET}")[0] == 0
    assert json.loads((home / ".fased" / "fased.json").read_text())["models"]["providers"]["litellm"]["headers"] == {
        "CF-Access-Client-Id": "abc.access",
        "CF-Access-Client-Secret": SECRET,
    }
    assert SECRET not in run(capsys, "config", "get", "models.providers.litellm")[1]


def test_a_key_in_a_header_of_any_name_is_hidden(home: Path, capsys: pytest.CaptureFixture[str], door: Door) -> None:
    configured(home, door.url, headers={"X-Litellm-Key": f"Bearer {SECRET}", "X-Team": "research"})
    _, text = run(capsys, "config", "get", "models.providers.litellm.headers")
    assert json.loads(text) == {"X-Litellm-Key": "__FASED_REDACTED__", "X-Team": "research"}
    _, text = run(capsys, "litellm", "debug")
    assert "x-litellm-key: ***" in text.lower()


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("X-Team", "NAME=VALUE"),
        ("X-Team: research", "equals sign instead of the colon"),
        ("=x", "cannot be the name"),
        ("X Team=x", "cannot be the name"),
        ("X-Team=", "is empty"),
        ("X-Team=a\nb", "line end"),
        ("X-Team=é", "outside ASCII"),
        ("Authorization=Basic x", "cannot be set"),
        ("HOST=x", "cannot be set"),
    ],
)
def test_what_is_no_header(text: str, word: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_headers([text])
    assert word in f"{caught.value.message} {caught.value.hint}"


def test_a_header_is_given_once() -> None:
    assert parse_headers(["A=b=c", " X-Team = x "]) == {"A": "b=c", "X-Team": "x"}
    with pytest.raises(UsageError, match="given twice"):
        parse_headers(["X-Team=a", "x-team=b"])


def configured(home: Path, url: str, **more: Any) -> None:
    entry = {"baseUrl": url, "request": {"allowPrivateNetwork": True}, "models": [], **more}
    (home / ".fased").mkdir(exist_ok=True)
    (home / ".fased" / "fased.json").write_text(json.dumps({"models": {"providers": {"litellm": entry}}}))
