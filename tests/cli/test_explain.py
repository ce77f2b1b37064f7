"""``fased litellm explain``: where the text comes from, what is printed, and how it ends."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import jsonschema
import pytest

from fased_litellm.cli import main

SCHEMA = json.loads((Path(__file__).parents[2] / "schemas" / "explain-result.schema.json").read_text(encoding="utf-8"))
TEXT = '{"error":{"message":"Budget has been exceeded! Current cost: 1","type":"budget_exceeded","code":"422"}}'


def test_a_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["litellm", "explain", TEXT]) == 0
    assert capsys.readouterr().out == (
        "budget-exceeded, HTTP 422 budget_exceeded\n"
        "  Budget has been exceeded! Current cost: 1\n"
        "  Failed on your side: the key\n"
        "→ The budget of this key (or of its team or user) is used up. Wait for its reset, or have the owner of the proxy"
        " raise it.\n"
    )


def test_a_file_with_several(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = tmp_path / "proxy.log"
    log.write_bytes(f"{TEXT}\nHTTP/1.1 503 x\n{TEXT}\n\xff\xfe\n".encode("latin-1"))
    assert main(["litellm", "explain", str(log)]) == 0
    shown = capsys.readouterr().out
    assert "2 × budget-exceeded, HTTP 422 budget_exceeded, line 1" in shown
    assert "1 × gateway-down, HTTP 503, line 2" in shown


@pytest.mark.parametrize("words", [["-"], []])
def test_stdin(words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO(TEXT))
    assert main(["litellm", "explain", "--json", *words]) == 0
    document = json.loads(capsys.readouterr().out)
    jsonschema.validate(document, SCHEMA)
    (failure,) = document["failures"]
    assert (failure["cause"], failure["origin"], failure["count"], document["lines"]) == (
        "budget-exceeded",
        "caller-key",
        1,
        1,
    )


def test_nothing_is_recognised(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["litellm", "explain", "good morning"]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "Nothing in this text is known" in shown.err
    assert main(["litellm", "explain", "good morning", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == {"failures": [], "lines": 1, "more": 0}


def test_no_text_on_a_terminal(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    assert main(["litellm", "explain"]) == 2
    assert "No text given" in capsys.readouterr().err


def test_keys_of_this_shell_are_hidden(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("SOME_API_KEY", "Plain-Words-As-A-Key")
    assert main(["litellm", "explain", "Error code: 401 - No api key passed in. Plain-Words-As-A-Key"]) == 0
    assert "Plain-Words" not in capsys.readouterr().out


@pytest.mark.parametrize("text", ["\x00", "a" * 100_000, "/proc/self", "."])
def test_texts_that_are_no_files(text: str) -> None:
    assert main(["litellm", "explain", text]) == 1
