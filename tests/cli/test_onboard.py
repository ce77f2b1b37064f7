"""``fased onboard`` as a person and as a script meet it: flags, exit statuses, and questions on a real terminal."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import json5
import pytest

from fased_litellm.cli import main
from tests.keys.standin import KEY, StandIn

OURS = ["onboard", "--auth-choice", "litellm-api-key"]
QUIET = [*OURS, "--non-interactive", "--accept-risk"]


@pytest.fixture
def proxy() -> Iterator[StandIn]:
    with StandIn(["default", "gpt-5.5"]) as standin:
        yield standin


@pytest.fixture(autouse=True)
def _no_other_fased(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(list(arguments))
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def state(home: Path) -> Path:
    return home / ".fased"


def test_the_json_document(capsys: pytest.CaptureFixture[str], home: Path, proxy: StandIn) -> None:
    status, out, _ = run(capsys, *QUIET, "--litellm-api-key", KEY, "--custom-base-url", proxy.url, "--json")
    document = json.loads(out)
    assert status == 0
    assert KEY not in out
    assert {key: document[key] for key in document if key not in ("files", "warnings")} == {
        "mode": "local",
        "authChoice": "litellm-api-key",
        "agent": None,
        "baseUrl": proxy.url,
        "keySource": "flag",
        "keyStorage": "profile",
        "checked": True,
        "models": 2,
        "primary": "litellm/default",
        "roles": {},
        "dryRun": False,
    }
    assert [(Path(file["path"]).name, file["changed"], file["backup"]) for file in document["files"]] == [
        ("auth-profiles.json", True, None),
        ("fased.json", True, None),
    ]
    assert json5.loads((state(home) / "fased.json").read_text())["models"]["providers"]["litellm"]["baseUrl"]


def test_the_flags_of_fased_s_own_example(capsys: pytest.CaptureFixture[str], home: Path, proxy: StandIn) -> None:
    arguments = ["onboard", "--non-interactive", "--accept-risk", "--mode", "local", "--litellm-api-key", KEY]
    arguments += [
        "--custom-base-url",
        proxy.url,
        "--skip-ui",
        "--skip-daemon",
        "--workspace",
        "/w",
        "--flow",
        "quickstart",
    ]
    status, out, err = run(capsys, *arguments)
    assert (status, "is set up" in out) == (0, True)
    assert "Nothing to do here for --flow, --workspace, --skip-ui, --skip-daemon" in err
    assert "plain text" in err


def test_a_dry_run_shows_the_files(capsys: pytest.CaptureFixture[str], home: Path, proxy: StandIn) -> None:
    status, out, _ = run(capsys, *QUIET, "--litellm-api-key", KEY, "--custom-base-url", proxy.url, "--dry-run")
    assert status == 0
    assert "Nothing was written" in out
    assert '+    "providers": {' in out
    assert KEY not in out
    assert not state(home).exists()


def test_the_second_run_says_so(capsys: pytest.CaptureFixture[str], home: Path, proxy: StandIn) -> None:
    arguments = [*QUIET, "--litellm-api-key", KEY, "--custom-base-url", proxy.url]
    run(capsys, *arguments)
    status, out, err = run(capsys, *arguments)
    assert (status, err) == (0, "")
    assert out.startswith("Nothing to change")


@pytest.mark.parametrize(
    ("arguments", "status", "told"),
    [
        ([*OURS, "--non-interactive"], 1, "--accept-risk"),
        (OURS, 1, "need a terminal"),
        (QUIET, 1, "Missing --litellm-api-key (or LITELLM_API_KEY in env, or existing litellm API-key profile)."),
        ([*QUIET, "--litellm-api-key", KEY, "--custom-base-url", "ftp://x"], 2, "not an http or https URL"),
        ([*QUIET, "--key-storage", "cloud"], 2, "--key-storage 'cloud' is unknown"),
        ([*QUIET, "--lite-llm-key", "x"], 2, "No such option: --lite-llm-key"),
        ([*QUIET, "--mode", "elsewhere"], 2, "--mode 'elsewhere' is unknown"),
        (
            ["onboard", "--auth-choice", "openai-api-key", "--openai-api-key", "x"],
            2,
            "'openai-api-key' is not one of this",
        ),
        (["onboard", "--reset", "--non-interactive"], 2, "--reset is not an option"),
        ([*OURS, "--mode", "remote"], 2, "--mode remote"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_written(
    capsys: pytest.CaptureFixture[str], home: Path, arguments: list[str], status: int, told: str
) -> None:
    found, out, err = run(capsys, *arguments)
    assert (found, out) == (status, "")
    assert told in err
    assert not state(home).exists()


def test_an_error_is_a_document_with_json(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    status, out, _ = run(capsys, *QUIET, "--json")
    assert status == 1
    assert json.loads(out)["error"]["code"] == "missing-key"


def test_other_choices_go_to_the_node_agent(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = tmp_path / "bin" / "fased"
    other.parent.mkdir()
    other.write_text('#!/bin/sh\necho "node: $*"\n')
    other.chmod(0o755)
    environment = {**os.environ, "PATH": f"{other.parent}:/bin:/usr/bin"}
    for arguments in (
        ["onboard"],
        ["onboard", "--auth-choice", "openai-api-key", "--openai-api-key", "x", "--json"],
        ["onboard", "--reset-scope", "auth"],
    ):
        command = [sys.executable, "-m", "fased_litellm", *arguments]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.stdout == f"node: {' '.join(arguments)}\n", done.stderr


# ---- a terminal


_ON_TERMINAL = """
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # so that Ctrl-C becomes a signal
from fased_litellm.cli import main
sys.exit(main())
"""


class Talk:
    """A command on a pseudo-terminal: wait for a text, type an answer."""

    def __init__(self, *arguments: str, **env: str) -> None:
        self.output = ""
        self.leader, follower = pty.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-c", _ON_TERMINAL, *arguments],
            stdin=follower,
            stdout=follower,
            stderr=follower,
            env={**os.environ, "TERM": "dumb", "COLUMNS": "200", **env},
            start_new_session=True,
        )
        os.close(follower)

    def expect(self, text: str) -> None:
        """Read until ``text`` has come, counted from the last answer."""
        while text not in self.output:
            part = self._read()
            assert part, f"{text!r} did not come; there was: {self.output!r}"
            self.output += part

    def answer(self, text: str) -> None:
        self.output = ""
        os.write(self.leader, text.encode())

    def interrupt(self) -> None:
        """Press Ctrl-C until it is heard: Python loses one that comes in the moment in which it begins to wait for a line."""
        for _ in range(20):
            self.answer("\x03")
            if select.select([self.leader], [], [], 1)[0] and "written" in self._until_quiet():
                return
        raise AssertionError(f"Ctrl-C does nothing; there was: {self.output!r}")

    def _until_quiet(self) -> str:
        while select.select([self.leader], [], [], 1)[0]:
            part = self._read()
            if not part:
                break
            self.output += part
        return self.output

    def ends(self) -> int:
        """Read to the end; the exit status."""
        while part := self._read():
            self.output += part
        return self.process.wait(60)

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.leader)

    def _read(self) -> str:
        """What has come next; the empty text at the end."""
        ready, _, _ = select.select([self.leader], [], [], 30)
        assert ready, f"nothing more comes; there was: {self.output!r}"
        try:
            return os.read(self.leader, 65536).decode("utf-8", "replace")
        except OSError:  # the other end is closed
            return ""


@pytest.fixture
def talk_to() -> Iterator[Callable[..., Talk]]:
    """Start commands on terminals, and see them ended."""
    talks: list[Talk] = []

    def start(*arguments: str, **env: str) -> Talk:
        talks.append(Talk(*arguments, **env))
        return talks[-1]

    yield start
    for talk in talks:
        talk.close()


def a_config(home: Path, entry: str) -> Path:
    path = state(home) / "fased.json"
    path.parent.mkdir()
    path.write_text(f"{{ // mine\n  models: {{ providers: {{ litellm: {{ {entry}, models: [] }} }} }},\n}}\n")
    return path


@pytest.mark.parametrize("address", ["${PROXY_URL}", "http://${PROXY_HOST}:4000/v1"])
def test_an_address_whose_variable_is_not_set_is_asked_for(
    home: Path, proxy: StandIn, talk_to: Callable[..., Talk], address: str
) -> None:
    config = a_config(home, f"baseUrl: '{address}', apiKey: '${{PROXY_KEY}}'")
    before = config.read_text()
    talk = talk_to(*OURS)
    talk.expect("referenced at config path: models.providers.litellm.baseUrl. What you type here takes its place.")
    talk.expect("URL of the LiteLLM proxy [http://localhost:4000]:")
    talk.answer(f"{proxy.url}\n")
    talk.expect("LiteLLM API key: ")
    talk.answer(f"{KEY}\n")
    talk.expect("Primary model [default]:")
    talk.answer("\n")
    talk.expect("Choose models for roles")
    talk.answer("n\n")
    talk.expect("Write this?")
    assert "models.providers.litellm.apiKey still refers to PROXY_KEY, which is not set" in talk.output
    assert config.read_text() == before
    talk.answer("\n")
    assert talk.ends() == 0
    written = config.read_text()
    assert "// mine" in written
    entry = json5.loads(written)["models"]["providers"]["litellm"]
    assert (entry["baseUrl"], entry["apiKey"]) == (f"{proxy.url}/v1", "${PROXY_KEY}")
    assert KEY not in written


def test_a_header_whose_variable_is_not_set_is_told_before_anything_is_asked(
    home: Path, proxy: StandIn, talk_to: Callable[..., Talk]
) -> None:
    config = a_config(home, f"baseUrl: '{proxy.url}', headers: {{ 'X-Door': '${{DOOR}}' }}")
    before = config.read_text()
    talk = talk_to(*OURS)
    assert talk.ends() == 1
    assert 'Missing env var "DOOR" referenced at config path: models.providers.litellm.headers.X-Door' in talk.output
    assert "URL of the LiteLLM proxy" not in talk.output
    assert (config.read_text(), proxy.asked) == (before, [])


def files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_whole_talk(home: Path, proxy: StandIn, talk_to: Callable[..., Talk]) -> None:
    talk = talk_to(*OURS)
    talk.expect("URL of the LiteLLM proxy [http://localhost:4000]:")
    talk.answer("nonsense\n")
    talk.expect("not an http or https URL")
    talk.expect("URL of the LiteLLM proxy")
    talk.answer(f"{proxy.url}/v1\n")
    talk.expect("LiteLLM API key: ")
    talk.answer("sk-test-wrong-1234\n")
    talk.expect("What now?")
    assert "does not know the key" in talk.output
    assert "sk-test-wrong-1234" not in talk.output
    assert "q = give up" in talk.output
    talk.answer("\n")  # another key is what is proposed
    talk.expect("LiteLLM API key: ")
    talk.answer(f"{KEY}\n")
    talk.expect("Primary model [default]:")
    assert "2 chat models" in talk.output
    assert KEY not in talk.output
    talk.answer("gpt5.5\n")
    talk.expect("Nearest: gpt-5.5")
    talk.expect("Primary model [default]:")
    talk.answer("2\n")
    talk.expect("Choose models for roles")
    talk.answer("y\n")
    for role in ("cheap-check", "strong", "escalation", "coding", "summarizer"):
        talk.expect(f"{role}: ")
        talk.answer("default\n" if role == "coding" else "\n")
    talk.expect("Write this?")
    assert files(home) == {}
    talk.answer("\n")
    assert talk.ends() == 0
    assert "Primary model: litellm/gpt-5.5" in talk.output
    config = json5.loads((state(home) / "fased.json").read_text())
    assert config["agents"]["defaults"] == {
        "model": {"primary": "litellm/gpt-5.5"},
        "taskModels": {"coding": "litellm/default"},
    }
    assert [model["id"] for model in config["models"]["providers"]["litellm"]["models"]] == ["gpt-5.5", "default"]


def test_the_variable_is_offered_masked(home: Path, proxy: StandIn, talk_to: Callable[..., Talk]) -> None:
    talk = talk_to(*OURS, "--custom-base-url", proxy.url, LITELLM_API_KEY=KEY)
    talk.expect("Use the key sk-…0001 from LITELLM_API_KEY? [Y/n]:")
    talk.answer("\n")
    talk.expect("Primary model [default]:")
    talk.answer("\n")
    talk.expect("Choose models for roles")
    talk.answer("\n")
    talk.expect("Write this?")
    assert "a reference to LITELLM_API_KEY" in talk.output
    talk.answer("\n")
    assert talk.ends() == 0
    assert all(KEY.encode() not in data for data in files(home).values())


def test_no_means_no(home: Path, proxy: StandIn, talk_to: Callable[..., Talk]) -> None:
    talk = talk_to(*OURS, "--custom-base-url", proxy.url, "--litellm-api-key", KEY, "--model", "gpt-5.5")
    talk.expect("Choose models for roles")
    talk.answer("\n")
    talk.expect("Write this?")
    talk.answer("n\n")
    assert talk.ends() == 1
    assert "nothing was written" in talk.output
    assert files(home) == {}


def test_a_primary_of_another_provider_is_asked_about(home: Path, proxy: StandIn, talk_to: Callable[..., Talk]) -> None:
    config = state(home) / "fased.json"
    config.parent.mkdir()
    config.write_text("{agents: {defaults: {model: 'openai/gpt-5.6'}}}")
    talk = talk_to(*OURS, "--custom-base-url", proxy.url, "--litellm-api-key", KEY)
    talk.expect("The primary model is openai/gpt-5.6, of another provider. Use a model of this proxy in its place?")
    talk.answer("y\n")
    talk.expect("Primary model [default]:")
    talk.answer("\n")
    talk.expect("Choose models for roles")
    talk.answer("\n")
    talk.expect("Write this?")
    talk.answer("\n")
    assert talk.ends() == 0
    assert json5.loads(config.read_text())["agents"]["defaults"]["model"] == {"primary": "litellm/default"}


def test_a_private_address_may_be_allowed_on_the_spot(home: Path, proxy: StandIn, talk_to: Callable[..., Talk]) -> None:
    config = state(home) / "fased.json"
    config.parent.mkdir()
    request = "request: {allowPrivateNetwork: false}"
    config.write_text(f"{{models: {{providers: {{litellm: {{baseUrl: '{proxy.url}', {request}, models: []}}}}}}}}")
    talk = talk_to(*OURS, "--litellm-api-key", KEY, "--model", "default")
    talk.expect("The address comes from")
    talk.expect(f"URL of the LiteLLM proxy [{proxy.url}]:")
    talk.answer("\n")
    talk.expect("a = allow it")
    assert proxy.asked == []
    talk.expect("[u]:")
    talk.answer("a\n")
    talk.expect("Choose models for roles")
    talk.answer("\n")
    talk.expect("Write this?")
    talk.answer("\n")
    assert talk.ends() == 0
    assert json5.loads(config.read_text())["models"]["providers"]["litellm"]["request"] == {"allowPrivateNetwork": True}


QUESTIONS: list[tuple[str, str]] = [
    ("URL of the LiteLLM proxy", "URL\n"),
    ("LiteLLM API key: ", f"{KEY}\n"),
    ("Primary model", "\n"),
    ("Choose models for roles", "y\n"),
    ("coding:", "\n"),
    ("Write this?", "\n"),
]


@pytest.mark.parametrize("stop_at", [question for question, _ in QUESTIONS])
def test_ctrl_c_at_any_question_writes_nothing(
    home: Path, proxy: StandIn, talk_to: Callable[..., Talk], stop_at: str
) -> None:
    talk = talk_to(*OURS)
    for question, reply in QUESTIONS:
        for passed in {"coding:": ("cheap-check:", "strong:", "escalation:"), "Write this?": ("summarizer:",)}.get(
            question, ()
        ):
            talk.expect(passed)
            talk.answer("\n")
        talk.expect(question)
        if question == stop_at:
            break
        talk.answer(reply.replace("URL", proxy.url))
    talk.interrupt()
    assert talk.ends() == 130, talk.output
    assert "nothing was written" in talk.output
    assert "Traceback" not in talk.output
    assert files(home) == {}


def test_the_end_of_input_writes_nothing(home: Path, talk_to: Callable[..., Talk]) -> None:
    talk = talk_to(*OURS)
    talk.expect("URL of the LiteLLM proxy")
    talk.answer("\x04")
    assert talk.ends() == 130
    assert files(home) == {}


def test_json_keeps_questions_off_stdout(home: Path, proxy: StandIn) -> None:
    leader, follower = pty.openpty()
    arguments = [*OURS, "--custom-base-url", proxy.url, "--litellm-api-key", KEY, "--model", "default", "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "fased_litellm", *arguments],
        stdin=follower,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ},
    )
    os.write(leader, b"n\ny\n")
    out, err = process.communicate(timeout=60)
    os.close(leader)
    os.close(follower)
    document: Any = json.loads(out)
    assert document["primary"] == "litellm/default"
    assert b"Choose models for roles" in err
