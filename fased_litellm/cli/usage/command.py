"""``fased usage``: what the agents used and what it cost."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from ...errors import LedgerError, UsageError
from ...paths import Paths
from ...usage.query import DIMENSIONS, TIMES, Query, parse_by, parse_values
from ...usage.report import UsageReport, build, empty
from ...usage.windows import window
from .. import output, session
from ..commands import SETTINGS, lazy_group

if TYPE_CHECKING:
    from ...usage.spread import Spread
    from .terminal import Terminal

DEFAULT_BY = ("provider", "model")
"""What ``--json`` and ``--csv`` group by if nothing else is said: the first table of the screen."""

Answer = TypeVar("Answer")

COMMANDS: dict[str, str] = {"budget": "usage.budget"}
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
    cls=lazy_group(COMMANDS, _with_seconds),
    invoke_without_command=True,
    subcommand_metavar="",
    help="Show what the agents used and what it cost, grouped by anything.",
)

Names = list[str] | None
_MANY = "NAME[,NAME]"


@app.callback()
def usage(
    ctx: typer.Context,
    *,
    by: Annotated[
        Names, typer.Option("--by", metavar="NAMES", help=f"Group by any of: {', '.join(DIMENSIONS)}.")
    ] = None,
    days: Annotated[
        int | None, typer.Option("--days", metavar="N", help="The last N days, with today; 7 by default.")
    ] = None,
    first: Annotated[
        str | None, typer.Option("--from", metavar="DAY", help="First day (UTC), as 2026-11-16, or an instant.")
    ] = None,
    last: Annotated[
        str | None, typer.Option("--to", metavar="DAY", help="Last day, included; today by default.")
    ] = None,
    provider: Annotated[
        Names, typer.Option("--provider", metavar=_MANY, help="Only this provider; - is none, here and below.")
    ] = None,
    model: Annotated[Names, typer.Option("--model", metavar=_MANY, help="Only this model.")] = None,
    agent: Annotated[Names, typer.Option("--agent", metavar=_MANY, help="Only this agent.")] = None,
    task: Annotated[Names, typer.Option("--task", metavar=_MANY, help="Only this task.")] = None,
    channel: Annotated[Names, typer.Option("--channel", metavar=_MANY, help="Only this channel.")] = None,
    session_: Annotated[Names, typer.Option("--session", metavar=_MANY, help="Only this session.")] = None,
    source: Annotated[Names, typer.Option("--source", metavar=_MANY, help="Only this source.")] = None,
    role: Annotated[Names, typer.Option("--role", metavar=_MANY, help="Only this role.")] = None,
    status: Annotated[Names, typer.Option("--status", metavar=_MANY, help="Only this status.")] = None,
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
        return
    chosen = [name for name, given in (("--json", as_json), ("--csv", as_csv), ("--watch", watch is not None)) if given]
    if len(chosen) > 1:
        raise UsageError(f"{chosen[0]} and {chosen[1]} cannot be combined.", hint="Give the one or the other.")
    dimensions = parse_by(by or ())
    screen = not dimensions and not as_json and not as_csv
    given = {
        "provider": provider,
        "model": model,
        "agent": agent,
        "task": task,
        "channel": channel,
        "session": session_,
        "source": source,
        "role": role,
        "status": status,
    }
    paths = session.paths()

    def query() -> Query:
        begin, end = window(time.time_ns() // 1_000_000, days=days, first=first, last=last)
        return Query(begin, end, dimensions or DEFAULT_BY, _filters(given))

    def lines(terminal: Terminal) -> list[str]:
        return _lines(paths, query(), terminal, screen=screen)

    if as_json:
        output.document(_report(paths, query()).as_dict())
    elif as_csv:
        from .text import csv

        for row in csv(_report(paths, query())):
            output.line(row)
    elif watch is not None:
        from . import watch as watching

        watching.watch(lines, watching.seconds(watch))
    else:
        from .terminal import detect

        for line in lines(detect()):
            output.line(line)


def _filters(given: Mapping[str, Names]) -> dict[str, tuple[str, ...]]:
    return {name: values for name, words in given.items() if (values := parse_values(words or ()))}


def _report(paths: Paths, query: Query) -> UsageReport:
    return _ask(paths, lambda connection: build(connection, query)) or empty(query)


def _lines(paths: Paths, query: Query, terminal: Terminal, *, screen: bool) -> list[str]:
    from . import show

    if screen:
        from ...usage.overview import overview

        found = _ask(paths, lambda connection: overview(connection, query))
        return show.screen(found, terminal) if found else show.nothing(empty(query), terminal, ever=False)
    from ...usage.spread import spread

    def ask(connection: sqlite3.Connection) -> tuple[UsageReport, Spread | None]:
        return build(connection, query), None if set(TIMES) & set(query.by) else spread(connection, query)

    answer = _ask(paths, ask)
    return show.table(*answer, terminal) if answer else show.nothing(empty(query), terminal, ever=False)


def _ask(paths: Paths, question: Callable[[sqlite3.Connection], Answer]) -> Answer | None:
    """The answer of the ledger, None where there is none."""
    from ...usage.asking import asking
    from ...usage.ledger import Ledger
    from ...usage.spool import Spool

    spool = Spool.beside(paths.ledger)
    if not paths.ledger.exists() and not spool.waiting():
        return None
    if spool.waiting():
        try:
            with Ledger(paths.ledger) as ledger:
                drained = ledger.drain(spool)
        except LedgerError as error:
            output.diagnostic(f"Some calls are not in this report yet: {error.message}")
        else:
            if drained.bad:
                lines = "1 damaged line" if drained.bad == 1 else f"{drained.bad} damaged lines"
                output.diagnostic(f"Set aside in {spool.bad}: {lines} of {spool.path}.")
    with asking(paths.ledger) as connection:
        return question(connection)
