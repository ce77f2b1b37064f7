"""Both ways to read a line give the same, for whatever may stand in a file."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.usage.imports.transcripts import jsonlines
from fased_litellm.usage.imports.transcripts.jsonlines import fast, plain, value
from tests.usage.imports.transcripts.test_numbers import anything

quick = fast()


def both(line: bytes) -> tuple[str, str]:
    found = []
    for parse in (plain, quick):
        try:
            found.append(repr(value(line, parse)))
        except ValueError as error:
            found.append(f"ValueError: {error}")
    return found[0], found[1]


@given(anything, st.booleans(), st.sampled_from([None, 1]))
def test_any_value(any_value: Any, ascii_only: bool, indent: int | None) -> None:
    line = json.dumps(any_value, ensure_ascii=ascii_only, indent=indent).encode("utf-8", "surrogatepass")
    one, other = both(line)
    assert one == other
    assert not one.startswith("ValueError")


@given(anything, st.data())
def test_a_value_that_was_damaged(any_value: Any, data: st.DataObject) -> None:
    line = bytearray(json.dumps(any_value).encode())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(line)))
        what = data.draw(st.sampled_from([b"", b'"', b"\\", b"\x00", b"\xff", b"}", b"]", b",", b"1", b" ", b"\r"]))
        line[place : place + data.draw(st.integers(0, 2))] = what
    one, other = both(bytes(line))
    assert one == other


@pytest.mark.parametrize(
    "line",
    [
        b"9" * 5000,
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":1e400,"b":-1e400,"c":NaN,"d":-0,"e":-0.0,"a":2}',
        b'{"a":"\\ud800"}',
        b'{"a":"\xff\xfe"}',
        b"[" * 150 + b"]" * 150,
        b"[" * 300 + b"]" * 300,
        b"[" * 100_000,
        b"\xef\xbb\xbf{}",
        b'{"a":"\x00"}',
        b'{"\\u0041":1,"A":2}',
        b"\xa0{}",
        b"",
        b"\x00\x00\x00{\x00\x00\x00}",
    ],
)
def test_odd_lines(line: bytes) -> None:
    one, other = both(line)
    assert one == other


def test_a_problem_is_told_without_a_word_of_the_line() -> None:
    with pytest.raises(ValueError, match=r"^not JSON: ") as caught:
        plain(b'{"text": "my secret \\q"}')
    assert "secret" not in str(caught.value)
    assert "q" not in str(caught.value).replace("escape", "")


def test_little_is_read_without_loading_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.modules", {})
    assert jsonlines.chosen(1000) is plain
    assert jsonlines.chosen(jsonlines.WORTH_IT) is not plain
