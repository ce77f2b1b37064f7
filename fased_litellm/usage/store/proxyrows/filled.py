"""Whether calls that ``reconcile --fill`` added have to give way. This is asked with each row that is written, so it imports little."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence


def any_filled(connection: sqlite3.Connection) -> bool:
    """Whether there are such calls at all."""
    return connection.execute("SELECT 1 FROM filled LIMIT 1").fetchone() is not None


def settle(connection: sqlite3.Connection, before: int, *, left: bool = False, names: Sequence[str] = ()) -> None:
    """See to it that a call counts once, be it from the proxy's rows or from elsewhere.

    Args:
        connection: in the transaction in which rows were added.
        before: rows with a higher id were added or changed.
        left: whether rows may have been taken out of the reports besides.
        names: the ids of rows of ``--fill`` among those that were to be added.

    Raises:
        sqlite3.Error: it cannot be written.
    """
    if names or any_filled(connection):
        from . import superseded

        if names:
            superseded.register(connection, before)
        superseded.settle(connection, before, left=left, names=names)
