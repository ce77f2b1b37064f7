"""Put a question to the usage history, as every command of ``fased usage`` does."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from ...paths import Paths
from ...usage.query.dialect import SQLITE, Connection, Dialect
from .. import output
from . import imports
from .options import Question, Times

if TYPE_CHECKING:
    from ...usage.postgres.url import DatabaseUrl
    from ...usage.query.query import Query

Answer = TypeVar("Answer")


def ask(paths: Paths, question: Callable[[sqlite3.Connection], Answer]) -> Answer | None:
    """The answer of the ledger, None where there is none.

    Raises:
        LedgerError: it cannot be read.
    """
    from ...usage.store import access

    return access.answer(paths.ledger, question, output.diagnostic, read_in=lambda: imports.before_report(paths))


def ask_at(place: DatabaseUrl | None, paths: Paths, question: Callable[[Connection, Dialect], Answer]) -> Answer | None:
    """The answer of a database of many machines; of the ledger, if none is named.

    Raises:
        LedgerError: the ledger cannot be read.
        FleetError: the database cannot be asked.
    """
    if place is None:
        return ask(paths, lambda connection: question(connection, SQLITE))
    from ...usage.postgres import report

    return report.ask(place, question)


def reach(
    connection: Connection,
    query: Query,
    dialect: Dialect,
    times: Times,
    tell: Callable[[str], None] = output.diagnostic,
) -> Query:
    """The query for ``--all``, with calls of the future, too.

    Args:
        tell: is told of them, also where they are not in the window because nobody chose one.
    """
    if times.chosen and not times.everything:
        return query
    from ...formatting import count
    from ...usage.query.newest import LAST_REPORTED, future

    found = future(connection, query, dialect)
    if found is None:
        return query
    more = "." if times.everything else "; `--all` has them."
    if found.day > LAST_REPORTED:
        more = f"; no report has those after {LAST_REPORTED}."
    verb = "is" if found.calls == 1 else "are"
    tell(
        f"{count(found.calls, 'call')} {verb} of the future, up to {found.day}: a clock ran ahead when they were made{more}"
    )
    return replace(query, to_ms=found.to_ms) if times.everything else query


def place_asked(question: Question) -> DatabaseUrl | None:
    """The database that ``--from`` names; None for this machine.

    Raises:
        UsageError: it is not an address.
    """
    return place_of(question.address, "--from") if question.address else None


def place_of(address: str | None, option: str) -> DatabaseUrl:
    """The database at an address, or of the environment, with a word about a password that others can see.

    Raises:
        UsageError: it is not an address, or none is named.
    """
    from ...usage.postgres.url import VARIABLE, find_place

    place = find_place(address, os.environ, option=option)
    if place.exposed:
        output.diagnostic(
            f"Every user of this machine can read the password in {option}, as in `ps`. "
            f"Put it into ~/.pgpass, or the address into {VARIABLE}."
        )
    return place
