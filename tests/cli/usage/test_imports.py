"""``fased usage import``, and what every report reads in before it answers."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fased_litellm.cli import main
from fased_litellm.cli.usage.imports import _Line
from fased_litellm.schemas import schemas
from fased_litellm.usage.imports.pipeline import Progress
from fased_litellm.usage.store import importlock
from tests.usage.imports.node import T0, Node, reply, usage


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Node:
    monkeypatch.setenv("FASED_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("COLUMNS", raising=False)
    return Node(tmp_path / "state")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    status = main(["usage", *arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def run_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    status, out, err = run(capsys, "import", *arguments, "--json")
    assert (status, err) == (0, "")
    document = json.loads(out)
    Draft202012Validator(schemas()["usage-import.schema.json"]).validate(document)
    return document


def total(capsys: pytest.CaptureFixture[str], *arguments: str) -> int:
    status, out, err = run(capsys, "--all", "--json", *arguments)
    assert (status, err) == (0, "")
    calls: int = json.loads(out)["totals"]["calls"]
    return calls


def listed(capsys: pytest.CaptureFixture[str], *arguments: str) -> int:
    status, out, err = run(capsys, *arguments, "--json")
    assert (status, err) == (0, "")
    return len(json.loads(out)["calls"])


def test_nothing_to_import(node: Node, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "import") == (0, "0 files, 0 read (0.0 MB): nothing new.\n", "")
    assert run_json(capsys)["files"] == {"found": 0, "read": 0, "moved": 0, "gone": 0}
    assert not node.ledger.exists()


def test_what_was_imported(node: Node, capsys: pytest.CaptureFixture[str]) -> None:
    path = node.write(node.transcript("s1"), [reply("a1"), b"{oops", reply("a2")])
    status, out, err = run(capsys, "import")
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "1 file, 1 read (0.0 MB): 2 new.",
        "1 line could not be read:",
        f"  {path}:2: not JSON: Expecting property name enclosed in double quotes (character 2)",
    ]
    document = run_json(capsys)
    assert document["files"] == {"found": 1, "read": 0, "moved": 0, "gone": 0}
    assert document["badLines"]["count"] == 1
    assert [(bad["file"], bad["line"]) for bad in document["badLines"]["lines"]] == [(str(path), 2)]
    fully = run_json(capsys, "--full")
    assert (fully["files"]["read"], fully["calls"]["added"]) == (1, 0)
    assert fully["bytesRead"] == path.stat().st_size


def test_a_damaged_line_is_named_once_by_what_reads_it_in(node: Node, capsys: pytest.CaptureFixture[str]) -> None:
    """As after a power failure, and where a line broke off before the next one."""
    whole = [json.dumps(reply(f"a{number}", T0 + number)).encode() for number in range(4)]
    path = node.write(node.transcript("s1"), [b"\0" * 512 + whole[0], whole[1][:90] + whole[2], b"{oops", whole[3]])
    problems = ["512 NUL bytes; what can be read of it counts"]
    problems.append(
        "not JSON: Expecting property name enclosed in double quotes (character 91); what can be read of it counts"
    )
    problems.append("not JSON: Expecting property name enclosed in double quotes (character 2)")
    named = [f"  {path}:{number}: {problem}" for number, problem in enumerate(problems, 1)]
    status, _, err = run(capsys, "--all")
    assert status == 0
    assert err.splitlines() == ["3 new calls of the Node agent came in.", "3 lines could not be read:", *named]
    assert run(capsys, "--all")[2] == ""
    node.append(path, [b"oops"] * 5)
    assert run(capsys, "--all")[2].splitlines()[0::4] == [
        "5 lines could not be read:",
        "  … `fased usage import` lists them all.",
    ]
    node.write(path, path.read_bytes().splitlines())  # read once more, from its beginning
    assert run(capsys, "--all")[2] == ""
    lines = run_json(capsys)["badLines"]["lines"]
    assert [(bad["file"], bad["line"], bad["problem"]) for bad in lines[:3]] == [
        (str(path), number, problem) for number, problem in enumerate(problems, 1)
    ]
    assert total(capsys) == 3


def test_a_task_log_is_named_too(node: Node, capsys: pytest.CaptureFixture[str]) -> None:
    path = node.runs("j", [b"{oops"])
    assert run(capsys, "--all")[2].splitlines()[1].startswith(f"  {path}:1: not JSON")
    assert run(capsys, "--all")[2] == ""


def test_tokens_that_do_not_add_up(node: Node, capsys: pytest.CaptureFixture[str]) -> None:
    path = node.write(node.transcript("s1"), [reply("a1", usage={"input": 9, "totalTokens": 10})])
    told = f"  {path}:1: tokens do not add up: 9 input + 0 cached + 0 output are 9, not 10"
    assert run(capsys, "--all")[2].splitlines()[1:] == ["1 line does not add up:", told]
    node.append(path, [b"{oops"])
    assert run(capsys, "import")[1].splitlines()[1:3] == ["2 lines could not be read or do not add up:", told]


def test_a_file_that_cannot_be_read_is_named_as_long_as_it_cannot(
    node: Node, capsys: pytest.CaptureFixture[str]
) -> None:
    node.sessions().joinpath("sessions.json").write_text("[]")
    for _ in range(2):
        assert f"Cannot be read: {node.sessions()}/sessions.json: not an object.\n" in run(capsys, "--all")[2]


def test_many_bad_lines_are_cut_for_people(node: Node, capsys: pytest.CaptureFixture[str]) -> None:
    node.write(node.transcript("s1"), [b"[]"] * 1500)
    _, out, _ = run(capsys, "import")
    assert len(out.splitlines()) == 13
    assert "usage import --json" in out
    found = run_json(capsys)["badLines"]
    assert (found["count"], len(found["lines"])) == (1500, 1000)


def test_a_file_that_cannot_be_read_is_said(node: Node, capsys: pytest.CaptureFixture[str]) -> None:
    path = node.write(node.sessions() / "sessions.json", ["{oops"])
    status, out, _ = run(capsys, "import")
    assert status == 0
    assert f"Cannot be read: {path}: not JSON" in out
    assert run_json(capsys)["unreadable"][0]["file"] == str(path)


def test_a_report_reads_in_first(node: Node, capsys: pytest.CaptureFixture[str]) -> None:
    path = node.write(node.transcript("s1"), [reply("a1")])
    assert total(capsys) == 1
    node.append(path, [reply("a2")])
    assert total(capsys, "--no-import") == 1
    assert total(capsys) == 2
    node.append(path, [reply("a3")])
    assert listed(capsys, "calls", "--all", "--no-import") == 2
    assert listed(capsys, "calls", "--all") == 3
    node.append(path, [reply("a4")])
    assert listed(capsys, "session", "agent:main:s1", "--no-import") == 3
    assert listed(capsys, "session", "agent:main:s1") == 4


def test_the_costs_of_a_transcript_are_in_the_report(node: Node, capsys: pytest.CaptureFixture[str]) -> None:
    node.write(node.transcript("s1"), [reply("a1"), reply("a2", T0 + 1, usage=usage(total_cost=0))])
    status, out, err = run(capsys, "--all", "--by", "agent,model")
    assert (status, err) == (0, "2 new calls of the Node agent came in.\n")
    assert "2 calls · 2,240 tokens" in out
    assert "≥ $0.00453 (+1 unpriced)" in out


def test_while_another_import_is_at_work(node: Node, capsys: pytest.CaptureFixture[str]) -> None:
    path = node.write(node.transcript("s1"), [reply("a1")])
    assert total(capsys) == 1
    node.append(path, [reply("a2")])
    with importlock.hold(node.ledger):
        status, out, err = run(capsys, "--all", "--json")
    assert status == 0
    assert json.loads(out)["totals"]["calls"] == 1
    assert "Another import is at work" in err


def test_an_import_that_was_asked_for_says_that_it_waits(
    node: Node, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fased_litellm.usage.imports.pipeline.WAIT_S", 0.2)
    node.write(node.transcript("s1"), [reply("a1")])
    with importlock.hold(node.ledger):
        status, _, err = run(capsys, "import")
    assert status == 1
    assert err.splitlines()[0] == "Another import is at work; waiting for its end."


def test_a_damaged_ledger_is_built_anew(node: Node, capsys: pytest.CaptureFixture[str]) -> None:
    for number in range(20):
        node.write(node.transcript(f"s{number}"), [reply(f"a{n}") for n in range(10)])
    assert total(capsys) == 200
    for suffix in ("-wal", "-shm"):
        Path(f"{node.ledger}{suffix}").unlink(missing_ok=True)
    with node.ledger.open("r+b") as file:
        file.write(b"\x00" * 4096)
    status, out, err = run(capsys, "--all", "--json")
    assert status == 0
    assert "is set aside as" in err
    assert json.loads(out)["totals"]["calls"] == 200
    assert node.activity() == (0, 200, 0, 0, 0)


def test_a_ledger_that_cannot_be_written_does_not_keep_the_report_back(
    node: Node, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from fased_litellm.errors import LedgerError
    from fased_litellm.usage.imports import importer

    path = node.write(node.transcript("s1"), [reply("a1")])
    assert total(capsys) == 1
    node.append(path, [reply("a2")])

    def full(*_: object, **__: object) -> None:
        raise LedgerError("There is no room.")

    monkeypatch.setattr(importer.Importer, "run", full)
    status, out, err = run(capsys, "--all", "--json")
    assert status == 0
    assert json.loads(out)["totals"]["calls"] == 1
    assert err == "The Node agent's newest calls are not in this report: There is no room.\n"


def test_a_long_import_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    with _Line() as line:
        line.show(Progress(1, 100, 5))
        assert shown.getvalue() == ""  # not yet worth a word
        line._begun -= 1
        line.show(Progress(50_000_000, 100_000_000, 1234))
        assert "50 % of 100 MB, 1,234 calls" in shown.getvalue()
    assert shown.getvalue().endswith("\r\x1b[K")
    plain = io.StringIO()
    monkeypatch.setattr(sys, "stderr", plain)
    with _Line() as line:
        line._begun -= 1
        line.show(Progress(1, 100, 5))
    assert plain.getvalue() == ""
