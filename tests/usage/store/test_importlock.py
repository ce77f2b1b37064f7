from __future__ import annotations

import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from fased_litellm.errors import LedgerError
from fased_litellm.usage.store import importlock

HOLDER = """
import sys
from pathlib import Path
from fased_litellm.usage.store import importlock
with importlock.hold(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return tmp_path / "litellm" / "usage.sqlite3"


def test_it_is_held_while_it_is_held(ledger: Path) -> None:
    assert not importlock.held(ledger)
    with importlock.hold(ledger):
        assert importlock.held(ledger)
        with pytest.raises(LedgerError, match="importing"), importlock.hold(ledger, wait_s=0):
            pass
    assert not importlock.held(ledger)
    (file,) = ledger.parent.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_another_process_is_seen_and_a_killed_one_holds_nothing(ledger: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(ledger)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        assert importlock.held(ledger)
        process.kill()
        process.wait()
    assert not importlock.held(ledger)


def test_the_second_waits_for_the_first(ledger: Path) -> None:
    order: list[str] = []

    def second() -> None:
        with importlock.hold(ledger):
            order.append("second")

    with importlock.hold(ledger):
        thread = threading.Thread(target=second)
        thread.start()
        order.append("first")
    thread.join()
    assert order == ["first", "second"]


def test_looking_does_not_hinder_anyone(ledger: Path) -> None:
    stop = threading.Event()

    def look() -> None:
        while not stop.is_set():
            importlock.held(ledger)

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(20):
            with importlock.hold(ledger, wait_s=5):
                pass
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def test_a_folder_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(LedgerError, match="cannot be opened: Not a dir"),
        importlock.hold(tmp_path / "file" / "usage.sqlite3"),
    ):
        pass
