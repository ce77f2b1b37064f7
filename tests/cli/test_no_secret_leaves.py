"""Every command, on every failure of the main path, with a marked key in every source: no mark comes out anywhere."""

from __future__ import annotations

import io
import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from fased_litellm import redaction
from fased_litellm.cli import main
from tests import environment
from tests.cli.proxied import DISCOVERY, GROUPS, INFO, MODELS
from tests.cli.sample_arguments import SAMPLES, commands, takes_json
from tests.servers import READ, RESET, STREAM_HEAD, FaultServers, Script, answer, answer_json, event

# Different in form: a key as LiteLLM writes it, and others by which no pattern knows them.
MARKS = {
    "env": "sk-MARK-env-0123456789abcdef",
    "other env": "MARKotherenvironment77",
    "dotenv": "MARKdotenvfile0815",
    "profile": "MARK.profile.key.4711",
    "config key": "MARKconfigkey~0000",
    "header": "MARK header value 123",
    "master": "sk-MARK-master-fedcba9876543210",
    "url": "MARKurlpassword99",
}
HOMES = {
    "fased.json": {"config key", "header", "url"},
    "auth-profiles.json": {"profile", "env", "other env", "config key"},  # `key set` and `key move` put them there
    ".env": {"dotenv"},
}
"""Beginning of a file's name → the marks that may be in it, and in its backups."""
SENT = [MARKS[name] for name in ("env", "profile", "config key", "header", "master")]
"""What a proxy can know, so that it can quote it."""
CONFIG = """{
  // a comment
  models: { providers: {
    litellm: {
      baseUrl: "URL",
      apiKey: "MARKconfigkey~0000",
      headers: { "X-Api-Key": "MARK header value 123" },
      api: "openai-completions",
      request: { allowPrivateNetwork: true },
      models: [ { id: "default", name: "Mine", contextWindow: 100000, maxTokens: 5 } ],
    },
  } },
  agents: { defaults: { model: { primary: "litellm/default", fallbacks: ["litellm/gone"] } } },
}
"""
BROKEN = {
    "a syntax error beside a key": CONFIG.replace('"MARKconfigkey~0000",', '"MARKconfigkey~0000" oops'),
    "a key without its closing quote": CONFIG.replace('"MARKconfigkey~0000",', '"MARKconfigkey~0000'),
    "a key without quotes": CONFIG.replace('"MARKconfigkey~0000",', "MARKconfigkey~0000"),
    "a key in a wrong place": CONFIG.replace("apiKey:", "apiKeys:"),
    "a key within a list": CONFIG.replace('"MARKconfigkey~0000"', '["MARKconfigkey~0000"]'),
    "headers that are a text": CONFIG.replace('{ "X-Api-Key": "MARK header value 123" }', '"MARK header value 123"'),
    "a key in the address": CONFIG.replace("http://", "http://user:MARKurlpassword99@"),
}


def echoing(status: int) -> Script:
    """A proxy that quotes the whole request, with the key in every usual spelling, in its error."""
    text = "\n".join(f"Authentication Error: Authorization: Bearer {mark} x-api-key={mark} '{mark}' " for mark in SENT)
    failed = answer_json(status, {"error": {"message": text, "type": f"auth_error {SENT[0]}", "code": str(status)}})
    return [failed, *[step for _ in range(5) for step in (READ, failed)]]


CHUNK = event({"choices": [{"index": 0, "delta": {"content": "Hel"}}]})
PROXIES: dict[str, list[Script | bytes]] = {
    "works": [
        [*DISCOVERY, READ, answer_json(200, MODELS), READ, answer_json(200, GROUPS), READ, answer_json(200, INFO)]
    ],
    **{f"echoes {status}": [echoing(status)] for status in (400, 401, 403, 404, 429, 500, 503)},
    "echoes in plain text": [answer(500, " ".join(SENT))],
    "echoes in HTML": [answer(200, f"<html>{MARKS['env']}</html>", {"content-type": "text/html"})],
    "echoes in JSON of no meaning": [answer_json(200, {"data": [{"id": MARKS["profile"]}, {"id": MARKS["header"]}]})],
    "echoes in a stream": [[STREAM_HEAD, CHUNK, event({"error": {"message": " ".join(SENT), "code": "500"}})]],
    "echoes in a validation error": [answer_json(422, {"detail": [{"loc": ["header"], "msg": " ".join(SENT)}]})],
    "redirects with it": [answer(302, "", {"location": f"http://user:{MARKS['url']}@127.0.0.1:1/?key={MARKS['env']}"})],
    "is not HTTP": [[" ".join(SENT).encode() + b"\r\n\r\n"]],
    "breaks off": [[STREAM_HEAD, CHUNK, RESET]],
    "resets": [[RESET]],
    "closes": [[]],
}


