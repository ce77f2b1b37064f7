"""Put a question to the usage history, as every command of ``fased usage`` does."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from ...errors import UsageError
from ...paths import Paths
from ...usage.query.dialect import SQLITE, Connection, Dialect
from .. import output
from . import imports
from .options import Names, Times, is_address

if TYPE_CHECKING:
    from ...usage.postgres.url import Place
    from ...usage.query.query import Query

Answer = TypeVar("Answer")


def ask(paths: Paths, question: Callable[[sqlite3.Connection], Answer]) -> Answer | None:
    """The answer of the ledger, None where there is none.

    Raises:
        LedgerError: it cannot be read.
    """
    from ...usage.store import access

    return access.answer(paths.ledger, question, output.diagnostic, read_in=lambda: imports.before_report(paths))


def ask_at(place: Place | None, paths: Paths, question: Callable[[Connection, Dialect], Answer]) -> Answer | None:
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


def place_of(address: str | None, option: str) -> Place:
    """The database at an address, or of the environment, with a word about a password that others can see.

    Raises:
        UsageError: it is no address, or none is named.
    """
    from ...usage.postgres.url import VARIABLE, find_place

    place = find_place(address, os.environ, option=option)
    if place.exposed:
        output.diagnostic(
            f"Every user of this machine can read the password in {option}, as in `ps`. "
            f"Put it into ~/.pgpass, or the address into {VARIABLE}."
        )
    return place


def beginning(given: Names) -> tuple[str | None, Place | None]:
    """The day and the database that ``From`` names; None for none.

    Raises:
        UsageError: there are several of one kind, or an address cannot be read.
    """
    addresses = [text for text in given or () if is_address(text)]
    days = [text for text in given or () if not is_address(text)]
    if len(addresses) > 1:
        raise UsageError("--from names two databases.", hint="Ask one after the other.")
    if len(days) > 1:
        raise UsageError(f"--from names two days: {days[0]} and {days[1]}.", hint="The last one is named by --to.")
    day = days[0] if days else None
    if not addresses:
        return day, None
    return day, place_of(addresses[0], "--from")
