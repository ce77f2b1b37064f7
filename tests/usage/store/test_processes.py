"""Several processes at once, and one that is killed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.usage import writer
from tests.usage.agreement import assert_rollups_equal_rows, rows

PROGRAM = [sys.executable, str(Path(writer.__file__))]


def test_eight_processes_write_a_thousand_rows_each(tmp_path: Path) -> None:
    path = tmp_path / "new" / "usage.sqlite3"  # made by all of them at once
    running = [
        subprocess.Popen(
            [*PROGRAM, str(path), f"p{number}", "1000"], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        for number in range(8)
    ]
    for process in running:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
    assert rows(path, "SELECT count(*), count(DISTINCT call_id) FROM call") == [(8000, 8000)]
    assert rows(path, "SELECT count(*) FROM call") == [(8000,)]
    assert_rollups_equal_rows(path)


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "usage.sqlite3"
    acknowledged: set[str] = set()
    for attempt, wanted in enumerate((1, 40, 333)):
        with subprocess.Popen(
            [*PROGRAM, str(path), f"k{attempt}", "1000000"], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            acknowledged.update(process.stdout.readline().strip() for _ in range(wanted))
            process.kill()
            rest = process.stdout.read()
        acknowledged.update(rest[: rest.rfind("\n") + 1].splitlines())
        found = {call_id for (call_id,) in rows(path, "SELECT call_id FROM call")}
        assert acknowledged <= found
        assert_rollups_equal_rows(path)
        assert rows(path, "PRAGMA integrity_check") == [("ok",)]
    assert len(acknowledged) >= 374
