"""Put a question to the usage history, as every command of ``fased usage`` does."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import TypeVar

from ...paths import Paths
from .. import output

Answer = TypeVar("Answer")


def ask(paths: Paths, question: Callable[[sqlite3.Connection], Answer]) -> Answer | None:
    """The answer of the ledger, None where there is none.

    Raises:
        LedgerError: it cannot be read.
    """
    from ...usage import opening

    return opening.answer(paths.ledger, question, output.diagnostic)
