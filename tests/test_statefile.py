from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from fased_litellm import statefile
from tests import specialfiles

THEN = "Do this."


def number(data: bytes) -> int:
    return int(data)


@pytest.fixture(autouse=True)
def _nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statefile, "_said", set())


def test_sound_content_is_read_and_none_is_none(tmp_path: Path) -> None:
    path = tmp_path / "n"
    assert statefile.read(path, 10, number, then=THEN) is None
    path.write_bytes(b"12")
    assert statefile.read(path, 10, number, then=THEN) == 12
    assert os.listdir(tmp_path) == ["n"]


@pytest.mark.parametrize("content", [b"", b"x", b"1" * 11])
def test_damaged_content_is_set_aside_whole_and_told_once(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "n"
    path.write_bytes(content)
    assert statefile.read(path, 10, number, then=THEN) is None
    assert statefile.read(path, 10, number, then=THEN) is None
    (aside,) = tmp_path.iterdir()
    assert aside.name.startswith("n.damaged-2")
    assert aside.read_bytes() == content
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert record.getMessage().startswith(f"{path} is damaged: ")
    assert record.getMessage().endswith(f". It is set aside as {aside}. {THEN}")


def test_one_after_the_other_is_kept(tmp_path: Path) -> None:
    for content in (b"a", b"b", b"c"):
        (tmp_path / "n").write_bytes(content)
        statefile.read(tmp_path / "n", 10, number, then=THEN)
    assert sorted(file.read_bytes() for file in tmp_path.iterdir()) == [b"a", b"b", b"c"]


def test_what_another_program_put_there_meanwhile_stays(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "n"
    path.write_bytes(b"x")

    def make(data: bytes) -> int:
        path.write_bytes(b"12")
        return number(data)

    assert statefile.read(path, 10, make, then=THEN) is None
    assert path.read_bytes() == b"12"
    assert os.listdir(tmp_path) == ["n"]
    assert caplog.records == []


def test_what_another_program_took_away_meanwhile_is_gone(tmp_path: Path) -> None:
    assert statefile.set_aside(tmp_path / "n", b"x", "why", then=THEN) is None


def test_a_file_that_cannot_be_moved_is_told_and_stays(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = tmp_path / "n"
    path.write_bytes(b"x")
    monkeypatch.setattr(os, "rename", refuse)
    assert statefile.read(path, 10, number, then=THEN) is None
    assert path.read_bytes() == b"x"
    assert "It cannot be set aside: Permission denied. Do this." in caplog.text


@pytest.mark.parametrize("kind", specialfiles.KINDS)
def test_something_else_is_not_moved(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "n"
    word = specialfiles.put(kind, path)
    with pytest.raises(OSError, match=word):
        statefile.read(path, 10, number, then=THEN)
    assert os.listdir(tmp_path) == ["n"]


def test_where_nobody_set_up_logging_it_is_on_stderr(tmp_path: Path) -> None:
    code = "from fased_litellm.statefile import say; say('One sentence.'); say('One sentence.'); say('Another.')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "One sentence.\nAnother.\n"
    assert done.stdout == ""
