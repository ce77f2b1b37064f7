"""Ask the ledger with all that should be in it: what waits is taken in first, and a damaged one is replaced."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from ... import ownership
from ...errors import LedgerDamaged, LedgerError
from ...formatting import count
from . import database
from .snapshot import asking
from .spool import Spool

Answer = TypeVar("Answer")


def answer(
    path: Path,
    question: Callable[[sqlite3.Connection], Answer],
    say: Callable[[str], None],
    *,
    read_in: Callable[[], None] | None = None,
) -> Answer | None:
    """The answer of the ledger, None where there is none.

    Args:
        path: of the ledger; it is not made for this, unless calls wait for it.
        question: asks; done once more if the ledger had to be replaced.
        say: is told in words of what went wrong beside, for the user.
        read_in: brings in what others recorded, before the question.

    Raises:
        LedgerError: it cannot be read.
    """

    def ask() -> Answer | None:
        if not _lies_there(path):
            return None
        with asking(path) as connection:
            return question(connection)

    if _lies_there(path) and not ownership.may_write(path):
        return _without_writing(path, question, say, imports=read_in is not None)
    try:
        return _attempted(path, ask, say, read_in, strict=True)
    except LedgerError as error:
        if not database.unwritable(error):
            raise
        return _without_writing(path, question, say, imports=read_in is not None, why=error)


def _without_writing(
    path: Path,
    question: Callable[[sqlite3.Connection], Answer],
    say: Callable[[str], None],
    *,
    imports: bool,
    why: LedgerError | None = None,
) -> Answer:
    from .readonly import reading

    with reading(path, say) as connection:
        answer = question(connection)
    reason = ownership.told(path) or (why.message if why else "It may not be written.")
    missing = " The Node agent's newest calls are not in this report." if imports else ""
    say(f"The usage ledger was read, and not written.{missing} {reason}")
    return answer


def _lies_there(path: Path) -> bool:
    """Whether there is a ledger.

    Raises:
        LedgerError: nobody may look.
    """
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise LedgerError(
            f"The usage ledger {path} cannot be read: {error.strerror}.", hint=ownership.told(path)
        ) from error
    return True


def taken_in(
    path: Path, action: Callable[[], Answer], say: Callable[[str], None], *, read_in: Callable[[], None] | None = None
) -> Answer:
    """What ``action`` returns, which reads the ledger once all is in it; done once more if the ledger had to be replaced.

    Args and Raises: as for ``answer``.
    """

    return _attempted(path, action, say, read_in, strict=False)


def _attempted(
    path: Path,
    action: Callable[[], Answer],
    say: Callable[[str], None],
    read_in: Callable[[], None] | None,
    *,
    strict: bool,
) -> Answer:
    def attempt() -> Answer:
        _drain(path, say, strict=strict)
        if read_in is not None:
            read_in()
            _drain(path, say, strict=strict)  # calls that were made meanwhile did not wait for the import
        return action()

    try:
        return attempt()
    except LedgerDamaged:
        from .repair.recovery import recover

        if recovered := recover(path):
            say(str(recovered))
    return attempt()


def drain(path: Path, say: Callable[[str], None]) -> None:
    """Take in the calls that wait in the spool of a ledger, as far as it can be written.

    Raises:
        LedgerDamaged: it is damaged.
    """
    _drain(path, say, strict=False)


def _drain(path: Path, say: Callable[[str], None], *, strict: bool) -> None:
    """As ``drain``; with ``strict``, a ledger that may not be written is an error, too."""
    spool = Spool.beside(path)
    if not spool.waiting():
        return
    from .ledger import Ledger

    try:
        with Ledger(path) as ledger:
            drained = ledger.drain(spool)
    except LedgerDamaged:
        raise
    except LedgerError as error:
        if strict and database.unwritable(error):
            raise
        say(f"Some calls are not in this report yet: {error.message}")
        return
    if drained.bad:
        lines = count(drained.bad, "damaged line")
        say(f"Set aside in {spool.bad}: {lines} of {spool.path}.")
