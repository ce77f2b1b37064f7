"""The combinations of names that calls have, each kept once in the table ``dimension``."""

from __future__ import annotations

import sqlite3

from ..record import UsageRecord

NAMES: tuple[str, ...] = (
    "session",
    "task",
    "agent",
    "channel",
    "source",
    "role",
    "provider",
    "model",
    "status",
    "served_model",
)
"""The columns of a combination, in the order of ``Names``."""

Names = tuple[str, ...]
"""A combination: a text for each of ``NAMES``, '' for none."""

_MOST = 10_000

_FIND = f"SELECT id, coarse FROM dimension WHERE {' AND '.join(f'{name} = ?' for name in NAMES)}"  # noqa: S608 - names of columns
_ADD = (
    f"INSERT INTO dimension (coarse, {', '.join(NAMES)}) VALUES ({', '.join('?' * (len(NAMES) + 1))}) "  # noqa: S608
    "ON CONFLICT DO NOTHING"
)


def names_of(record: UsageRecord) -> Names:
    """The combination which a call belongs to."""
    return (
        record.session or "",
        record.task or "",
        record.agent or "",
        record.channel or "",
        record.source or "",
        record.role or "",
        record.provider or "",
        record.model or "",
        record.status,
        record.served_model or "",
    )


class Dimensions:
    """Ids of combinations, remembered.

    Args:
        connection: to the ledger; combinations that are new are added in its transaction.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._kept: dict[Names, int] = {}
        self._fresh: dict[Names, int] = {}

    def of(self, names: Names) -> int:
        """The id of a combination. The same one without its session is there, too.

        Raises:
            sqlite3.Error: it can be neither found nor added.
        """
        return self._kept.get(names) or self._fresh.get(names) or self._intern(names)

    def keep(self) -> None:
        """Call this after a commit: what was found may be remembered."""
        if self._fresh:
            if len(self._kept) + len(self._fresh) > _MOST:
                self._kept.clear()
            self._kept.update(self._fresh)
            self._fresh.clear()

    def forget(self) -> None:
        """Call this after a rollback: ids that were added in the transaction are not there."""
        self._fresh.clear()

    def _intern(self, names: Names) -> int:
        found = self._with_session(names) if names[0] else self._without_session(names)
        self._fresh[names] = found
        return found

    def _with_session(self, names: Names) -> int:
        # Mostly new: each session has its own. So it is added first, and looked up only if it was there.
        coarse = self.of(("", *names[1:]))
        added = self._connection.execute(_ADD, (coarse, *names))
        return added.lastrowid or 0 if added.rowcount else self._find(names)

    def _without_session(self, names: Names) -> int:
        added = self._connection.execute(_ADD, (None, *names))
        if not added.rowcount:
            return self._find(names)
        number = added.lastrowid or 0
        self._connection.execute("UPDATE dimension SET coarse = id WHERE id = ?", (number,))
        return number

    def _find(self, names: Names) -> int:
        found: tuple[int, int] | None = self._connection.execute(_FIND, names).fetchone()
        if found is None or type(found[1]) is not int:
            raise malformed("dimension", found and found[0])
        return found[0]


def malformed(table: str, row: object) -> sqlite3.DatabaseError:
    """The error of a row which holds what nobody has put there; ``database.explain`` takes it for damage."""
    error = sqlite3.DatabaseError(f"row {row} of table {table} is malformed")
    error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
    return error
