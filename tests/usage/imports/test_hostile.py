"""Files as no Node agent writes them: whatever is in them, an import goes on, and says what it could not read."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fased_litellm.usage.imports.transcripts.blocks import Lines
from tests.usage.agreement import assert_rollups_equal_rows
from tests.usage.imports.node import T0, Node, asked, call_id, reply, text, tool_result, usage
from tests.usage.imports.transcripts.test_numbers import anything

ODD_TIMES: list[Any] = ["9999-12-31T23:59:59.999Z", "0001-01-01T00:00:00Z", 1e300, [], "x"]
DEFAULTS: dict[str, Any] = Lines.__init__.__kwdefaults__  # type: ignore[assignment]  # it has some

MARK = "a-word-of-the-conversation-7391"


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path / "state")


def ids(node: Node) -> list[str]:
    assert_rollups_equal_rows(node.ledger)
    return [name for (name,) in node.calls()]


def test_no_text_is_kept(node: Node) -> None:
    blocks = [
        {"type": "text", "text": MARK, "textSignature": MARK},
        {"type": "thinking", "thinking": MARK, "thinkingSignature": MARK},
        {"type": "toolCall", "id": MARK, "name": "exec", "arguments": {"command": MARK, MARK: MARK}},
        {"type": "image", "data": MARK, "mimeType": MARK},
    ]
    failed = reply("a2", stopReason="error", errorMessage=MARK, content=blocks)
    result = tool_result("t1")
    result["message"] |= {"content": [{"type": "text", "text": MARK}], "details": {"stdout": MARK}}
    node.write(
        node.transcript("s1"),
        [
            {"type": "session", "id": "s1", "cwd": f"/{MARK}"},
            asked("u1", text=MARK),
            {"type": "message", "message": {"role": "user", "content": MARK}},
            reply("a1", content=blocks),
            failed,
            result,
            {"type": "compaction", "id": "c", "summary": MARK},
            {"type": "custom", "customType": MARK, "data": MARK},
            f'{{"message": "{MARK}',
            f'{{"{MARK}": \\x}}',
            f'["{MARK}"]',
        ],
    )
    node.store(
        {
            "agent:main:main": {
                "sessionId": "s1",
                "lastHeartbeatText": MARK,
                "systemPromptOverride": MARK,
                "skillsSnapshot": {"prompt": MARK},
                "origin": {"from": MARK, "to": MARK, "label": MARK},
                "subject": MARK,
            }
        }
    )
    run = {"ts": T0, "jobId": "j", "action": "finished", "usage": {"input_tokens": 1}, "summary": MARK, "error": MARK}
    node.runs("j", [{**run, "policy": {"planner": MARK}}])
    done = node.read_in()
    assert (done.added, len(node.calls())) == (3, 3)
    kept = b"".join(path.read_bytes() for path in node.ledger.parent.iterdir())
    assert len(kept) > 50_000
    assert MARK.encode() not in kept
    assert b"exec" in kept  # names of tools are


@pytest.mark.parametrize(
    "line",
    [
        b"\x00" * 1000,
        b"\xff\xfe\xfd",
        b'{"message":' * 5000,
        b"[" * 200_000,
        b'{"type":"message","id":"x","message":{"role":"assistant","usage":{"input":' + b"9" * 5000,
        b'"',
        b"{}{}",
        b"\xef\xbb\xbf{}",
        b"null",
        b"NaN",
        b"true",
    ],
)
def test_a_line_that_makes_no_sense(node: Node, line: bytes) -> None:
    node.write(node.transcript("s1"), [reply("a1"), line, reply("a2")])
    assert node.read_in().added == 2
    ((number, problem),) = node.rows("SELECT line, problem FROM bad_line")
    assert number == 2
    assert len(problem) < 100


def test_a_line_that_is_too_long(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(DEFAULTS, "longest", 5000)
    monkeypatch.setitem(DEFAULTS, "block", 1000)
    node.write(node.transcript("s1"), [reply("a1"), reply("a2", content="x" * 20_000), reply("a3")])
    assert node.read_in().added == 2
    assert node.rows("SELECT line, problem FROM bad_line") == [(2, "longer than 32 MiB")]
    path = node.transcript("s1")
    with path.open("ab") as file:
        file.write(b"y" * 20_000)  # and one that has no end
    node.touch(path)
    assert node.read_in().added == 0
    with path.open("ab") as file:
        file.write(b"\n" + text([reply("a4")]))
    node.touch(path)
    assert node.read_in().added == 1
    assert ids(node) == ["main/s1/a1", "main/s1/a3", "main/s1/a4"]


def test_bytes_that_are_no_text_in_a_message(node: Node) -> None:
    line = text([reply("a1", content="MARK")]).rstrip().replace(b"MARK", b"\xff\xed\xa0\x80")
    node.write(node.transcript("s1"), [line])
    assert node.read_in().added == 1


@pytest.mark.parametrize(
    "odd",
    [
        '{"input": 1e400, "output": -5, "cacheRead": "7", "cacheWrite": true, "totalTokens": null}',
        '{"input": 99999999999999999999999999, "output": 1}',
        '{"input": -1e400, "output": 1}',
        '{"input": NaN, "output": 1}',
        '{"input": [], "output": {}}',
        '{"input": 1, "cost": {"total": 1e300}}',
        '{"input": 1, "cost": {"total": -1}}',
        '{"input": 1, "cost": {"total": 99999999}}',
        "[]",
        '"much"',
    ],
)
def test_absurd_numbers(node: Node, odd: str) -> None:
    line = json.dumps(reply("a1", usage="ODD")).replace('"ODD"', odd)
    node.write(node.transcript("s1"), [line, reply("a2")])
    assert node.read_in().added == 2
    (found,) = node.rows("SELECT total_tokens, cost_pico FROM call WHERE call_id = ?", call_id("main/s1/a1"))
    assert found[0] in (0, 1)
    assert found[1] is None
    assert_rollups_equal_rows(node.ledger)


def test_absurd_times(node: Node) -> None:
    node.write(
        node.transcript("s1"),
        [reply("a1") | {"timestamp": odd} for odd in ODD_TIMES],
    )
    node.read_in()
    assert_rollups_equal_rows(node.ledger)


def test_absurd_names(node: Node) -> None:
    node.write(
        node.transcript("s1"),
        [
            reply("a" * 500, model="m" * 5000),
            reply("\x00", provider="\x00", model="a\nb"),
            reply("'); DROP TABLE call; --", model="'); DROP TABLE call; --"),
            reply("é"),
            json.dumps(reply("MARK", model="MARK")).replace("MARK", "\\ud800"),
        ],
    )
    assert node.read_in().added == 5
    assert max(len(model) for (model,) in node.calls("model")) == 512
    assert_rollups_equal_rows(node.ledger)


def test_the_largest_sums(node: Node) -> None:
    most = usage(
        input=10**12, output=10**12, cacheRead=10**12, cacheWrite=10**12, totalTokens=10**12, total_cost=10_000
    )
    node.write(node.transcript("s1"), [reply(f"a{number}", usage=most) for number in range(800)])
    assert node.read_in().added == 800
    assert_rollups_equal_rows(node.ledger)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_must_not_be_read(node: Node) -> None:
    node.write(node.transcript("s1"), [reply("a1")]).chmod(0)
    node.write(node.transcript("s2"), [reply("a1")])
    result = node.read_in()
    assert result.unreadable == [(str(node.transcript("s1")), "Permission denied")]
    assert ids(node) == ["main/s2/a1"]


def test_a_file_that_cannot_be_opened(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("s1", "s2", "s3"):
        node.write(node.transcript(name), [reply("a1")])
    node.runs("j", [])
    real = os.open

    def refusing(path: Any, flags: int, mode: int = 0o777, **options: Any) -> int:
        if str(path).endswith(("s1.jsonl", "j.jsonl")):
            raise PermissionError(13, "Permission denied")
        if str(path).endswith("s2.jsonl"):
            raise FileNotFoundError(2, "gone meanwhile")
        return real(path, flags, mode, **options)

    monkeypatch.setattr(os, "open", refusing)
    result = node.read_in()
    monkeypatch.undo()
    assert sorted(result.unreadable) == [
        (str(node.transcript("s1")), "Permission denied"),
        (str(node.state / "cron" / "runs" / "j.jsonl"), "Permission denied"),
    ]
    assert ids(node) == ["main/s3/a1"]
    assert node.read_in().added == 2


@pytest.mark.parametrize("calls_per_chunk", [5, 10_000])
def test_a_file_that_cannot_be_read_to_its_end(
    node: Node, monkeypatch: pytest.MonkeyPatch, calls_per_chunk: int
) -> None:
    monkeypatch.setattr("fased_litellm.usage.imports.transcripts.transcript.CALLS_PER_CHUNK", calls_per_chunk)
    monkeypatch.setattr("fased_litellm.usage.imports.writing.CALLS", 20)
    monkeypatch.setitem(DEFAULTS, "block", 4000)
    for name in ("s1", "s2", "s3"):
        node.write(node.transcript(name), [asked("u1")] + [reply(f"a{number}") for number in range(50)])
    broken = node.transcript("s2").stat().st_ino
    real = os.pread

    def failing(descriptor: int, size: int, offset: int) -> bytes:
        if offset > 15_000 and os.fstat(descriptor).st_ino == broken:
            raise OSError(5, "Input/output error")
        return real(descriptor, size, offset)

    monkeypatch.setattr(os, "pread", failing)
    result = node.read_in()
    assert result.unreadable == [(str(node.transcript("s2")), "Input/output error")]
    assert result.added == 100
    assert {name.split("/")[1] for name in ids(node)} == {"s1", "s3"}
    assert node.activity() == (2, 100, 0, 0, 0)
    assert node.rows("SELECT count(*) FROM conversation") == [(2,)]
    monkeypatch.undo()
    assert node.read_in().added == 50
    assert node.activity() == (3, 150, 0, 0, 0)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)
@given(st.lists(st.binary(max_size=60) | anything.map(lambda value: text([json.dumps(value)])), max_size=8))
def test_any_file(tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]) -> None:
    node = Node(tmp_path_factory.mktemp("any") / "state")
    node.write(node.transcript("s1"), [*lines, b"", reply("a1")])
    node.runs("j", lines)
    node.write(node.sessions() / "sessions.json", lines)
    node.read_in()
    assert "main/s1/a1" in ids(node)
    before = node.rows("SELECT * FROM call")
    node.read_in(full=True)
    assert node.rows("SELECT * FROM call") == before
