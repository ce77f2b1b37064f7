from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from fased_litellm.localproxy.logs import follow, tail


def test_tail(tmp_path: Path) -> None:
    log = tmp_path / "log"
    assert tail(log, 5) == []
    log.write_bytes(b"one\n\x1b[32mtwo\x1b[0m\nthr\xffee")
    assert tail(log, 2) == ["two", "thr\N{REPLACEMENT CHARACTER}ee"]
    assert tail(log, 0) == []


def test_follow_gives_the_last_lines_then_new_ones_then_a_new_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("1\n2\n3\nhal")

    def events() -> Iterator[bool]:
        yield True
        with log.open("a") as file:
            file.write("f\n4\n")
        yield True
        os.replace(log, tmp_path / "log.1")
        log.write_text("new\n")
        yield True
        yield False
        with log.open("a") as file:
            file.write("unseen\n")

    steps = events()
    assert list(follow(log, 2, going_on=lambda: next(steps))) == ["2", "3", "half", "4", "new"]


def test_follow_gives_an_unfinished_last_line_at_the_end(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("1\nlast words")
    assert list(follow(log, 10, going_on=lambda: False)) == ["1", "last words"]
    assert list(follow(tmp_path / "nothing", 10, going_on=lambda: False)) == []
