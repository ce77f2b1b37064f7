from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from fased_litellm.errors import ExportError
from fased_litellm.usage.exports.files import write


@pytest.fixture
def usual_umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_files_are_written_in_pieces_with_the_mode_of_any_file(tmp_path: Path, usual_umask: None) -> None:
    sizes = write([(tmp_path / "a", iter(["x", "é\n"])), (tmp_path / "b", [])], force=False)
    assert sizes == [4, 0]
    assert (tmp_path / "a").read_text(encoding="utf-8") == "xé\n"
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in names(tmp_path)] == [0o644, 0o644]


def test_none_is_replaced_unless_that_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("kept")
    with pytest.raises(ExportError, match="b is there already") as caught:
        write([(tmp_path / "a", ["new"]), (tmp_path / "b", ["new"])], force=False)
    assert "--force" in str(caught.value.hint)
    assert names(tmp_path) == ["b"]
    assert (tmp_path / "b").read_text() == "kept"
    write([(tmp_path / "a", ["new"]), (tmp_path / "b", ["new"])], force=True)
    assert (tmp_path / "b").read_text() == "new"


def test_one_that_came_meanwhile_is_kept(tmp_path: Path) -> None:
    def pieces() -> Iterator[str]:
        yield "new"
        (tmp_path / "a").write_text("theirs")

    with pytest.raises(ExportError, match="there already"):
        write([(tmp_path / "a", pieces())], force=False)
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "theirs"


@pytest.mark.parametrize("force", [False, True])
def test_what_breaks_off_leaves_nothing(tmp_path: Path, force: bool) -> None:
    def pieces() -> Iterator[str]:
        yield "half"
        raise KeyboardInterrupt

    (tmp_path / "a").write_text("old")
    with pytest.raises(KeyboardInterrupt):
        write([(tmp_path / "b", ["whole"]), (tmp_path / ("a" if force else "c"), pieces())], force=force)
    assert names(tmp_path) == ["a"]
    assert (tmp_path / "a").read_text() == "old"


def test_a_full_disk_is_said_so(tmp_path: Path) -> None:
    def pieces() -> Iterator[str]:
        yield "half"
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with pytest.raises(ExportError, match=r"a cannot be written: No space left on device\."):
        write([(tmp_path / "a", pieces())], force=False)
    assert names(tmp_path) == []


def test_a_file_system_without_links_is_no_obstacle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
    write([(tmp_path / "a", ["new"])], force=False)
    assert (tmp_path / "a").read_text() == "new"
    assert names(tmp_path) == ["a"]


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "a").write_text("old")
    (tmp_path / "a").symlink_to("real/a")
    write([(tmp_path / "a", ["new"])], force=True)
    assert (tmp_path / "a").is_symlink()
    assert (tmp_path / "real" / "a").read_text() == "new"


def test_a_folder_that_is_none_and_a_file_that_is_a_folder(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="No such file or directory"):
        write([(tmp_path / "none" / "a", ["x"])], force=False)
    (tmp_path / "folder").mkdir()
    with pytest.raises(ExportError, match="folder cannot be written"):
        write([(tmp_path / "folder", ["x"])], force=True)
    assert names(tmp_path) == ["folder"]
