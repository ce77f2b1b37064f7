"""``fased usage calls``, ``session`` and ``task``: single calls, with all that is known of each."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import LedgerError, UsageError
from ...usage.query.calls import ORDERS, CallList, Order, find, parse_order
from ...usage.query.totals import Totals
from .. import output, session
from ..commands import SETTINGS
from . import options
from .asking import ask_at, place_asked, reach

if TYPE_CHECKING:
    from ...usage.postgres.url import DatabaseUrl
    from ...usage.query.calls import CallSubject
    from ...usage.query.dialect import Connection, Dialect
    from ...usage.query.query import Query
    from ...usage.record import UsageRecord

app = typer.Typer(**SETTINGS)

LIMIT = 50
"""How many calls people are shown if they do not say how many."""

SortBy = Annotated[
    str | None,
    typer.Option("--sort", metavar="KEY", help=f"Sort by {', '.join(ORDERS)}; with - before it, small to large."),
]
Limit = Annotated[int | None, typer.Option("--limit", metavar="N", help="At most N calls.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="Print CSV.")]


@app.command(
    "calls",
    cls=options.MonthCommand,
    help=f"List single calls, the newest first; {LIMIT} of them, and with --json or --csv all.",
)
@options.asks(
    options.WINDOW_OR_DATABASE,
    options.EVERYTHING,
    options.ZONE,
    options.FILTER,
    options.NAMES,
    options.NO_IMPORT,
    options.HOST,
)
def calls(
    *,
    question: options.Question,
    sort: SortBy = None,
    limit: Limit = None,
    as_json: options.AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    query, place = question.now(), place_asked(question)
    if limit is None and not as_json and not as_csv:
        limit = LIMIT
    order, limit = parse_order(sort), _limit(limit)

    def answer(connection: Connection, dialect: Dialect) -> bool:
        found = find(connection, reach(connection, query, dialect, question.times), dialect, order=order, limit=limit)
        return _print(found, as_json=as_json, as_csv=as_csv, receipts=False)

    _run(place, answer, query, as_json=as_json, as_csv=as_csv)


@app.command("session", cls=options.MonthCommand, help="Show the calls of one session, in order, with their receipts.")
@options.asks(options.WINDOW_OR_DATABASE, options.ZONE, options.FILTER)
def session_calls(
    key: Annotated[str, typer.Argument(metavar="KEY", help="Session key, as agent:main:main, or session id.")],
    *,
    question: options.Question,
    sort: SortBy = None,
    limit: Limit = None,
    _no_import: options.NoImport = False,
    as_json: options.AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    from ...usage.query.lookup import session as find_session

    def who(connection: Connection, dialect: Dialect) -> CallSubject:
        return find_session(connection, key, dialect)

    _of_one(question, who, sort, limit, as_json=as_json, as_csv=as_csv)


@app.command("task", cls=options.MonthCommand, help="Show the calls of one task, in order, with their receipts.")
@options.asks(options.WINDOW_OR_DATABASE, options.ZONE, options.FILTER)
def task_calls(
    name: Annotated[str, typer.Argument(metavar="ID", help="Task id, or session key of one of its runs.")],
    *,
    question: options.Question,
    sort: SortBy = None,
    limit: Limit = None,
    _no_import: options.NoImport = False,
    as_json: options.AsJson = False,
    as_csv: AsCsv = False,
) -> None:
    from ...usage.query.lookup import task as find_task

    def who(connection: Connection, dialect: Dialect) -> CallSubject:
        return find_task(connection, name, dialect)

    _of_one(question, who, sort, limit, as_json=as_json, as_csv=as_csv)


def _of_one(
    question: options.Question,
    who: Callable[[Connection, Dialect], CallSubject],
    sort: str | None,
    limit: int | None,
    *,
    as_json: bool,
    as_csv: bool,
) -> None:
    """One session or task: of the whole history, if no time is given, and from its beginning on."""
    times = question.times if question.times.chosen else question.times._replace(everything=True)
    query, place = question._replace(times=times).now(), place_asked(question)
    order, limit = parse_order(sort, Order(upwards=True)), _limit(limit)

    def answer(connection: Connection, dialect: Dialect) -> bool:
        subject = who(connection, dialect)
        narrowed = replace(reach(connection, query, dialect, times), filters={subject.kind: (subject.name,)})
        found = find(connection, narrowed, dialect, order=order, limit=limit, subject=subject)
        return _print(found, as_json=as_json, as_csv=as_csv, receipts=True)

    _run(place, answer, query, as_json=as_json, as_csv=as_csv, must_be=True)


def _run(
    place: DatabaseUrl | None,
    answer: Callable[[Connection, Dialect], bool],
    query: Query,
    *,
    as_json: bool,
    as_csv: bool,
    must_be: bool = False,
) -> None:
    if as_json and as_csv:
        raise UsageError("--json and --csv cannot be combined.", hint="Give the one or the other.")
    paths = session.paths()
    if ask_at(place, paths, answer) is None:
        if must_be:
            from ...errors import NotInHistory

            raise NotInHistory("No usage history yet.", hint="`fased litellm chat` makes the first call.")
        _print(CallList(query, Totals(), iter(())), as_json=as_json, as_csv=as_csv, receipts=False)


def _print(found: CallList, *, as_json: bool, as_csv: bool, receipts: bool) -> bool:
    calls = _to_the_end(found.calls)
    if as_json:
        output.listing(found.head(), "calls", (call.as_dict() for call in calls), found.tail)
        return True
    from .display import calls as calls_text

    found.calls = calls
    if as_csv:
        lines = calls_text.csv(found)
    else:
        from ..display.terminal import detect

        lines = calls_text.receipts(found, detect()) if receipts else calls_text.table(found, detect())
    for line in lines:
        output.line(line)
    return True


def _to_the_end(calls: Iterator[UsageRecord]) -> Iterator[UsageRecord]:
    """The calls; damage that is met behind the first one must not begin the list anew."""
    shown = False
    try:
        for call in calls:
            shown = True
            yield call
    except sqlite3.DatabaseError as error:
        if not shown:
            raise
        raise LedgerError(
            f"The usage ledger cannot be read to its end: {error}. This list is not whole.", hint="Try again."
        ) from error


def _limit(limit: int | None) -> int | None:
    if limit is not None and limit < 1:
        raise UsageError(f"--limit must be at least 1, not {limit}.")
    return limit