class Place:
    """A home with a marked key in every source."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home, self.state = home, home / ".fased"
        self.monkeypatch = monkeypatch
        self.environment = {
            "LITELLM_API_KEY": MARKS["env"],
            "OTHER_KEY": MARKS["other env"],
            "LITELLM_MASTER_KEY": MARKS["master"],
            "FASED_DEBUG": "1",
        }

    def prepare(self, config: str, url: str) -> None:
        """Write everything anew."""
        for name, value in self.environment.items():
            self.monkeypatch.setenv(name, value)
        shutil.rmtree(self.state, ignore_errors=True)
        agent = self.state / "agents" / "main" / "agent"
        agent.mkdir(parents=True)
        profile = {"type": "api_key", "provider": "litellm", "key": MARKS["profile"]}
        (self.state / "fased.json").write_text(config.replace("URL", url))
        (self.state / ".env").write_text(f"SOME_TOKEN={MARKS['dotenv']}\nbroken line {MARKS['dotenv']}\n")
        (self.home / ".env").write_text(f"ANOTHER_TOKEN={MARKS['dotenv']}\n")
        (agent / "auth-profiles.json").write_text(json.dumps({"version": 1, "profiles": {"litellm:default": profile}}))
        (self.home / "catalog.json").write_text(json.dumps(MODELS))

    def strays(self) -> dict[str, str]:
        """Files with a mark in them that was not put there, nor by a command which was told to."""
        found = {}
        for file in sorted(self.home.rglob("*")):
            if not file.is_file():
                continue
            marks = set(marks_in(file.read_bytes().decode("utf-8", "replace")).split(", ")) - {""}
            marks -= next((home for name, home in HOMES.items() if file.name.startswith(name)), set())
            if marks:
                found[str(file.relative_to(self.home))] = ", ".join(sorted(marks))
        return found


def marks_in(text: str) -> str:
    """The marks in a text, also in the spellings of JSON and of URLs; a masked key shows its last four characters only."""
    return ", ".join(name for name, mark in MARKS.items() if any(form in text for form in forms(mark)))


def forms(mark: str) -> set[str]:
    from base64 import b64encode
    from urllib.parse import quote

    return {mark, quote(mark), json.dumps(mark)[1:-1], b64encode(mark.encode()).decode(), repr(mark)[1:-1]}


@pytest.fixture
def place(home: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    # Redaction knows secrets by having touched them; each command has to do so by itself.
    monkeypatch.setattr(redaction, "_known", set())
    return Place(home, monkeypatch)


@pytest.fixture
def logged() -> Iterator[io.StringIO]:
    """What a program that embeds the package would find in its log, at the finest level."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    names = ["fased_litellm", "httpx", "httpcore"]
    before = [logging.getLogger(name).level for name in names]
    for name in names:
        logging.getLogger(name).addHandler(handler)
        logging.getLogger(name).setLevel(logging.DEBUG)
    yield stream
    for name, level in zip(names, before, strict=True):
        logging.getLogger(name).removeHandler(handler)
        logging.getLogger(name).setLevel(level)


def lines() -> Iterator[list[str]]:
    """Every command line to be run."""
    for path, command in commands():
        for arguments in SAMPLES.get(path, []):
            yield [*path.split(), *arguments]
            if takes_json(command) and "--json" not in arguments and "--help" not in arguments:
                yield [*path.split(), *arguments, "--json"]


