"""Put a question to the usage history, as every command of ``fased usage`` does."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from ...paths import Paths
from ...usage.dialect import SQLITE, Connection, Dialect
from .. import output
from . import imports

if TYPE_CHECKING:
    from ...usage.fleet.place import Place

Answer = TypeVar("Answer")


def ask(paths: Paths, question: Callable[[sqlite3.Connection], Answer]) -> Answer | None:
    """The answer of the ledger, None where there is none.

    Raises:
        LedgerError: it cannot be read.
    """
    from ...usage import opening

    return opening.answer(paths.ledger, question, output.diagnostic, read_in=lambda: imports.before_report(paths))


def ask_at(place: Place | None, paths: Paths, question: Callable[[Connection, Dialect], Answer]) -> Answer | None:
    """The answer of a database of many machines; of the ledger, if none is named.

    Raises:
        LedgerError: the ledger cannot be read.
        FleetError: the database cannot be asked.
    """
    if place is None:
        return ask(paths, lambda connection: question(connection, SQLITE))
    from ...usage.fleet import report

    return report.ask(place, question)


def place_of(address: str | None, option: str) -> Place:
    """The database at an address, or of the environment, with a word about a password that others can see.

    Raises:
        UsageError: it is no address, or none is named.
    """
    from ...usage.fleet.place import VARIABLE, find_place

    place = find_place(address, os.environ, option=option)
    if place.exposed:
        output.diagnostic(
            f"Every user of this machine can read the password in {option}, as in `ps`. "
            f"Put it into ~/.pgpass, or the address into {VARIABLE}."
        )
    return place
