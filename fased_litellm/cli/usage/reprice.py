"""``fased usage reprice``: find the cost of calls whose price was not known."""

from __future__ import annotations

from typing import Annotated

import typer

from .. import output, session
from ..commands import SETTINGS
from . import imports, options

app = typer.Typer(**SETTINGS)


_DAYS = Annotated[
    int | None, typer.Option("--days", metavar="N", help="The last N days; the whole history by default.")
]


@app.command()
@options.asks(options.WINDOW, {"days": _DAYS}, options.ZONE, options.FILTER, options.NAMES)
def reprice(
    *,
    question: options.Question,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be priced, and write nothing.")] = False,
    as_json: options.AsJson = False,
) -> None:
    """Find the cost of calls whose price was not known, from the config and from what the proxy last said.

    A cost that was recorded is never changed.
    """
    from ...usage.costs.pricelist import PriceList
    from ...usage.costs.reprice import Repriced
    from ...usage.costs.reprice import reprice as run
    from ...usage.store.access import drain
    from ...usage.store.ledger import Ledger

    times = question.times._replace(everything=not question.times.chosen)
    query = question._replace(times=times).now()
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
    from ..display.terminal import detect
    from .display.reprice import lines

    for line in lines(result, detect()):
        output.line(line)
