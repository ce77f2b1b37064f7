"""``fased usage reprice``: find the cost of calls whose price was not known."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from .. import output, session
from ..commands import SETTINGS
from . import imports, options

app = typer.Typer(**SETTINGS)


@app.command()
def reprice(
    *,
    today: options.Today = False,
    days: Annotated[
        int | None, typer.Option("--days", metavar="N", help="The last N days; the whole history by default.")
    ] = None,
    month: options.Month = None,
    first: options.First = None,
    last: options.Last = None,
    tz: options.Tz = None,
    where: options.FilterText = None,
    provider: options.Provider = None,
    model: options.Model = None,
    agent: options.Agent = None,
    task: options.Task = None,
    channel: options.Channel = None,
    session_: options.Session = None,
    source: options.Source = None,
    role: options.Role = None,
    status: options.Status = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be priced, and write nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Find the cost of calls whose price was not known, from the config and from what the proxy last said.

    A cost that was recorded is never changed.
    """
    from ...usage.costs.pricelist import PriceList
    from ...usage.costs.reprice import Repriced
    from ...usage.costs.reprice import reprice as run
    from ...usage.store.access import drain
    from ...usage.store.ledger import Ledger

    given = (today, days, month, first, last)
    names = {
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
    times = options.Times(today, days, month, first, last, not any(given), tz)
    query = options.Question(times, names, where).at(time.time_ns() // 1_000_000)
    snapshot, paths = session.config(), session.paths()
    drain(paths.ledger, output.diagnostic)
    imports.before_report(paths)
    result = Repriced(dry_run)
    if paths.ledger.exists():
        with Ledger(paths.ledger) as ledger:
            result = run(ledger, query, PriceList.of(snapshot, paths), dry_run=dry_run)
    if as_json:
        output.document(result.as_dict())
        return
    from .reprice_text import lines
    from .terminal import detect

    for line in lines(result, detect()):
        output.line(line)
