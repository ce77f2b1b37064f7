"""``fased usage --watch``: the same screen again and again, in place, until the user ends it.

To end it is what it waits for, so Ctrl-C and ``q`` are exit status 0, not 130: nothing was broken off.
"""

from __future__ import annotations

import contextlib
import io
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from ...errors import FasedError, UsageError
from ...numerals import typed
from .. import output
from ..display.terminal import Terminal, detect

EVERY_S = 2.0
"""Seconds between two screens, if nothing else is said."""
SHORTEST_S = 0.1
_LOOK_S = 0.25
"""How often the size of the terminal is looked at, in seconds."""

# The other screen, no cursor, no automatic line breaks; and back. See "XTerm Control Sequences".
_ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l"
_LEAVE = "\x1b[?7h\x1b[?25h\x1b[?1049l"
_HOME, _REST_OF_LINE, _REST_OF_SCREEN = "\x1b[H", "\x1b[K", "\x1b[J"

Lines = Callable[[Terminal], Sequence[str]]


def seconds(text: str) -> float:
    """The value of ``--watch``, ``EVERY_S`` where it has none.

    Raises:
        UsageError: it is not a number of seconds from a tenth up to a day.
    """
    given = typed(text) if text else None
    value = EVERY_S if not text else float(given or 0)
    if not SHORTEST_S <= value <= 86_400:
        raise UsageError(
            f"--watch {text} is not a number of seconds from {SHORTEST_S:g} to 86400.",
            hint=f"Give the seconds between two screens, {EVERY_S:g} by default.",
        )
    return value


def watch(lines: Lines, every_s: float) -> None:
    """Show what ``lines`` gives, again each ``every_s`` seconds, and at once when the terminal changes its size.

    What is printed to stderr meanwhile is shown below the screen, and so is an error of a later screen; the next one may
    be well again. A terminal that cannot move its cursor (``TERM=dumb``) gets the screens one below the other.

    Args:
        lines: makes the lines of one screen for a terminal.
        every_s: seconds.

    Raises:
        UsageError: stdout is not a terminal.
        FasedError: of the first screen.
    """
    if not sys.stdout.isatty():
        raise UsageError("--watch needs a terminal.", hint="Without --watch the answer is printed once.")
    first = _Frame(lines, detect(), None)
    with contextlib.suppress(KeyboardInterrupt), contextlib.nullcontext() if first.terminal.dumb else _screen() as keys:
        _run(lines, first, every_s, keys)


class _Frame:
    """One screen: its lines, and what was said beside them."""

    def __init__(self, lines: Lines, terminal: Terminal, before: Sequence[str] | None) -> None:
        aside = io.StringIO()
        self.terminal = terminal
        try:
            with contextlib.redirect_stderr(aside):
                self.lines = lines(terminal)
        except FasedError as error:
            if before is None:
                raise
            self.lines = before
            aside.write(error.message)
        self.aside = [line for line in aside.getvalue().splitlines() if line]

    def text(self) -> str:
        """The lines that fit the screen, one less than it has so that it does not scroll, as one text."""
        height = max((self.terminal.height or 24) - 1, 1)
        aside = self.aside[-height:]
        shown = [*self.lines[: height - len(aside)], *aside]
        return "".join(f"{line}\n" for line in shown)


def _run(lines: Lines, frame: _Frame, every_s: float, keys: _Keys | None) -> None:
    while True:
        if keys:
            output.frame(frame.text(), before=_HOME, line_end=_REST_OF_LINE, after=_REST_OF_SCREEN)
        else:
            output.frame("\n".join([*frame.lines, *frame.aside, "", ""]))
        if _wait(every_s, frame.terminal, keys):
            return
        frame = _Frame(lines, detect(), frame.lines)


def _wait(every_s: float, terminal: Terminal, keys: _Keys | None) -> bool:
    """Wait for the next screen; True if the user has had enough."""
    due = time.monotonic() + every_s
    while (left := due - time.monotonic()) > 0:
        pause = min(left, _LOOK_S)
        if keys is None:
            time.sleep(pause)
        elif keys.quits(pause):
            return True
        elif keys.woken() or detect() != terminal:
            return False
    return False


class _Keys:
    """The keyboard, and whether the program was stopped and went on."""

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        self.stopped = False

    def quits(self, pause_s: float) -> bool:
        """Wait for a key; True if it is ``q``."""
        if self._descriptor is None:
            time.sleep(pause_s)
            return False
        ready, _, _ = select.select([self._descriptor], [], [], pause_s)
        if not ready:
            return False
        typed = os.read(self._descriptor, 64)
        if not typed:
            self._descriptor = None  # the end of the input: nothing more will come
        return b"q" in typed or b"\x03" in typed

    def woken(self) -> bool:
        stopped, self.stopped = self.stopped, False
        return stopped


@contextlib.contextmanager
def _screen() -> Iterator[_Keys]:
    """The other screen of the terminal, which is as it was afterwards, also while the program is stopped with Ctrl-Z."""
    import termios

    descriptor = sys.stdin.fileno() if sys.stdin.isatty() else None
    usual: list[Any] | None = termios.tcgetattr(descriptor) if descriptor is not None else None
    keys = _Keys(descriptor)

    def enter() -> None:
        if descriptor is not None and usual is not None:
            quiet = [*usual]
            quiet[3] &= ~(termios.ICANON | termios.ECHO)  # keys come at once, and are not shown
            termios.tcsetattr(descriptor, termios.TCSADRAIN, quiet)
        _write(_ENTER)

    def leave() -> None:
        _write(_LEAVE)
        if descriptor is not None and usual is not None:
            termios.tcsetattr(descriptor, termios.TCSAFLUSH, usual)  # what was typed meanwhile is no command

    def stop(*_: object) -> None:
        leave()
        signal.signal(signal.SIGTSTP, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTSTP)  # returns once the user has it go on
        signal.signal(signal.SIGTSTP, stop)
        enter()
        keys.stopped = True

    def end(number: int, _: object) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.getsignal(number) for number in (signal.SIGTSTP, signal.SIGTERM)}
    try:
        signal.signal(signal.SIGTSTP, stop)
        signal.signal(signal.SIGTERM, end)
        enter()
        yield keys
    finally:
        leave()
        for number, handler in before.items():
            signal.signal(number, handler)


def _write(codes: str) -> None:
    sys.stdout.write(codes)
    sys.stdout.flush()
