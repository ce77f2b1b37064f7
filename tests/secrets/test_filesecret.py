from __future__ import annotations

import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fased_litellm.errors import SecretError
from fased_litellm.secrets import filesecret, secretref

TREE = {"litellm": {"apiKey": "sk-test-file-0001", "a/b": "slash", "m~n": "tilde", "": "empty"}, "list": ["x", "y"]}


def resolve(path: Path, wanted: str = "/litellm/apiKey", **provider: Any) -> str:
    config = {"secrets": {"providers": {"files": {"source": "file", "path": str(path), **provider}}}}
    return secretref.resolve({"source": "file", "provider": "files", "id": wanted}, config, {"HOME": str(path.parent)})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "keys.json"
    path.write_text(json.dumps(TREE))
    path.chmod(0o600)
    return path


@pytest.mark.parametrize(
    ("pointer", "value"),
    [
        ("/litellm/apiKey", "sk-test-file-0001"),
        ("/litellm/a~1b", "slash"),
        ("/litellm/m~0n", "tilde"),
        ("/litellm/", "empty"),
        ("/list/1", "y"),
    ],
)
def test_a_pointer_leads_to_its_value(file: Path, pointer: str, value: str) -> None:
    assert resolve(file, pointer) == value


@pytest.mark.parametrize("pointer", ["/nothing", "/litellm/apiKey/more", "/list/2", "/list/-1", "/list/x", "value"])
def test_a_pointer_to_nothing_is_named(file: Path, pointer: str) -> None:
    with pytest.raises(SecretError, match=pointer):
        resolve(file, pointer)


def test_only_a_text_is_a_secret(file: Path) -> None:
    with pytest.raises(SecretError, match="empty or not a string"):
        resolve(file, "/litellm")


def test_a_single_value_loses_its_line_end(file: Path) -> None:
    file.write_bytes(b"sk-test-single-01\r\n")
    assert resolve(file, "value", mode="singleValue") == "sk-test-single-01"
    with pytest.raises(SecretError, match="single value, whose id is 'value'"):
        resolve(file, "/litellm/apiKey", mode="singleValue")


def test_a_home_is_expanded(file: Path) -> None:
    config = {"secrets": {"providers": {"files": {"source": "file", "path": "~/keys.json"}}}}
    ref = {"source": "file", "provider": "files", "id": "/list/0"}
    assert secretref.resolve(ref, config, {"HOME": str(file.parent)}) == "x"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
def test_a_file_open_to_others_is_refused(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(SecretError, match=f"open to others \\(mode 0{mode:o}\\)") as caught:
        resolve(file)
    assert caught.value.hint == f"chmod go= {file}"


def test_a_file_of_another_user_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fased_litellm.secrets.guarded.os.getuid", lambda: os.stat(file).st_uid + 1)
    with pytest.raises(SecretError, match="belongs to another user"):
        resolve(file)


def test_a_link_a_folder_and_nothing_are_refused(file: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(file)
    with pytest.raises(SecretError, match="must not be a link"):
        resolve(link)
    with pytest.raises(SecretError, match="must be a file"):
        resolve(tmp_path)
    with pytest.raises(SecretError, match="cannot be read"):
        resolve(tmp_path / "gone")


def test_a_pipe_does_not_hold_up(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    with pytest.raises(SecretError, match="must be a file"):
        resolve(pipe)


def test_a_large_file_is_refused(file: Path) -> None:
    with pytest.raises(SecretError, match="larger than 10 bytes"):
        resolve(file, maxBytes=10)
    assert resolve(file, maxBytes=file.stat().st_size)


def test_a_file_that_takes_too_long_is_left(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = threading.Event()
    monkeypatch.setattr(filesecret, "_read", lambda *_: done.wait() and b"")
    with pytest.raises(SecretError, match="not read within 20 ms"):
        resolve(file, timeoutMs=20)
    done.set()


@pytest.mark.parametrize("data", [b"sk-test-bare-0001", b"[1]", b"\xff\xfe", b"[" * 100_000])
def test_a_file_that_is_no_object_is_not_quoted(file: Path, data: bytes) -> None:
    file.write_bytes(data)
    with pytest.raises(SecretError) as caught:
        resolve(file)
    assert "sk-test-bare" not in f"{caught.value.message}{caught.value.hint}"
    assert str(file) in caught.value.message


@given(st.text(min_size=1), st.text(min_size=1))
def test_every_key_has_a_pointer(outer: str, inner: str) -> None:
    def escaped(key: str) -> str:
        return key.replace("~", "~0").replace("/", "~1")

    assert filesecret._at({outer: {inner: "found"}}, f"/{escaped(outer)}/{escaped(inner)}", "x") == "found"
