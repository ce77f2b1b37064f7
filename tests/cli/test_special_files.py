"""A named pipe, a socket, a device or a folder in the place of any file that is read back, locked or appended to."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import specialfiles
from tests.cli.special_places import PLACES

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")

LIMIT_S = 240.0
"""For all commands of a place; one that waits for somebody to write never ends."""


@pytest.mark.parametrize("place", PLACES)
def test_no_command_hangs_or_fails_without_a_word(place: str, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "tests.cli.special_places", place, str(tmp_path)]
    root = Path(__file__).parents[2]
    done = subprocess.run(words, capture_output=True, text=True, check=False, cwd=root, timeout=LIMIT_S)
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert {one["kind"] for one in found} >= set(specialfiles.KINDS) - ({"folder"} if place == "litellm" else set())
    wrong = []
    for one in found:
        text = one["out"] + one["err"]
        problems = [
            word for word in ("Traceback", "Unexpected", "Errno 2", "Errno 6]", "disk I/O error") if word in text
        ]
        problems += [] if one["there"] else ["it is no longer there"]
        problems += [] if one["status"] in (0, 1) else ["its exit status"]
        if one["named"]:
            # Where links are not followed, that one leads to a device is not looked at.
            words = [one["word"], "a link", "(symlink)"] if one["kind"] == "device" else [one["word"]]
            problems += [] if Path(one["path"]).name in text else ["the path is not named"]
            problems += [] if place == "litellm" or any(word in text for word in words) else ["what it is is not said"]
        if problems:
            wrong.append(f"{one['kind']} {one['arguments']} {one['status']}: {', '.join(problems)}\n{text[-600:]}")
    assert not wrong, "\n".join(wrong)
    shutil.rmtree(tmp_path, ignore_errors=True)
