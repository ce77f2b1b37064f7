"""What can be read of a damaged line counts; what cannot is told."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.usage.imports.transcripts import damaged
from tests.usage.imports.node import T0, asked, header, reply

ONE, TWO = (json.dumps(reply(name, T0), ensure_ascii=False).encode() for name in ("a1", "a2"))
RUN = json.dumps({"ts": T0, "jobId": "j", "action": "finished", "usage": {"input_tokens": 1}}).encode()


def ids(line: bytes) -> list[str]:
    return [entry.get("id") or entry["jobId"] for entry, _ in damaged.read(line, "bad").entries]


@pytest.mark.parametrize("line", [ONE, TWO, RUN, json.dumps(header("s1")).encode(), json.dumps(asked("u1")).encode()])
@pytest.mark.parametrize("rubbish", [b"\0" * 512, b"\0", b"\xff\xfe", b"oops ", b"}}]", b"{{{", b'{"a":', b'"'])
def test_rubbish_before_and_behind(line: bytes, rubbish: bytes) -> None:
    for damaged_line in (rubbish + line, line + rubbish, rubbish + line + rubbish, rubbish + line + b"\n"):
        found = damaged.read(damaged_line, "bad")
        assert [entry for entry, _ in found.entries] == [json.loads(line)]
        assert found.problem
        # An entry without an id is known by a digest of its own text.
        assert found.entries[0][1] == line


def test_two_lines_without_an_end_between_them_are_whole() -> None:
    assert damaged.read(ONE + TWO, "bad") == ([(json.loads(ONE), ONE), (json.loads(TWO), TWO)], None)
    assert damaged.read(b"\xef\xbb\xbf" + ONE, "bad").problem is None


def test_nul_bytes_are_counted() -> None:
    assert damaged.read(b"\0" * 5000 + ONE, "bad").problem == "5,000 NUL bytes; what can be read of it counts"
    assert damaged.read(ONE + b"\0", "bad").problem == "1 NUL byte; what can be read of it counts"
    assert damaged.read(b"\0" * 5000, "bad") == ([], "bad")


@pytest.mark.parametrize("between", [b"", b"\0" * 40])
def test_a_line_that_broke_off_before_the_next_one(between: bytes) -> None:
    """The next one counts; and the first, if it had come as far as behind its usage."""
    for cut in range(1, len(ONE)):
        found = ids(ONE[:cut] + between + TWO)
        assert found in (["a2"], ["a1", "a2"])
        if b'"stopReason": "stop"' in ONE[:cut]:
            assert found == ["a1", "a2"]
        if b'"cost"' not in ONE[:cut]:
            assert found == ["a2"]
        assert damaged.read(ONE[:cut] + between + TWO, "bad").problem


def test_usage_is_taken_from_a_broken_line_only_as_a_whole() -> None:
    """Half a number is another number."""
    for cut in range(1, len(ONE)):
        for entry, _ in damaged.read(ONE[:cut] + b"\0" + TWO, "bad").entries:
            assert entry["message"]["usage"] == json.loads(ONE)["message"]["usage"]


@pytest.mark.parametrize("size", [1, 2, 60])
def test_nul_bytes_in_the_midst_never_change_a_number(size: int) -> None:
    """A file system that lost a block: what stood there is gone."""
    known = json.loads(ONE)["message"]["usage"]
    for begin in range(len(ONE)):
        line = ONE[:begin] + b"\0" * size + ONE[begin + size :]
        for entry, _ in damaged.read(line, "bad").entries:
            used = entry.get("message", {}).get("usage", {})
            assert [key for key, value in known.items() if key != "cost" and used.get(key, value) != value] == []


def test_nul_bytes_in_a_text_do_no_harm() -> None:
    line = ONE.replace("…".encode(), b"\0" * 3)
    assert ids(line) == ["a1"]
    assert damaged.read(line, "bad").problem == "3 NUL bytes; what can be read of it counts"


def test_texts_may_quote_lines() -> None:
    quoting = json.dumps(asked("u1", text=ONE.decode())).encode()
    assert ids(b"\0" + quoting) == ["u1"]
    assert ids(quoting + ONE) == ["u1", "a1"]


def test_parts_of_a_line_are_no_lines() -> None:
    tool = reply("a1", content=[{"type": "toolCall", "name": "exec", "arguments": {"message": "x", "action": "y"}}])
    torn = json.dumps(tool).encode()
    assert ids(torn[: torn.index(b'"api"')] + TWO) == ["a2"]


@given(st.lists(st.binary(max_size=40), min_size=1, max_size=4), st.booleans())
def test_whatever_is_around_them(rubbish: list[bytes], nuls: bool) -> None:
    rubbish = [part.replace(b"{", b"").replace(b'"', b"").replace(b"\\", b"") + b"\0" * nuls for part in rubbish]
    line = b"".join(part + text for part, text in zip(rubbish, [ONE, TWO, ONE, TWO], strict=False))
    assert ids(line) == ["a1", "a2", "a1", "a2"][: len(rubbish)]


@given(st.binary())
def test_nothing_makes_it_stumble(line: bytes) -> None:
    found = damaged.read(line, "bad")
    assert found.entries or found.problem == "bad"


@pytest.mark.parametrize("line", [b"{" * 200_000, b'{"a":' * 200_000, b'{"a":[' * 100_000, b'{"message":{' * 50_000])
def test_braces_without_end_are_given_up(line: bytes) -> None:
    assert damaged.read(line, "bad") == ([], "bad")
