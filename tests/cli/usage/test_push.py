"""``fased usage push``, and ``fased usage --from`` a database."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from jsonschema import Draft202012Validator

from fased_litellm.cli import main
from fased_litellm.schemas import schemas
from fased_litellm.usage.store.ledger import Ledger
from fased_litellm.usage.store.spool import Spool
from tests.usage.postgres.server import SECRET, SECRET_USER, Server, running
from tests.usage.samples import START_MS, sample

WINDOW = ["--from", "2026-11-21", "--to", "2026-11-22"]


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running() as started:
        started.administer("CREATE DATABASE usage OWNER usage_owner")
        yield started


@pytest.fixture
def url(server: Server) -> str:
    with psycopg.connect(server.url("usage"), autocommit=True) as connection:
        connection.execute("DROP SCHEMA IF EXISTS fased_usage CASCADE")
    return server.url("usage")


@pytest.fixture
def ledger_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FASED_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("COLUMNS", raising=False)
    path = tmp_path / "state" / "litellm" / "usage.sqlite3"
    with Ledger(path) as ledger:
        ledger.record_many(
            [sample("c1", START_MS, agent="main"), sample("c2", START_MS + 5, agent="ops", session="s2")]
        )
    return path


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["usage", *arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def document(capsys: pytest.CaptureFixture[str], schema: str, *arguments: str) -> Any:
    status, out, err = run(capsys, *arguments, "--json")
    assert (status, err) == (0, "")
    found = json.loads(out)
    Draft202012Validator(schemas()[f"{schema}.schema.json"]).validate(found)
    return found


def shown(server: Server) -> str:
    return f"postgresql://127.0.0.1:{server.port}/usage"


def test_push_says_what_was_sent(
    ledger_path: Path, url: str, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, "push", "--to", url, "--name", "box") == (0, f"Sent 2 calls of box to {shown(server)}.\n", "")
    again = f"Nothing to send: {shown(server)} has all calls of box.\n"
    assert run(capsys, "push", "--to", url, "--name", "box") == (0, again, "")
    with Ledger(ledger_path) as ledger:
        ledger.record(sample("c3"))
    assert document(capsys, "usage-push", "push", "--to", url, "--name", "box") == {
        "to": shown(server),
        "host": "box",
        "sent": 1,
        "sentAgain": False,
    }


def test_what_waits_in_the_spool_is_sent_too(ledger_path: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    Spool.beside(ledger_path).append(sample("waiting"))
    assert document(capsys, "usage-push", "push", "--to", url)["sent"] == 3


def test_the_node_agents_calls_are_read_in_first(
    ledger_path: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    transcript = ledger_path.parents[1] / "agents" / "main" / "sessions" / "0b5e.jsonl"
    transcript.parent.mkdir(parents=True)
    message = {
        "role": "assistant",
        "provider": "litellm",
        "model": "default",
        "usage": {"input": 5, "output": 7, "totalTokens": 12, "cost": {"total": 0.5}},
        "timestamp": START_MS,
    }
    line = {"type": "message", "id": "m1", "timestamp": "2026-11-21T00:00:00.000Z", "message": message}
    transcript.write_text(json.dumps(line) + "\n")
    assert document(capsys, "usage-push", "push", "--to", url)["sent"] == 3
    status, out, _ = run(capsys, "--from", url, *WINDOW, "--by", "session", "--json")
    costs = {group["session"]: group["costUsd"] for group in json.loads(out)["groups"]}
    assert (status, costs["agent:main:0b5e"]) == (0, 0.5)


def test_a_damaged_ledger_is_replaced_first(ledger_path: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    ledger_path.write_bytes(b"this is no ledger any more" * 100)
    status, out, err = run(capsys, "push", "--to", url)
    assert (status, "was damaged" in err) == (0, True)
    assert out.startswith("Nothing to send")


def test_without_a_history_there_is_nothing_to_send(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FASED_STATE_DIR", str(tmp_path / "empty"))
    assert document(capsys, "usage-push", "push", "--to", url)["sent"] == 0


def test_the_tables_are_made_by_their_owner(
    ledger_path: Path, url: str, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    made = document(capsys, "usage-prepare", "push", "--prepare", "--to", url)
    assert made == {"to": shown(server), "before": 0, "after": 1}
    assert run(capsys, "push", "--prepare", "--to", url)[1] == (
        f"The tables in {shown(server)} are up to date (version 1).\n"
    )


def test_the_environment_says_where(
    ledger_path: Path, url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FASED_USAGE_POSTGRES", url)
    assert document(capsys, "usage-push", "push")["sent"] == 2
    status, out, _ = run(capsys, "--from", "postgresql://", *WINDOW, "--by", "agent", "--csv")
    assert (status, out.splitlines()[1].split(",")[:2]) == (0, ["main", "1"])


def test_a_password_on_the_command_line_is_remarked_and_not_shown(
    ledger_path: Path, server: Server, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    exposed = server.url("usage", user=SECRET_USER, password=SECRET)
    for arguments in (["push", "--to", exposed], ["--from", exposed]):
        status, out, err = run(capsys, *arguments)
        assert status == 1  # that role may nothing
        assert "can read the password in --" in err
        assert "~/.pgpass" in err
        assert SECRET not in out + err
        assert "MARK" not in out + err


def test_reports_of_a_database_look_like_those_of_a_ledger(
    ledger_path: Path, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(capsys, "push", "--to", url, "--name", "box")[0] == 0
    for arguments in (
        ["--by", "agent,day", *WINDOW],
        ["--by", "agent", "--json", *WINDOW],
        [*WINDOW],
        ["--csv", "--filter", "agent:ops", *WINDOW],
        ["calls", *WINDOW],
        ["calls", "--json", *WINDOW],
        ["calls", "--csv", "--sort", "cost", "--limit", "1", *WINDOW],
        ["session", "s1"],
        ["session", "s1", "--json"],
        ["task", "digest"],
        ["--by", "day,hour", "--json", "--tz", "Asia/Kolkata", *WINDOW],
        ["calls", "--json", "--tz", "America/New_York", *WINDOW],
    ):
        local = run(capsys, *arguments)
        assert local[0] == 0
        assert run(capsys, *arguments, "--from", url) == local


def test_machines_are_told_apart(ledger_path: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(capsys, "push", "--to", url, "--name", "box")
    _, out, _ = run(capsys, "--from", url, *WINDOW, "--by", "host", "--json")
    assert [(group["host"], group["calls"]) for group in json.loads(out)["groups"]] == [("box", 2)]
    _, out, _ = run(capsys, "--from", url, *WINDOW, "--by", "host")
    assert "Host" in out
    for arguments in (["calls", "--host", "web"], ["--host", "web"]):
        assert "No calls" in run(capsys, *arguments, "--from", url, *WINDOW)[1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["push"], "--to is missing"),
        (["push", "--to", "nonsense"], "not the address"),
        (["push", "--to", "postgresql://box", "--name", " "], "--name is empty"),
        (["--from", "postgresql://box", "--from", "postgres://web"], "two databases"),
        (["--from", "2026-11-01", "--from", "2026-11-02"], "two days"),
        (["--from", "postgres:box"], "not the address"),
        (["--by", "host"], "history of one"),
        (["calls", "--host", "box"], "history of one"),
        (["export", "--from", "postgresql://u:MARK0815@box"], "this machine alone"),
        (["reprice", "--from", "postgresql://u:MARK0815@box"], "this machine alone"),
    ],
)
def test_wrong_use_says_what_is_wrong(
    ledger_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    status, out, err = run(capsys, *arguments)
    assert (status, out) == (2, "")
    assert words in err
    assert "MARK" not in err


def test_an_error_is_a_document_too(ledger_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "push", "--to", "postgresql://127.0.0.1:1/usage", "--json")
    assert (status, json.loads(out)["error"]["code"]) == (1, "fleet")


def test_on_a_terminal_a_bar_shows_how_far_it_is(ledger_path: Path, url: str) -> None:
    control, terminal = pty.openpty()
    try:
        done = subprocess.run(
            [sys.executable, "-m", "fased_litellm", "usage", "push", "--to", url],
            stdout=subprocess.PIPE,
            stderr=terminal,
            env={**os.environ, "TERM": "xterm"},
            check=True,
        )
        os.close(terminal)
        drawn = b""
        while chunk := _read(control):
            drawn += chunk
    finally:
        os.close(control)
    assert done.stdout.startswith(b"Sent 2 calls")
    assert b"Sending" in drawn
    assert b"2/2" in drawn


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65_536)
    except OSError:  # Linux says so at the end of a terminal
        return b""
