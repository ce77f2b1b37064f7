from __future__ import annotations

import os
import subprocess
import sys
import time

from fased_litellm.config.files.filelock import STALE_S
from fased_litellm.config.files.writing import FileWrite, write_all


def test_old_drafts_of_processes_that_are_gone_are_removed_by_the_next_write(tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    target = tmp_path / "dotfiles" / "real.json"
    target.parent.mkdir()
    target.write_bytes(b"1")
    config = tmp_path / "fased.json"
    config.symlink_to(target)
    old = [
        f"fased.json.bak.{gone.pid}.0123456789abcdef.tmp",
        f"fased.json.{gone.pid}.0123abcd-0123-4567-89ab-0123456789ab.tmp",  # as the Node agent names them
        f"fased.json.lock.{gone.pid}.abc",
        f"dotfiles/real.json.{gone.pid}.0123456789abcdef.tmp",
    ]
    kept = [
        f"fased.json.{os.getpid()}.0123456789abcdef.tmp",
        f"fased.json.{gone.pid}.tmp",
        f"other.json.{gone.pid}.0123456789abcdef.tmp",
        "fased.json.bak.1",
        "fased.json.tmp",
    ]
    young = f"fased.json.{gone.pid}.00.tmp"
    for name in [*old, *kept, young]:
        (tmp_path / name).write_text("sk-test-1")
        then = time.time() - (0 if name == young else STALE_S + 5)
        os.utime(tmp_path / name, (then, then))
    assert write_all([FileWrite(config, b"1", b"2")]) == [config]
    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {*kept, young, "fased.json", "dotfiles/real.json"}
    assert target.read_bytes() == b"2"
