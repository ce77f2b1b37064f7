"""A version that comes after this one: a worked example of a step of ``migrations.MIGRATIONS``, with what a step has to keep.

Run as a program with the path of a ledger and a number, it opens the ledger as that version would, and is killed before the
statement of that number.
"""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest

from fased_litellm.usage.store import database, migrations

STEP = (
    "ALTER TABLE call ADD COLUMN region TEXT",
    "CREATE TABLE place (name TEXT PRIMARY KEY, zone TEXT NOT NULL) WITHOUT ROWID",
    "INSERT INTO place SELECT DISTINCT agent, 'UTC' FROM dimension WHERE agent <> ''",
    "UPDATE call SET region = 'eu' WHERE counted",
)
"""As a release might have it: a column, a table, and both filled from what is there."""
VERSION = migrations.LATEST + 1


def use(patch: pytest.MonkeyPatch) -> None:
    """Let this code be the next version."""
    patch.setattr(migrations, "MIGRATIONS", (*migrations.MIGRATIONS, STEP))
    patch.setattr(migrations, "LATEST", VERSION)


def main(path: str, left: int) -> None:
    def count(statement: str) -> None:
        nonlocal left
        left -= not statement.startswith("--")
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def traced(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = real(*arguments, **options)
        connection.set_trace_callback(count)
        return connection

    real = sqlite3.connect
    with pytest.MonkeyPatch.context() as patch:
        use(patch)
        patch.setattr(sqlite3, "connect", traced)
        database.connect(Path(path)).close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
