from __future__ import annotations

import os
from pathlib import Path

import pytest

from fased_litellm import atomicfile, plainfile
from tests import specialfiles

FLAGS = {
    "read": os.O_RDONLY,
    "append": os.O_WRONLY | os.O_APPEND | os.O_CREAT,
    "both": os.O_RDWR | os.O_CREAT,
    "anew": os.O_WRONLY | os.O_CREAT | os.O_TRUNC,
}


@pytest.mark.parametrize("flags", FLAGS.values(), ids=FLAGS)
@pytest.mark.parametrize("kind", specialfiles.KINDS)
def test_something_else_in_a_files_place_is_named_at_once(tmp_path: Path, kind: str, flags: int) -> None:
    path = tmp_path / "file"
    word = specialfiles.put(kind, path)
    with pytest.raises(plainfile.NotPlain) as caught:
        plainfile.open_file(path, flags)
    assert caught.value.strerror == f"it is {word}, not a regular file; move it away"
    assert caught.value.filename == str(path)


def test_a_pipe_with_a_writer_is_not_read_either(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    end = os.open(path, os.O_RDWR)
    try:
        os.write(end, b"{}")
        with pytest.raises(plainfile.NotPlain):
            plainfile.read(path, 100)
    finally:
        os.close(end)


def test_a_link_is_followed_unless_it_may_not_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x")
    (tmp_path / "link").symlink_to("file")
    assert plainfile.read(tmp_path / "link", 10) == b"x"
    with pytest.raises(plainfile.NotPlain, match="a link"):
        plainfile.read(tmp_path / "link", 10, flags=os.O_NOFOLLOW)


@pytest.mark.parametrize("size", [0, 9, 10])
def test_a_file_of_up_to_the_limit_is_read(tmp_path: Path, size: int) -> None:
    (tmp_path / "file").write_bytes(b"x" * size)
    assert plainfile.read(tmp_path / "file", 10) == b"x" * size


def test_a_larger_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.touch()
    os.truncate(path, 2**40)  # without a single block on the disk
    with pytest.raises(plainfile.TooLarge, match="1099511627776 bytes; at most 10 are read"):
        plainfile.read(path, 10)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc")
def test_a_file_that_says_it_is_empty_is_bounded_all_the_same() -> None:
    assert b"Name:" in plainfile.read("/proc/self/status", 100_000)
    with pytest.raises(plainfile.TooLarge):
        plainfile.read("/proc/self/status", 10)


def test_none_is_none(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        plainfile.read(tmp_path / "file", 10)
    plainfile.refuse_other(tmp_path / "file")
    (tmp_path / "file").touch()
    plainfile.refuse_other(tmp_path / "file")
    plainfile.refuse_other(tmp_path / "file" / "below")


def test_no_child_inherits_the_file_and_it_is_private(tmp_path: Path) -> None:
    descriptor = plainfile.open_file(tmp_path / "file", FLAGS["append"])
    try:
        assert not os.get_inheritable(descriptor)
        assert os.fstat(descriptor).st_mode & 0o777 == 0o600
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("kind", specialfiles.KINDS)
def test_a_replacement_deletes_nothing_that_is_no_file(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "file"
    specialfiles.put(kind, path)
    before = os.lstat(path)
    with pytest.raises(plainfile.NotPlain):
        atomicfile.replace(path, b"new")
    assert os.path.samestat(os.lstat(path), before)
    assert os.listdir(tmp_path) == ["file"]
