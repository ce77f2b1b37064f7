"""``--watch`` on a terminal: a pseudo-terminal, at the other end of which this test sits."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fased_litellm.cli import main
from fased_litellm.cli.usage.watch import seconds
from fased_litellm.errors import UsageError
from fased_litellm.usage.store.ledger import Ledger
from tests.usage.samples import sample

_PATIENCE_S = 20.0
PROGRAM = """
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)  # of this terminal the Ctrl-C is
from fased_litellm.cli import main
sys.exit(main(sys.argv[1:]))
"""


class Session:
    """A program on a terminal of its own."""

    def __init__(self, state: Path, *arguments: str, term: str = "xterm", columns: int = 80, rows: int = 24) -> None:
        self.master, slave = pty.openpty()
        self.resize(columns, rows)
        self.before = termios.tcgetattr(slave)
        self.slave = slave
        environment = {
            name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "NO_COLOR")
        }
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, "usage", *arguments],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            start_new_session=True,
            env={**environment, "TERM": term, "FASED_STATE_DIR": str(state), "PYTHONIOENCODING": "utf-8"},
        )
        self.seen = ""

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def wait_for(self, text: str, *, times: int = 1) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while self.seen.count(text) < times:
            if time.monotonic() > deadline:
                raise AssertionError(f"{text!r} was not shown {times} times: {self.seen!r}")
            self.read(0.1)

    def read(self, pause_s: float) -> None:
        if select.select([self.master], [], [], pause_s)[0]:
            self.seen += os.read(self.master, 65536).decode("utf-8", "replace")

    def type(self, keys: bytes) -> None:
        os.write(self.master, keys)

    def end(self) -> int:
        """The exit status; the rest of what it showed is read."""
        deadline = time.monotonic() + _PATIENCE_S
        while self.process.poll() is None:
            assert time.monotonic() < deadline, "it does not end"
            self.read(0.05)
        self.read(0)
        return self.process.returncode

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.slave)
        os.close(self.master)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    with Ledger(tmp_path / "litellm" / "usage.sqlite3") as ledger:
        ledger.record(sample("1", time.time_ns() // 1_000_000))
    return tmp_path


@pytest.fixture
def sessions() -> Iterator[list[Session]]:
    opened: list[Session] = []
    yield opened
    for session in opened:
        session.close()


def unharmed(session: Session) -> bool:
    """Whether the terminal is as it was: its first screen, its cursor, its line breaks, and the keys."""
    tail = session.seen[session.seen.rindex("\x1b[?1049") :]
    return (
        tail.startswith("\x1b[?1049l")
        and "\x1b[?25h" in session.seen
        and termios.tcgetattr(session.slave) == session.before
    )


@pytest.mark.parametrize("key", [b"q", b"\x03"])
def test_it_shows_new_calls_until_the_user_has_seen_enough(state: Path, sessions: list[Session], key: bytes) -> None:
    sessions.append(watched := Session(state, "--watch", "0.2"))
    watched.wait_for("1 call ")
    with Ledger(state / "litellm" / "usage.sqlite3") as ledger:
        ledger.record(sample("2", time.time_ns() // 1_000_000))
    watched.wait_for("2 calls ")
    watched.type(b"x" + key)
    assert watched.end() == 0
    assert unharmed(watched)
    assert "Cancelled" not in watched.seen
    assert "Traceback" not in watched.seen


def test_it_ends_in_order_when_it_is_told_to_from_outside(state: Path, sessions: list[Session]) -> None:
    sessions.append(watched := Session(state, "--watch"))
    watched.wait_for("1 call ")
    watched.process.send_signal(signal.SIGTERM)
    assert watched.end() == 128 + signal.SIGTERM
    assert unharmed(watched)


def test_while_it_is_stopped_the_terminal_is_free(state: Path, sessions: list[Session]) -> None:
    sessions.append(watched := Session(state, "--watch", "60"))
    watched.wait_for("1 call ")
    watched.process.send_signal(signal.SIGTSTP)
    watched.wait_for("\x1b[?1049l")
    watched.process.send_signal(signal.SIGCONT)
    watched.wait_for("1 call ", times=2)
    watched.type(b"q")
    assert watched.end() == 0
    assert unharmed(watched)


def test_another_size_is_another_screen_at_once(state: Path, sessions: list[Session]) -> None:
    sessions.append(watched := Session(state, "--watch", "60", columns=80))
    watched.wait_for("\x1b[J")  # the end of a screen
    assert "█" * 24 in watched.seen
    watched.seen = ""
    watched.resize(50, 24)
    watched.wait_for("\x1b[J")
    watched.type(b"q")
    assert watched.end() == 0
    assert "█" * 24 not in watched.seen


def test_trouble_is_shown_below_the_last_screen_and_may_pass(state: Path, sessions: list[Session]) -> None:
    path = state / "litellm" / "usage.sqlite3"
    sessions.append(watched := Session(state, "--watch", "0.2"))
    watched.wait_for("1 call ")
    os.rename(path, path.with_name("kept"))
    path.mkdir()
    watched.wait_for("usage ledger")
    watched.wait_for("\x1b[J", times=watched.seen.count("\x1b[H"))
    watched.seen = ""
    path.rmdir()
    os.rename(path.with_name("kept"), path)
    watched.wait_for("1 call ", times=3)
    watched.type(b"q")
    assert watched.end() == 0


def test_a_dumb_terminal_gets_one_screen_below_the_other(state: Path, sessions: list[Session]) -> None:
    sessions.append(watched := Session(state, "--watch", "0.2", term="dumb"))
    watched.wait_for("1 call ", times=2)
    watched.type(b"\x03")
    assert watched.end() == 0
    assert "\x1b" not in watched.seen


def test_it_needs_a_terminal(state: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("FASED_STATE_DIR", str(state))
    assert main(["usage", "--watch"]) == 2
    assert "needs a terminal" in capsys.readouterr().err
    assert main(["usage", "--watch", "--json"]) == 2
    assert "cannot be combined" in capsys.readouterr().out


@pytest.mark.parametrize("text", ["0", "-1", "nan", "inf", "soon", "100000", "1_0", "٣", "1e999", "+1"])
def test_seconds_have_to_make_sense(text: str) -> None:
    with pytest.raises(UsageError, match="--watch"):
        seconds(text)


def test_seconds_may_be_left_out() -> None:
    assert seconds("") == 2.0
    assert seconds("0.5") == 0.5
