"""Ask the ledger with all that should be in it: what waits is taken in first, and a damaged one is replaced."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from ..errors import LedgerDamaged, LedgerError
from ..formatting import count
from .asking import asking
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
        if not path.exists():
            return None
        with asking(path) as connection:
            return question(connection)

    return taken_in(path, ask, say, read_in=read_in)


def taken_in(
    path: Path, action: Callable[[], Answer], say: Callable[[str], None], *, read_in: Callable[[], None] | None = None
) -> Answer:
    """What ``action`` returns, which reads the ledger once all is in it; done once more if the ledger had to be replaced.

    Args and Raises: as for ``answer``.
    """

    def attempt() -> Answer:
        drain(path, say)
        if read_in is not None:
            read_in()
            drain(path, say)  # calls that were made meanwhile did not wait for the import
        return action()

    try:
        return attempt()
    except LedgerDamaged:
        from .recovery import recover

        if recovered := recover(path):
            say(str(recovered))
    return attempt()


def drain(path: Path, say: Callable[[str], None]) -> None:
    """Take in the calls that wait in the spool of a ledger, as far as it can be written.

    Raises:
        LedgerDamaged: it is damaged.
    """
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
        say(f"Some calls are not in this report yet: {error.message}")
        return
    if drained.bad:
        lines = count(drained.bad, "damaged line")
        say(f"Set aside in {spool.bad}: {lines} of {spool.path}.")
