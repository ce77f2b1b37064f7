"""``fased usage``: what the agents used and what it cost."""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Mapping
from typing import Annotated

import typer

from ...errors import LedgerError, UsageError
from ...paths import Paths
from ...usage.query import DIMENSIONS, Query, parse_by, parse_values
from ...usage.report import UsageReport, empty
from ...usage.windows import window
from .. import output, session
from ..commands import SETTINGS, lazy_group

DEFAULT_BY = ("provider", "model")
"""What ``--json`` and ``--csv`` group by if nothing else is said: the first table of the screen."""
_SCREEN_BY = ("provider", "model", "agent")
_SCREEN_ROWS = 8

COMMANDS: dict[str, str] = {}
"""Subcommand → module of ``cli`` with its ``app``, as ``usage.imports``."""

app = typer.Typer(
    **SETTINGS,
    cls=lazy_group(COMMANDS),
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
) -> None:
    if ctx.invoked_subcommand is not None:
        return
    if as_json and as_csv:
        raise UsageError("--json and --csv cannot be combined.", hint="Give the one or the other.")
    dimensions = parse_by(by or ())
    screen = not dimensions and not as_json and not as_csv
    begin, end = window(time.time_ns() // 1_000_000, days=days, first=first, last=last)
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
    query = Query(begin, end, dimensions or (_SCREEN_BY if screen else DEFAULT_BY), _filters(given))
    paths = session.paths()
    report = _ask(paths, query)
    if as_json:
        output.document(report.as_dict())
    elif as_csv:
        from .text import csv

        output.line(csv(report))
    else:
        _show(report, paths, screen=screen)


def _filters(given: Mapping[str, Names]) -> dict[str, tuple[str, ...]]:
    return {name: values for name, words in given.items() if (values := parse_values(words or ()))}


def _ask(paths: Paths, query: Query) -> UsageReport:
    from ...usage.ledger import Ledger
    from ...usage.spool import Spool

    spool = Spool.beside(paths.ledger)
    if not paths.ledger.exists() and not spool.waiting():
        return empty(query)
    with Ledger(paths.ledger) as ledger:
        if spool.waiting():
            try:
                drained = ledger.drain(spool)
            except LedgerError as error:
                output.diagnostic(f"Some calls are not in this report yet: {error.message}")
            else:
                if drained.bad:
                    lines = "1 damaged line" if drained.bad == 1 else f"{drained.bad} damaged lines"
                    output.diagnostic(f"Set aside in {spool.bad}: {lines} of {spool.path}.")
        return ledger.report(query)


def _show(report: UsageReport, paths: Paths, *, screen: bool) -> None:
    from . import text

    when = text.period(report.from_ms, report.to_ms)
    if not report.totals.calls:
        output.line(f"No calls, {when}.")
        if not paths.ledger.exists():
            output.line("None was ever recorded here; `fased litellm chat` makes the first.")
        return
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() or os.environ.get("COLUMNS") else None
    output.line(f"Usage, {when}")
    output.line(text.summary(report.totals))
    limit = _SCREEN_ROWS if screen else None
    for part in [report.regroup(DEFAULT_BY), report.regroup(("agent",))] if screen else [report]:
        output.line()
        for line in text.table(part, width=width, limit=limit):
            output.line(line)
    if remark := text.unpriced(report):
        output.line()
        output.line(remark)