def test_every_command_of_the_tree_has_arguments_to_run_it_with() -> None:
    tree = {path for path, _ in commands()}
    assert tree - SAMPLES.keys() == set(), "add the new command to sample_arguments.py"
    assert SAMPLES.keys() - tree == set(), "take the old command out of sample_arguments.py"


def outputs(capsys: pytest.CaptureFixture[str], arguments: list[str], logged: io.StringIO) -> str:
    capsys.readouterr()
    status = main(arguments)
    shown = capsys.readouterr()
    assert status in (0, 1, 2, 130), arguments
    text = shown.out + shown.err + logged.getvalue()
    logged.seek(0)
    logged.truncate()
    return text


@pytest.mark.parametrize("proxy", PROXIES)
def test_no_command_lets_a_key_out(
    proxy: str,
    place: Place,
    fault_server: FaultServers,
    capsys: pytest.CaptureFixture[str],
    logged: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = fault_server(*PROXIES[proxy])
    leaks: dict[str, Any] = {}
    for arguments in lines():
        place.prepare(CONFIG, server.url)
        monkeypatch.setattr(redaction, "_known", set())
        monkeypatch.setattr(sys, "stdin", io.StringIO(""))
        text = outputs(capsys, arguments, logged)
        if leaked := marks_in(text) or place.strays():
            leaks[" ".join(arguments)] = leaked
    assert leaks == {}


@pytest.mark.parametrize("config", BROKEN)
def test_no_config_that_fails_lets_its_keys_out(
    config: str,
    place: Place,
    fault_server: FaultServers,
    capsys: pytest.CaptureFixture[str],
    logged: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    server = fault_server([])
    leaks: dict[str, Any] = {}
    for arguments in lines():
        place.prepare(BROKEN[config], server.url)
        monkeypatch.setattr(redaction, "_known", set())
        monkeypatch.setattr(sys, "stdin", io.StringIO(""))
        text = outputs(capsys, arguments, logged)
        if leaked := marks_in(text) or place.strays():
            leaks[" ".join(arguments)] = leaked
    assert leaks == {}


@pytest.mark.parametrize("where", ["profile", "env", "keyring"])
def test_a_new_key_that_the_proxy_quotes_stays_hidden(
    where: str, place: Place, fault_server: FaultServers, capsys: pytest.CaptureFixture[str], logged: io.StringIO
) -> None:
    quoting = answer_json(401, {"error": {"message": f"Received {MARKS['other env']}", "type": None, "code": "401"}})
    place.prepare(CONFIG, fault_server(quoting).url)
    arguments = ["litellm", "key", "set", "--from-env", "OTHER_KEY", "--key-storage", where]
    assert marks_in(outputs(capsys, arguments, logged)) == ""


def test_the_search_finds_a_mark() -> None:
    assert marks_in(f"x {MARKS['env']} y") == "env"
    assert marks_in('{"a": "MARKconfigkey~0000"}') == "config key"
    assert marks_in("MARK%20header%20value%20123") == "header"
    assert marks_in("sk-…cdef") == ""


@pytest.mark.parametrize(
    "arguments", [["litellm", "chat", "hi"], ["models", "status", "--json"], ["providers", "refresh"]], ids=" ".join
)
def test_a_real_process_with_its_tracebacks(
    arguments: list[str], place: Place, fault_server: FaultServers, home: Path
) -> None:
    server = fault_server(echoing(401))
    place.prepare(CONFIG, server.url)
    done = run(arguments, {**place.environment, "HOME": str(home)}, home)
    assert done.returncode in (0, 1)
    assert marks_in(done.stdout + done.stderr) == ""
    assert place.strays() == {}
    if arguments[0] == "litellm":
        assert "Traceback (most recent call last)" in done.stderr  # FASED_DEBUG=1 worked, and showed no local variable
        assert "locals" not in done.stderr


def run(arguments: list[str], variables: Mapping[str, str], folder: Path) -> subprocess.CompletedProcess[str]:
    env = {**environment.clean(dict(os.environ)), **variables}
    command = [sys.executable, "-m", "fased_litellm", *arguments]
    return subprocess.run(
        command, env=env, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, timeout=60
    )
