"""``fased usage``: what the agents used and what it cost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from ...errors import UsageError
from ...paths import Paths
from ...usage.query.query import TIMES, Query
from ...usage.query.report import UsageReport, build, empty
from .. import output, session
from ..commands import SETTINGS, lazy_group
from . import options
from .asking import ask_at, place_asked, reach

if TYPE_CHECKING:
    from ...usage.postgres.url import DatabaseUrl
    from ...usage.query.dialect import Connection, Dialect
    from ..display.terminal import Terminal

DEFAULT_BY = ("provider", "model")
"""What ``--json`` and ``--csv`` group by if nothing else is said: the first table of the screen."""

COMMANDS: dict[str, str] = {
    "calls": "usage.calls",
    "session": "usage.calls",
    "task": "usage.calls",
    "compare": "usage.compare",
    "what-if": "usage.whatif",
    "import": "usage.imports",
    "budget": "usage.budget",
    "reprice": "usage.reprice",
    "export": "usage.export",
    "push": "usage.push",
    "reconcile": "usage.reconcile",
}
"""Subcommand → module of ``cli`` with its ``app``, as ``usage.imports``."""


def _with_seconds(arguments: list[str]) -> list[str]:
    """``--watch`` has its value, seconds, or an empty one in its place; typer knows no option whose value may be left out."""
    found = []
    for place, argument in enumerate(arguments):
        found.append(argument)
        if argument == "--watch" and not "".join(arguments[place + 1 : place + 2]).lstrip(".")[:1].isdigit():
            found.append("")
    return found


app = typer.Typer(
    **SETTINGS,
    cls=lazy_group(COMMANDS, lambda given: options.with_month(_with_seconds(given))),
    invoke_without_command=True,
    subcommand_metavar="",
    help="Show what the agents used and what it cost, grouped by anything.",
)


@app.callback()
@options.asks(
    options.WINDOW_OR_DATABASE,
    options.EVERYTHING,
    options.ZONE,
    options.FILTER,
    options.NAMES,
    options.NO_IMPORT,
    options.HOST,
)
def usage(
    ctx: typer.Context,
    *,
    by: options.By = None,
    question: options.Question,
    sort: options.SortBy = None,
    top: options.Top = None,
    as_json: Annotated[
        bool, typer.Option("--json", help=f"Print JSON, by {','.join(DEFAULT_BY)} unless --by says otherwise.")
    ] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, grouped as --json.")] = False,
    watch: Annotated[
        str | None,
        typer.Option("--watch", metavar="[SECONDS]", help="Show it again every 2 seconds, until Ctrl-C or q."),
    ] = None,
) -> None:
    if ctx.invoked_subcommand is not None:
        options.not_before_the_command(ctx)
        return
    chosen = [name for name, given in (("--json", as_json), ("--csv", as_csv), ("--watch", watch is not None)) if given]
    if len(chosen) > 1:
        raise UsageError(f"{chosen[0]} and {chosen[1]} cannot be combined.", hint="Give the one or the other.")
    # What is said about the groups is about those of a table.
    screen = not (by or sort or as_json or as_csv) and top is None
    question = question.grouped(by, sort, top, DEFAULT_BY)
    place = place_asked(question)
    paths = session.paths()

    def lines(terminal: Terminal) -> list[str]:
        return _lines(place, paths, question, terminal, screen=screen)

    if as_json:
        output.document(_report(place, paths, question).as_dict())
    elif as_csv:
        from ..display.terminal import detect
        from ..display.text import csv

        terminal = detect()
        for row in csv(_report(place, paths, question)):
            output.line(terminal.raw(row))
    elif watch is not None:
        from . import watch as watching

        watching.watch(lines, watching.seconds(watch))
    else:
        from ..display.terminal import detect

        for line in lines(detect()):
            output.line(line)


def _report(place: DatabaseUrl | None, paths: Paths, question: options.Question) -> UsageReport:
    query = question.now()

    def ask(connection: Connection, dialect: Dialect) -> UsageReport:
        return build(connection, reach(connection, query, dialect, question.times), dialect)

    return ask_at(place, paths, ask) or empty(query)


def _lines(
    place: DatabaseUrl | None, paths: Paths, question: options.Question, terminal: Terminal, *, screen: bool
) -> list[str]:
    """The lines for people; where nobody chose a window and it has no calls, those of the newest week that has some."""
    from .display import show

    asked = question.now()

    def ask(connection: Connection, dialect: Dialect) -> list[str]:
        said: list[str] = []
        query = reach(connection, asked, dialect, question.times, lambda text: said.append(terminal.line(text)))
        lines = _screen if screen else _table
        found = lines(connection, query, dialect, terminal)
        if found is None and not question.times.chosen:
            from ...usage.query.newest import newest_week

            older = newest_week(connection, query, dialect)
            shown = lines(connection, older, dialect, terminal) if older else None
            if shown is not None:
                return [*said, terminal.line(show.NOT_LATELY), *shown]
        return said + (found or show.nothing(empty(query), terminal))

    answer = ask_at(place, paths, ask)
    return show.nothing(empty(asked), terminal, ever=False) if answer is None else answer


def _screen(connection: Connection, query: Query, dialect: Dialect, terminal: Terminal) -> list[str] | None:
    """None where there are no calls."""
    from ...usage.query.overview import overview
    from .display.screen import lines

    found = overview(connection, query, dialect)
    return lines(found, terminal) if found.report.totals.calls else None


def _table(connection: Connection, query: Query, dialect: Dialect, terminal: Terminal) -> list[str] | None:
    """None where there are no calls."""
    from ...usage.query.timeseries import spread
    from .display import show

    report = build(connection, query, dialect)
    if not report.totals.calls:
        return None
    timed = bool(set(TIMES) & set(query.by))
    return show.table(report, None if timed else spread(connection, query, dialect), terminal)
